"""A tiny image encoder with random weights (CLIP with a linear projector, as LLaVA's), and tiny images."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Final

import gguf
import numpy as np

IMAGE_SIZE: Final = 56  # pixels; images are scaled to a square of this size
PATCH_SIZE: Final = 14
IMAGE_TOKENS: Final = (IMAGE_SIZE // PATCH_SIZE) ** 2

_WIDTH: Final = 32
_FFN: Final = 64
_LAYERS: Final = 2


def write_mmproj(path: Path, text_width: int) -> Path:
    """Write an image encoder for text models whose embeddings have ``text_width`` numbers."""
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_string("general.type", "mmproj")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "mlp")
    for name, number in {
        "image_size": IMAGE_SIZE,
        "patch_size": PATCH_SIZE,
        "embedding_length": _WIDTH,
        "feed_forward_length": _FFN,
        "block_count": _LAYERS,
        "projection_dim": text_width,
        "attention.head_count": 2,
    }.items():
        writer.add_uint32(f"clip.vision.{name}", number)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    writer.add_array("clip.vision.image_mean", [0.5, 0.5, 0.5])
    writer.add_array("clip.vision.image_std", [0.5, 0.5, 0.5])
    writer.add_bool("clip.use_gelu", True)
    random = np.random.default_rng(0)
    for name, shape in _tensors(text_width).items():
        writer.add_tensor(name, (random.standard_normal(shape) * 0.1).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(text_width: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "v.patch_embd.weight": (_WIDTH, 3, PATCH_SIZE, PATCH_SIZE),
        "v.class_embd": (_WIDTH,),
        "v.position_embd.weight": (IMAGE_TOKENS + 1, _WIDTH),
        "v.pre_ln.weight": (_WIDTH,),
        "v.pre_ln.bias": (_WIDTH,),
        "mm.0.weight": (text_width, _WIDTH),
        "mm.0.bias": (text_width,),
        "mm.2.weight": (text_width, text_width),
        "mm.2.bias": (text_width,),
    }
    for layer in range(_LAYERS):
        parts = {name: (_WIDTH, _WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_out")}
        parts |= {"ffn_up": (_FFN, _WIDTH), "ffn_down": (_WIDTH, _FFN)}
        for name, shape in parts.items():
            shapes[f"v.blk.{layer}.{name}.weight"] = shape
            shapes[f"v.blk.{layer}.{name}.bias"] = shape[:1]
        for name in ("ln1", "ln2"):
            shapes[f"v.blk.{layer}.{name}.weight"] = shapes[f"v.blk.{layer}.{name}.bias"] = (_WIDTH,)
    return shapes


def png(width: int = 64, height: int = 40, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """Return a PNG of one colour."""
    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )
