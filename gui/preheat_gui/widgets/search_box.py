"""A field for words to search for."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

from preheat_gui.widgets.building import named, shortcut
from preheat_gui.widgets.icons import symbol
from preheat_gui.widgets.theme import Token


class SearchBox(QLineEdit):
    """A line edit with a magnifier and a clear button; Ctrl+F selects it from anywhere on its page."""

    def __init__(self, page: QWidget, name: str, placeholder: str, tooltip: str, accessible_name: str = "") -> None:
        super().__init__()
        named(self, name, accessible_name or placeholder, tooltip)
        self.setPlaceholderText(placeholder)
        self.setClearButtonEnabled(True)
        self.addAction(symbol("search", Token.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        shortcut(QKeySequence.StandardKey.Find, page, self._focus)

    def _focus(self) -> None:
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()
