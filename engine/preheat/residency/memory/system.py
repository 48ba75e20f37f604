"""Reads memory figures of the system and of processes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import psutil

from preheat.residency.memory.pressure import MemoryReading


def read_memory(pid: int | None = None) -> MemoryReading:
    """Return the memory that a process can have now. Reads a few small files; any thread.

    Args:
        pid: A process that may have other limits than this one, which is the default.
    """
    memory = psutil.virtual_memory()
    reading = MemoryReading(memory.total, memory.available)
    if sys.platform == "linux":
        from preheat.residency.memory import linux

        return linux.refine(reading, pid=pid)
    if sys.platform == "darwin":
        from preheat.residency.memory import macos

        return macos.refine(reading)
    if sys.platform == "win32":
        from preheat.residency.memory import windows

        return windows.refine(reading)
    return reading


def mapped_bytes(pids: Iterable[int]) -> int:
    """Return the bytes of files that processes have mapped and in memory; 0 where the system does not say."""
    total = 0
    for pid in pids:
        try:
            total += getattr(psutil.Process(pid).memory_info(), "shared", 0)
        except psutil.Error:
            continue  # it has ended
    return total


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process, including mapped weights; 0 if it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


class SystemMemory:
    """The functions above as one object, which tests replace."""

    def read(self) -> MemoryReading:
        """Return the system's memory now."""
        return read_memory()

    def mapped_bytes(self, pids: Iterable[int]) -> int:
        """Return the bytes of files that processes have mapped and in memory."""
        return mapped_bytes(pids)

    def rss_bytes(self, pid: int) -> int:
        """Return the resident memory of a process."""
        return rss_bytes(pid)
