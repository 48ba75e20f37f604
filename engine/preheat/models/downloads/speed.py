"""Transfer speed, smoothed over the last seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

_WINDOW_S: Final = 5.0
_STEP_S: Final = 0.25
_STALE_S: Final = 3.0


class Speed:
    """Counts bytes in a sliding window. One thread writes, any may read.

    Args:
        clock: Monotonic time, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = 0
        self.restart()

    def restart(self) -> None:
        """Forget the past, after a pause."""
        self._marks = deque([(self._clock(), self._total)])

    def add(self, n_bytes: int) -> bool:
        """Count received bytes; return True at most every quarter of a second, when figures are worth publishing."""
        self._total += n_bytes
        now = self._clock()
        if now - self._marks[-1][0] < _STEP_S:
            return False
        self._marks.append((now, self._total))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW_S:
            self._marks.popleft()
        return True

    @property
    def bytes_per_s(self) -> float | None:
        """The speed; None while it is unknown or nothing arrives."""
        marks = self._marks
        (begin, before), (end, after) = marks[0], marks[-1]
        if end <= begin or self._clock() - end > _STALE_S:
            return None
        return (after - before) / (end - begin)
