"""Numbers as people read them. Everywhere else sizes are bytes and times are seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_DIGITS: Final = re.compile(r"([0-9]+)")
_KILO: Final = 1000
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def format_bytes(count: int) -> str:
    """Return a file's size as file managers show it, in powers of ten: ``98.1 MB``, ``669 MB``, ``1.1 GB``."""
    if count < _KILO:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= _KILO
        # 999.95 MB would be shown as 1000 MB.
        if value < 999.5:
            return _three_digits(value, unit)
    return _three_digits(value / _KILO, "TB")


def format_memory(count: int, decimals: int = 1) -> str:
    """Return an amount of memory in GB (10⁹): ``4.2 GB``."""
    least = 10**-decimals
    if 0 < count / _KILO**3 < least / 2:
        return f"< {least:.{decimals}f} GB"  # 0.0 would say that it takes none
    return f"{count / _KILO**3:.{decimals}f} GB"


def memory_decimals(counts: Iterable[int]) -> int:
    """Return how many decimals tell these amounts apart, from 1 to 3: nobody understands "needs 0.2 of 0.2 GB"."""
    amounts = set(counts)
    for decimals in (1, 2):
        if len({format_memory(amount, decimals) for amount in amounts}) == len(amounts):
            return decimals
    return 3 if len(amounts) > 1 else 1


def format_count(count: int) -> str:
    """Return a number, from a million on as in a model's name: ``3,104``, ``135 M``, ``1.7 B``, ``70 B``."""
    if count < _KILO**2:
        return f"{count:,}"
    value, unit = (count / _KILO**3, "B") if count >= 0.9995 * _KILO**3 else (count / _KILO**2, "M")
    return f"{value:.1f} {unit}" if unit == "B" and value < 19.95 else f"{value:.0f} {unit}"


def format_token_rate(tokens_per_s: float) -> str:
    """Return tokens per second: ``4.2``, ``41``, ``1,350``."""
    return f"{tokens_per_s:,.{1 if tokens_per_s < 9.95 else 0}f}"


def whole_percent(share: float) -> int:
    """Return a share in percent. Only 1.0 is 100, and only 0.0 is 0."""
    whole = round(share * 100)
    return min(max(whole, 1), 99) if 0.0 < share < 1.0 else whole


def format_percent(share: float) -> str:
    """Return a share: ``94 %``; see ``whole_percent``."""
    return f"{whole_percent(share)} %"


def format_done(share: float) -> str:
    """Return a progress, rounded down: ``63 %``. The windows and the page for browsers do the same."""
    return f"{int(min(max(share, 0.0), 1.0) * 100 + 1e-6)} %"


def format_duration(seconds: float) -> str:
    """Return a duration: ``140 ms``, ``1.6 s``, ``3 s``, ``2 min``, ``1 h 20 min``, ``2 d 3 h``.

    A negative one, which a clock that was set back can bring, counts as 0.
    """
    if seconds <= 0:
        return "0 s"
    if seconds < 0.0005:
        return "< 1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < _MINUTE - 0.5:
        return f"{seconds:.0f} s"
    if seconds < _HOUR - _MINUTE / 2:
        return f"{_rounded(seconds, _MINUTE)} min"
    if seconds < _DAY - _MINUTE / 2:
        return _two_units(_rounded(seconds, _MINUTE), 60, "h", "min")
    return _two_units(_rounded(seconds, _HOUR), 24, "d", "h")


def format_ago(seconds: float) -> str:
    """Return how long ago something was, in its largest unit: ``just now``, ``40 s ago``, ``2 h ago``, ``3 d ago``."""
    if seconds < 1:
        return "just now"
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name} ago"
    return f"{int(seconds)} s ago"


def format_until(until: float, now: float) -> str:
    """Return a Unix time to come in local time: ``14:05``; from 12 hours on with its date: ``2026-12-01 14:05``."""
    return time.strftime("%H:%M" if until - now < _DAY / 2 else "%Y-%m-%d %H:%M", time.localtime(until))


@lru_cache(maxsize=4096)
def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts names as people count: ``qwen3-4b`` before ``qwen3-14b``; case decides last."""
    parts = _DIGITS.split(name.casefold())
    numbers_first = ((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part)
    return (*numbers_first, (-1, 0, name))


def _three_digits(value: float, unit: str) -> str:
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def _rounded(seconds: float, unit: int) -> int:
    return int(seconds / unit + 0.5)


def _two_units(count: int, per_large: int, large: str, small: str) -> str:
    whole, rest = divmod(count, per_large)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"
