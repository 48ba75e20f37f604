"""Measures the memory of a process tree, and ends it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in bytes."""

    rss: int  # resident set size; shared pages count in each process
    # proportional set size; shared pages are divided among the processes. None if the system has no figure.
    pss: int | None

    def __add__(self, other: Memory) -> Memory:
        pss = None if self.pss is None or other.pss is None else self.pss + other.pss
        return Memory(self.rss + other.rss, pss)


def tree(pid: int) -> list[psutil.Process]:
    """Return the process and its existing descendants."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memories(pid: int) -> list[Memory]:
    """Return the memory of each process of the tree, without those that have just ended."""
    found = []
    for process in tree(pid):
        with suppress(psutil.NoSuchProcess):
            full = process.memory_full_info()
            found.append(Memory(full.rss, getattr(full, "pss", None)))
    return found


def tree_memory(pid: int) -> Memory:
    """Return the total memory of the process and its descendants."""
    return sum(memories(pid), start=Memory(0, 0))


def largest_memory(pid: int) -> Memory:
    """Return the memory of the largest process of the tree, which has the model in both servers."""
    return max(memories(pid), key=lambda found: found.rss)


def end_tree(pid: int, grace_s: float = 10.0) -> None:
    """Terminate the process; kill it and its remaining descendants after ``grace_s``."""
    processes = tree(pid)
    if not processes:
        return
    processes[0].terminate()
    _, left = psutil.wait_procs(processes, timeout=grace_s)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=5)
