"""What a header says of memory, for the kinds of models that there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from preheat.models import LayerShape, ModelShape, find_models, read_header
from preheat.models.gguf.shape import shape_of

BASE = {"block_count": 3, "embedding_length": 512, "attention.head_count": 8, "feed_forward_length": 1000}
PER_HEAD = 64 + 64  # keys and values


@pytest.fixture
def shape(tmp_path: Path, gguf_file: Any) -> Callable[..., ModelShape]:
    """Return the shape of a model with these metadata (numbers are u32) and tensors: name, shape, ggml type, bytes."""

    def make(fields: dict[str, Any], architecture: str = "llama", tensors: Any = None) -> ModelShape:
        metadata = {
            f"{architecture}.{key}": value if isinstance(value, tuple) else ("u32", value)
            for key, value in (BASE | fields).items()
        }
        file: dict[str, Any] = {"metadata": {"general.architecture": architecture} | metadata}
        if tensors is not None:
            file["tensors"] = [(*tensor, None) for tensor in tensors]
        path = tmp_path / "model.gguf"
        path.write_bytes(gguf_file(**file).file())
        return shape_of(read_header(path))

    return make


@pytest.mark.parametrize(
    ("fields", "kv_values"),
    [
        ({"attention.head_count_kv": 2}, 3 * 2 * PER_HEAD),
        ({}, 3 * 8 * PER_HEAD),
        ({"attention.head_count_kv": ("i32", [4, 0, 2])}, 6 * PER_HEAD),
        ({"attention.head_count_kv": ("i32", [4, -8, 2])}, 6 * PER_HEAD),
        ({"attention.key_length": 128, "attention.value_length": 96}, 3 * 8 * 224),
        ({"attention.shared_kv_layers": 2}, 8 * PER_HEAD),
        ({"attention.shared_kv_layers": 9}, 0),
        ({"full_attention_interval": 3}, 8 * PER_HEAD),  # the other layers are recurrent
        # Compressed keys and values (DeepSeek): one row, from which both are made.
        ({"attention.head_count_kv": 1, "attention.key_length": 576, "attention.key_length_mla": 192}, 3 * 576),
    ],
)
def test_kv_cache_of_a_token(shape: Callable[..., ModelShape], fields: dict[str, Any], kv_values: int) -> None:
    assert shape(fields).kv_values == kv_values


@pytest.mark.parametrize(
    ("architecture", "fields", "full_layers"),
    [
        ("gemma2", {}, 3),
        ("gemma3", {}, 1),
        ("cohere2moe", {}, 2),  # the first of four, not the last
        ("gemma3", {"attention.sliding_window_pattern": 3}, 2),
        ("gemma4", {"attention.sliding_window_pattern": ("bool", [True] * 5 + [False])}, 1),
        ("mistral3", {}, 6),  # not known to have windows, whatever the file says
    ],
)
def test_layers_with_a_window_are_counted_apart(
    shape: Callable[..., ModelShape], architecture: str, fields: dict[str, Any], full_layers: int
) -> None:
    found = shape({"block_count": 6, "attention.sliding_window": 512, **fields}, architecture)
    assert found.kv_values == full_layers * 8 * PER_HEAD
    assert found.window_kv_values == (6 - full_layers) * 8 * PER_HEAD
    assert found.window_tokens == (512 if full_layers < 6 else 0)


def test_without_a_window_every_layer_sees_everything(shape: Callable[..., ModelShape]) -> None:
    assert shape({}, "gemma3").window_kv_values == 0


def test_window_heads_may_be_narrower(shape: Callable[..., ModelShape]) -> None:
    fields = {
        "attention.sliding_window": 512,
        "attention.sliding_window_pattern": ("bool", [True, True, False]),
        "attention.key_length_swa": 32,
        "attention.value_length_swa": 16,
    }
    assert shape(fields, "gemma4").window_kv_values == 2 * 8 * 48


def test_recurrent_layers_hold_a_state(shape: Callable[..., ModelShape]) -> None:
    fields = {
        "attention.head_count_kv": ("i32", [0, 8, 0]),
        "ssm.inner_size": 1024,
        "ssm.state_size": 16,
        "ssm.conv_kernel": 4,
        "ssm.group_count": 2,
    }
    found = shape(fields, "jamba")
    assert found.kv_values == 8 * PER_HEAD
    assert found.state_bytes == 2 * 4 * (3 * (1024 + 2 * 2 * 16) + 16 * 1024)


@pytest.mark.parametrize(
    ("fields", "tensor", "values"),
    [
        ({}, "blk.0.ffn_gate.weight", 3 * 1000 + 4 * 512),
        ({}, "blk.0.ffn_up.weight", 2 * (512 + 512 + 512)),  # no gate: attention is the wider part
        ({"feed_forward_length": 4000}, "blk.0.ffn_up.weight", 4000 + 4 * 512),
        ({"feed_forward_length": 16}, "blk.0.ffn_gate.weight", 2 * (512 + 512 + 512)),
        ({"expert_used_count": 4}, "blk.0.ffn_gate_exps.weight", 3 * 4000 + 4 * 512),
        (  # narrow experts: their results, as wide as the hidden state, take more than what they compute inside
            {"expert_used_count": 4, "expert_feed_forward_length": 300},
            "blk.0.ffn_gate_exps.weight",
            (2 * 4 + 2) * 512 + 1200,
        ),
    ],
)
def test_the_widest_part_of_the_graph(
    shape: Callable[..., ModelShape], fields: dict[str, Any], tensor: str, values: int
) -> None:
    assert shape(fields, tensors=[(tensor, (32, 1), 0, 128)]).graph_values == values


def test_gate_and_up_in_one_tensor_are_seen(shape: Callable[..., ModelShape]) -> None:
    fused = [("blk.0.ffn_up.weight", (32, 2000), 0, 32 * 2000 * 4)]
    assert shape({}, tensors=fused).graph_values == 3 * 1000 + 4 * 512


@pytest.mark.parametrize(("machine", "repacked"), [("x86_64", ("Q4_K",)), ("arm64", ("Q4_K", "Q8_0"))])
def test_repacked_types_by_processor(
    shape: Callable[..., ModelShape], machine: str, repacked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    tensors = [
        ("token_embd.weight", (256, 8), 12, 8 * 144),  # only looked up
        ("blk.0.attn_q.weight", (256, 8), 12, 8 * 144),  # Q4_K
        ("blk.0.attn_k.weight", (256, 6), 12, 6 * 144),  # rows come in eights
        ("blk.0.attn_v.weight", (32, 8), 8, 8 * 34),  # Q8_0
        ("output_norm.weight", (256,), 0, 1024),
    ]
    expected = {"Q4_K": 8 * 144, "Q8_0": 8 * 34}
    found = shape({}, tensors=tensors)
    assert found.repack_bytes == sum(expected[name] for name in repacked)
    assert found.weight_bytes == 8 * 144 * 2 + 6 * 144 + 8 * 34 + 1024


def test_absurd_numbers_cost_nothing(shape: Callable[..., ModelShape]) -> None:
    huge = ("u64", 2**63)
    fields = {
        key: huge for key in ("block_count", "attention.head_count", "embedding_length", "full_attention_interval")
    }
    assert shape({**fields, "attention.sliding_window": huge, "ssm.inner_size": huge}).layers == 512


def test_an_empty_header(tmp_path: Path, gguf_file: Any) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_file({}).file())
    assert shape_of(read_header(path)) == ModelShape(weight_bytes=128, in_order=True)


def test_merges_are_counted_and_not_kept(tmp_path: Path, gguf_file: Any) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_file({"tokenizer.ggml.merges": ("str", ["a b"] * 1000)}).file())
    assert shape_of(read_header(path)).merges == 1000


def test_the_parts_of_a_split_set_add_up(
    tmp_path: Path, gguf_file: Any, metadata: Callable[..., dict[str, Any]]
) -> None:
    fields = metadata() | {"split.count": ("u16", 2), "llama.block_count": ("u32", 7)}
    for part, size in ((1, 128), (2, 4096)):
        file = gguf_file(fields if part == 1 else {"split.count": ("u16", 2)}, [("t", (size // 4,), 0, size, None)])
        (tmp_path / f"big-0000{part}-of-00002.gguf").write_bytes(file.file())
    models = find_models([tmp_path])
    assert [(model.shape.layers, model.shape.weight_bytes) for model in models] == [(7, 128 + 4096)]


def test_each_layer_has_its_own_part(shape: Callable[..., ModelShape]) -> None:
    sizes = {"token_embd": 1024, "blk.0.attn_q": 64, "blk.0.ffn_up_exps": 512, "blk.2.ffn_gate_exps": 256, "output": 32}
    found = shape(
        {"attention.head_count_kv": 2, "attention.sliding_window": 100, "attention.sliding_window_pattern": ("u32", 3)},
        "gemma3",
        [(f"{name}.weight", [size // 4], 0, size) for name, size in sizes.items()],
    )
    windowed = LayerShape(576, 512, 0, 2 * PER_HEAD, 512)
    assert found.each_layer == (windowed, LayerShape(0, 0, 0, 2 * PER_HEAD), LayerShape(256, 256, 2 * PER_HEAD, 0, 256))
    assert (found.embedding_bytes, found.output_bytes) == (1024, 32)
    assert found.in_order


@pytest.mark.parametrize(("output_bytes", "placed_bytes"), [(0, 0), (4, 1028), (512, 512)])
def test_the_output_layer_may_be_the_token_embedding(output_bytes: int, placed_bytes: int) -> None:
    assert ModelShape(embedding_bytes=1024, output_bytes=output_bytes).placed_output_bytes == placed_bytes


def test_layers_by_name_are_not_in_order(shape: Callable[..., ModelShape]) -> None:
    names = ["token_embd.weight", "blk.0.a", "blk.10.a", "blk.1.a"]
    assert not shape({}, tensors=[(name, [4], 0, 16) for name in names]).in_order
    assert not shape({}, tensors=[(name, [4], 0, 16) for name in reversed(names[:2])]).in_order


def test_parts_of_a_set_are_joined() -> None:
    first = ModelShape(100, layers=2, each_layer=(LayerShape(60, 0, 5, 0, 30),), embedding_bytes=40, in_order=True)
    second = ModelShape(80, each_layer=(LayerShape(20, 0, 0, 0, 20), LayerShape(70, 50)), output_bytes=10)
    joined = ModelShape.joined([first, second])
    layers = (LayerShape(80, 0, 5, 0, 30), LayerShape(70, 50))
    assert joined == ModelShape(180, layers=2, each_layer=layers, embedding_bytes=40, output_bytes=10)
