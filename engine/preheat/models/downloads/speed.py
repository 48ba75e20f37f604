"""How fast bytes are coming, smoothed over the last seconds."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

_WINDOW_S: Final = 5.0
_STEP_S: Final = 0.25
_STALE_S: Final = 3.0


class Speed:
    """Counts what came in the last five seconds. One thread writes, any may read.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = 0
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)])

    def add(self, n_bytes: int) -> bool:
        """Count bytes that came; return whether a quarter of a second has passed since it last returned that."""
        self._total += n_bytes
        now = self._clock()
        if now - self._marks[-1][0] < _STEP_S:
            return False
        self._marks.append((now, self._total))
        while len(self._marks) > 2 and now - self._marks[1][0] > _WINDOW_S:
            self._marks.popleft()
        return True

    def restart(self) -> None:
        """Forget what came: after a pause the old speed says nothing."""
        self._marks = deque([(self._clock(), self._total)])

    @property
    def bytes_per_s(self) -> float | None:
        """The speed; None while it is not known, or nothing comes any more."""
        marks = self._marks
        (begin, before), (end, after) = marks[0], marks[-1]
        if end <= begin or self._clock() - end > _STALE_S:
            return None
        return (after - before) / (end - begin)
