"""Labels in the theme's type sizes, and a label that elides its text."""

from __future__ import annotations

from html import escape
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QStyle, QStyleOption, QWidget

from preheat_gui.widgets.theme import CAPTION_SCALE, FIGURE_SCALE, HEADING_SCALE, Token, scaled_font, set_role, theme

_LEAST_TITLE: Final = 6  # Characters that a title always has room for


def plain(text: str) -> str:
    """Return a text for a tooltip, which shows what looks like HTML as such: files and programs choose their names."""
    return f"<p style='white-space: pre-wrap'>{escape(text)}</p>" if "<" in text or "&lt;" in text else text


class ScaledLabel(QLabel):
    """Plain text at a multiple of the system's font size, which it follows."""

    def __init__(
        self, text: str, scale: float, *, weight: QFont.Weight | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._scale = scale
        self._weight = weight
        self.setFont(scaled_font(scale, weight))

    def set_scale(self, scale: float) -> None:
        """Change the multiple of the font size."""
        if scale != self._scale:
            self._scale = scale
            self.setFont(scaled_font(scale, self._weight))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:  # changeEvent never gets it
            self.setFont(scaled_font(self._scale, self._weight))
        return super().event(event)


class TitleLabel(ScaledLabel):
    """A title on one line: where that is too short, its end is elided, and the tooltip shows all of it."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        hint = super().minimumSizeHint()
        if self.wordWrap():
            return hint
        return QSize(min(hint.width(), self.fontMetrics().averageCharWidth() * _LEAST_TITLE), hint.height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and not self.wordWrap():
            if self._elided() != self.text():
                self.setToolTip(plain(self.text()))
            elif self.toolTip() == plain(self.text()):
                self.setToolTip("")
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        elided = self._elided()
        if self.wordWrap() or elided == self.text():
            super().paintEvent(event)
            return
        flags = QStyle.visualAlignment(self.layoutDirection(), self.alignment())
        painter, role = QPainter(self), self.foregroundRole()
        self.style().drawItemText(painter, self.contentsRect(), flags, self.palette(), self.isEnabled(), elided, role)

    def _elided(self) -> str:
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())


def heading(text: str = "", parent: QWidget | None = None) -> ScaledLabel:
    """Return the title of a page or a card, on one line."""
    return TitleLabel(text, HEADING_SCALE, weight=QFont.Weight.DemiBold, parent=parent)


def figure(text: str = "", parent: QWidget | None = None) -> ScaledLabel:
    return ScaledLabel(text, FIGURE_SCALE, weight=QFont.Weight.DemiBold, parent=parent)


def caption(text: str = "", parent: QWidget | None = None) -> ScaledLabel:
    """Return small muted text that wraps."""
    label = ScaledLabel(text, CAPTION_SCALE, parent=parent)
    label.setWordWrap(True)
    set_role(label, "muted")
    return label


class ElidedLabel(QFrame):
    """One line of plain text, by default elided in the middle: a model's name ends with its quantization.

    While the text is elided, the tooltip shows all of it. Screen readers always get all of it.
    """

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self._text = ""
        self._token: Token | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setText(text)

    def text(self) -> str:
        """Return the full text."""
        return self._text

    def setText(self, text: str) -> None:  # noqa: N802 - as QLabel's
        if text == self._text:
            return
        self._text = text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def set_token(self, token: Token | None) -> None:
        """Use a colour of the theme; None for the normal text colour."""
        if token is not self._token:
            self._token = token
            self.update()

    def shown_text(self) -> str:
        return self.fontMetrics().elidedText(self._text, self._mode, self.contentsRect().width())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 1, metrics.height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        metrics = self.fontMetrics()
        return QSize(min(metrics.averageCharWidth() * 12, self.sizeHint().width()), metrics.height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(plain(self._text) if self.shown_text() != self._text else "")
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        if self._token is not None:
            option.palette.setColor(self.foregroundRole(), theme().colour(self._token))
        # The text's own direction keeps "8.2 GB" from becoming "GB 8.2" in mirrored layouts.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        alignment = QStyle.visualAlignment(self.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            alignment | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute,
            option.palette,
            self.isEnabled(),
            self.shown_text(),
            self.foregroundRole(),
        )
