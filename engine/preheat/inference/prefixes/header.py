"""The header of a block's file.

A file is a head of fixed size, the body of the header, and the payload. The head has the lengths of both, and a digest
over itself and the body; the body has the digest of the payload. So there is no bit that is not checked.
"""

from __future__ import annotations

import math
import struct
from hashlib import blake2b
from typing import Final, NamedTuple

from preheat.inference.prefixes.blocks import KEY_BYTES, Block, next_key, packed, root_key

FORMAT_VERSION: Final = 1
"""Files of another version are not read."""

MAX_HEADER_BYTES: Final = 1 << 23
"""More than the header of a state of a million tokens."""

_MAGIC: Final = b"PREHEAT\0"
_DIGEST_BYTES: Final = 32
_ALIGNMENT: Final = 64
_LENGTHS: Final = struct.Struct("<8sIIQ")  # magic, version, offset of the payload, length of the payload
_BODY: Final = struct.Struct(f"<{KEY_BYTES}s{KEY_BYTES}s{_DIGEST_BYTES}sIIddII")
_WHOLE_CHUNKS: Final = 1

HEAD_BYTES: Final = _LENGTHS.size + _DIGEST_BYTES


class Head(NamedTuple):
    """The head of a file."""

    header_bytes: int  # offset of the payload
    payload_bytes: int
    digest: bytes


class Header(NamedTuple):
    """The whole header of a file."""

    block: Block
    header_bytes: int  # offset of the payload
    payload_digest: bytes


def digest_of(data: bytes | bytearray | memoryview) -> bytes:
    """Return the digest of a payload."""
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


def encode_header(block: Block, payload: memoryview) -> bytes:
    """Return the header of a file."""
    body = _BODY.pack(
        block.key,
        block.parent,
        digest_of(payload),
        block.start,
        len(block.tokens),
        block.seconds,
        block.made_at,
        _WHOLE_CHUNKS if block.whole_chunks else 0,
        len(block.model),
    )
    body += block.model + packed(block.tokens)
    body += bytes(-(HEAD_BYTES + len(body)) % _ALIGNMENT)
    lengths = _LENGTHS.pack(_MAGIC, FORMAT_VERSION, HEAD_BYTES + len(body), len(payload))
    return lengths + digest_of(lengths + body) + body


def decode_head(data: bytes, file_bytes: int) -> Head | None:
    """Return the head, if ``data`` begins with one and the file has the lengths that it names."""
    if len(data) < HEAD_BYTES:
        return None
    magic, version, header_bytes, payload_bytes = _LENGTHS.unpack_from(data)
    if magic != _MAGIC or version != FORMAT_VERSION or header_bytes + payload_bytes != file_bytes:
        return None
    if not HEAD_BYTES + _BODY.size <= header_bytes <= MAX_HEADER_BYTES:
        return None
    return Head(header_bytes, payload_bytes, data[_LENGTHS.size : HEAD_BYTES])


def decode_header(data: bytes, file_bytes: int) -> Header | None:
    """Return the header, if ``data`` begins with an intact one that fits the file's size."""
    head = decode_head(data, file_bytes)
    if head is None or len(data) < head.header_bytes:
        return None
    body = data[HEAD_BYTES : head.header_bytes]
    if digest_of(data[: _LENGTHS.size] + body) != head.digest:
        return None
    key, parent, payload_digest, start, count, seconds, made_at, flags, model_bytes = _BODY.unpack_from(body)
    at = _BODY.size + model_bytes
    if not 0 <= len(body) - at - 4 * count < _ALIGNMENT or not count:
        return None
    model, tokens = body[_BODY.size : at], struct.unpack_from(f"<{count}i", body, at)
    if key != next_key(parent, tokens) or (start == 0) != (parent == root_key(model)):
        return None
    if not (math.isfinite(seconds) and math.isfinite(made_at)):
        return None
    block = Block(model, key, parent, start, tokens, bool(flags & _WHOLE_CHUNKS), max(seconds, 0.0), made_at)
    return Header(block, head.header_bytes, payload_digest)
