"""The icon in the panel, its tooltip and its clicks. GUI thread."""

from __future__ import annotations

import sys
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QSystemTrayIcon

from preheat import control
from preheat.control import State
from preheat_gui.bridge import SlowQuestion
from preheat_gui.tray.menu import TrayMenu
from preheat_gui.widgets import PROGRESS_STEPS, Panel, TrayState, theme, timer, tray_icon
from preheat_gui.words import loading_models, tooltip

if TYPE_CHECKING:
    from preheat.control import EngineSession, EngineSnapshot, StatsReport
    from preheat_gui.bridge import EngineBridge

REFRESH_MS: Final = 100  # Shortest time between two icons: panels redraw the whole icon

_OPENING: Final = (
    QSystemTrayIcon.ActivationReason.Trigger,
    QSystemTrayIcon.ActivationReason.DoubleClick,
    QSystemTrayIcon.ActivationReason.MiddleClick,
)


ASK_EVERY_S: Final = 60.0  # Shortest time between two questions for today's hits, which are read from the disk


class TodaysHits(QObject):
    """Keeps today's preload hit rate; asks for it only after requests."""

    changed = Signal()  # ``rate`` has changed

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rate: float | None = None  # Hits per request since midnight; None before the first, and while unknown
        SlowQuestion(
            bridge, _todays_stats, self._take, self, self._take_none, pause_s=ASK_EVERY_S, depends_on=_todays_requests
        ).activate()

    def _take(self, stats: StatsReport) -> None:
        self._set_rate(stats.total.span.preload_hit_rate)

    def _take_none(self, _error: object) -> None:
        self._set_rate(None)  # no usage is recorded, or the engine has ended

    def _set_rate(self, rate: float | None) -> None:
        if rate != self.rate:
            self.rate = rate
            self.changed.emit()


def _midnight() -> float:
    return datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _todays_stats(session: EngineSession) -> StatsReport:
    return session.call(control.GetStats(str(_midnight())))


def _todays_requests(snapshot: EngineSnapshot) -> Hashable:
    preload = snapshot.preload
    ended = preload.hits + preload.late_hits + preload.misses - len(snapshot.requests)
    return snapshot.started_at, ended, _midnight()


@dataclass(frozen=True, slots=True)
class TrayLook:
    """The icon's look."""

    state: TrayState
    step: int = 0  # Progress of preloading, in ``PROGRESS_STEPS``
    count: int = 0  # Number of models that are ready, while nothing loads


def tray_look(snapshot: EngineSnapshot, *, problem: bool) -> TrayLook:
    """Return the icon's look: the first that applies of error, loading, paused, ready and idle."""
    if problem:
        return TrayLook(TrayState.ERROR)
    progress = snapshot.preload.round_progress
    if progress is None and (loading := loading_models(snapshot)):  # for a request
        progress = loading[0].progress or 0.0
    if progress is not None:
        return TrayLook(TrayState.PRELOADING, step=round(min(max(progress, 0.0), 1.0) * PROGRESS_STEPS))
    if snapshot.preload.paused or snapshot.room is not None:
        return TrayLook(TrayState.PAUSED)
    count = sum(model.state is State.HOT for model in snapshot.models)
    return TrayLook(TrayState.HOT, count=count) if count else TrayLook(TrayState.IDLE)


class Tray(QSystemTrayIcon):
    """Preheat's icon; ``show()`` makes it visible. Clicks arrive as ``bridge.view_requested``."""

    quit_requested = Signal()

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tray")
        self._bridge = bridge
        self._look: TrayLook | None = None
        self._panel: Panel | None = None
        self._refresh = timer(self, REFRESH_MS, self._render)
        self._hits = TodaysHits(bridge, self)
        self._menu = TrayMenu(bridge)
        self._menu.quit_requested.connect(self.quit_requested)
        self.setContextMenu(self._menu)
        self.activated.connect(self._on_activated)
        for signal in (bridge.snapshot_changed, bridge.problem_changed, self._hits.changed, theme().changed):
            signal.connect(self._render_soon)
        self._render()

    def _render_soon(self, _: object = None) -> None:
        if not self._refresh.isActive():
            self._refresh.start()

    def _render(self) -> None:
        snapshot, problem = self._bridge.snapshot, self._bridge.problem
        look, panel = tray_look(snapshot, problem=problem is not None), theme().panel
        if (look, panel) != (self._look, self._panel):
            self._look, self._panel = look, panel
            self.setIcon(tray_icon(look.state, progress=look.step / PROGRESS_STEPS, count=look.count, panel=panel))
        words = tooltip(snapshot, hit_rate=self._hits.rate, problem=problem)
        if words != self.toolTip():
            self.setToolTip(words)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # On macOS every click opens the menu; a window would cover it.
        if reason in _OPENING and sys.platform != "darwin":
            self._bridge.view_requested.emit("dashboard", "")
