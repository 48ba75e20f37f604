"""The processor's name as macOS reports it."""

from __future__ import annotations

import ctypes
from typing import Any, Final

_NAME: Final = b"machdep.cpu.brand_string"
_BYTES: Final = 256


def brand(libc: Any = None) -> str:
    """Return the name, such as "Apple M2"; empty if the system does not report it."""
    libc = libc or ctypes.CDLL(None)
    text = ctypes.create_string_buffer(_BYTES)
    size = ctypes.c_size_t(_BYTES)
    if libc.sysctlbyname(_NAME, text, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return ""
    return text.value.decode(errors="replace")
