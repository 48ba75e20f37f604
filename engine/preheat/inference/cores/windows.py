"""Kinds of cores on Windows: ``GetLogicalProcessorInformationEx`` gives each core's efficiency class.

The highest class is the fastest. A record is, in 32-bit fields: relation, size; then flags (8 bits), class (8 bits), 20
reserved bytes, the number of groups (16 bits), and for each group a 64-bit mask and 8 bytes more.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from typing import Final

_CORE: Final = 0  # RelationProcessorCore
_HEADER: Final = struct.Struct("<IIBB20xH")


def _core_records() -> bytes:
    if sys.platform != "win32":
        return b""
    import ctypes

    kernel = ctypes.WinDLL("kernel32")
    size = ctypes.c_uint32()
    kernel.GetLogicalProcessorInformationEx(_CORE, None, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    done = kernel.GetLogicalProcessorInformationEx(_CORE, buffer, ctypes.byref(size))
    return buffer.raw[: size.value] if done else b""


def fast_cores(read: Callable[[], bytes] = _core_records) -> int | None:
    """Return the number of cores of the highest efficiency class; None if the system does not say."""
    classes = list(_classes(read()))
    return classes.count(max(classes)) if classes else None


def _classes(records: bytes) -> Iterator[int]:
    at = 0
    while at + _HEADER.size <= len(records):
        relation, size, _flags, efficiency, _groups = _HEADER.unpack_from(records, at)
        if relation == _CORE:
            yield efficiency
        if size < _HEADER.size:
            return
        at += size
