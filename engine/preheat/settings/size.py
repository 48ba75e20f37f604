"""An amount of memory as a user writes it: ``8GiB``, ``900MB``, ``50%``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from preheat.settings.declaration import WrongValueError

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
# More than any address space: a typing error, and too large for C types.
_MAX_BYTES: Final = 2**60
_MAX_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class Size:
    """An amount in bytes, or a share of something. ``Size(str(size)) == size``.

    Two sizes are equal if they have the same text: ``1GiB`` and ``1024MiB`` differ, but resolve to the same bytes.

    Attributes:
        text: The canonical form, without spaces and trailing zeros. A number without a unit is bytes.

    Raises:
        WrongValueError: The text is not a size.
    """

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _canonical(self.text))

    def __str__(self) -> str:
        return self.text

    @property
    def is_share(self) -> bool:
        """Whether this is a share in percent instead of an amount in bytes."""
        return self.text.endswith("%")

    def resolve(self, total_bytes: int) -> int:
        """Return the bytes, rounded down; a share is taken of ``total_bytes``."""
        amount, unit = _split(self.text)
        return int(amount * total_bytes / 100) if unit == "%" else int(amount * _UNITS[unit])

    @classmethod
    def _validate(cls, value: object) -> Size:
        """Accept a size, its text, or a whole number of bytes from TOML or JSON."""
        if isinstance(value, cls):
            return value
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise WrongValueError("size_invalid")
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
        raise WrongValueError("size_above_100_percent")
    if unit != "%" and amount * _UNITS[unit] > _MAX_BYTES:
        raise WrongValueError("size_too_large")
    if unit == "B" and amount.denominator != 1:
        raise WrongValueError("size_not_whole_bytes")
    whole, _, decimals = text.strip().rstrip("%").partition(".")
    digits = re.match(r"[0-9]*", decimals)
    decimals = digits.group().rstrip("0") if digits else ""
    whole = str(int(re.sub(r"[^0-9]", "", whole)))
    return f"{whole}.{decimals}{unit}" if decimals else f"{whole}{unit}"


def _split(text: str) -> tuple[Fraction, str]:
    if text.strip().startswith("-"):
        raise WrongValueError("size_negative")
    form = _FORM.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    if form is None:
        raise WrongValueError("size_invalid")
    whole, decimals, unit = form.groups()
    if unit.lower() not in _CANONICAL:
        raise WrongValueError("size_unknown_unit", unit=repr(unit))
    return Fraction(whole + (decimals or "")), _CANONICAL[unit.lower()]
