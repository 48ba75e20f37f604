"""Work that may take long, off the GUI thread: alone, or one piece after another."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable

Work = Callable[[], None]


class TaskRunner:
    """Runs work on daemon threads of its own. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._line: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._in_line: threading.Thread | None = None

    def run(self, work: Work) -> None:
        """Run ``work`` on a thread of its own: what it waits for must not hold up anything else."""
        self._start(work)

    def queue(self, work: Work) -> None:
        """Run ``work`` after everything that was queued before: a switch put on and off again must end off."""
        self._line.put(work)
        with self._lock:
            if self._in_line is None:
                self._in_line = self._thread(self._work_off)
                self._in_line.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is at work, at most so long; return whether nothing is."""
        deadline = time.monotonic() + timeout_s
        with self._lock:
            threads = [*self._threads, *([self._in_line] if self._in_line else [])]
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
        # A daemon: an answer that never comes must not keep the program from ending.
        return threading.Thread(target=work, name="preheat-errand", daemon=True)

    def _work_off(self) -> None:
        while True:
            with self._lock:
                if self._line.empty():
                    self._in_line = None
                    return
            work = self._line.get()
            try:
                work()
            except Exception:
                # A bug in one command is told as any thread's would be; the commands after it are still done.
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
