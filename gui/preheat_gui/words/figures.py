"""Numbers as the user's language writes them: what ``preheat.units`` makes of them, with its signs and words."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale

from preheat import units as plain

_POINT: Final = re.compile(r"(?<=\d)\.(?=\d)")
_DAYS: Final = re.compile(r"(\d+) d\b")

translate = QCoreApplication.translate


def format_bytes(count: int) -> str:
    """Return a file's size: ``98.1 MB``."""
    return _in_locale(plain.format_bytes(count))


def format_memory(count: int) -> str:
    """Return an amount of memory in GB with one decimal: ``4.2 GB``."""
    return _in_locale(plain.format_memory(count))


def format_duration(seconds: float) -> str:
    """Return a duration: ``1.6 s``, ``1 h 20 min``, ``2 d 3 h``."""
    return _in_locale(_DAYS.sub(_days, plain.format_duration(seconds)))


def format_ago(seconds: float) -> str:
    """Return how long ago something was, in its largest unit: ``just now``, ``2 h ago``."""
    if seconds < 1:
        return translate("Figures", "just now")
    duration = _DAYS.sub(_days, plain.format_ago(seconds).removesuffix(" ago"))
    return translate("Figures", "{duration} ago").format(duration=duration)


def format_number(number: float, decimals: int = 0) -> str:
    """Return a number: ``12,345`` or ``4.2``."""
    return _in_locale(f"{number:,.{decimals}f}")


def _days(found: re.Match[str]) -> str:
    return translate("Figures", "{count} d").format(count=found[1])


def _in_locale(text: str) -> str:
    """Return text with the locale's signs in its numbers."""
    locale = QLocale()
    if locale.language() is QLocale.Language.C or locale.zeroDigit() != "0":
        return text  # signs that belong to other digits stand badly among these
    groups = text.split(",")
    return locale.groupSeparator().join(_POINT.sub(locale.decimalPoint(), group) for group in groups)
