"""Parses TOML from anywhere: within limits of depth, and with one kind of error. Pure."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

MAX_DEPTH: Final = 16
"""Deepest nesting; settings need three levels."""

_MAX_PARTS: Final = 64
# tomllib needs time that grows with the square of the parts of a key.
_LONG_KEY: Final = re.compile(
    rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_MAX_PARTS},}}[\w"'-]"""
)


def parse_toml(text: str) -> dict[str, Any]:
    """Return the values of a TOML document.

    Raises:
        tomllib.TOMLDecodeError: It is not TOML, is nested too deeply, or has a number with thousands of digits.
    """
    if _LONG_KEY.search(text):
        raise tomllib.TOMLDecodeError("Too many parts in a key")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("Nested too deeply") from None
    except ValueError as error:
        raise tomllib.TOMLDecodeError("A number has too many digits") from error
    if not _is_shallow(document):
        raise tomllib.TOMLDecodeError("Nested too deeply")
    return document


def _is_shallow(document: dict[str, Any]) -> bool:
    """Return whether no value is nested deeper than ``MAX_DEPTH``."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return True
    return False
