"""Limits that a guarded process sets for itself, and those that its worker sets for it.

Linux enforces a limit of the address space. macOS does not: there the worker looks at the process while it waits.
Windows limits the memory of a job.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Final

_OPEN_FILES: Final = 32


def limit_self(memory_bytes: int) -> None:
    """Limit this process for good: ``memory_bytes`` above its current size, no new files, no core dumps."""
    if sys.platform == "win32":
        return
    import resource

    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_AS, _pages()[0] * resource.getpagesize() + memory_bytes)


def _limit(kind: int, value: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def resident_bytes() -> int:
    """Return the memory that this process keeps; 0 where that is not known."""
    return _pages()[1] * os.sysconf("SC_PAGE_SIZE") if sys.platform == "linux" else 0


def _pages() -> tuple[int, int]:
    """Return the sizes of the address space and of the resident memory, in pages."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 # pathlib would delay the start
        size, resident = file.read().split()[:2]
    return int(size), int(resident)


def end_after(limit_s: float) -> None:
    """Limit the time until the system ends this process, whatever it does; 0 removes the limit.

    Windows has no such timer: the worker ends the process.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, limit_s)


def memory_watch(pid: int, memory_bytes: int) -> Callable[[], bool] | None:
    """Return a function that tells whether a process has grown by more than ``memory_bytes``, where that is needed."""
    if sys.platform != "darwin":
        return None
    return watch_resident(pid, memory_bytes)


def watch_resident(pid: int, memory_bytes: int) -> Callable[[], bool]:
    """Return a function that tells whether a process has grown by more than ``memory_bytes`` since the first call."""
    import psutil

    process = psutil.Process(pid)
    first: int | None = None

    def has_grown() -> bool:
        nonlocal first
        try:
            resident: int = process.memory_info().rss
        except psutil.Error:
            return False
        first = resident if first is None else first
        return resident - first > memory_bytes

    return has_grown
