"""The memory pressure level of macOS."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from typing import Final

from preheat.residency.memory.pressure import MemoryReading

_LEVEL: Final = b"kern.memorystatus_vm_pressure_level"
_WARN: Final = 2  # 1 is normal, 4 critical: dispatch/source.h


def refine(reading: MemoryReading) -> MemoryReading:
    """Return the reading with the kernel's alarm."""
    return replace(reading, alarm=_pressure_level() >= _WARN)


def _pressure_level() -> int:
    if sys.platform != "darwin":
        return 0
    level = ctypes.c_int(0)
    size = ctypes.c_size_t(ctypes.sizeof(level))
    failed = ctypes.CDLL(None).sysctlbyname(_LEVEL, ctypes.byref(level), ctypes.byref(size), None, ctypes.c_size_t(0))
    return 0 if failed else level.value
