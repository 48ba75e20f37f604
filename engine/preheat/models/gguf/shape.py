"""The dimensions of a model that decide its memory.

The rules are those of llama.cpp (llama-hparams.cpp, llama-kv-cache*.cpp and the graphs in models/). Missing values
count as 0; an estimate is then too small, and the first measurement corrects it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

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


def shape_of(header: GgufHeader) -> ModelShape:
    """Return the shape of a model; of a split set's part, with that part's tensors only."""
    kv_values, window_kv_values = _kv_values(header)
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
    )


def _kv_values(header: GgufHeader) -> tuple[int, int]:
    """Return the numbers per token in the KV cache: of full layers, and of layers with a window."""
    heads = _kv_heads(header)
    width = _head_width(header)
    per_head = width + (header.number("attention.value_length") or header.number("embedding_length") // _heads(header))
    per_window_head = per_head
    if header.number("attention.key_length_mla"):
        per_head = per_window_head = width  # compressed keys, from which the values are made
    elif header.number("attention.key_length_swa"):
        per_window_head = header.number("attention.key_length_swa") + header.number("attention.value_length_swa")
    full = windowed = 0
    for count, has_window in zip(heads, _windows(header), strict=False):
        if has_window:
            windowed += count * per_window_head
        else:
            full += count * per_head
    return full, windowed


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

    Measured as the compute buffers of llama.cpp for models of eight shapes: in the feed-forward part gate, up and their
    product, and four times the width of the hidden state; in attention, two each of queries, of keys and values, and of
    the hidden state. Gaps in the allocator change it by up to 10 %.
    """
    width = header.number("embedding_length")
    ffn = _most(header.numbers("feed_forward_length"))
    if experts := header.number("expert_used_count"):
        # Each chosen expert leaves a result as wide as the hidden state before they are added up.
        routed = experts * (header.number("expert_feed_forward_length") or ffn)
        ffn = max(ffn if header.number("leading_dense_block_count") else 0, routed)
    gated = any("ffn_gate" in tensor.name or _is_fused_gate(tensor, ffn) for tensor in header.tensors)
    queries = _heads(header) * _head_width(header)
    keys = max(_kv_heads(header), default=0) * _head_width(header)
    feed_forward = (3 if gated else 1) * ffn + 4 * width
    attention = 2 * (queries + keys + width)
    return max(feed_forward, attention), max(ffn, queries, width)


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
