"""Finds the workers among a process's children: others, such as the listing of devices, come and go at any time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

_WORKER = "preheat.inference.worker"
_EXIT_TIMEOUT_S = 60.0


def workers_of(pid: int, *, recursive: bool = True) -> list[psutil.Process]:
    """Return a process's workers; ``recursive`` includes those of its children."""
    try:
        children = psutil.Process(pid).children(recursive)
    except psutil.Error:
        return []
    return [child for child in children if _WORKER in _command_line(child)]


def workers_of_this_process() -> list[psutil.Process]:
    """Return the workers of engines in this process, without those of applications that other tests share."""
    return workers_of(os.getpid(), recursive=False)


def maps(process: psutil.Process, file: Path) -> bool:
    """Return whether the process maps this file; False once it has ended."""
    try:
        return any(mapping.path == str(file) for mapping in process.memory_maps())
    except (psutil.Error, OSError):  # the maps of a process that ends are read in part
        return False


def suspend(processes: Iterable[psutil.Process]) -> None:
    """Suspend the processes that have not ended."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()


def resume(processes: Iterable[psutil.Process]) -> None:
    """Resume the processes that have not ended."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def wait_until_gone(processes: Sequence[psutil.Process], timeout_s: float = _EXIT_TIMEOUT_S) -> None:
    """Fail if one of the processes does not end soon."""
    _, left = psutil.wait_procs(processes, timeout=timeout_s)
    assert not left, f"still there: {left}"


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has ended
        return []
