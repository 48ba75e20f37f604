"""Kinds of cores on macOS: ``sysctl hw.perflevel0`` is the fastest one, on Apple's own processors."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def _sysctl(name: str) -> int | None:
    size = ctypes.c_size_t(ctypes.sizeof(ctypes.c_int32))
    value = ctypes.c_int32()
    failed = ctypes.CDLL(None).sysctlbyname(name.encode(), ctypes.byref(value), ctypes.byref(size), None, 0)
    return None if failed else value.value


def fast_cores(sysctl: Callable[[str], int | None] = _sysctl) -> int | None:
    """Return the number of performance cores; None on processors with one kind of cores."""
    return sysctl("hw.perflevel0.physicalcpu") or None
