"""Spans of time as people write them: ``30m``, ``2h``, ``7d``, ``1h 30m``."""

from __future__ import annotations

import re
from typing import Final

from preheat.clock import MAX_SPAN_S, unix_time
from preheat.errors import InvalidRequestError

_SECONDS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(s|min|m|h|d|w)\s*", re.ASCII)

_NUMBER: Final = re.compile(r"\d+(\.\d*)?", re.ASCII)

_LATEST: Final = 253_402_300_799.0
"""The end of the year 9999; other numbers are no time, and some too large for a database."""


def parse_span(text: str, *, param: str | None = None) -> float:
    """Return a span in seconds.

    Args:
        text: Numbers with units (s, m or min, h, d, w).
        param: What the error names as its cause.

    Raises:
        InvalidRequestError: It is no span, or it is zero or longer than a hundred years.
    """
    rest, seconds = text.strip().lower(), 0.0
    while rest and (part := _PART.match(rest)):
        seconds += float(part[1]) * _SECONDS[part[2]]
        rest = rest[part.end() :]
    if rest or not 0 < seconds <= MAX_SPAN_S:
        where = f"{param}: " if param else ""
        raise InvalidRequestError(
            f"{where}{text!r} is no span of time", hint="Write it as 30m, 2h, 7d or 1h30m", param=param
        )
    return seconds


def parse_since(text: str | None) -> float | None:
    """Return a Unix time that is given as one, or as a span before now (``7d``); None for None: from the beginning.

    Raises:
        InvalidRequestError: It is neither.
    """
    if text is None:
        return None
    if _NUMBER.fullmatch(text):
        return min(float(text), _LATEST)
    return unix_time() - parse_span(text, param="since")
