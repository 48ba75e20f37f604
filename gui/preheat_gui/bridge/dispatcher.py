"""Runs calls from any thread on the GUI thread, and drops those to dead receivers."""

from __future__ import annotations

import functools
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
    method, bound = callback, _no_arguments
    if isinstance(callback, functools.partial):
        method = callback.func
        bound = functools.partial(_with_arguments, callback.args, callback.keywords)
    receiver = getattr(method, "__self__", None)
    if not isinstance(receiver, QObject):
        return callback
    name = getattr(method, "__name__", "")
    reference = weakref.ref(receiver)
    return functools.partial(_call_if_alive, reference, name, bound)


Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def _no_arguments(*arguments: Any) -> Arguments:
    return arguments, {}


def _with_arguments(first: tuple[Any, ...], keywords: dict[str, Any], *arguments: Any) -> Arguments:
    return first + arguments, keywords


def _call_if_alive(
    reference: weakref.ref[QObject], name: str, bound: Callable[..., Arguments], *arguments: Any
) -> None:
    receiver = reference()
    if receiver is not None and shiboken6.isValid(receiver):
        values, keywords = bound(*arguments)
        getattr(receiver, name)(*values, **keywords)
