"""Images in requests: data URIs and base64. Nothing is fetched from the network, and no file is read."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from preheat.errors import InvalidRequestError
from preheat.messages import msg

MAX_ESCAPES: Final = 10_000
"""Percent-encoded characters of an image, apart from those that base64 needs."""

_BASE64_ESCAPES: Final = (("%2B", "+"), ("%2b", "+"), ("%2F", "/"), ("%2f", "/"), ("%3D", "="), ("%3d", "="))
_URL_ALPHABET: Final = bytes.maketrans(b"-_", b"+/")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def image_bytes(source: str, param: str) -> bytes:
    """Return the bytes of an image: a data URI (RFC 2397), or base64 alone.

    Args:
        param: The request's field, for errors.

    Raises:
        InvalidRequestError: It is a URL of another kind, or not base64.
    """
    source = source.strip()
    header, comma, data = source.partition(",")
    if header[:5].lower() == "data:":
        if not comma:
            raise InvalidRequestError(msg("image_malformed", field=param), param=param)
        if "%" in data:
            for escape, character in _BASE64_ESCAPES:
                data = data.replace(escape, character)
            if data.count("%") > MAX_ESCAPES:
                raise InvalidRequestError(msg("image_malformed", field=param), param=param)
        if not header.lower().endswith(";base64"):
            return unquote_to_bytes(data)
        source = unquote_to_bytes(data).decode("latin-1") if "%" in data else data
    elif _SCHEME.match(source):
        raise InvalidRequestError(msg("image_not_inline", field=param), param=param)
    try:
        # Also in the alphabet for URLs.
        text = source.encode("ascii").translate(_URL_ALPHABET, b" \t\r\n\f\v")
        image = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        image = b""
    if not image:
        raise InvalidRequestError(msg("image_malformed", field=param), param=param)
    return image
