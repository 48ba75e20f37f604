"""Asks the system about memory: what is there, what is available, and whether it is short of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import psutil

from preheat.residency.pressure import MemoryReading


def read_memory() -> MemoryReading:
    """Return what the system says now. Costs a few small files; any thread."""
    memory = psutil.virtual_memory()
    reading = MemoryReading(memory.total, memory.available)
    if sys.platform == "linux":
        from preheat.residency import memory_linux

        return memory_linux.refine(reading)
    if sys.platform == "darwin":
        from preheat.residency import memory_macos

        return memory_macos.refine(reading)
    if sys.platform == "win32":
        from preheat.residency import memory_windows

        return memory_windows.refine(reading)
    return reading


def mapped_bytes(pids: Iterable[int]) -> int:
    """Return how much of files these processes have mapped and in memory, in bytes; 0 where the system does not say."""
    total = 0
    for pid in pids:
        try:
            total += getattr(psutil.Process(pid).memory_info(), "shared", 0)
        except psutil.Error:
            continue  # it has ended
    return total
