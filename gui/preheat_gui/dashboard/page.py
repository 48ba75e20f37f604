"""The base class of the dashboard's pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from preheat.control import EngineSnapshot
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.widgets import GROUP_GAP, Item, give_focus, hbox, heading, vbox


class DashboardPage(QWidget):
    """A page that follows the engine while it is shown, and does nothing while it is hidden."""

    memory_changed = Signal()  # A choice that ``memory`` returns has changed
    page_requested = Signal(str, str)  # The user wants another page: its key, and a model_id or ""
    import_requested = Signal()  # The user wants to add model files

    def __init__(self, bridge: EngineBridge, name: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}_page")
        self._bridge = bridge
        self._active = False
        self._live: list[tuple[Any, Callable[..., object]]] = [(bridge.snapshot_changed, self._on_snapshot)]
        """Signals with their slots, connected while the page is shown."""
        self._questions: list[SlowQuestion[Any]] = []
        self.focus_order: Sequence[QWidget] = ()
        """The first of these that is visible and enabled has the focus when the page is opened."""

    def activate(self) -> None:
        """Show the engine's state and follow it. No effect if already active."""
        if self._active:
            return
        self._active = True
        for signal, slot in self._live:
            signal.connect(slot)
        self._on_activated()
        for question in self._questions:
            question.activate()

    def deactivate(self) -> None:
        """Stop following. No effect if not active."""
        if not self._active:
            return
        self._active = False
        for signal, slot in self._live:
            signal.disconnect(slot)
        for question in self._questions:
            question.deactivate()
        self._on_deactivated()

    def take_focus(self, reason: Qt.FocusReason) -> None:
        """Focus the widget that the page is about."""
        give_focus(self, self.focus_order, reason)

    def open_model(self, model_id: str) -> None:
        """Show this model, on pages that can."""

    def memory(self) -> dict[str, str]:
        """Return the choices to restore in a later session."""
        return {}

    def remember(self, memory: Mapping[str, str]) -> None:
        """Restore choices; missing and invalid ones are ignored."""

    def _on_activated(self) -> None:
        self._on_snapshot(self._bridge.snapshot)

    def _on_deactivated(self) -> None:
        pass

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        pass

    def _lay_out(self, title: str, head: Sequence[Item], *parts: Item) -> None:
        """Place the title with ``head`` next to it, and ``parts`` below."""
        vbox(hbox(heading(title), *(head or (None,))), *parts, spacing=GROUP_GAP, parent=self)
