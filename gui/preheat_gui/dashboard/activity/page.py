"""The activity page: the day as a timeline, requests, and why models were loaded and unloaded."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from PySide6.QtWidgets import QButtonGroup, QPushButton

from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.activity.day.pane import DayPane
from preheat_gui.dashboard.activity.loads import LoadsPane
from preheat_gui.dashboard.activity.pane import Pane
from preheat_gui.dashboard.activity.past import RequestsPane
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.widgets import GAP, hbox, named, stacked


class Shown(StrEnum):
    """What the page shows. The values are stored between sessions."""

    DAY = "day"
    REQUESTS = "requests"
    DECISIONS = "decisions"


class ActivityPage(DashboardPage):
    """The engine's activity."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "activity")
        day = DayPane(bridge)
        day.page_requested.connect(self.page_requested)
        self._panes: Mapping[Shown, Pane] = {
            Shown.DAY: day,
            Shown.REQUESTS: RequestsPane(bridge),
            Shown.DECISIONS: LoadsPane(bridge),
        }
        self._shown = Shown.DAY
        self._choice = QButtonGroup(self)
        self._stack = stacked(*self._panes.values())
        self._build()
        self._show(Shown.DAY)

    def memory(self) -> dict[str, str]:
        memory = {"activity_shown": self._shown.value}
        for pane in self._panes.values():
            memory |= pane.memory()
        return memory

    def remember(self, memory: Mapping[str, str]) -> None:
        for pane in self._panes.values():
            pane.remember(memory)
        if memory.get("activity_shown") in set(Shown):
            self._show(Shown(memory["activity_shown"]))

    def _build(self) -> None:
        texts = {
            Shown.DAY: (self.tr("Your day"), self.tr("When models were in memory, and which requests had to wait")),
            Shown.REQUESTS: (self.tr("Requests"), self.tr("What was asked, how fast it was, and what was reused")),
            Shown.DECISIONS: (self.tr("Loads"), self.tr("What was loaded and unloaded, and why")),
        }
        buttons = hbox(spacing=GAP // 2)
        for number, shown in enumerate(Shown):
            text, tooltip = texts[shown]
            button = named(QPushButton(text), f"show_{shown.value}", tooltip=tooltip)
            button.setCheckable(True)
            self._choice.addButton(button, number)
            buttons.addWidget(button)
        self._choice.idClicked.connect(self._on_choice)
        for pane in self._panes.values():
            pane.memory_changed.connect(self.memory_changed)
        self._lay_out(self.tr("Activity"), (None, buttons), (self._stack, 1))

    def _on_choice(self, number: int) -> None:
        self._show(list(Shown)[number])
        self.memory_changed.emit()

    def _show(self, shown: Shown) -> None:
        if self._active:
            self._panes[self._shown].deactivate()
        self._shown = shown
        self._stack.setCurrentWidget(self._panes[shown])
        self._choice.button(list(Shown).index(shown)).setChecked(True)
        self.focus_order = self._panes[shown].focus_order
        if self._active:
            self._panes[shown].activate()

    def _on_activated(self) -> None:
        self._panes[self._shown].activate()

    def _on_deactivated(self) -> None:
        self._panes[self._shown].deactivate()
