"""An amount of memory as a user writes it: ``8GiB``, ``900MB``, ``50%``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_UNITS: Final = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_CANONICAL: Final = {unit.lower(): unit for unit in (*_UNITS, "%")} | {"": "B"}
_FORM: Final = re.compile(r"\s*([0-9]+)(\.[0-9]+)?\s*([a-z%]*)\s*", re.ASCII | re.IGNORECASE)
# More bytes than any address space: a slip of the keyboard, and too large for the C types below us.
_MAX_BYTES: Final = 2**60
_MAX_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class Size:
    """An amount in bytes, or a share of something. ``Size(str(size)) == size``.

    Two sizes are equal when they are written alike: ``1GiB`` and ``1024MiB`` differ, but resolve to the same bytes.

    Attributes:
        text: The canonical form: no spaces, no needless zeros, the unit in its usual case. A number without a unit
            is bytes.

    Raises:
        ValueError: The text is no size; the message says what is wrong with it.
    """

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _canonical(self.text))

    def __str__(self) -> str:
        return self.text

    @property
    def is_share(self) -> bool:
        """Whether this is a share in percent, not an amount in bytes."""
        return self.text.endswith("%")

    def resolve(self, total_bytes: int) -> int:
        """Return the bytes, rounded down; a share is one of ``total_bytes``."""
        amount, unit = _split(self.text)
        return int(amount * total_bytes / 100) if unit == "%" else int(amount * _UNITS[unit])

    @classmethod
    def _validate(cls, value: object) -> Size:
        """Accept a size, its text, or a whole number of bytes (what TOML and JSON give)."""
        if isinstance(value, cls):
            return value
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError("not a size")
        return cls(str(value))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.to_string_ser_schema(),
        )


def _canonical(text: str) -> str:
    amount, unit = _split(text)
    if unit == "%" and amount > 100:
        raise ValueError("more than 100%")
    if unit != "%" and amount * _UNITS[unit] > _MAX_BYTES:
        raise ValueError("too large")
    if unit == "B" and amount.denominator != 1:
        raise ValueError("not a whole number of bytes; a unit may be missing")
    whole, _, decimals = text.strip().rstrip("%").partition(".")
    digits = re.match(r"[0-9]*", decimals)
    decimals = digits.group().rstrip("0") if digits else ""
    whole = str(int(re.sub(r"[^0-9]", "", whole)))
    return f"{whole}.{decimals}{unit}" if decimals else f"{whole}{unit}"


def _split(text: str) -> tuple[Fraction, str]:
    """Return amount and unit.

    Raises:
        ValueError: The text has another form.
    """
    if text.strip().startswith("-"):
        raise ValueError("negative")
    form = _FORM.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if form is None:
        raise ValueError("not a size")
    whole, decimals, unit = form.groups()
    if unit.lower() not in _CANONICAL:
        raise ValueError(f"the unit {unit!r} is unknown")
    return Fraction(whole + (decimals or "")), _CANONICAL[unit.lower()]
