"""Measures how much of the processor other programs use while this one computes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

_INTERVAL_S: Final = 0.15
"""Time over which the load is averaged. Systems count in steps of 10 ms for each core."""

_FIRST_INTERVAL_S: Final = 0.06
"""The same after a pause: the load may have changed meanwhile."""

_PAUSE_S: Final = 0.5

_SAMPLE_S: Final = 0.03
"""Time from a step that is measured to the next one: measuring takes 1 % of a short step."""

_COST_SHARE: Final = 0.005
"""Largest share of the time that reading the counts may take: with hundreds of cores it takes milliseconds."""

_IDLE: Final = 3
_WAITING: Final = 4
"""Places in Linux's list of counts: user, nice, system, idle, waiting for a disk, and more."""


class Load(NamedTuple):
    """The load of the processor over a short time.

    Attributes:
        others: Cores that other programs used, on average.
        missing: Threads of this program's steps that did not run, on average: they waited for a core, or were asleep.
        seconds: The time.
    """

    others: float
    missing: float
    seconds: float


def busy_s() -> float:
    """Return the processor time of all programs, in seconds. What a virtual machine's host takes counts as used."""
    if sys.platform == "linux":
        # Importing psutil takes 20 to 40 ms, which the first request of a worker would wait for.
        with Path("/proc/stat").open("rb") as file:
            counts = [int(count) for count in file.readline().split()[1:9]]
        return (sum(counts) - counts[_IDLE] - counts[_WAITING]) / os.sysconf("SC_CLK_TCK")
    import psutil

    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system"))


class LoadMeter:
    """Measures the load from step to step. One thread only.

    Args:
        busy: Processor time of all programs, in seconds.
        own: Processor time of this one.
        clock: Time in seconds.
    """

    def __init__(
        self,
        busy: Callable[[], float] = busy_s,
        own: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._busy, self._own, self._clock = busy, own, clock
        self._interval_s = _INTERVAL_S
        self._busy_before = self._own_before = 0.0
        self._since = float("-inf")
        self._step_at = float("-inf")  # when the current step began, or the last one ended
        self._step_own = 0.0
        self._steps_s = self._missing_s = 0.0
        self._measured_at = float("-inf")  # when the last measured step began
        self._measures = False

    def begin(self) -> Load | None:
        """Note that a step begins. Return the load since it was last returned, or None if it is too early."""
        now = self._clock()
        paused = now - self._step_at > _PAUSE_S
        self._measures = paused or now - self._measured_at >= _SAMPLE_S
        if not self._measures:
            return None
        self._measured_at = now
        load = self._read(now, paused) if paused or now - self._since >= self._interval_s else None
        self._step_at, self._step_own = self._clock(), self._own()
        return load

    def end(self, threads: int) -> None:
        """Note that the step, with this many threads, has ended."""
        if not self._measures:
            self._step_at = self._clock()
            return
        seconds = self._clock() - self._step_at
        self._steps_s += seconds
        self._missing_s += threads * seconds - (self._own() - self._step_own)
        self._step_at += seconds

    def _read(self, now: float, paused: bool) -> Load | None:
        busy, own = self._busy(), self._own()
        others_s = (busy - self._busy_before) - (own - self._own_before)
        elapsed_s, steps_s, missing_s = now - self._since, self._steps_s, self._missing_s
        self._busy_before, self._own_before, self._since = busy, own, now
        self._steps_s = self._missing_s = 0.0
        self._interval_s = max(_FIRST_INTERVAL_S if paused else _INTERVAL_S, (self._clock() - now) / _COST_SHARE)
        if paused or not steps_s:
            return None
        return Load(max(others_s / elapsed_s, 0.0), max(missing_s / steps_s, 0.0), elapsed_s)
