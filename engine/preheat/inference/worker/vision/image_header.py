"""Kind and size of an image file, read from its first bytes, before anything decodes it. Pure.

Formats: PNG (RFC 2083), JPEG (ITU T.81, annex B), GIF (GIF89a specification), BMP (Windows bitmap headers).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final

from preheat.errors import InvalidRequestError
from preheat.messages import msg

MAX_IMAGE_BYTES: Final = 20 << 20
MAX_IMAGE_PIXELS: Final = 64_000_000
"""Four bytes each while an image is decoded."""

_NO_SIZE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # JPEG markers without a length
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG markers with the image's size


def check_image(data: bytes) -> None:
    """Check that an image can be decoded within limits.

    Raises:
        InvalidRequestError: It is of another format, damaged at its beginning, or too large.
    """
    if len(data) > MAX_IMAGE_BYTES:
        raise InvalidRequestError(msg("image_too_many_bytes", limit=MAX_IMAGE_BYTES), param="messages")
    read = next((read for magic, read in _READERS.items() if data.startswith(magic)), None)
    if read is None:
        raise InvalidRequestError(msg("image_format_unknown"), param="messages")
    try:
        width, height = read(data)
    except (struct.error, IndexError):
        width = height = 0
    if width <= 0 or height <= 0:
        raise InvalidRequestError(msg("image_damaged"), param="messages")
    if width * height > MAX_IMAGE_PIXELS:
        raise InvalidRequestError(
            msg("image_too_many_pixels", width=width, height=height, limit=MAX_IMAGE_PIXELS), param="messages"
        )


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return (width, height) if data[12:16] == b"IHDR" else (0, 0)


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
    return width, abs(height)  # a negative height means from top to bottom


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return 0, 0
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _NO_SIZE:
            at += 2
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + max(length, 2)
    return 0, 0


_READERS: Final[Mapping[bytes, Callable[[bytes], tuple[int, int]]]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"BM": _bmp,
}
