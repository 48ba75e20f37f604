from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from preheat.models import (
    Ability,
    LayerShape,
    ModelFile,
    ModelIndex,
    ModelShape,
    Source,
    find_models,
    read_header,
    resolve,
)
from preheat.models.gguf import reader

WriteModel = Callable[..., Path]


def ids(models: tuple[ModelFile, ...]) -> list[str]:
    return [model.model_id for model in models]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files with headers that were read."""
    names: list[str] = []

    class Counted(FileIO):
        def __init__(self, path: Path) -> None:
            names.append(path.name)
            super().__init__(path)

    monkeypatch.setattr(reader, "FileIO", Counted)
    return names


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The warnings logged since the last call."""

    def taken() -> list[str]:
        messages = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        caplog.clear()
        return messages

    return taken


def test_the_starter_models(chat_model: Path, embedding_model: Path) -> None:
    models = {model.model_id: model for model in find_models([chat_model.parent])}

    assert models["smollm2-135m-instruct.q4_1"] == ModelFile(
        model_id="smollm2-135m-instruct.q4_1",
        path=chat_model,
        file_bytes=98_362_432,
        architecture="llama",
        context_length=8192,
        embeddings=False,
        chat_template=True,
        files=(chat_model,),
        modified_ns=chat_model.stat().st_mtime_ns,
        shape=ModelShape(
            weight_bytes=96_576_768,
            vocabulary=49_152,
            merges=48_900,
            layers=30,
            heads=9,
            kv_values=30 * 2 * 3 * 64,  # layers, keys and values, heads, width of a head
            graph_values=3 * 1536 + 4 * 576,  # gate, up and their product, and four hidden states
            widest_values=1536,
            each_layer=(LayerShape(weight_bytes=2_216_448, kv_values=2 * 3 * 64, largest_bytes=552_960),) * 30,
            embedding_bytes=30_081_024,
            output_bytes=2304,  # a norm
        ),
        source=Source.FOLDER,
        name="Smollm2 135M 8k Lc100K Mix1 Ep2",
        parameters=134_515_008,
        quantization="Q4_1",
        bits_per_weight=5.74,
        licence="apache-2.0",
        abilities=(Ability.CHAT, Ability.COMPLETION),
    )
    minilm = models["all-minilm-l6-v2.q8_0"]
    assert (minilm.path, minilm.embeddings, minilm.architecture) == (embedding_model, True, "bert")
    assert (minilm.context_length, minilm.chat_template) == (512, False)


def test_folders_are_searched_to_the_bottom(tmp_path: Path, write_model: WriteModel) -> None:
    for name in ("b.gguf", "A.GGUF", "org/repo/c.gguf", "not-a-model.bin", "org/readme.md"):
        write_model(name)

    assert ids(find_models([tmp_path])) == ["a", "b", "c"]
    assert [model.path for model in find_models([tmp_path])][2] == tmp_path / "org/repo/c.gguf"


def test_hidden_files_and_folders_are_skipped(tmp_path: Path, write_model: WriteModel) -> None:
    for name in ("._a.gguf", ".Trash-0/b.gguf", ".gguf"):
        write_model(name)
    assert find_models([tmp_path]) == ()
    assert ids(find_models([tmp_path / ".Trash-0"])) == ["b"]  # named by the user


def test_missing_folders_are_ignored(tmp_path: Path, warnings: Any) -> None:
    assert find_models([tmp_path / "none", Path("~no-such-user/models")]) == ()
    assert find_models([]) == ()
    assert warnings() == []


def test_relative_and_home_folders(tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_model("models/a.gguf")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [model.path for model in find_models([Path("models")])] == [path]
    assert [model.path for model in find_models([Path("~/models")])] == [path]


def test_a_linked_file_keeps_the_name_of_the_link(tmp_path: Path, write_model: WriteModel) -> None:
    blob = write_model("blobs/sha256-0123")
    link = tmp_path / "hub/snapshots/main/Model.Q4_0.gguf"
    link.parent.mkdir(parents=True)
    link.symlink_to(blob)

    (model,) = find_models([tmp_path / "hub"])

    assert (model.model_id, model.path, model.file_bytes) == ("model.q4_0", link, blob.stat().st_size)


def test_a_file_found_twice_is_one_model(tmp_path: Path, write_model: WriteModel) -> None:
    path = write_model("models/real.gguf")
    (tmp_path / "models/a-link.gguf").symlink_to(path)
    (tmp_path / "models/other.gguf").hardlink_to(path)

    models = find_models([tmp_path / "models", tmp_path, tmp_path / "models"])

    assert len(models) == 1
    assert models[0].path == tmp_path / "models/other.gguf"  # a name of its own, before a link's


def test_loops_of_folders_end(tmp_path: Path, write_model: WriteModel, warnings: Any) -> None:
    write_model("models/deep/a.gguf")
    (tmp_path / "models/deep/up").symlink_to(tmp_path / "models")
    (tmp_path / "models/again").symlink_to(tmp_path / "models/deep")
    (tmp_path / "models/self").symlink_to(tmp_path / "models/self")

    assert ids(find_models([tmp_path / "models"])) == ["a"]
    assert [message for message in warnings() if "symbolic links" not in message] == []


def test_folders_nested_without_end(tmp_path: Path, write_model: WriteModel) -> None:
    folder = tmp_path
    for _ in range(100):
        folder = folder / "d"
    folder.mkdir(parents=True)
    write_model("d/a.gguf")
    assert ids(find_models([tmp_path])) == ["a"]


def test_unreadable_files_are_skipped_with_one_warning(
    tmp_path: Path, write_model: WriteModel, warnings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model("good.gguf")
    write_model("locked/hidden.gguf")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF\3\0\0\0")
    (tmp_path / "gone.gguf").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.gguf").mkdir()
    os.mkfifo(tmp_path / "pipe.gguf")
    scandir = os.scandir

    def refuse(folder: Path) -> Any:
        if folder.name == "locked":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, whom no mode bits stop
    index = ModelIndex()

    assert ids(index.look([tmp_path]).models) == ["good"]
    assert sorted(warnings()) == sorted(
        [
            "skipped: broken.gguf ends early: its header runs past the end of the file at 8 bytes. "
            f"Download it again ({tmp_path}/broken.gguf)",
            f"skipped: {tmp_path}/gone.gguf is a broken link. Remove it, or put the file back",
            f"skipped: {tmp_path}/locked cannot be read: Permission denied. "
            "Check the rights of the file and its folder",
        ]
    )
    listing = index.look([tmp_path])
    assert ids(listing.models) == ["good"]
    assert warnings() == []
    assert [(each.name, each.file_bytes, each.reason.code) for each in listing.broken] == [
        ("broken.gguf", 8, "gguf_header_cut"),
        ("gone.gguf", 0, "broken_link"),
    ]


def test_a_file_that_breaks_again_after_repair_is_reported_again(
    tmp_path: Path, write_model: WriteModel, warnings: Any
) -> None:
    path = write_model("a.gguf")
    whole = path.read_bytes()
    index = ModelIndex()
    for content, expected in ((whole[:500], 1), (whole[:400], 0), (whole, 0), (whole[:500], 1)):
        path.write_bytes(content)
        assert len(index.look([tmp_path]).models) == (content == whole)
        assert len(warnings()) == expected


@pytest.mark.parametrize(
    ("architecture", "metadata"),
    [
        ("clip", {"general__type": "mmproj"}),
        ("clip", {}),
        ("llama", {"general__type": "adapter"}),
        ("llama", {"general__type": "imatrix"}),
        ("llama", {"n_bytes": 0}),  # a vocabulary only
        ("bert", {"bert__pooling_type": ("u32", 4)}),  # a reranker
        ("flux", {"tokenizer__ggml__model": ""}),
        ("wavtokenizer-dec", {}),
    ],
)
def test_other_models_are_skipped(
    tmp_path: Path, write_model: WriteModel, warnings: Any, architecture: str, metadata: dict[str, Any]
) -> None:
    write_model("other.gguf", architecture, **metadata)
    write_model("mmproj-in-name-only.gguf")
    assert ids(find_models([tmp_path])) == ["mmproj-in-name-only"]
    assert warnings() == []


def test_files_of_the_other_byte_order_are_not_offered(tmp_path: Path, gguf_file: Any, metadata: Any) -> None:
    (tmp_path / "big-endian.gguf").write_bytes(gguf_file(metadata(), order=">").file())
    assert read_header(tmp_path / "big-endian.gguf").byte_order == "big"
    assert find_models([tmp_path]) == ()


def write_split(write_model: WriteModel, name: str, count: int = 3) -> list[Path]:
    split = {"split__count": ("u16", count)}
    # The first part may hold the metadata alone.
    return [
        write_model(f"{name}-{number:05}-of-{count:05}.gguf", n_bytes=128 * (number - 1), **split)
        for number in range(1, count + 1)
    ]


def test_a_split_set_is_one_model(tmp_path: Path, write_model: WriteModel) -> None:
    parts = write_split(write_model, "set/Big-Q4_0")
    os.utime(parts[2], (5e9, 5e9))
    write_split(write_model, "set/Small-Q4_0", count=2)

    big, small = find_models([tmp_path])

    assert (big.model_id, big.path, big.files) == ("big-q4_0", parts[0], tuple(parts))
    assert big.file_bytes == sum(part.stat().st_size for part in parts)
    assert big.modified_ns == 5 * 10**18
    assert small.model_id == "small-q4_0"
    assert resolve("Big-Q4_0-00001-of-00003.gguf", [big, small]) == big


def test_a_split_set_of_links(tmp_path: Path, write_model: WriteModel) -> None:
    (tmp_path / "snapshot").mkdir()
    for number, part in enumerate(write_split(write_model, "Big")):
        blob = part.rename(tmp_path / f"blob{3 - number}")
        (tmp_path / "snapshot" / part.name).symlink_to(blob)
    (model,) = find_models([tmp_path])
    assert model.path == tmp_path / "snapshot/Big-00001-of-00003.gguf"


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_split_set_with_a_missing_part_is_skipped(
    tmp_path: Path, write_model: WriteModel, warnings: Any, missing: int
) -> None:
    write_split(write_model, "Big")[missing].unlink()
    write_model("other.gguf")
    assert ids(find_models([tmp_path])) == ["other"]
    (warning,) = warnings()
    assert "is one of 3 parts, and some are missing. Download it again" in warning


def test_a_split_set_with_a_truncated_part_is_skipped(tmp_path: Path, write_model: WriteModel, warnings: Any) -> None:
    part = write_split(write_model, "Big")[1]
    os.truncate(part, part.stat().st_size - 1)
    assert find_models([tmp_path]) == ()
    (warning,) = warnings()
    assert "Big-00002-of-00003.gguf ends early" in warning


def test_a_renamed_part_is_skipped(tmp_path: Path, write_model: WriteModel, warnings: Any) -> None:
    write_split(write_model, "Big")[1].rename(tmp_path / "renamed.gguf")
    for part in tmp_path.glob("Big*"):
        part.unlink()
    assert find_models([tmp_path]) == ()
    (warning,) = warnings()
    assert "renamed.gguf belongs to a set of 3 by its header, of 1 by its name" in warning


def test_two_files_with_one_name_are_both_reachable(tmp_path: Path, write_model: WriteModel) -> None:
    first = write_model("one/Model.gguf")
    second = write_model("two/Some Org/model.gguf")
    third = write_model("two/x/some org/model.gguf")
    dirs = [tmp_path / "one", tmp_path / "two"]

    models = find_models(dirs)

    assert {model.model_id: model.path for model in models} == {
        "model": first,
        "some-org-model": second,
        "x-some-org-model": third,
    }
    assert resolve("model", models).path == first
    assert find_models(dirs) == models
    # The order of the folders decides, not that of the files.
    assert resolve("model", find_models(dirs[::-1])).path == second


def test_a_longer_id_does_not_take_the_id_of_another_file(tmp_path: Path, write_model: WriteModel) -> None:
    write_model("a/model.gguf")
    write_model("b/model.gguf")
    own = write_model("c/b-model.gguf")
    models = find_models([tmp_path])
    assert len(set(ids(models))) == 3
    assert resolve("b-model", models).path == own


def test_strange_file_names(tmp_path: Path, write_model: WriteModel, warnings: Any) -> None:
    long = "n" * 250
    for name in ("line\nbreak.gguf", "line_break.gguf", "\u202efdp.gguf", "a b%2F?#.gguf", f"{long}.gguf"):
        write_model(name)
    shutil.copy(tmp_path / f"{long}.gguf", tmp_path / os.fsdecode(b"latin-\xe9.gguf"))

    models = find_models([tmp_path])

    assert len(set(ids(models))) == 6
    assert all(model.model_id.isprintable() for model in models)
    assert all(model.path.is_file() for model in models)
    assert {"line_break", "_fdp", "a b%2f?#", long, "latin-_"} < set(ids(models))


def test_a_second_scan_reads_only_what_changed(tmp_path: Path, write_model: WriteModel, opened: list[str]) -> None:
    for name in ("a.gguf", "b.gguf", "c.gguf"):
        write_model(name)
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    index = ModelIndex()
    index.look([tmp_path])
    assert sorted(opened) == ["a.gguf", "b.gguf", "broken.gguf", "c.gguf"]

    opened.clear()
    assert ids(index.look([tmp_path]).models) == ["a", "b", "c"]
    assert opened == []

    write_model("b.gguf", "qwen3", n_bytes=256)
    (tmp_path / "c.gguf").unlink()
    write_model("d.gguf")
    models = index.look([tmp_path]).models
    assert sorted(opened) == ["b.gguf", "d.gguf"]
    assert [(model.model_id, model.architecture) for model in models] == [
        ("a", "llama"),
        ("b", "qwen3"),
        ("d", "llama"),
    ]


def test_a_thousand_files(tmp_path: Path, write_model: WriteModel, opened: list[str]) -> None:
    content = write_model("m/0.gguf").read_bytes()
    for number in range(1, 1000):
        (tmp_path / f"m/{number}.gguf").write_bytes(content)
    index = ModelIndex()

    assert len(index.look([tmp_path]).models) == 1000
    assert len(opened) == 1000
    assert len(index.look([tmp_path]).models) == 1000
    assert len(opened) == 1000
