"""Work that lets other programs go first.

Answers have a program's normal priority, as in other servers: next to a busy program they get their share of the
processor. Embeddings and loads that no request waits for get less.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Result = TypeVar("Result")

_NICENESS: Final = 5
_MOST_NICENESS: Final = 15
_THREAD_PRIORITY_BELOW_NORMAL: Final = -1


def lower_priority() -> None:
    """Let other programs go before this thread and those it starts. On an idle machine this costs nothing.

    macOS only has it for whole processes.
    """
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.WinDLL("kernel32")
        kernel.SetThreadPriority(ctypes.c_void_p(kernel.GetCurrentThread()), _THREAD_PRIORITY_BELOW_NORMAL)
    elif sys.platform == "linux":
        _be_nice(_NICENESS)


def yield_processor() -> None:
    """Let everything else go before this thread on Linux, steps of running answers included."""
    if sys.platform == "linux":
        _be_nice(_MOST_NICENESS)


def _be_nice(niceness: int) -> None:
    # A thread's own number; without special rights, a priority cannot be raised again.
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + niceness)


def run_in_background(work: Callable[[], Result], lower: Callable[[], None] = lower_priority) -> Result:
    """Run ``work`` on a thread that calls ``lower`` first; return its result, or raise what it raised."""
    with ThreadPoolExecutor(1, "background", initializer=lower) as background:
        return background.submit(work).result()
