"""Models of about 0.6 and 1.1 GB with random weights, to measure loads, memory and switches.

Their shapes and formats are those of real models of that size, so reading, mapping and computing cost the same. Their
output is meaningless plain text without an end.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from numpy.typing import NDArray

from benchmarks.blocks import random_q4_k, random_q6_k

logger = logging.getLogger(__name__)

_VERSION: Final = 1
"""Part of the file names; increase it when the content changes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a llama-architecture model."""

    name: str  # the file's name without version and ``.gguf``
    layers: int
    width: int
    ffn: int  # width of the feed-forward layers
    heads: int
    kv_heads: int
    seed: int  # seed of the random weights
    context_length: int = 8192  # trained context length, in tokens

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def path_name(self) -> str:
        return f"{self.name}-v{_VERSION}.gguf"


SMALL: Final = Shape("random-0.6gb-q4_k_m", layers=19, width=2048, ffn=5632, heads=32, kv_heads=4, seed=6)
"""TinyLlama 1.1 B without three of its layers."""

LARGE: Final = Shape("random-1.1gb-q4_k_m", layers=26, width=2048, ffn=8192, heads=32, kv_heads=8, seed=11)
"""Between Llama 3.2 1B and SmolLM2 1.7 B."""

AGENT: Final = Shape(
    "random-agent-q4_k_m", layers=1, width=256, ffn=256, heads=8, kv_heads=2, seed=64, context_length=65536
)
"""As small as possible: for requests of agents, which have tens of thousands of tokens."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor before its data exists. ``rows`` 0 marks a vector."""

    name: str
    kind: GGMLQuantizationType
    rows: int
    columns: int

    @property
    def stored_shape(self) -> tuple[int, ...]:
        """Shape in bytes for quantised data, in numbers otherwise."""
        if self.kind is GGMLQuantizationType.F32:
            return (self.columns,)
        block, block_bytes = gguf.GGML_QUANT_SIZES[self.kind]
        return (self.rows, self.columns // block * block_bytes)

    @property
    def stored_bytes(self) -> int:
        shape = self.stored_shape
        return shape[0] * 4 if self.kind is GGMLQuantizationType.F32 else shape[0] * shape[1]


def ensure_model(shape: Shape, template: Path, folder: Path) -> Path:
    """Return the model's path; writes it on first use, which takes seconds.

    Args:
        template: A llama-architecture GGUF file to copy the tokenizer and the chat template from.
        folder: Folder of the model.
    """
    path = folder / shape.path_name
    if path.is_file():
        return path
    logger.info("Writing %s (once)", path)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    _write(shape, GGUFReader(template), part)
    part.rename(path)
    return path


def _write(shape: Shape, template: GGUFReader, path: Path) -> None:
    writer = GGUFWriter(path, arch="llama")
    _copy_metadata(shape, template, writer)
    text_rows = plain_text_tokens(template)
    tensors = tuple(tensors_of(shape, vocabulary=len(text_rows)))
    for tensor in tensors:
        dtype = np.dtype(np.float32 if tensor.kind is GGMLQuantizationType.F32 else np.uint8)
        writer.add_tensor_info(tensor.name, tensor.stored_shape, dtype, tensor.stored_bytes, raw_dtype=tensor.kind)
    rng = np.random.default_rng(shape.seed)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:  # one at a time: the model may not fit the memory
            writer.write_tensor_data(_data(tensor, rng, text_rows))
    finally:
        writer.close()


def _copy_metadata(shape: Shape, template: GGUFReader, writer: GGUFWriter) -> None:
    """Copy the metadata of tokenizer and template, and add the new dimensions."""
    for field in template.fields.values():
        if not field.name.startswith("tokenizer."):
            continue
        sub_type = field.types[-1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=sub_type)
    writer.add_name(shape.name)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context_length)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(100_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def plain_text_tokens(template: GGUFReader) -> NDArray[np.bool_]:
    """Return, for each token, whether it consists of lower-case letters after an optional space.

    The model can only generate these tokens. Each is complete text, which a stream shows immediately, and none ends the
    answer, so all answers have the requested length.
    """
    tokens: list[str] = _contents(template, "tokenizer.ggml.tokens")
    kinds: list[int] = _contents(template, "tokenizer.ggml.token_type")
    return np.array(
        [
            kind == gguf.TokenType.NORMAL and (text := token.removeprefix("Ġ")).isascii() and text.islower()
            for token, kind in zip(tokens, kinds, strict=True)
        ]
    )


def _contents(template: GGUFReader, name: str) -> Any:
    field = template.get_field(name)
    if field is None:
        raise ValueError(f"the template has no {name}")
    return field.contents()


def tensors_of(shape: Shape, vocabulary: int) -> Iterator[_Tensor]:
    """Yield every tensor of the model, in the order of the file."""
    q4_k, q6_k, f32 = GGMLQuantizationType.Q4_K, GGMLQuantizationType.Q6_K, GGMLQuantizationType.F32
    width, ffn, kv_width = shape.width, shape.ffn, shape.kv_heads * shape.head_width
    yield _Tensor("token_embd.weight", q4_k, vocabulary, width)
    for layer in range(shape.layers):
        prefix = f"blk.{layer}"
        mixed = q6_k if more_bits(layer, shape.layers) else q4_k
        yield _Tensor(f"{prefix}.attn_norm.weight", f32, 0, width)
        yield _Tensor(f"{prefix}.attn_q.weight", q4_k, width, width)
        yield _Tensor(f"{prefix}.attn_k.weight", q4_k, kv_width, width)
        yield _Tensor(f"{prefix}.attn_v.weight", mixed, kv_width, width)
        yield _Tensor(f"{prefix}.attn_output.weight", q4_k, width, width)
        yield _Tensor(f"{prefix}.ffn_norm.weight", f32, 0, width)
        yield _Tensor(f"{prefix}.ffn_gate.weight", q4_k, ffn, width)
        yield _Tensor(f"{prefix}.ffn_up.weight", q4_k, ffn, width)
        yield _Tensor(f"{prefix}.ffn_down.weight", mixed, width, ffn)
    yield _Tensor("output_norm.weight", f32, 0, width)
    yield _Tensor("output.weight", q6_k, vocabulary, width)


def more_bits(layer: int, layers: int) -> bool:
    """Return whether Q4_K_M uses Q6_K for the layer's ``attn_v`` and ``ffn_down`` (llama.cpp's ``use_more_bits``)."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _data(tensor: _Tensor, rng: np.random.Generator, text_rows: NDArray[np.bool_]) -> NDArray[Any]:
    if tensor.kind is GGMLQuantizationType.F32:
        return np.ones(tensor.columns, dtype=np.float32)
    # The usual width of initial weights, so that activations neither vanish nor grow from layer to layer.
    std = tensor.columns**-0.5
    if tensor.kind is GGMLQuantizationType.Q6_K:
        keep = text_rows if tensor.name == "output.weight" else None
        return random_q6_k(rng, tensor.rows, tensor.columns, std, keep)
    return random_q4_k(rng, tensor.rows, tensor.columns, std)
