"""The part of a menu with one entry per model, which changes while the menu is open. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry."""

    key: str  # Identifies the entry while its text changes
    text: str  # With ``&&`` for ``&``
    checked: bool = False
    enabled: bool = True


class MenuEntries(QObject):
    """Keeps entries before an action of a menu.

    While the menu is open, entries keep their places and new ones come last: nothing moves under the pointer.

    Args:
        name: Each action's object name is ``tray_<name>:<key>``.
        before: The action that follows the entries.
        instead: Shown while there are no entries.
    """

    chosen = Signal(str)  # An entry was chosen, with its key
    toggled = Signal(str, bool)  # An entry was ticked or unticked, with its key and new state

    def __init__(self, menu: QMenu, name: str, before: QAction, instead: QAction, *, checkable: bool = False) -> None:
        super().__init__(menu)
        self._menu = menu
        self._name = name
        self._before = before
        self._instead = instead
        self._checkable = checkable
        self._enabled = True
        self._actions: dict[str, QAction] = {}
        self._entries: tuple[Entry, ...] = ()

    def show(self, entries: Sequence[Entry]) -> None:
        """Replace the entries."""
        if tuple(entries) == self._entries and (self._menu.isVisible() or self._in_order()):
            self._update()
            return
        self._entries = tuple(entries)
        wanted = {entry.key for entry in entries}
        for key in [key for key in self._actions if key not in wanted]:
            self._remove(key)
        for entry in entries:
            if entry.key not in self._actions:
                self._actions[entry.key] = self._new_action(entry.key)
        if not self._menu.isVisible() and not self._in_order():
            self._sort()
        self._update()
        self._instead.setVisible(not entries)

    def set_enabled(self, enabled: bool) -> None:
        """Enable or disable all entries."""
        if enabled != self._enabled:
            self._enabled = enabled
            self._update()

    def _update(self) -> None:
        for entry in self._entries:
            action = self._actions[entry.key]
            action.setText(entry.text)
            action.setChecked(entry.checked)
            action.setEnabled(entry.enabled and self._enabled)

    def _in_order(self) -> bool:
        return list(self._actions) == [entry.key for entry in self._entries]

    def _sort(self) -> None:
        self._actions = {entry.key: self._actions[entry.key] for entry in self._entries}
        for action in self._actions.values():
            self._menu.removeAction(action)
            self._menu.insertAction(self._before, action)

    def _new_action(self, key: str) -> QAction:
        action = QAction(self._menu)
        action.setObjectName(f"tray_{self._name}:{key}")
        action.setCheckable(self._checkable)
        action.triggered.connect(partial(self._on_triggered, key))
        self._menu.insertAction(self._before, action)
        return action

    def _remove(self, key: str) -> None:
        action = self._actions.pop(key)
        self._menu.removeAction(action)
        action.deleteLater()

    def _on_triggered(self, key: str) -> None:
        self.chosen.emit(key)
        if self._checkable:
            self.toggled.emit(key, self._actions[key].isChecked())
