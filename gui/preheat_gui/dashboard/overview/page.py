"""The overview: what goes on now, memory, and what preloading brings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from preheat import control
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.following_page import FollowingPage
from preheat_gui.dashboard.overview.memory_card import MemoryCard
from preheat_gui.dashboard.overview.now import NowCard, describe_now
from preheat_gui.dashboard.overview.periods import Period, sum_period
from preheat_gui.dashboard.overview.usage_cards import HitRateCard, TimeSavedCard
from preheat_gui.dashboard.slow_question import SlowQuestion
from preheat_gui.widgets import GAP, GROUP_GAP, heading

if TYPE_CHECKING:
    from preheat.control import EngineSession
    from preheat.usage import UsageHistory

_SIDE_BY_SIDE_PX: Final = 860
_FRAME_MS: Final = 100
"""Snapshots may come faster than anybody can read."""


class OverviewPage(FollowingPage):
    """Follows the engine only while it is shown.

    Attributes:
        memory_changed: The user chose another period; ``memory()`` has it.
    """

    memory_changed = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self.setObjectName("overview_page")
        self._period = Period.WEEK
        self._history: UsageHistory | None = None
        self._question = SlowQuestion(bridge, _ask_history, self._on_history, self, self._on_no_history)
        self._frame = QTimer(self)
        self._frame.setSingleShot(True)
        self._frame.setInterval(_FRAME_MS)
        self._frame.timeout.connect(self._render)
        self._now = NowCard()
        self._memory = MemoryCard()
        self._hit_rate = HitRateCard()
        self._time_saved = TimeSavedCard()
        self._periods = QButtonGroup(self)
        self._grid = QGridLayout()
        self._wide: bool | None = None
        self._build()
        self._now.resume_asked.connect(self._resume)
        self._now.switch_on_asked.connect(self._switch_on)

    # -- the window's -------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        self._bridge.snapshot_changed.connect(self._on_snapshot)
        self._bridge.settings_changed.connect(self._on_settings)
        self._render()
        self._question.activate()

    def _rest(self) -> None:
        self._bridge.snapshot_changed.disconnect(self._on_snapshot)
        self._bridge.settings_changed.disconnect(self._on_settings)
        self._question.deactivate()
        self._frame.stop()

    def memory(self) -> dict[str, str]:
        """Return what a later window should begin with."""
        return {"overview_period": self._period.value}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Begin with this; what is missing or nonsense is left out."""
        period = memory.get("overview_period", "")
        if period in set(Period):
            self._period = Period(period)
            self._periods.button(list(Period).index(self._period)).setChecked(True)
            self._render_history()

    # -- layout -------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Lay the cards out for the width."""
        super().resizeEvent(event)
        self._lay_out(self.width() >= _SIDE_BY_SIDE_PX)

    def _build(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GROUP_GAP)
        column.addWidget(self._now)
        self._grid.setSpacing(GROUP_GAP)
        self._grid.addWidget(self._memory, 0, 0, 2, 1)
        self._grid.addWidget(self._hit_rate, 0, 1)
        self._grid.addWidget(self._time_saved, 1, 1)
        column.addLayout(self._grid, 1)
        scroll = QScrollArea()
        scroll.setObjectName("overview_scroll")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(self._build_top())
        layout.addWidget(scroll, 1)

    def _build_top(self) -> QHBoxLayout:
        words = {
            Period.TODAY: self.tr("Today"),
            Period.WEEK: self.tr("7 days"),
            Period.QUARTER: self.tr("90 days"),
        }
        top = QHBoxLayout()
        top.setSpacing(GAP // 2)
        top.addWidget(heading(self.tr("Overview")))
        top.addStretch(1)
        for number, period in enumerate(Period):
            button = QPushButton(words[period])
            button.setObjectName(f"period_{period.value}")
            button.setCheckable(True)
            button.setChecked(period is self._period)
            button.setToolTip(self.tr("Hits and time saved of this time"))
            self._periods.addButton(button, number)
            top.addWidget(button)
        self._periods.idClicked.connect(self._on_period)
        return top

    def _lay_out(self, wide: bool) -> None:
        if wide == self._wide:
            return
        self._wide = wide
        self._grid.setColumnStretch(0, 2 if wide else 1)
        self._grid.setColumnStretch(1, 3 if wide else 1)
        self._memory.set_compact(not wide)
        self._hit_rate.set_side_by_side(wide)
        self._time_saved.set_side_by_side(wide)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, _snapshot: EngineSnapshot) -> None:
        if not self._frame.isActive():
            self._frame.start()

    def _on_settings(self, _settings: object) -> None:
        self._render()

    def _on_history(self, history: UsageHistory) -> None:
        self._history = history
        self._render_history()

    def _on_no_history(self, error: EngineError) -> None:
        if self._history is None:
            self._hit_rate.render_nothing(str(error))
            self._time_saved.render_nothing(str(error))

    def _on_period(self, number: int) -> None:
        self._period = list(Period)[number]
        self._render_history()
        self.memory_changed.emit()

    def _resume(self) -> None:
        self._bridge.resume()

    def _switch_on(self) -> None:
        self._bridge.set_preloading(True)

    def _render(self) -> None:
        snapshot = self._bridge.snapshot
        self._now.render_now(describe_now(snapshot))
        self._memory.render_memory(snapshot, str(self._bridge.settings.memory_limit))

    def _render_history(self) -> None:
        if self._history is None:
            return
        figures = sum_period(self._history, self._period, time.time())
        ever = any(day.counts.requests for day in self._history.days)
        self._hit_rate.render_figures(figures, ever=ever)
        self._time_saved.render_figures(figures, ever=ever)


def _ask_history(session: EngineSession) -> UsageHistory:
    return session.call(control.GetHistory())
