"""What the system says of processes and processors."""

from __future__ import annotations

import psutil


def rss_bytes(pid: int) -> int:
    """Return the memory that a process holds, mapped weights included; 0 if it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def physical_cores() -> int:
    """Return the number of physical cores that this process may use."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    try:
        return max(1, min(cores, len(psutil.Process().cpu_affinity())))
    except (AttributeError, psutil.Error):  # macOS has no affinity
        return cores
