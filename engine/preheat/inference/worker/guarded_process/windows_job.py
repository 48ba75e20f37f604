"""Job objects of Windows: a memory limit for a process, and its end when the worker ends."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any, Final

_EXTENDED_LIMITS: Final = 9  # JobObjectExtendedLimitInformation
_ACTIVE_PROCESSES: Final = 0x8
_PROCESS_MEMORY: Final = 0x100
_KILL_ON_CLOSE: Final = 0x2000

_INTERPRETER_BYTES: Final = 128 << 20
"""Committed memory of Python itself; the limit of a job is not relative."""


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("per_process_user_time", ctypes.c_int64),
        ("per_job_user_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("minimum_working_set", ctypes.c_size_t),
        ("maximum_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority_class", ctypes.c_uint32),
        ("scheduling_class", ctypes.c_uint32),
    )


class _ExtendedLimits(ctypes.Structure):
    _fields_ = (
        ("basic", _BasicLimits),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )


class Job:
    """A job with one process, which ends when the job is closed or its owner ends.

    Args:
        kernel: ``kernel32``.
        process: Handle of the process.
    """

    def __init__(self, kernel: Any, process: int, memory_bytes: int) -> None:
        self._kernel = kernel
        kernel.CreateJobObjectW.restype = ctypes.c_void_p
        self._handle = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
        limits = _ExtendedLimits()
        limits.basic.flags = _ACTIVE_PROCESSES | _PROCESS_MEMORY | _KILL_ON_CLOSE
        limits.basic.active_processes = 1
        limits.process_memory = _INTERPRETER_BYTES + memory_bytes
        is_set = kernel.SetInformationJobObject(
            self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)
        )
        if not (is_set and kernel.AssignProcessToJobObject(self._handle, ctypes.c_void_p(process))):
            self.close()
            raise OSError("the process cannot be limited")

    def close(self) -> None:
        """Close the job; its process ends."""
        self._kernel.CloseHandle(self._handle)


def confine(process: subprocess.Popen[bytes], memory_bytes: int) -> Job | None:
    """Limit a process that has just started; None on other systems. Raises OSError, with the process ended."""
    if sys.platform != "win32":
        return None
    try:
        return Job(ctypes.windll.kernel32, int(process._handle), memory_bytes)
    except OSError:
        process.kill()
        raise
