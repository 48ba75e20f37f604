"""The icon in the panel: what it looks like, what it says, and what clicking it asks for. GUI thread."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QSystemTrayIcon

from preheat.residency.states import State
from preheat_gui.tray.menu import TrayMenu
from preheat_gui.tray.today import TodaysHits
from preheat_gui.widgets import PROGRESS_STEPS, Panel, TrayState, theme, tray_icon
from preheat_gui.words import loading_models, tooltip

if TYPE_CHECKING:
    from preheat.core.snapshot import EngineSnapshot
    from preheat_gui.bridge import EngineBridge
    from preheat_gui.words import Problem

REFRESH_MS: Final = 100
"""Panels redraw the whole icon: it changes at most so often."""

_OPENING: Final = (
    QSystemTrayIcon.ActivationReason.Trigger,
    QSystemTrayIcon.ActivationReason.DoubleClick,
    QSystemTrayIcon.ActivationReason.MiddleClick,
)


@dataclass(frozen=True, slots=True)
class TrayLook:
    """What the icon shows.

    Attributes:
        step: Of ``PROGRESS_STEPS``, while preloading.
        count: Hot models, while nothing is being loaded.
    """

    state: TrayState
    step: int = 0
    count: int = 0


def tray_look(snapshot: EngineSnapshot, *, problem: bool) -> TrayLook:
    """Return what the icon shows: the first of error, loading, paused, hot and idle that is so."""
    if problem:
        return TrayLook(TrayState.ERROR)
    progress = snapshot.preload.round_progress
    loading = loading_models(snapshot)
    if progress is None and loading:  # for a request
        progress = loading[0].progress or 0.0
    if progress is not None:
        return TrayLook(TrayState.PRELOADING, step=round(min(max(progress, 0.0), 1.0) * PROGRESS_STEPS))
    if snapshot.preload.paused:
        return TrayLook(TrayState.PAUSED)
    count = sum(model.state is State.HOT for model in snapshot.models)
    return TrayLook(TrayState.HOT, count=count) if count else TrayLook(TrayState.IDLE)


class Tray(QSystemTrayIcon):
    """Preheat's icon; ``show()`` makes it visible.

    Attributes:
        dashboard_requested: The icon was clicked, or the menu's "Dashboard".
        models_requested: "All models…".
        settings_requested: "Settings…".
        quit_requested: "Quit".
    """

    dashboard_requested = Signal()
    models_requested = Signal()
    settings_requested = Signal()
    quit_requested = Signal()

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tray")
        self._bridge = bridge
        self._problem: Problem | None = bridge.problem
        self._look: TrayLook | None = None
        self._panel: Panel | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REFRESH_MS)
        self._soon.timeout.connect(self._render)
        self._hits = TodaysHits(bridge, self)
        self._menu = TrayMenu(bridge)
        self._menu.set_problem(self._problem)
        self._menu.dashboard_requested.connect(self.dashboard_requested)
        self._menu.models_requested.connect(self.models_requested)
        self._menu.settings_requested.connect(self.settings_requested)
        self._menu.quit_requested.connect(self.quit_requested)
        self.setContextMenu(self._menu)
        self.activated.connect(self._on_activated)
        bridge.snapshot_changed.connect(self._render_soon)
        bridge.problem_changed.connect(self.set_problem)
        self._hits.changed.connect(self._render_soon)
        theme().changed.connect(self._render_soon)
        self._render()

    def set_problem(self, problem: Problem | None) -> None:
        """Show that something is wrong, or that nothing is any more."""
        self._problem = problem
        self._menu.set_problem(problem)
        self._render_soon()

    def _render_soon(self, _: object = None) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _render(self) -> None:
        snapshot = self._bridge.snapshot
        look, panel = tray_look(snapshot, problem=self._problem is not None), theme().panel
        if (look, panel) != (self._look, self._panel):
            self._look, self._panel = look, panel
            self.setIcon(tray_icon(look.state, progress=look.step / PROGRESS_STEPS, count=look.count, panel=panel))
        words = tooltip(snapshot, hit_rate=self._hits.rate, problem=self._problem)
        if words != self.toolTip():
            self.setToolTip(words)

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # On macOS every click opens the menu; a window beside it would be in the way.
        if reason in _OPENING and sys.platform != "darwin":
            self.dashboard_requested.emit()
