"""A button that copies a text, and says for a moment that it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton, QWidget

from preheat_gui.widgets import Token, symbol

_SAID_MS: Final = 1500


class CopyButton(QPushButton):
    """As wide as the longer of its two words, so that nothing moves.

    Args:
        words: What it says otherwise.
        text: Returns what is to be copied; nothing is copied if that is empty.
    """

    def __init__(self, words: str, text: Callable[[], str], parent: QWidget | None = None) -> None:
        super().__init__(words, parent)
        self._words = words
        self._text = text
        self._copy_icon, self._done_icon = symbol("copy"), symbol("check", Token.GOOD)
        self.setIcon(self._copy_icon)
        self.setAccessibleName(words.replace("&", ""))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAID_MS)
        self._timer.timeout.connect(self._calm_down)
        self.clicked.connect(self._copy)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the room for either word."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        widest = QSize()
        for words in (self._words, self._done_words()):
            option.text = words
            size = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, words)
            size += QSize(self.iconSize().width() + 4, 0)
            size.setHeight(max(size.height(), self.iconSize().height()))
            contents = QStyle.ContentsType.CT_PushButton
            widest = widest.expandedTo(self.style().sizeFromContents(contents, option, size, self))
        return widest

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the same."""
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        """Take its room anew when the font changes."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            self.updateGeometry()
        return super().event(event)

    def _copy(self) -> None:
        text = self._text()
        if not text:
            return
        QGuiApplication.clipboard().setText(text)
        self._say(self._done_words(), self._done_icon)
        self._timer.start()

    def _calm_down(self) -> None:
        self._say(self._words, self._copy_icon)

    def _say(self, words: str, icon: QIcon) -> None:
        self.setText(words)
        self.setIcon(icon)
        self.setAccessibleName(words.replace("&", ""))

    def _done_words(self) -> str:
        return self.tr("Copied")
