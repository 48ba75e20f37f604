"""How many threads llama.cpp computes best with on this machine when nothing else runs."""

from __future__ import annotations

import sys
from typing import Final

import psutil

_ENOUGH_CORES: Final = 6
"""From this number on, one core is left for the windows and other programs. With fewer, it would be missed."""


def default_threads() -> int:
    """Return the number of threads to compute with: one per performance core that this process may use, or one less."""
    cores = performance_cores()
    return cores - 1 if cores >= _ENOUGH_CORES else cores


def performance_cores() -> int:
    """Return the number of physical cores that this process may use, without slower ones."""
    return max(1, min(_fast_cores() or physical_cores(), physical_cores(), _quota()))


def physical_cores() -> int:
    """Return the number of physical cores that this process may use."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    try:
        return max(1, min(cores, len(psutil.Process().cpu_affinity())))
    except (AttributeError, psutil.Error):  # macOS has no affinity
        return cores


def _quota() -> int:
    """Return the number of whole cores that a limit on the processor time leaves; one over it would be paused."""
    if sys.platform == "linux":
        from preheat.inference.cores.linux import quota

        return int(quota() or sys.maxsize)
    return sys.maxsize


def _fast_cores() -> int | None:
    """Return the number of cores of the fastest kind; None if the system does not say."""
    if sys.platform == "linux":
        from preheat.inference.cores.linux import fast_cores
    elif sys.platform == "darwin":
        from preheat.inference.cores.macos import fast_cores
    elif sys.platform == "win32":
        from preheat.inference.cores.windows import fast_cores
    else:
        return None
    return fast_cores()
