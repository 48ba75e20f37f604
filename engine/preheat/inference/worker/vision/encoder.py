"""Images in prompts: llama.cpp's multimodal library with a model's image encoder (its mmproj file)."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import secrets
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeAlias

from preheat.errors import InvalidRequestError, ModelLoadError
from preheat.inference.worker.bindings import llama, load_multimodal
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.vision.image_header import check_image
from preheat.messages import msg

logger = logging.getLogger(__name__)

MAX_IMAGES: Final = 64
"""Images in one request."""

_CACHED_IMAGES: Final = 16
"""Encoded images to keep: conversations send all their images again at each turn."""

_TEXT_CHUNK: Final = 0  # enum mtmd_input_chunk_type
_IMAGE_CHUNK: Final = 1
_KEY_BITS: Final = 30


class EncodedImage:
    """An encoded image, or a tile of one.

    In a list of tokens it is ``key``, once for each of its ``positions``: the same image has the same key, so that
    prefix reuse works for images. ``cells`` is its size in the KV cache; models with two-dimensional positions need
    more cells than positions.
    """

    def __init__(self, key: int, positions: int, cells: int, chunk: Any, embeddings: Any) -> None:
        self.key: Final = key
        self.positions: Final = positions
        self.cells: Final = cells
        self.chunk: Final = chunk
        self.embeddings: Final = embeddings


Part: TypeAlias = int | EncodedImage
"""What an image becomes in a prompt: encoded tiles, and the tokens that a model wants around them."""


class VisionEncoder:
    """Encodes images for one model. ``encode`` runs on one thread at a time, ``decode`` on the decode thread.

    Raises:
        ModelLoadError: The file is no image encoder for this model.
    """

    def __init__(self, model: LlamaModel, mmproj: Path, threads: int) -> None:
        self._model = model
        self._mtmd = load_multimodal()
        self._silence = llama.llama_log_callback(_ignore)  # an attribute, because the library holds no reference to it
        self._mtmd.mtmd_log_set(self._silence, None)
        self._mtmd.mtmd_helper_log_set(self._silence, None)
        # Nobody can write it into a message.
        self._marker = f"<{secrets.token_hex(8)}>".encode()
        params = self._mtmd.mtmd_context_params_default()
        params.use_gpu = False
        params.print_timings = False
        params.warmup = False
        params.n_threads = threads
        params.media_marker = self._marker
        self._ctx = self._mtmd.mtmd_init_from_file(str(mmproj).encode(), model.native, params)
        if not self._ctx or not self._mtmd.mtmd_support_vision(self._ctx):
            raise ModelLoadError(msg("load_mmproj_failed", file=mmproj.name))
        self._row_bytes = model.input_embedding_size * ctypes.sizeof(ctypes.c_float)
        self._encoded: OrderedDict[bytes, list[Part]] = OrderedDict()

    def encode(self, data: bytes) -> Sequence[Part]:
        """Return an image file as parts of a prompt.

        Raises:
            InvalidRequestError: It cannot be decoded, or is too large.
        """
        key = hashlib.blake2b(data, digest_size=16).digest()
        if key in self._encoded:
            self._encoded.move_to_end(key)
            return self._encoded[key]
        check_image(data)
        parts = self._encode(data, int.from_bytes(key[:4]))
        self._encoded[key] = parts
        while len(self._encoded) > _CACHED_IMAGES:
            self._encoded.popitem(last=False)
        return parts

    def decode(self, image: EncodedImage, position: int, sequence: int, batch_tokens: int) -> int:
        """Put an image into a sequence of the KV cache; return ``llama_decode``'s status."""
        end = ctypes.c_int32()
        status: int = self._mtmd.mtmd_helper_decode_image_chunk(
            self._ctx,
            self._model.ctx,
            image.chunk,
            image.embeddings,
            position,
            sequence,
            batch_tokens,
            ctypes.byref(end),
            self._mtmd.mtmd_helper_post_decode_callback(),
            None,
        )
        return status

    def _encode(self, data: bytes, seed: int) -> list[Part]:
        mtmd = self._mtmd
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        bitmap = mtmd.mtmd_helper_bitmap_init_from_buf(self._ctx, buffer, len(data), False)
        if not bitmap:
            raise InvalidRequestError(msg("image_damaged"), param="messages")
        with (
            closing(_Native(mtmd.mtmd_bitmap_free, bitmap)),
            closing(_Native(mtmd.mtmd_input_chunks_free, mtmd.mtmd_input_chunks_init())) as chunks,
        ):
            text = mtmd.mtmd_input_text(self._marker, len(self._marker), False, True)
            bitmaps = (ctypes.c_void_p * 1)(bitmap)
            if mtmd.mtmd_tokenize(self._ctx, chunks.pointer, ctypes.byref(text), bitmaps, 1) != 0:
                raise InvalidRequestError(msg("image_damaged"), param="messages")
            parts: list[Part] = []
            for at in range(mtmd.mtmd_input_chunks_size(chunks.pointer)):
                chunk = mtmd.mtmd_input_chunks_get(chunks.pointer, at)
                if mtmd.mtmd_input_chunk_get_type(chunk) == _TEXT_CHUNK:
                    count = ctypes.c_size_t()
                    tokens = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
                    parts += tokens[: count.value]
                else:
                    parts.append(self._encoded_chunk(chunk, seed + at))
            return parts

    def _encoded_chunk(self, chunk: Any, seed: int) -> EncodedImage:
        mtmd = self._mtmd
        if mtmd.mtmd_input_chunk_get_type(chunk) != _IMAGE_CHUNK or mtmd.mtmd_encode_chunk(self._ctx, chunk) != 0:
            raise InvalidRequestError(msg("image_damaged"), param="messages")
        cells: int = mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        size = cells * self._row_bytes
        embeddings = (ctypes.c_float * (size // ctypes.sizeof(ctypes.c_float)))()
        ctypes.memmove(embeddings, mtmd.mtmd_get_output_embd(self._ctx), size)
        copy = mtmd.mtmd_input_chunk_copy(chunk)
        key = -1 - seed % (1 << _KEY_BITS)
        image = EncodedImage(key, mtmd.mtmd_input_chunk_get_n_pos(chunk), cells, copy, embeddings)
        weakref.finalize(image, mtmd.mtmd_input_chunk_free, copy)
        return image


class _Native:
    """A native object, freed by ``close``."""

    def __init__(self, free: Any, pointer: Any) -> None:
        self._free = free
        self.pointer = pointer

    def close(self) -> None:
        self._free(self.pointer)


def _ignore(_level: int, _text: bytes, _data: object) -> None:
    """Drop the library's log: it prints details of every image."""
