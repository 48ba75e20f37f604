"""Images as requests bring them."""

from __future__ import annotations

import base64

import pytest

from preheat.errors import InvalidRequestError
from preheat.server.bodies import image_bytes

IMAGE = bytes(range(250, 256)) * 3 + b"\x00"
TEXT = base64.b64encode(IMAGE).decode()


@pytest.mark.parametrize(
    "source",
    [
        f"data:image/png;base64,{TEXT}",
        f"DATA:image/png;charset=x;BASE64,{TEXT}",
        f"data:;base64,{TEXT}",
        f"data:image/png;base64,{TEXT.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}",
        TEXT,
        TEXT.rstrip("="),
        base64.urlsafe_b64encode(IMAGE).decode(),
        f" {TEXT[:8]}\n{TEXT[8:]}\n",
        "data:image/png,%FA%FB%FC%FD%FE%FF%FA%FB%FC%FD%FE%FF%FA%FB%FC%FD%FE%FF%00",
    ],
)
def test_inline_images(source: str) -> None:
    assert image_bytes(source, "image") == IMAGE


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("https://example.com/a.png", "image_not_inline"),
        ("file:///etc/passwd", "image_not_inline"),
        ("/etc/passwd.png", "image_malformed"),
        ("data:image/png", "image_malformed"),
        ("data:image/png;base64,", "image_malformed"),
        ("", "image_malformed"),
    ],
)
def test_other_places_are_refused(source: str, code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        image_bytes(source, "input[0]")
    assert (caught.value.message.code, caught.value.param) == (code, "input[0]")
