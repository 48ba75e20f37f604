"""The disk priority of a thread that writes kept prompts: everything else comes first."""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Final

_IOPRIO_SET: Final = {"x86_64": 251, "i686": 289, "aarch64": 30, "riscv64": 30, "ppc64le": 273, "s390x": 282}
"""Number of the system call by machine; glibc has no function for it."""

_WHO_PROCESS, _IDLE_CLASS = 1, 3 << 13  # linux/ioprio.h; process 0 is the calling thread
_DISK, _OF_THREAD, _THROTTLE = 0, 1, 3  # sys/resource.h of macOS: IOPOL_TYPE_DISK, IOPOL_SCOPE_THREAD, IOPOL_THROTTLE
_BACKGROUND_BEGIN: Final = 0x10000  # THREAD_MODE_BACKGROUND_BEGIN of SetThreadPriority


def lower_disk_priority() -> bool:
    """Give the calling thread the lowest disk priority; return whether the system knows one."""
    if sys.platform == "win32":
        kernel = ctypes.windll.kernel32
        return bool(kernel.SetThreadPriority(kernel.GetCurrentThread(), _BACKGROUND_BEGIN))
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        return bool(library.setiopolicy_np(_DISK, _OF_THREAD, _THROTTLE) == 0)
    number = _IOPRIO_SET.get(platform.machine())
    return number is not None and bool(library.syscall(number, _WHO_PROCESS, 0, _IDLE_CLASS) == 0)
