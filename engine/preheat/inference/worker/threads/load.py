"""Measures how much of the processor other programs use."""

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
_COST_SHARE: Final = 0.005
"""Largest share of the time that reading the counts may take: with hundreds of cores it takes milliseconds."""


_IDLE: Final = 3
_WAITING: Final = 4
"""Places in Linux's list of counts: user, nice, system, idle, waiting for a disk, and more."""


class ProcessorTimes(NamedTuple):
    """Processor time in seconds: of all programs, and of this process."""

    all_s: float
    own_s: float


def read_times() -> ProcessorTimes:
    """Return the counts until now. What a virtual machine's host takes for others counts as used."""
    return ProcessorTimes(_linux_times() if sys.platform == "linux" else _other_times(), time.process_time())


def _linux_times() -> float:
    # Importing psutil takes 20 to 40 ms, which the first request of a worker would wait for.
    with Path("/proc/stat").open("rb") as file:
        counts = [int(count) for count in file.readline().split()[1:9]]
    return (sum(counts) - counts[_IDLE] - counts[_WAITING]) / os.sysconf("SC_CLK_TCK")


def _other_times() -> float:
    import psutil

    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system"))


class OtherLoad:
    """The load by other programs while this one computes. One thread only.

    Args:
        read: Reads the counts.
        clock: Time in seconds.
    """

    def __init__(
        self, read: Callable[[], ProcessorTimes] = read_times, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._read, self._clock = read, clock
        self._before = ProcessorTimes(0.0, 0.0)
        self._before_at = self._asked_at = float("-inf")
        self._interval_s = _INTERVAL_S

    def cores(self) -> float | None:
        """Return the load in cores, averaged since it was last returned; None if it is too early for a figure."""
        now = self._clock()
        idle, self._asked_at = now - self._asked_at > _PAUSE_S, now
        if not idle and now - self._before_at < self._interval_s:
            return None
        times = self._read()
        took_s = self._clock() - now
        before, self._before = self._before, times
        elapsed_s, self._before_at = now - self._before_at, now
        self._interval_s = max(_FIRST_INTERVAL_S if idle else _INTERVAL_S, took_s / _COST_SHARE)
        if idle:
            return None
        return max(0.0, (times.all_s - before.all_s) - (times.own_s - before.own_s)) / elapsed_s
