"""A small recurrent model (Mamba) of random weights."""

from __future__ import annotations

from itertools import islice, product
from pathlib import Path
from typing import Final

import gguf
import numpy as np

WIDTH: Final = 64
VOCABULARY: Final = 2000
_LAYERS: Final = 2
_INNER: Final = 128
_STATE: Final = 8
_RANK: Final = 4
_CONVOLUTION: Final = 4


def write_recurrent_model(path: Path) -> None:
    """Write the file. Tensors are named and shaped as llama.cpp's architecture ``mamba`` wants them."""
    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_block_count(_LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_ssm_conv_kernel(_CONVOLUTION)
    writer.add_ssm_inner_size(_INNER)
    writer.add_ssm_state_size(_STATE)
    writer.add_ssm_time_step_rank(_RANK)
    letters = [chr(code) for code in range(33, 127)]
    words = ("".join(parts) for length in (1, 2, 3) for parts in product(letters, repeat=length))
    tokens = list(islice(words, VOCABULARY))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * VOCABULARY)
    writer.add_token_merges([f"{token[:-1]} {token[-1]}" for token in tokens if len(token) > 1][:10])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    random = np.random.default_rng(5)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.standard_normal(shape, dtype=np.float32) * np.float32(0.3))

    add("token_embd.weight", VOCABULARY, WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, dtype=np.float32))
    for layer in range(_LAYERS):
        block = f"blk.{layer}"
        writer.add_tensor(f"{block}.attn_norm.weight", np.ones(WIDTH, dtype=np.float32))
        add(f"{block}.ssm_in.weight", 2 * _INNER, WIDTH)
        add(f"{block}.ssm_conv1d.weight", _INNER, _CONVOLUTION)
        add(f"{block}.ssm_conv1d.bias", _INNER)
        add(f"{block}.ssm_x.weight", _RANK + 2 * _STATE, _INNER)
        add(f"{block}.ssm_dt.weight", _INNER, _RANK)
        add(f"{block}.ssm_dt.bias", _INNER)
        # Negative: the state decays.
        writer.add_tensor(f"{block}.ssm_a", -np.abs(random.standard_normal((_INNER, _STATE), dtype=np.float32)))
        add(f"{block}.ssm_d", _INNER)
        add(f"{block}.ssm_out.weight", WIDTH, _INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
