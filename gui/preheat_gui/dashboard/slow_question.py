"""Asks the engine for figures that cost something to make: seldom, and only when they may have changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer

from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge

if TYPE_CHECKING:
    from preheat.control import EngineSession

T = TypeVar("T")

PAUSE_S: Final = 10.0
"""At least so long between two questions, where nothing else is said."""

_HOUR_S: Final = 3600


class SlowQuestion(QObject, Generic[T]):
    """One question, asked anew when a snapshot says that something was counted. GUI thread only.

    Args:
        question: Run on another thread; must not touch anything of Qt.
        on_answer: A bound method, as is ``on_error``. A question that fails is asked again after the next change.
        pause_s: At least so long between two questions.
        depends_on: What of a snapshot must differ for the answer to differ; by default what is counted.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        question: Callable[[EngineSession], T],
        on_answer: Callable[[T], None],
        parent: QObject,
        on_error: Callable[[EngineError], None] | None = None,
        *,
        pause_s: float = PAUSE_S,
        depends_on: Callable[[EngineSnapshot], Hashable] | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._question = question
        self._on_answer = on_answer
        self._tell_error = on_error
        self._active = False
        self._pause_s = pause_s
        self._depends_on = depends_on or _counted
        self._asked_for: Hashable = None
        self._asked_at = -pause_s
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask_if_changed)

    def activate(self) -> None:
        """Ask now if something has changed, and follow the snapshots."""
        if not self._active:
            self._active = True
            self._bridge.snapshot_changed.connect(self._on_snapshot)
            self._bridge.opened.connect(self._ask_if_changed)
        self._ask_if_changed()

    def deactivate(self) -> None:
        """Ask no more."""
        if self._active:
            self._active = False
            self._timer.stop()
            self._bridge.snapshot_changed.disconnect(self._on_snapshot)
            self._bridge.opened.disconnect(self._ask_if_changed)

    def _on_snapshot(self, _snapshot: EngineSnapshot) -> None:
        self._ask_if_changed()

    def _ask_if_changed(self) -> None:
        if not self._bridge.is_open or self._timer.isActive():
            return
        counted = self._depends_on(self._bridge.snapshot)
        if counted == self._asked_for:
            return
        wait_s = self._asked_at + self._pause_s - time.monotonic()
        if wait_s > 0:
            self._timer.start(round(wait_s * 1000) + 1)
            return
        self._asked_for, self._asked_at = counted, time.monotonic()
        self._bridge.ask(self._question, self._on_answer, self._on_error)

    def _on_error(self, error: EngineError) -> None:
        # What is shown stays; that the engine has gone is said elsewhere.
        self._asked_for = None
        if self._tell_error is not None:
            self._tell_error(error)


def _counted(snapshot: EngineSnapshot) -> tuple[float, ...]:
    """Return what the figures depend on; they also move on with each hour."""
    preload = snapshot.preload
    return (
        preload.hits,
        preload.late_hits,
        preload.misses,
        preload.preloads,
        preload.wasted,
        preload.time_saved_s,
        snapshot.started_at,
        time.time() // _HOUR_S,
    )
