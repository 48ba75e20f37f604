"""Guarded processes with the same module, so that a slow question does not delay the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from preheat.inference.worker.guarded_process.process import GuardedProcess

_PATIENCE_S: Final = 0.05
"""How long a question waits for a process before another one is started for it, in seconds."""


class GuardedPool:
    """One warm process, and further ones while it is busy. Any thread.

    Args:
        module: Calls ``serve`` when it is run.
        memory_bytes: What a process may allocate for one question, in bytes.
        processes: Most processes at once.
    """

    def __init__(self, module: str, memory_bytes: int, processes: int) -> None:
        self._module = module
        self.memory_bytes: Final = memory_bytes
        self._most = processes
        self._changed = threading.Condition()
        self._idle: list[GuardedProcess] = []
        self._all: list[GuardedProcess] = []
        self._waiting = 0
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The ids of the running processes."""
        return [pid for process in self._all if (pid := process.pid) is not None]

    def start(self) -> None:
        """Start the first process, as ``GuardedProcess.start``."""
        with self.borrow() as process:
            process.start()

    @contextmanager
    def borrow(self) -> Iterator[GuardedProcess]:
        """Lend a free process to the block. Blocks while all are busy."""
        process = self._take()
        try:
            yield process
        finally:
            self._give_back(process)

    def close(self) -> None:
        """End all processes; questions in progress fail, and so do later ones."""
        with self._changed:
            self._closed = True
            processes = list(self._all)
        for process in processes:
            process.close()

    def _take(self) -> GuardedProcess:
        with self._changed:
            if not self._idle and self._all:
                self._await_idle(_PATIENCE_S)
            if not self._idle and len(self._all) < self._most:
                process = GuardedProcess(self._module, self.memory_bytes)
                if self._closed:
                    process.close()
                self._all.append(process)
                return process
            self._await_idle(None)
            return self._idle.pop()

    def _await_idle(self, timeout_s: float | None) -> None:
        self._waiting += 1
        self._changed.wait_for(lambda: self._idle, timeout_s)
        self._waiting -= 1

    def _give_back(self, process: GuardedProcess) -> None:
        with self._changed:
            surplus = bool(self._idle) and not self._waiting
            if surplus:
                self._all.remove(process)
            else:
                self._idle.append(process)
                self._changed.notify()
        if surplus:
            process.close()
