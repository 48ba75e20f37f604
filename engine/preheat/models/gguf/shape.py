"""The dimensions of a model that decide its memory.

The rules are those of llama.cpp (llama-hparams.cpp, llama-kv-cache*.cpp and the graphs in models/). Missing values
count as 0; an estimate is then too small, and the first measurement corrects it.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise, zip_longest
from typing import Any, Final, NamedTuple

from preheat.models.gguf.header import GgufHeader, Tensor

_F32_BYTES: Final = 4

# Interval of layers with full attention where the file does not tell (llama_model_base::load_swa_pattern in llama.cpp's
# models/); the others see a sliding window. A negative number: the first layer of each group, not the last.
_WINDOW_PERIODS: Final = {
    name: period
    for period, names in (
        (4, "afmoe cohere2 exaone-moe exaone4 llama4 mellum olmo2"),
        (-4, "cohere2moe laguna smallthinker"),
        (2, "gemma2 gpt-oss"),
        (6, "gemma3"),
        (5, "gemma3n"),
        (8, "plamo3"),
    )
    for name in names.split()
}

# Types of which llama.cpp has rewritten forms (ggml-cpu/repack.cpp), by the processor's family.
_REPACKED_X86: Final = frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"})
_REPACKED_ARM: Final = _REPACKED_X86 | {"Q5_K", "Q6_K", "Q8_0"}
_REPACKED_ROWS: Final = 8

_MAX_LAYERS: Final = 512  # llama.cpp's LLAMA_MAX_LAYERS; a header may claim any number

_LAYER: Final = re.compile(r"blk\.(\d{1,3})\.")
_EXPERTS: Final = re.compile(r"\.ffn_(up|down|gate|gate_up)_(ch)?exps")
_OUTPUT: Final = re.compile(r"(output|cls|dense_\d)[._]")
_LEAST_OUTPUT_SHARE: Final = 1 / 64
"""Of the token embedding: a smaller output layer has only a norm, so that the embedding is its matrix, too."""


class LayerShape(NamedTuple):
    """What one layer adds to the memory of where it is computed."""

    weight_bytes: int = 0  # all its tensors
    expert_bytes: int = 0  # those of them that are routed experts
    kv_values: int = 0  # numbers per token in the KV cache
    window_kv_values: int = 0  # the same, if it has a sliding window
    largest_bytes: int = 0  # its largest tensor

    def joined(self, other: LayerShape) -> LayerShape:
        """Return the layer with the tensors of both."""
        sums = LayerShape(*(first + second for first, second in zip(self, other, strict=True)))
        return sums._replace(largest_bytes=max(self.largest_bytes, other.largest_bytes))


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Dimensions of a model that its memory depends on."""

    weight_bytes: int = 0  # size of all tensors
    repack_bytes: int = 0  # size of the tensors that this processor family may hold a second time, rewritten
    vocabulary: int = 0  # number of tokens
    merges: int = 0  # number of merge rules of a byte-pair tokenizer
    layers: int = 0  # number of blocks
    heads: int = 0  # most attention heads of a layer
    kv_values: int = 0  # numbers per token in the KV cache, in the layers with full attention
    window_kv_values: int = 0  # the same, in the layers with a sliding window
    window_tokens: int = 0  # length of the sliding window
    state_bytes: int = 0  # state of the recurrent layers per sequence
    graph_values: int = 0  # most numbers per token that are alive at once when a batch is computed
    widest_values: int = 0  # widest input of a matrix multiplication
    each_layer: tuple[LayerShape, ...] = ()
    embedding_bytes: int = 0  # size of the token embedding
    output_bytes: int = 0  # size of the output layer's tensors; see ``placed_output_bytes``
    in_order: bool = False  # whether the file has the layers one after the other

    @property
    def placed_output_bytes(self) -> int:
        """What the output layer takes on a device: with a copy of the token embedding where that is its matrix."""
        tied = 0 < self.output_bytes < self.embedding_bytes * _LEAST_OUTPUT_SHARE
        return self.output_bytes + (self.embedding_bytes if tied else 0)

    @classmethod
    def joined(cls, parts: Sequence[ModelShape]) -> ModelShape:
        """Return the shape of a split set: each part has some of the tensors, the first one has the dimensions."""
        layers = zip_longest(*(part.each_layer for part in parts), fillvalue=LayerShape())
        return replace(
            parts[0],
            weight_bytes=sum(part.weight_bytes for part in parts),
            repack_bytes=sum(part.repack_bytes for part in parts),
            each_layer=_shared(reduce(LayerShape.joined, layer) for layer in layers),
            embedding_bytes=sum(part.embedding_bytes for part in parts),
            output_bytes=sum(part.output_bytes for part in parts),
            in_order=all(part.in_order for part in parts),
        )


def shape_of(header: GgufHeader) -> ModelShape:
    """Return the shape of a model; of a split set's part, with that part's tensors only."""
    kv_layers = list(_kv_layers(header))
    kv_values, window_kv_values = (sum(values) for values in zip(*kv_layers, strict=True)) if kv_layers else (0, 0)
    graph_values, widest_values = _graph_values(header)
    return ModelShape(
        weight_bytes=sum(tensor.n_bytes for tensor in header.tensors),
        repack_bytes=sum(tensor.n_bytes for tensor in header.tensors if _is_repacked(tensor)),
        vocabulary=header.vocab_size,
        merges=header.length("tokenizer.ggml.merges"),
        layers=_layers(header),
        heads=_most(header.head_count),
        kv_values=kv_values,
        window_kv_values=window_kv_values,
        window_tokens=header.number("attention.sliding_window") if window_kv_values else 0,
        state_bytes=_state_bytes(header),
        graph_values=graph_values,
        widest_values=widest_values,
        each_layer=_each_layer(header, kv_layers),
        embedding_bytes=sum(tensor.n_bytes for tensor in header.tensors if tensor.name == "token_embd.weight"),
        output_bytes=sum(tensor.n_bytes for tensor in header.tensors if _OUTPUT.match(tensor.name)),
        in_order=_in_order(header.tensors),
    )


def shape_from_json(content: dict[str, Any]) -> ModelShape:
    """Return the shape of which this is ``asdict``; raises TypeError or KeyError for other content."""
    return ModelShape(**{**content, "each_layer": _shared(LayerShape(*each) for each in content["each_layer"])})


def _each_layer(header: GgufHeader, kv_layers: Sequence[tuple[int, int]]) -> tuple[LayerShape, ...]:
    weights: dict[int, int] = {}
    experts: dict[int, int] = {}
    largest: dict[int, int] = {}
    for tensor in header.tensors:
        if (match := _LAYER.match(tensor.name)) and (layer := int(match[1])) < _MAX_LAYERS:
            weights[layer] = weights.get(layer, 0) + tensor.n_bytes
            largest[layer] = max(largest.get(layer, 0), tensor.n_bytes)
            if _EXPERTS.search(tensor.name):
                experts[layer] = experts.get(layer, 0) + tensor.n_bytes
    count = max(_layers(header), max(weights, default=-1) + 1)
    kv = [*kv_layers, *[(0, 0)] * (count - len(kv_layers))]
    return _shared(
        LayerShape(weights.get(at, 0), experts.get(at, 0), *kv[at], largest.get(at, 0)) for at in range(count)
    )


def _shared(layers: Iterable[LayerShape]) -> tuple[LayerShape, ...]:
    """Return the layers with equal ones as one object: a thousand models are kept in memory."""
    known: dict[LayerShape, LayerShape] = {}
    return tuple(known.setdefault(layer, layer) for layer in layers)


def _in_order(tensors: Sequence[Tensor]) -> bool:
    """Return whether the file has the input before the layers, and these one after the other.

    llama.cpp maps the file from the first to the last tensor that stays in RAM.
    """
    spans: dict[int, tuple[int, int]] = {}
    for tensor in tensors:
        match = _LAYER.match(tensor.name)
        if match is None and _OUTPUT.match(tensor.name):
            continue
        layer = int(match[1]) if match else -1
        start, end = spans.get(layer, (tensor.offset, 0))
        spans[layer] = min(start, tensor.offset), max(end, tensor.offset + tensor.n_bytes)
    ordered = [spans[layer] for layer in sorted(spans)]
    return all(first[1] <= second[0] for first, second in pairwise(ordered))


def _kv_layers(header: GgufHeader) -> Iterator[tuple[int, int]]:
    """Yield each layer's numbers per token in the KV cache: the first if it sees everything, or else the second."""
    heads = _kv_heads(header)
    width = _head_width(header)
    per_head = width + (header.number("attention.value_length") or header.number("embedding_length") // _heads(header))
    per_window_head = per_head
    if header.number("attention.key_length_mla"):
        per_head = per_window_head = width  # compressed keys, from which the values are made
    elif header.number("attention.key_length_swa"):
        per_window_head = header.number("attention.key_length_swa") + header.number("attention.value_length_swa")
    for count, has_window in zip(heads, _windows(header), strict=False):
        yield (0, count * per_window_head) if has_window else (count * per_head, 0)


def _kv_heads(header: GgufHeader) -> list[int]:
    """Return the key-value heads of each layer that has a KV cache of its own; 0 in recurrent layers."""
    given = header.head_count_kv
    heads = list(given) if isinstance(given, tuple) else [given] * _layers(header)
    interval = header.number("full_attention_interval")  # the other layers are recurrent
    if interval and not isinstance(given, tuple):
        heads = [count if (layer + 1) % interval == 0 else 0 for layer, count in enumerate(heads)]
    return heads[: max(len(heads) - header.number("attention.shared_kv_layers"), 0)]


def _windows(header: GgufHeader) -> Iterator[bool]:
    """Yield for each layer whether it has a sliding window."""
    layers = range(_layers(header))
    pattern = header.own("attention.sliding_window_pattern")
    if not header.number("attention.sliding_window"):
        yield from (False for _ in layers)
    elif isinstance(pattern, tuple):
        yield from (bool(value) for value in pattern)
    else:
        period = _WINDOW_PERIODS.get(header.architecture, 1)
        if isinstance(pattern, int) and pattern > 0:
            period = pattern if period > 0 else -pattern
        full_at = 0 if period < 0 else period - 1
        yield from (abs(period) > 1 and layer % abs(period) != full_at for layer in layers)


def _state_bytes(header: GgufHeader) -> int:
    """Return the size of the convolution and state-space states, which are 32-bit floats."""
    inner, state = header.number("ssm.inner_size"), header.number("ssm.state_size")
    if not inner:
        return 0
    channels = inner + 2 * max(header.number("ssm.group_count"), 1) * state
    recurrent = _layers(header) - sum(1 for count in _kv_heads(header) if count)
    return recurrent * _F32_BYTES * (max(header.number("ssm.conv_kernel") - 1, 0) * channels + state * inner)


def _graph_values(header: GgufHeader) -> tuple[int, int]:
    """Return how many numbers per token are alive at once, and the widest input of a multiplication.

    Measured as the compute buffers of llama.cpp for models of nine shapes: in the feed-forward part gate, up and their
    product, and four times the width of the hidden state; in attention, two each of queries, of keys and values, and of
    the hidden state. Each chosen expert leaves two results as wide as the hidden state before they are added up, which
    is most where many narrow experts are chosen. Gaps in the allocator change it by up to 10 %.
    """
    width = header.number("embedding_length")
    ffn = _most(header.numbers("feed_forward_length"))
    if experts := header.number("expert_used_count"):
        routed = experts * (header.number("expert_feed_forward_length") or ffn)
        ffn = max(ffn if header.number("leading_dense_block_count") else 0, routed)
    gated = any("ffn_gate" in tensor.name or _is_fused_gate(tensor, ffn) for tensor in header.tensors)
    queries = _heads(header) * _head_width(header)
    keys = max(_kv_heads(header), default=0) * _head_width(header)
    feed_forward = (3 if gated else 1) * ffn + 4 * width
    chosen = (2 * experts + 2) * width + ffn if experts else 0
    attention = 2 * (queries + keys + width)
    return max(feed_forward, chosen, attention), max(ffn, queries, width)


def _is_fused_gate(tensor: Tensor, ffn: int) -> bool:
    """Return whether gate and up are one tensor."""
    return tensor.name.endswith("ffn_up.weight") and len(tensor.shape) > 1 and tensor.shape[1] == 2 * ffn


def _is_repacked(tensor: Tensor) -> bool:
    types = _REPACKED_ARM if platform.machine().lower() in {"arm64", "aarch64"} else _REPACKED_X86
    return (
        tensor.ggml_type in types
        and len(tensor.shape) >= 2
        and tensor.shape[1] % _REPACKED_ROWS == 0
        and not tensor.name.startswith("token_embd")  # rows are looked up in it, not multiplied
    )


def _layers(header: GgufHeader) -> int:
    return min(header.number("block_count"), _MAX_LAYERS)


def _heads(header: GgufHeader) -> int:
    return max(_most(header.head_count), 1)


def _head_width(header: GgufHeader) -> int:
    heads = _most(header.head_count)
    return header.number("attention.key_length") or (header.number("embedding_length") // heads if heads else 0)


def _most(numbers: int | tuple[int, ...]) -> int:
    return max(numbers, default=0) if isinstance(numbers, tuple) else numbers
