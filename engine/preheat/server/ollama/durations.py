"""``keep_alive`` of requests, and times in answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

FOREVER_S: Final = -1.0
"""A ``keep_alive`` without an end, as ``Engine.lease`` takes it."""

# Go's time.ParseDuration, which Ollama uses; a number without a unit is seconds.
_PART: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|)")
_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_MOST_S: Final = 100 * 365 * 86_400.0


def keep_alive_s(value: str | float | None) -> float | None:
    """Return a ``keep_alive`` such as ``"1h30m"``, ``300`` or ``"-1"`` in seconds; negative is without an end.

    Raises:
        ValueError: It is not a duration.
    """
    if value is None or value == "":
        return None
    seconds = float(value) if isinstance(value, int | float) else _parsed(value.strip())
    if seconds < 0:
        return FOREVER_S
    return min(seconds, _MOST_S)


def _parsed(text: str) -> float:
    negative, unsigned = text.startswith("-"), text.removeprefix("-").removeprefix("+")
    parts = list(_PART.finditer(unsigned))
    if not parts or "".join(part[0] for part in parts) != unsigned or any(not part[2] for part in parts[1:]):
        raise ValueError("is a duration such as 5m, 1h30m, a number of seconds, or -1 for no end")
    seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
    return -seconds if negative else seconds


def nanoseconds(seconds: float) -> int:
    """Return a duration as Ollama writes it."""
    return round(seconds * 1e9)


def time_text(unix: float) -> str:
    """Return a Unix time in RFC 3339, as Ollama writes it."""
    return datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")
