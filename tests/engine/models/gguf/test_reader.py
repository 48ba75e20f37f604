from __future__ import annotations

import ctypes
import os
import struct
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFEndian, GGUFReader, GGUFWriter

from preheat.errors import ModelFileError
from preheat.messages import Message, msg
from preheat.models import read_header
from preheat.models.gguf import reader
from preheat.models.gguf.header import GGML_TYPES, Skipped
from raising import raises

MIB = 1 << 20


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Any]:
    """Reads the header of a file with these bytes."""

    def read_bytes(content: bytes) -> Any:
        path = tmp_path / "model.gguf"
        path.write_bytes(content)
        return read_header(path)

    return read_bytes


def test_a_real_chat_model(chat_model: Path) -> None:
    header = read_header(chat_model)

    assert (header.version, header.byte_order, header.kind) == (3, "little", "model")
    assert (header.architecture, header.text("tokenizer.ggml.model")) == ("llama", "gpt2")
    assert header.text("general.name") == "Smollm2 135M 8k Lc100K Mix1 Ep2"
    assert (header.number("context_length"), header.number("block_count"), header.number("embedding_length")) == (
        8192,
        30,
        576,
    )
    assert (header.head_count, header.head_count_kv, header.vocab_size) == (9, 3, 49152)
    assert header.chat_template
    assert not header.embeddings
    assert header.metadata["tokenizer.ggml.merges"] == Skipped(48900)
    assert header.metadata["general.languages"] == ("en",)
    assert (
        header.data_offset + sum(tensor.n_bytes for tensor in header.tensors)
        == header.file_bytes
        == chat_model.stat().st_size
    )


def test_a_real_embedding_model(embedding_model: Path) -> None:
    header = read_header(embedding_model)

    assert (header.architecture, header.pooling, header.embeddings) == ("bert", "mean", True)
    assert (header.number("context_length"), header.number("embedding_length"), header.number("block_count")) == (
        512,
        384,
        6,
    )
    assert header.vocab_size == 30522
    assert not header.chat_template


def test_tensors_are_those_that_the_gguf_package_finds(embedding_model: Path) -> None:
    theirs = GGUFReader(embedding_model)
    header = read_header(embedding_model)

    assert header.data_offset == theirs.data_offset
    assert [(tensor.name, tensor.shape, tensor.ggml_type, tensor.n_bytes) for tensor in header.tensors] == [
        (tensor.name, tuple(tensor.shape.tolist()), tensor.tensor_type.name, tensor.n_bytes)
        for tensor in theirs.tensors
    ]
    assert [header.data_offset + tensor.offset for tensor in header.tensors] == [
        tensor.data_offset for tensor in theirs.tensors
    ]


def test_type_sizes_are_llama_cpps() -> None:
    package = find_spec("llama_cpp")  # not imported: only the worker's process is to have it
    assert package
    assert package.origin
    libggml = ctypes.CDLL(str(next((Path(package.origin).parent / "lib").glob("*ggml-base.*"))))
    libggml.ggml_type_name.restype = ctypes.c_char_p
    libggml.ggml_type_size.restype = ctypes.c_size_t
    libggml.ggml_blck_size.restype = ctypes.c_int64
    for number in range(len(GGML_TYPES) + 8):  # 8 were withdrawn
        ours = GGML_TYPES.get(number)
        block_elements = libggml.ggml_blck_size(number)
        assert (ours is None) == (block_elements == 0), number
        if ours:
            name = libggml.ggml_type_name(number).decode()
            assert (ours.name.lower(), *ours[1:]) == (name.lower(), block_elements, libggml.ggml_type_size(number))


@pytest.mark.parametrize("endian", GGUFEndian)
def test_every_type_of_value(tmp_path: Path, endian: GGUFEndian) -> None:
    path = tmp_path / "all.gguf"
    writer = GGUFWriter(path, "llama", endianess=endian)
    for kind, value in {"uint8": 255, "int8": -3, "uint16": 65535, "int16": -300, "uint32": 1 << 31}.items():
        getattr(writer, f"add_{kind}")(kind, value)
    for kind, value in {"int32": -70000, "uint64": 1 << 63, "int64": -(1 << 40)}.items():
        getattr(writer, f"add_{kind}")(kind, value)
    writer.add_float32("float32", 0.5)
    writer.add_float64("float64", 0.1)
    writer.add_bool("bool", True)
    writer.add_string("string", "hé")
    writer.add_array("numbers", [1, 2, 3])
    writer.add_array("texts", ["a", "", "ccc"])
    writer.add_array("many", list(range(5000)))
    writer.add_head_count_kv([4, 0, 8])
    writer.add_head_count(16)
    writer.add_tensor("first", np.ones((3, 32), dtype=np.float32))
    writer.add_tensor("second", np.ones((5, 18), dtype=np.uint8), raw_dtype=GGMLQuantizationType.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    header = read_header(path)

    values = dict(header.metadata)
    assert (values["uint8"], values["int8"], values["uint16"], values["int16"]) == (255, -3, 65535, -300)
    assert (values["uint32"], values["int32"], values["uint64"], values["int64"]) == (
        1 << 31,
        -70000,
        1 << 63,
        -(1 << 40),
    )
    assert (values["float32"], values["float64"], values["bool"], values["string"]) == (0.5, 0.1, True, "hé")
    assert (values["numbers"], values["texts"], values["many"]) == ((1, 2, 3), ("a", "", "ccc"), Skipped(5000))
    assert (header.head_count, header.head_count_kv) == (16, (4, 0, 8))
    assert header.byte_order == ("big" if endian is GGUFEndian.BIG else "little")
    assert [tensor[:4] for tensor in header.tensors] == [
        ("first", (32, 3), "F32", 384),
        ("second", (32, 5), "Q4_0", 90),
    ]


def problem_with(read: Callable[[Any], Any], source: object) -> str:
    """Return the code of the error, or of the damage that it names."""
    with pytest.raises(ModelFileError) as caught:
        read(source)
    message = caught.value.message
    detail = message.params.get("detail")
    return detail.code if isinstance(detail, Message) else message.code


def test_version_2_is_read(read: Callable[[bytes], Any], gguf_file: Any) -> None:
    assert read(gguf_file(version=2).file()).version == 2


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        (1, "gguf_version_1"),
        (4, "gguf_version_unknown"),
        (0, "gguf_version_unknown"),
        (0x10003, "gguf_version_unknown"),
    ],
)
def test_other_versions_are_errors(read: Callable[[bytes], Any], gguf_file: Any, version: int, problem: str) -> None:
    assert problem_with(read, gguf_file(version=version).file()) == problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "gguf_empty"),
        (b"GGUF", "gguf_wrong_format"),
        (b"\0" * 4096, "gguf_wrong_format"),
        (b"<!DOCTYPE html><html>Not found</html>", "gguf_wrong_format"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "gguf_lfs_pointer"),
    ],
)
def test_other_files_are_errors(read: Callable[[bytes], Any], content: bytes, problem: str) -> None:
    assert problem_with(read, content) == problem


def test_an_error_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "mo\ndel\u202e.gguf"
    path.write_bytes(b"GGUF\3\0\0\0")

    with pytest.raises(ModelFileError) as caught:
        read_header(path)

    assert caught.value.title == "mo_del_.gguf ends early: its header runs past the end of the file at 8 bytes"
    assert caught.value.hint == f"Download it again ({tmp_path}/mo_del_.gguf)"


def test_files_that_cannot_be_read_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problem_with(read_header, tmp_path / "none.gguf") == "gguf_unreadable"
    assert problem_with(read_header, tmp_path) == "gguf_not_regular"
    assert problem_with(read_header, tmp_path / "a\0b.gguf") == "gguf_unreadable"
    (tmp_path / "secret.gguf").write_bytes(b"GGUF")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(reader, "FileIO", refuse)  # the tests may run as root, whom no mode bits stop
    with raises(ModelFileError, "gguf_unreadable", file="secret.gguf", reason="Permission denied"):
        read_header(tmp_path / "secret.gguf")


def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert problem_with(read_header, tmp_path / "pipe.gguf") == "gguf_not_regular"


HUGE = 1 << 60
STRING_ARRAY = struct.pack("<IIQ", 9, 8, HUGE)

LIES: dict[str, tuple[dict[str, Any], str]] = {
    "keys": ({"key_count": HUGE}, "gguf_too_many_keys"),
    "keys that the file has no room for": ({"key_count": 900}, "gguf_too_many_keys"),
    "negative key count": ({"key_count": (1 << 64) - 1}, "gguf_too_many_keys"),
    "tensors": ({"tensor_count": HUGE}, "gguf_too_many_tensors"),
    "key length": ({"key_count": 1, "extra": struct.pack("<Q", HUGE)}, "gguf_key_length"),
    "empty key": ({"key_count": 1, "extra": struct.pack("<QIQ", 0, 8, 0)}, "gguf_key_length"),
    "string length": ({"metadata": {"k": struct.pack("<IQ", 8, HUGE)}}, "gguf_header_cut"),
    "string length 2^64 - 1": ({"metadata": {"k": struct.pack("<IQ", 8, (1 << 64) - 1)}}, "gguf_header_cut"),
    "numbers": ({"metadata": {"k": struct.pack("<IIQ", 9, 12, HUGE)}}, "gguf_header_cut"),
    "texts": ({"metadata": {"k": STRING_ARRAY}}, "gguf_too_many_strings"),
    "texts past the end": ({"metadata": {"k": struct.pack("<IIQ", 9, 8, 1 << 20)}}, "gguf_header_cut"),
    "text length": ({"metadata": {"k": struct.pack("<IIQ", 9, 8, 100) + b"\xff" * 1000}}, "gguf_header_cut"),
    "text length that fits an index": (
        {"metadata": {"k": struct.pack("<IIQ", 9, 8, 100) + struct.pack("<Q", (1 << 62)) * 100}},
        "gguf_header_cut",
    ),
    "type": ({"metadata": {"k": struct.pack("<I", 13)}}, "gguf_value_type"),
    "array type": ({"metadata": {"k": struct.pack("<IIQ", 9, 99, 1)}}, "gguf_array_type"),
    "nested arrays": ({"metadata": {"k": struct.pack("<I", 9) * 10_000}}, "gguf_nested_array"),
    "alignment 0": ({"metadata": {"general.alignment": ("u32", 0)}}, "gguf_alignment"),
    "alignment 24": ({"metadata": {"general.alignment": ("u32", 24)}}, "gguf_alignment"),
    "alignment as text": ({"metadata": {"general.alignment": "x" * 1000}}, "gguf_alignment"),
    "alignment yes": ({"metadata": {"general.alignment": ("bool", True)}}, "gguf_alignment"),
    "alignment 2^31": ({"metadata": {"general.alignment": ("u32", 1 << 31)}}, "gguf_cut"),
    "tensor name": ({"tensors": [("n" * 64, (32,), 0, 128, None)]}, "gguf_tensor_name_length"),
    "dimensions": ({"tensors": [("t", (1,) * 5, 0, 4, None)]}, "gguf_dimensions"),
    "shape": ({"tensors": [("t", (HUGE, HUGE, HUGE, HUGE), 0, 4, None)]}, "gguf_elements"),
    "shape with a zero": ({"tensors": [("t", ((1 << 64) - 1, 0), 0, 0, None)]}, "gguf_elements"),
    "more data than the file has": ({"tensors": [("t", (HUGE,), 0, 4, None)]}, "gguf_cut"),
    "rows": ({"tensors": [("t", (33,), 2, 36, None)]}, "gguf_partial_block"),
    "tensor type": ({"tensors": [("t", (32,), 4, 128, None)]}, "gguf_tensor_type_unknown"),
    "offset": ({"tensors": [("t", (32,), 0, 128, 1 << 40)]}, "gguf_tensor_offset"),
    "offset inside another": (
        {"tensors": [("a", (32,), 0, 128, None), ("b", (32,), 0, 128, 0)]},
        "gguf_tensor_offset",
    ),
    "tensor twice": ({"tensors": [("t", (32,), 0, 128, None)] * 2}, "gguf_tensor_twice"),
}


@pytest.mark.parametrize("lie", LIES)
def test_lying_headers_are_errors_and_cost_nothing(read: Callable[[bytes], Any], gguf_file: Any, lie: str) -> None:
    fields, problem = LIES[lie]
    content = gguf_file(**fields).file()

    tracemalloc.start()
    try:
        assert problem_with(read, content) == problem
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < MIB


def test_duplicate_keys_are_an_error(read: Callable[[bytes], Any], gguf_file: Any) -> None:
    pair = gguf_file().text("k") + gguf_file().value(("u32", 1))
    assert problem_with(read, gguf_file(key_count=2, extra=pair * 2).file()) == "gguf_key_twice"


BEGINNINGS = {"gguf_empty", "gguf_wrong_format", "gguf_header_cut", "gguf_cut"}
BEGINNINGS |= {"gguf_too_many_keys", "gguf_too_many_tensors"}


def test_every_truncated_file_is_an_error(tmp_path: Path, gguf_file: Any, metadata: Any) -> None:
    tensors = [("a", (32, 2), 2, 36, None), ("b", (3,), 0, 12, None)]
    content = gguf_file(metadata(), tensors).file().rstrip(b"\0")
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert [tensor.name for tensor in read_header(path).tensors] == ["a", "b"]

    for length in reversed(range(len(content))):
        os.truncate(path, length)
        assert problem_with(read_header, path) in BEGINNINGS


def test_a_partial_download_names_both_sizes(tmp_path: Path, chat_model: Path) -> None:
    path = tmp_path / "partial.gguf"
    with chat_model.open("rb") as file:
        path.write_bytes(file.read(3_000_000))

    with pytest.raises(ModelFileError) as caught:
        read_header(path)

    expected = msg("gguf_cut", file="partial.gguf", path=str(path), size=3_000_000, expected=98_362_432)
    assert caught.value.message == expected


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path, gguf_file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_file().file())

    class Shrinking(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            os.truncate(path, 6)
            return super().read(size) or b""

    monkeypatch.setattr(reader, "FileIO", Shrinking)
    assert problem_with(read_header, path) == "gguf_shrank"


def test_data_is_not_read(chat_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    furthest = 0

    class Watched(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal furthest
            content = super().read(size) or b""
            furthest = max(furthest, self.tell())
            return content

    monkeypatch.setattr(reader, "FileIO", Watched)
    header = read_header(chat_model)

    assert header.data_offset <= furthest < header.data_offset + MIB // 4 < header.file_bytes // 10


def test_an_endless_header_is_an_error(tmp_path: Path, gguf_file: Any) -> None:
    """A sparse file of zeros is an endless row of empty strings."""
    path = tmp_path / "sparse.gguf"
    for count, problem in ((1 << 36, "gguf_too_many_strings"), (1 << 23, "gguf_header_cut")):
        path.write_bytes(gguf_file({"k": struct.pack("<IIQ", 9, 8, count)}, key_count=9).header())
        os.truncate(path, 1 << 36)
        assert problem_with(read_header, path) == problem
    path.write_bytes(gguf_file({"k": struct.pack("<IQ", 8, 1 << 30)}).header())
    os.truncate(path, 1 << 36)
    assert problem_with(read_header, path) == "gguf_header_too_long"


def test_strings_are_kept_only_up_to_a_limit(read: Callable[[bytes], Any], gguf_file: Any) -> None:
    page = "x" * (MIB // 4)
    tracemalloc.start()
    try:
        header = read(gguf_file({f"k{number}": page for number in range(40)} | {"long": page + "x"}).file())
    finally:
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    kept = [value for value in header.metadata.values() if isinstance(value, str)]
    assert len(kept) == 15  # of 4 MiB, less the keys
    assert header.metadata["k39"] == Skipped(MIB // 4)
    assert header.metadata["long"] == Skipped(MIB // 4 + 1)
    assert peak_bytes < 40 * MIB  # the file itself is made in this process, too
    assert header.metadata["k0"] == page


def test_long_strings_in_an_array_are_skipped(read: Callable[[bytes], Any], gguf_file: Any) -> None:
    long = "x" * (MIB // 2)
    fields = {"few": ("str", ["a", long, "b"]), "many": ("str", [long, *"abc"] * 20), "after": ("u32", 7)}
    header = read(gguf_file(fields).file())
    assert dict(header.metadata) == {"few": Skipped(3), "many": Skipped(80), "after": 7}


def test_broken_utf_8_is_replaced(read: Callable[[bytes], Any], gguf_file: Any) -> None:
    value = struct.pack("<IQ", 8, 3) + b"a\xffb"
    assert read(gguf_file({"general.name": value}).file()).text("general.name") == "a\ufffdb"


def test_values_of_the_wrong_type_count_as_missing(read: Callable[[bytes], Any], gguf_file: Any) -> None:
    fields = {
        "general.name": ("u32", 1),
        "general.architecture": "llama",
        "llama.context_length": "long",
        "llama.block_count": ("i32", -1),
        "llama.pooling_type": ("u32", 77),
        "llama.attention.head_count": ("f32", [1.0, 2.0]),
        "tokenizer.chat_template": ("u32", 3),
        "split.count": "two",
    }
    header = read(gguf_file(fields).file())
    assert (
        header.text("general.name"),
        header.number("context_length"),
        header.number("block_count"),
        header.pooling,
    ) == ("", 0, 0, "")
    assert (header.head_count, header.vocab_size, header.split_count) == ((0, 0), 0, 1)
    assert not header.chat_template


@pytest.mark.parametrize(
    ("architecture", "pooling", "embeddings"),
    [
        ("llama", None, False),
        ("qwen3", 3, True),
        ("qwen3", 0, False),
        ("bert", 1, True),
        ("bert", None, True),
        ("bert", 4, False),
        ("gemma-embedding", None, True),
    ],
)
def test_which_models_make_embeddings(
    read: Callable[[bytes], Any], gguf_file: Any, architecture: str, pooling: int | None, embeddings: bool
) -> None:
    fields: dict[str, Any] = {"general.architecture": architecture}
    if pooling is not None:
        fields[f"{architecture}.pooling_type"] = ("u32", pooling)
    assert read(gguf_file(fields).file()).embeddings is embeddings


@pytest.mark.parametrize(("template", "present"), [("{{ x }}", True), (" ", False), ("x" * MIB, True)])
def test_chat_template(read: Callable[[bytes], Any], gguf_file: Any, template: str, present: bool) -> None:
    assert read(gguf_file({"tokenizer.chat_template": template}).file()).chat_template is present


def test_a_vocabulary_of_256_000_tokens_takes_little_memory(tmp_path: Path, gguf_file: Any, metadata: Any) -> None:
    tokens = [f"{number:x}" * (1 + number % 3) for number in range(256_000)]
    fields = metadata() | {
        "tokenizer.ggml.tokens": ("str", tokens),
        "tokenizer.ggml.scores": ("f32", [0.0] * len(tokens)),
        "tokenizer.ggml.token_type": ("i32", [1] * len(tokens)),
    }
    tensors = [(f"blk.{number}.attn_q.weight", (32,), 0, 128, None) for number in range(500)]
    path = tmp_path / "large.gguf"
    path.write_bytes(gguf_file(fields, tensors).file())

    assert read_header(path).vocab_size == 256_000
    tracemalloc.start()
    header = read_header(path)
    kept_bytes, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(header.tensors) == 500
    assert kept_bytes < MIB // 4
    assert peak_bytes < MIB
