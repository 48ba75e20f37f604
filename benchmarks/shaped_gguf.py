"""Writes small text models of any shape, to check estimates of memory. Their output is meaningless."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import gguf
import numpy as np
from gguf import GGUFWriter

_TRAINED_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class ModelDimensions:
    """The dimensions of a model with 16-bit weights."""

    name: str
    layers: int = 2
    width: int = 256
    ffn: int = 512
    heads: int = 4
    kv_heads: int = 2
    head_width: int = 64
    vocabulary: int = 2000
    experts: int = 0  # number of experts per layer; 0 for a plain feed-forward network
    active_experts: int = 2  # those of them that compute a token
    # attention window of most layers (architecture gemma3); 0 for full attention (architecture llama)
    window_tokens: int = 0
    merges: bool = True  # whether the tokenizer has about one merge rule per token


SHAPES = (
    ModelDimensions("wide-vocabulary", width=64, ffn=128, heads=2, kv_heads=1, head_width=32, vocabulary=262_144),
    ModelDimensions(
        "plain-vocabulary", width=64, ffn=128, heads=2, kv_heads=1, head_width=32, vocabulary=131_072, merges=False
    ),
    ModelDimensions("many-layers", layers=64, kv_heads=4),
    ModelDimensions("wide-attention", layers=4, ffn=256, heads=16, kv_heads=8, head_width=128),
    ModelDimensions("few-kv-heads", ffn=8192, kv_heads=1),
    ModelDimensions("experts", layers=4, width=512, ffn=1024, heads=8, vocabulary=4000, experts=16),
    ModelDimensions(
        "many-experts",
        layers=3,
        width=512,
        ffn=192,
        heads=8,
        vocabulary=4000,
        experts=32,
        active_experts=8,
    ),
    ModelDimensions(
        "sliding-window", layers=12, width=512, ffn=1024, heads=8, kv_heads=4, head_width=128, window_tokens=512
    ),
)


def ensure_shaped(shape: ModelDimensions, folder: Path) -> Path:
    """Return the model's path; writes it on first use, which takes about a second."""
    path = folder / f"shaped-{shape.name}.gguf"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        _write(shape, part)
        part.rename(path)
    return path


def _write(shape: ModelDimensions, path: Path) -> None:
    writer = GGUFWriter(path, arch="gemma3" if shape.window_tokens else "llama")
    _add_metadata(shape, writer)
    rng = np.random.default_rng(1)

    def add(name: str, *dimensions: int) -> None:
        if len(dimensions) == 1:
            writer.add_tensor(name, np.ones(dimensions, dtype=np.float32))
        else:
            writer.add_tensor(name, (rng.standard_normal(dimensions, dtype=np.float32) * 0.02).astype(np.float16))

    add("token_embd.weight", shape.vocabulary, shape.width)
    for layer in range(shape.layers):
        for name, dimensions in _layer(shape).items():
            add(f"blk.{layer}.{name}.weight", *dimensions)
        if shape.experts:
            router = np.ones((shape.experts, shape.width), dtype=np.float32)
            writer.add_tensor(f"blk.{layer}.ffn_gate_inp.weight", router)
    add("output_norm.weight", shape.width)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _layer(shape: ModelDimensions) -> dict[str, tuple[int, ...]]:
    queries, keys = shape.heads * shape.head_width, shape.kv_heads * shape.head_width
    layer: dict[str, tuple[int, ...]] = {
        "attn_norm": (shape.width,),
        "attn_q": (queries, shape.width),
        "attn_k": (keys, shape.width),
        "attn_v": (keys, shape.width),
        "attn_output": (shape.width, queries),
        "ffn_norm": (shape.width,),
    }
    ending, count = ("_exps", (shape.experts,)) if shape.experts else ("", ())
    layer |= {f"ffn_{part}{ending}": (*count, shape.ffn, shape.width) for part in ("gate", "up")}
    layer[f"ffn_down{ending}"] = (*count, shape.width, shape.ffn)
    if shape.window_tokens:
        layer |= {name: (shape.head_width,) for name in ("attn_q_norm", "attn_k_norm")}
        layer |= {name: (shape.width,) for name in ("post_attention_norm", "post_ffw_norm")}
    return layer


def _add_metadata(shape: ModelDimensions, writer: GGUFWriter) -> None:
    writer.add_name(shape.name)
    writer.add_block_count(shape.layers)
    writer.add_context_length(_TRAINED_TOKENS)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_layer_norm_rms_eps(1e-5)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.active_experts)
    if shape.window_tokens:
        writer.add_sliding_window(shape.window_tokens)
    letters = [chr(code) for code in range(33, 127)]
    words = ("".join(pieces) for length in (1, 2, 3) for pieces in product(letters, repeat=length))
    tokens = list(islice(words, shape.vocabulary))
    joined = [token for token in tokens if len(token) > 1]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * len(tokens))
    writer.add_token_merges([f"{token[:-1]} {token[-1]}" for token in (joined if shape.merges else joined[:10])])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
