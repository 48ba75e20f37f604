"""A button that copies text and confirms it for a moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton

from preheat_gui.widgets import Token, symbol, timer

_CONFIRM_MS: Final = 1500


class CopyButton(QPushButton):
    """As wide as the wider of its two labels, so that nothing moves. Empty text is not copied."""

    def __init__(self, label: str, text: Callable[[], str]) -> None:
        super().__init__()
        self._label = label
        self._text = text
        self._copy_icon, self._done_icon = symbol("copy"), symbol("check", Token.GOOD)
        self._timer = timer(self, _CONFIRM_MS, self._reset)
        self.clicked.connect(self._copy)
        self._reset()

    def sizeHint(self) -> QSize:  # noqa: N802
        option = QStyleOptionButton()
        self.initStyleOption(option)
        widest = QSize()
        for label in (self._label, self.tr("Copied")):
            option.text = label
            size = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, label)
            size += QSize(self.iconSize().width() + 4, 0)
            size.setHeight(max(size.height(), self.iconSize().height()))
            contents = QStyle.ContentsType.CT_PushButton
            widest = widest.expandedTo(self.style().sizeFromContents(contents, option, size, self))
        return widest

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        """Follow the system's font."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            self.updateGeometry()
        return super().event(event)

    def _copy(self) -> None:
        if text := self._text():
            QGuiApplication.clipboard().setText(text)
            self._show(self.tr("Copied"), self._done_icon)
            self._timer.start()

    def _reset(self) -> None:
        self._show(self._label, self._copy_icon)

    def _show(self, label: str, icon: QIcon) -> None:
        self.setText(label)
        self.setIcon(icon)
        self.setAccessibleName(label.replace("&", ""))
