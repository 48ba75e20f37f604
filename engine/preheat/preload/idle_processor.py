"""Whether other programs leave the processor alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import psutil

_SPAN_S: Final = 1.0
_MAX_SPAN_S: Final = 5.0
_BUSY_PAUSE_S: Final = 10.0
_BUSY_SHARE: Final = 0.25


def _read() -> tuple[float, float]:
    """Return the seconds that all processors were busy, and all of their seconds."""
    times = psutil.cpu_times()
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


class IdleProcessor:
    """Judges the last seconds. Reads small files; one thread.

    Args:
        read: Returns busy and total seconds of all processors.
        clock: Returns monotonic time.
    """

    def __init__(
        self, read: Callable[[], tuple[float, float]] = _read, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._since = float("-inf")
        self._before = (0.0, 0.0)
        self.busy = False
        """The last judgement."""

    def busy_for_s(self) -> float:
        """Return 0 if the processor was idle in the last seconds, otherwise when to ask again, in seconds."""
        now, reading = self._clock(), self._read()
        span_s = now - self._since
        if span_s < _SPAN_S:
            return _SPAN_S - span_s
        busy_s, total_s = (end - begin for end, begin in zip(reading, self._before, strict=True))
        self._since, self._before = now, reading
        if span_s > _BUSY_PAUSE_S + _MAX_SPAN_S:
            return _SPAN_S  # the mean of a long time says little
        self.busy = busy_s > _BUSY_SHARE * total_s
        return _BUSY_PAUSE_S if self.busy else 0.0
