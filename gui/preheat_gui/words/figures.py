"""Numbers in the user's language: ``preheat.units`` with localised signs and words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, QLocale

from preheat import units

NAME_CHARS: Final = 32  # Longer model names lose their middle in tooltips, menus and notifications
SEPARATOR: Final = " · "

_POINT: Final = re.compile(r"(?<=\d)\.(?=\d)")
_DAYS: Final = re.compile(r"(\d+) d\b")


def format_bytes(count: int) -> str:
    """Return a file size: ``98.1 MB``."""
    return _localised(units.format_bytes(count))


def format_memory(count: int, decimals: int = 1) -> str:
    """Return an amount of memory in GB: ``4.2 GB``."""
    return _localised(units.format_memory(count, decimals))


def format_duration(seconds: float) -> str:
    """Return a duration: ``1.6 s``, ``1 h 20 min``, ``2 d 3 h``."""
    return _localised(_DAYS.sub(_days, units.format_duration(seconds)))


def format_estimate(seconds: float) -> str:
    """Return an estimated duration in whole seconds, at least one."""
    return format_duration(max(1.0, round(seconds)))


def format_ago(seconds: float) -> str:
    """Return the time since an event in its largest unit: ``just now``, ``2 h ago``."""
    if seconds < 1:
        return QCoreApplication.translate("Figures", "just now")
    duration = _DAYS.sub(_days, units.format_ago(seconds).removesuffix(" ago"))
    return QCoreApplication.translate("Figures", "{duration} ago").format(duration=duration)


def format_number(number: float, decimals: int = 0) -> str:
    """Return a number: ``12,345`` or ``4.2``."""
    return _localised(f"{number:,.{decimals}f}")


def format_short(number: float) -> str:
    """Return a number in at most three digits, without zeros at the end: ``2.5``, ``1e+12``."""
    return _localised(f"{number:.3g}")


def format_token_rate(tokens_per_s: float) -> str:
    """Return tokens per second: ``4.2``, ``41``, ``1,350``."""
    return _localised(units.format_token_rate(tokens_per_s))


def format_count(count: int) -> str:
    """Return a number, from a million on as in a model's name: ``3,104``, ``1.7 B``."""
    return _localised(units.format_count(count))


def format_tenths(number: float) -> str:
    """Return a number with one decimal, or none if it is whole."""
    rounded = round(number, 1)
    return format_number(rounded, 0 if rounded.is_integer() else 1)


def percent(share: float) -> str:
    """Return a rate: ``94 %``. Only 1.0 is ``100 %``, and only 0.0 is ``0 %``."""
    return _tr("{number} %").format(number=units.whole_percent(share))


def percent_done(share: float) -> str:
    """Return a progress, rounded down: ``63 %``."""
    return _tr("{number} %").format(number=int(min(max(share, 0.0), 1.0) * 100 + 1e-6))


def short_name(model_id: str, chars: int = NAME_CHARS) -> str:
    """Return a model name with its middle elided if it is long; its end names the quantization."""
    if len(model_id) <= chars:
        return model_id
    tail = chars // 2
    return f"{model_id[: chars - tail - 1]}…{model_id[-tail:]}"


def app_name(client: str) -> str:
    """Return a client's name without its version; empty for an unknown one."""
    return client.partition("/")[0]


def list_names(model_ids: Sequence[str]) -> str:
    """Return names as part of a sentence: ``a, b and c``, or ``a, b and 3 more``."""
    names = [short_name(model_id) for model_id in model_ids]
    if len(names) > 3:
        return _tr("{names} and {count} more").format(names=", ".join(names[:2]), count=len(names) - 2)
    if len(names) < 2:
        return "".join(names)
    return _tr("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])


def sentence(words: str) -> str:
    """Return the words with a full stop; empty words stay empty."""
    words = words.strip()
    return words if not words or words[-1] in ".!?" else f"{words}."


def _days(found: re.Match[str]) -> str:
    return QCoreApplication.translate("Figures", "{count} d").format(count=found[1])


def _localised(text: str) -> str:
    locale = QLocale()
    if locale.language() is QLocale.Language.C or locale.zeroDigit() != "0":
        return text  # other scripts' separators do not mix with Latin digits
    groups = text.split(",")
    return locale.groupSeparator().join(_POINT.sub(locale.decimalPoint(), group) for group in groups)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Words", text)
