"""The low-memory notification of Windows."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from preheat.residency.memory.pressure import MemoryReading

_LOW_MEMORY: Final = 0  # LowMemoryResourceNotification


def refine(reading: MemoryReading) -> MemoryReading:
    """Return the reading with the alarm of Windows."""
    return replace(reading, alarm=_is_low())


def _is_low() -> bool:
    if sys.platform != "win32":
        return False
    low = ctypes.c_int(0)
    asked = ctypes.windll.kernel32.QueryMemoryResourceNotification(_notification(), ctypes.byref(low))
    return bool(asked and low.value)


@lru_cache(maxsize=1)
def _notification() -> Any:
    """Return the notification's handle, created once per process."""
    if sys.platform != "win32":
        return None
    create = ctypes.windll.kernel32.CreateMemoryResourceNotification
    create.restype = ctypes.c_void_p
    return ctypes.c_void_p(create(_LOW_MEMORY))
