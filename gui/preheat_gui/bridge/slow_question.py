"""Asks the engine for expensive figures: rarely, and only when they may have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from PySide6.QtCore import QObject

from preheat.control import Command, EngineSession, EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge.bridge import EngineBridge
from preheat_gui.widgets import timer

T = TypeVar("T")

PAUSE_S: Final = 10.0  # Default time between two questions
_HOUR_S: Final = 3600


class SlowQuestion(QObject, Generic[T]):
    """A question that is repeated when a snapshot shows that the answer may differ. GUI thread only."""

    def __init__(
        self,
        bridge: EngineBridge,
        # A command, or a function that runs on another thread and does not touch Qt
        question: Command[T] | Callable[[EngineSession], T],
        # A bound method; ``on_error`` likewise. After an error, the next change asks again
        on_answer: Callable[[T], None],
        parent: QObject,
        on_error: Callable[[EngineError], None] | None = None,
        *,
        pause_s: float = PAUSE_S,  # Minimum time between two questions
        # Returns the part of a snapshot that the answer depends on; by default the counters
        depends_on: Callable[[EngineSnapshot], Hashable] | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._question = question
        self._on_answer = on_answer
        self._report_error = on_error
        self._active = False
        self._pause_s = pause_s
        self._depends_on = depends_on or _counters
        self._asked_for: Hashable = None
        self._asked_at = -pause_s
        self._timer = timer(self, 0, self._ask_if_changed)

    def activate(self) -> None:
        """Ask now if something has changed, and follow the snapshots."""
        if not self._active:
            self._active = True
            self._bridge.snapshot_changed.connect(self._ask_if_changed)
            self._bridge.opened.connect(self._ask_if_changed)
        self._ask_if_changed()

    def deactivate(self) -> None:
        if self._active:
            self._active = False
            self._timer.stop()
            self._bridge.snapshot_changed.disconnect(self._ask_if_changed)
            self._bridge.opened.disconnect(self._ask_if_changed)

    def ask_now(self) -> None:
        """Ask at once, whatever was asked before."""
        self._asked_for, self._asked_at = None, -self._pause_s
        self._timer.stop()
        self._ask_if_changed()

    def _ask_if_changed(self, *_: object) -> None:
        if not self._bridge.is_open or self._timer.isActive():
            return
        wanted = self._depends_on(self._bridge.snapshot)
        if wanted == self._asked_for:
            return
        wait_s = self._asked_at + self._pause_s - time.monotonic()
        if wait_s > 0:
            self._timer.start(round(wait_s * 1000) + 1)
            return
        self._asked_for, self._asked_at = wanted, time.monotonic()
        self._bridge.ask(self._question, self._on_answer, self._on_error)

    def _on_error(self, error: EngineError) -> None:
        self._asked_for = None
        if self._report_error is not None:
            self._report_error(error)


def _counters(snapshot: EngineSnapshot) -> Hashable:
    """Return what usage figures depend on, at the begin and the end of requests; they also change every hour."""
    preload = snapshot.preload
    return (
        tuple(request.request_id for request in snapshot.requests),
        preload.hits,
        preload.late_hits,
        preload.misses,
        preload.preloads,
        preload.wasted,
        preload.time_saved_s,
        snapshot.started_at,
        time.time() // _HOUR_S,
    )
