"""One sentence above a page, with a button."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QSizePolicy, QWidget

from preheat_gui.widgets.building import hbox, named
from preheat_gui.widgets.icons import symbol
from preheat_gui.widgets.style_sheet import set_role
from preheat_gui.widgets.theme import GAP, GROUP_GAP, Token, theme

_ICON_PX = 16


class Banner(QFrame):
    """Shows a problem or a note; hidden without one."""

    clicked = Signal()  # The button was pressed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "banner")
        self._icon_source = QIcon()
        self._icon = QLabel(self)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = named(QPushButton(self), "banner_button")
        self._button.clicked.connect(self.clicked)
        hbox(self._icon, self._words, self._button, parent=self).setContentsMargins(GROUP_GAP, GAP, GROUP_GAP, GAP)
        theme().changed.connect(self._draw_icon)
        self.hide()

    def show_problem(self, sentence: str, button_text: str | None = None) -> None:
        """Show a problem; None hides the button."""
        self._show(sentence, button_text, "warning", Token.BAD)

    def show_note(self, sentence: str, button_text: str | None = None) -> None:
        """Show a note; None hides the button."""
        self._show(sentence, button_text, "info", Token.STANDBY)

    def _show(self, sentence: str, button_text: str | None, icon: str, token: Token) -> None:
        self._icon_source = symbol(icon, token)
        self._draw_icon()
        self._words.setText(sentence)
        self._button.setText(button_text or "")
        self._button.setVisible(button_text is not None)
        self.setAccessibleName(sentence)
        self.show()

    def _draw_icon(self) -> None:
        self._icon.setPixmap(self._icon_source.pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF()))
