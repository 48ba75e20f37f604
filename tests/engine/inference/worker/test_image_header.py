"""Kinds and sizes of images, before anything decodes them."""

from __future__ import annotations

import base64
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import InvalidRequestError
from preheat.inference.worker.vision import MAX_IMAGE_BYTES, check_image
from vision_model import png

JPEG = base64.b64decode(  # one pixel
    "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4z"
    "NDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="
)
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
BMP = (
    b"BM"
    + struct.pack("<IHHI", 58, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 1, -1, 1, 24, 0, 4, 0, 0, 0, 0)
    + bytes(4)
)


def code_of(data: bytes) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        check_image(data)
    return caught.value.message.code


@pytest.mark.parametrize("data", [png(), JPEG, GIF, BMP], ids=["png", "jpeg", "gif", "bmp"])
def test_formats(data: bytes) -> None:
    check_image(data)


@pytest.mark.parametrize(
    "data", [b"", b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"<svg/>", b"%PDF-1.7", b"\x00\x00\x00\x18ftypmp42", b"ID3\x03"]
)
def test_everything_else_is_refused_undecoded(data: bytes) -> None:
    assert code_of(data) == "image_format_unknown"


@pytest.mark.parametrize("data", [png(), JPEG, GIF, BMP], ids=["png", "jpeg", "gif", "bmp"])
def test_cut_off_beginnings(data: bytes) -> None:
    assert code_of(data[:8] if data is not GIF else data[:6]) == "image_damaged"


def test_huge_dimensions_are_refused_before_decoding() -> None:
    bomb = bytearray(png())
    struct.pack_into(">II", bomb, 16, 100_000, 100_000)
    assert code_of(bytes(bomb)) == "image_too_many_pixels"
    assert code_of(png() + bytes(MAX_IMAGE_BYTES)) == "image_too_many_bytes"


def test_the_size_of_a_png_is_in_its_first_chunk() -> None:
    """A decoder that skips another chunk would find the size of a bomb after it."""
    data = png()
    hidden = data[:8] + struct.pack(">I4sII", 8, b"CgBI", 1, 1) + bytes(4) + data[8:]
    assert code_of(hidden) == "image_damaged"


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b""]), st.binary(max_size=64))
def test_any_bytes_are_decided(magic: bytes, rest: bytes) -> None:
    with suppress(InvalidRequestError):
        check_image(magic + rest)
