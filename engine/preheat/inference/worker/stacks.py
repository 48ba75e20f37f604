"""Threads with stacks of their own size."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

_lock: Final = threading.Lock()


def start_thread(run: Callable[[], object], name: str, stack_bytes: int) -> threading.Thread:
    """Start a daemon thread with a stack of this size. Any thread."""
    thread = threading.Thread(target=run, daemon=True, name=name)
    with _lock:  # the size is a property of the whole process
        usual = threading.stack_size(stack_bytes)
        try:
            thread.start()
        finally:
            threading.stack_size(usual)
    return thread
