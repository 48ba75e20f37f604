"""Slow work off the GUI thread, in parallel or in order."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable

Work = Callable[[], None]


class TaskRunner:
    """Runs work on daemon threads. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._queue: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None

    def run(self, work: Work) -> None:
        """Run ``work`` on its own thread, so that it delays nothing else."""
        self._start(work)

    def queue(self, work: Work) -> None:
        """Run ``work`` after all queued work: a switch turned on and off must end off."""
        self._queue.put(work)
        with self._lock:
            if self._worker is None:
                self._worker = self._thread(self._work_through)
                self._worker.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s`` for all work to end; return whether it has."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = [*self._threads, *([self._worker] if self._worker else [])]
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in threads)

    def _start(self, work: Work) -> None:
        def run() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = self._thread(run)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _thread(self, work: Work) -> threading.Thread:
        # A daemon: an answer that never comes must not keep the program alive.
        return threading.Thread(target=work, name="preheat-task", daemon=True)

    def _work_through(self) -> None:
        while True:
            with self._lock:
                if self._queue.empty():
                    self._worker = None
                    return
            work = self._queue.get()
            try:
                work()
            except Exception:
                # Report a bug like any thread's, and continue with the queue.
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
