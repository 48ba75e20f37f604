"""The number of threads that leaves other programs their cores. Pure.

A step runs about 1,000 barriers, at which all threads wait for the slowest one. A thread that shares its core with
another program slows down all of them: on two cores, one thread is three times as fast as two next to a busy program.
"""

from __future__ import annotations

from typing import Final

from preheat.inference.worker.threads.load import Load

_CROWDED: Final = 0.4
"""Cores that other programs took from the threads, from which on there are too many."""

_FREE: Final = 0.7
"""Part of a core that must be unused for one more thread. With ``_CROWDED``, this keeps the number from flapping."""

_FIRST_WAIT_S: Final = 4.0
_LAST_WAIT_S: Final = 64.0
"""Time until one more thread is tried although all cores are used; doubles with each trial in vain."""


class ThreadCount:
    """Follows the load. It never exceeds ``most``.

    The load alone decides when there are too many threads, and when cores are free. It cannot tell whether the other
    programs would give way, as those of low priority do, or only run between two steps, as clients do: a trial can.
    """

    def __init__(self, most: int) -> None:
        self.value = most
        self._most: Final = most
        self._on_trial = False
        self._wait_s = _FIRST_WAIT_S
        self._waited_s = 0.0

    def note(self, load: Load) -> None:
        """Take in the load while there were this many threads."""
        on_trial, self._on_trial = self._on_trial, False
        self._waited_s += load.seconds
        crowded = min(load.others, load.missing)
        if crowded > _CROWDED and self.value > 1:
            self.value = max(self.value - max(round(crowded), 1), 1)
            self._wait_s = min(2 * self._wait_s, _LAST_WAIT_S) if on_trial else _FIRST_WAIT_S
            self._waited_s = 0.0
        elif self.value < self._most:
            free = int(self._most - load.others + 1 - _FREE)
            self._on_trial = free <= self.value and self._waited_s >= self._wait_s
            self.value = min(max(free, self.value + self._on_trial), self._most)
