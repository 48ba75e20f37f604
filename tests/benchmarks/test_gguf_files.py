from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import GGUFReader, GGUFWriter

from benchmarks import gguf_files
from benchmarks.gguf_files import LARGE, SMALL, Shape, ensure_model, more_bits, plain_text_tokens

DECODE = """
import json, sys
from llama_cpp import Llama
from preheat.inference.worker.backends import load_processor_backend
load_processor_backend()
model = Llama(sys.argv[1], n_ctx=128, n_threads=1, verbose=False)
answer = model.create_completion("Once upon a time", max_tokens=24, temperature=0)
print(json.dumps(answer["choices"][0]))
"""

TINY = Shape("tiny", layers=2, width=256, ffn=512, heads=4, kv_heads=2, seed=1)


TOKENS = ["<|end|>", "!", "Ġ", "Ġhouse", "house", "House", "Ã", "ĠÐ", "e"]
PLAIN = ["Ġhouse", "house", "e"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without tensors; only its tokenizer is used, and reading a real model takes a second."""
    path = tmp_path_factory.mktemp("template") / "template.gguf"
    writer = GGUFWriter(path, arch="llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([gguf.TokenType.CONTROL] + [gguf.TokenType.NORMAL] * (len(TOKENS) - 1))
    writer.add_token_merges(["h o", "ho u"])
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{{ messages }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    return path


@pytest.fixture(scope="module")
def tiny(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ensure_model(TINY, template, tmp_path_factory.mktemp("models"))


def test_tensors_have_the_shape_and_are_finite(tiny: Path) -> None:
    tensors = {tensor.name: tensor for tensor in GGUFReader(tiny).tensors}
    assert len(tensors) == 3 + 9 * TINY.layers
    assert tensors["blk.1.attn_k.weight"].shape.tolist() == [256, 128]
    assert tensors["blk.0.ffn_down.weight"].shape.tolist() == [512, 256]
    for tensor in tensors.values():
        assert np.isfinite(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).all(), tensor.name


def test_tokenizer_and_template_are_copied(tiny: Path, template: Path) -> None:
    written, given = GGUFReader(tiny), GGUFReader(template)
    names = [name for name in given.fields if name.startswith("tokenizer.")]
    assert "tokenizer.chat_template" in names
    for name in names:
        field, original = written.get_field(name), given.get_field(name)
        assert field is not None
        assert original is not None
        assert field.types == original.types
        assert field.contents() == original.contents()


def test_llama_cpp_decodes_it_to_plain_text(chat_model: Path, tmp_path: Path) -> None:
    tiny = ensure_model(TINY, chat_model, tmp_path)
    done = subprocess.run([sys.executable, "-c", DECODE, str(tiny)], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["finish_reason"] == "length"
    text = answer["text"]
    assert text.replace(" ", "").isalpha()
    assert text.islower()


def test_only_plain_words_are_generated(tiny: Path, template: Path) -> None:
    allowed = plain_text_tokens(GGUFReader(template))
    assert [token for token, plain in zip(TOKENS, allowed, strict=True) if plain] == PLAIN
    (output,) = (tensor for tensor in GGUFReader(tiny).tensors if tensor.name == "output.weight")
    values = gguf.quants.dequantize(output.data, output.tensor_type)
    assert (values.any(axis=1) == allowed).all()


def test_the_same_shape_gives_the_same_file(tiny: Path, template: Path, tmp_path: Path) -> None:
    again = ensure_model(TINY, template, tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(tiny.read_bytes()).digest()


def test_an_existing_file_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / TINY.path_name
    path.write_bytes(b"there")
    assert ensure_model(TINY, tmp_path / "no-template.gguf", tmp_path) == path
    assert path.read_bytes() == b"there"


def test_an_interrupted_write_leaves_no_model(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(gguf_files, "_data", fail)
    with pytest.raises(OSError, match="disk full"):
        ensure_model(TINY, template, tmp_path)
    assert not list(tmp_path.glob("*.gguf"))


def test_the_tensor_types_are_those_of_q4_k_m() -> None:
    # As llama-quantize prints it for 22 layers: the first and last eighth, and every third of the others.
    assert [layer for layer in range(22) if more_bits(layer, 22)] == [0, 1, 4, 7, 10, 13, 16, 19, 20, 21]


@pytest.mark.parametrize(("shape", "gigabytes"), [(SMALL, 0.6), (LARGE, 1.1)])
def test_sizes_match_the_names(shape: Shape, gigabytes: float) -> None:
    tensors = gguf_files.tensors_of(shape, vocabulary=49152)
    assert sum(tensor.stored_bytes for tensor in tensors) / 1e9 == pytest.approx(gigabytes, rel=0.07)
