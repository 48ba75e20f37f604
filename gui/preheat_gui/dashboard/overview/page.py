"""The overview page: the band of memory, and what preloading saves."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QScrollArea, QWidget

from preheat import control
from preheat.control import EngineSnapshot, UsageHistory
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.hearth.card import HearthCard
from preheat_gui.dashboard.overview.periods import Period, sum_period
from preheat_gui.dashboard.overview.usage_cards import HitRateCard, ReuseCard, TimeSavedCard
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.widgets import GAP, GROUP_GAP, hbox, named, timer, vbox
from preheat_gui.words import error_text

_SIDE_BY_SIDE_PX: Final = 800
_HISTORY_PAUSE_S: Final = 1.2  # The port repeats an answer for a second
_FRAME_MS: Final = 100  # Snapshots may come faster than anyone can read


class OverviewPage(DashboardPage):
    """The state of the engine at a glance."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "overview")
        self._period = Period.WEEK
        self._history: UsageHistory | None = None
        self._frame = timer(self, _FRAME_MS, self._render)
        self._hearth = HearthCard(bridge)
        self._usage_cards = (HitRateCard(), TimeSavedCard(), ReuseCard())
        self._periods = QButtonGroup(self)
        self.focus_order = self._hearth.focus_order
        self._grid = QGridLayout()
        self._wide: bool | None = None
        self._build()
        self._hearth.page_requested.connect(self.page_requested)
        self._live += [(bridge.settings_changed, self._render), (bridge.port_changed, self._render)]
        self._live.append((bridge.opened, self._render))
        history = SlowQuestion(
            bridge, control.GetHistory(), self._on_history, self, self._on_no_history, pause_s=_HISTORY_PAUSE_S
        )
        self._questions.append(history)

    def memory(self) -> dict[str, str]:
        return {"overview_period": self._period.value}

    def remember(self, memory: Mapping[str, str]) -> None:
        period = memory.get("overview_period", "")
        if period in set(Period):
            self._period = Period(period)
            self._periods.button(list(Period).index(self._period)).setChecked(True)
            self._render_history()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._place_cards(wide=self.width() >= _SIDE_BY_SIDE_PX)

    def _place_cards(self, *, wide: bool) -> None:
        if wide != self._wide:
            self._wide = wide
            for place, card in enumerate(self._usage_cards):
                card.set_side_by_side(not wide)
                self._grid.addWidget(card, 0 if wide else place, place if wide else 0)
                self._grid.setColumnStretch(place, 1 if wide or place == 0 else 0)

    def _build(self) -> None:
        self._grid.setSpacing(GROUP_GAP)
        self._place_cards(wide=True)  # at once: a card without a place has no parent, and outlives the page
        inside = QWidget()
        vbox(self._hearth, (self._grid, 1), (None, 0), spacing=GROUP_GAP, parent=inside)
        scroll = named(QScrollArea(), "overview_scroll")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        texts = {Period.TODAY: self.tr("Today"), Period.WEEK: self.tr("7 days"), Period.QUARTER: self.tr("90 days")}
        buttons = hbox(spacing=GAP // 2)
        for number, (period, text) in enumerate(texts.items()):
            tooltip = self.tr("Hits, time saved and reused prompts in this period")
            button = named(QPushButton(text), f"period_{period.value}", tooltip=tooltip)
            button.setCheckable(True)
            button.setChecked(period is self._period)
            self._periods.addButton(button, number)
            buttons.addWidget(button)
        self._periods.idClicked.connect(self._on_period)
        self._lay_out(self.tr("Overview"), (None, buttons), (scroll, 1))

    def _on_activated(self) -> None:
        self._render()

    def _on_deactivated(self) -> None:
        self._frame.stop()

    def _on_snapshot(self, _snapshot: EngineSnapshot) -> None:
        if not self._frame.isActive():
            self._frame.start()

    def _on_history(self, history: UsageHistory) -> None:
        self._history = history
        self._render_history()

    def _on_no_history(self, error: EngineError) -> None:
        if self._history is None:
            for card in self._usage_cards:
                card.render_error(error_text(error))

    def _on_period(self, number: int) -> None:
        self._period = list(Period)[number]
        self._render_history()
        self.memory_changed.emit()

    def _render(self, _: object = None) -> None:
        self._hearth.render_hearth()

    def _render_history(self) -> None:
        if self._history is None:
            return
        figures = sum_period(self._history, self._period, time.time())
        ever = any(day.counts.requests for day in self._history.days)
        for card in self._usage_cards:
            card.render_figures(figures, ever=ever)
