"""Labels, fonts, and the copy button and search field of several pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QIcon, QKeySequence
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QStyle, QStyleOptionButton, QWidget

from preheat_gui.widgets import (
    CAPTION_SCALE,
    ElidedLabel,
    Token,
    body_font,
    named,
    scaled_font,
    shortcut,
    symbol,
    timer,
)


def title_label() -> ElidedLabel:
    """Return a label for the name of a model or download."""
    label = ElidedLabel()
    label.setFont(scaled_font(1.0, QFont.Weight.DemiBold))
    return label


def detail_label() -> ElidedLabel:
    """Return a small muted label, elided at its end."""
    label = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
    label.setFont(scaled_font(CAPTION_SCALE))
    label.set_token(Token.MUTED)
    return label


def align_to_start(label: QLabel) -> None:
    """Align text to the side where lines start in this layout, not in the text's own language."""
    side = QStyle.visualAlignment(label.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
    label.setAlignment(side | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute)


def code_font() -> QFont:
    """Return the system's fixed-width font in the body size."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if (size := body_font().pointSizeF()) > 0:
        font.setPointSizeF(size)
    return font


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
