"""Numbers in JSON schemas. llguidance computes with 64-bit floats and spells bounds out digit by digit."""

from __future__ import annotations

import math
from typing import Any, Final

from preheat.inference.worker.constraints.references import SchemaError

LARGEST: Final = 2.0**53
"""Largest lower and upper bound, apart from the sign. Wider bounds are narrowed to it."""

MAX_TEXT_CHARS: Final = 1 << 14
"""Longest text that an answer has to contain: the time for each token grows with it."""

_SMALLEST: Final = 1e-9
"""Bounds nearer to zero are narrowed to it."""


def lower_bound(value: Any, place: str) -> float | bool:
    """Return a lower bound that llguidance takes and that is not below ``value``.

    Draft 4's ``true`` makes the other keyword's bound exclusive, and stays.

    Raises:
        SchemaError: It is too large.
    """
    if isinstance(value, bool):
        return value
    if value > LARGEST:
        raise SchemaError(f"{place}: the bound {value} is too large")
    if value < -LARGEST:
        return -int(LARGEST)
    if abs(value) < _SMALLEST:
        return _SMALLEST if value > 0 else 0
    bound = float(value)
    return int(bound) if bound.is_integer() else bound


def upper_bound(value: Any, place: str) -> float | bool:
    """Return an upper bound that llguidance takes and that is not above ``value``; see ``lower_bound``."""
    if isinstance(value, bool):
        return lower_bound(value, place)
    return -lower_bound(-value, place)


def exact_values(values: Any, place: str) -> Any:
    """Return the argument of ``const`` or ``enum`` as it is.

    Raises:
        SchemaError: It contains a number that a 64-bit float cannot hold, or a text that is too long.
    """
    waiting = [values]
    for value in waiting:
        if isinstance(value, list | dict):
            waiting += (*value, *value.values()) if isinstance(value, dict) else value
        elif isinstance(value, str) and len(value) > MAX_TEXT_CHARS:
            raise SchemaError(f"{place}: a text has more than {MAX_TEXT_CHARS} characters")
        elif isinstance(value, int | float) and abs(value) > LARGEST and not _is_exact(value):
            raise SchemaError(f"{place}: the number {value} has too many digits")
    return values


def _is_exact(value: float) -> bool:
    try:
        return math.isfinite(value) and float(value) == value
    except OverflowError:
        return False
