"""Slow work off the GUI thread, and calls back to it."""

from __future__ import annotations

import functools
import queue
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal


class GuiDispatcher(QObject):
    """Runs posted calls in order, on the thread that created it."""

    _posted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], None]] = deque()
        self._posted.connect(self._run_posted, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        """Run a call soon, unless the dispatcher has been destroyed. Any thread."""
        self._calls.append(call)
        try:
            self._posted.emit()
        except RuntimeError:
            self._calls.clear()  # the application ended before the thread

    def _run_posted(self) -> None:
        # Only the present ones: a busy thread must not keep the window from painting.
        for _ in range(len(self._calls)):
            self._calls.popleft()()


def weak_callback(callback: Callable[..., None]) -> Callable[..., None]:
    """Return a callback that does nothing after the destruction of the ``QObject`` that ``callback`` is bound to.

    It holds the object weakly, so that a thread neither keeps a closed window alive nor destroys it. Other callbacks
    are returned unchanged.
    """
    bound = callback.func if isinstance(callback, functools.partial) else callback
    receiver = getattr(bound, "__self__", None)
    if not isinstance(receiver, QObject):
        return callback
    name, reference = getattr(bound, "__name__", ""), weakref.ref(receiver)
    first, keywords = (callback.args, callback.keywords) if isinstance(callback, functools.partial) else ((), {})
    return functools.partial(_call_if_alive, reference, name, *first, **keywords)


def _call_if_alive(reference: weakref.ref[QObject], name: str, *arguments: Any, **keywords: Any) -> None:
    receiver = reference()
    if receiver is not None and shiboken6.isValid(receiver):
        getattr(receiver, name)(*arguments, **keywords)


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
