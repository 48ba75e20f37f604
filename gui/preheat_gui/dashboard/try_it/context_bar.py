"""How much of the model's context a conversation uses."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat_gui.widgets import GAP, Token, caption_font, named, theme
from preheat_gui.words import format_number

_HEIGHT: Final = 4
_WIDTH: Final = 120
_NEARLY_FULL: Final = 0.9


class ContextBar(QWidget):
    """A thin bar with its figures; hidden while they are unknown."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "try_context")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setRetainSizeWhenHidden(True)  # nothing moves when the figures come
        self.setSizePolicy(policy)
        self.setToolTip(
            self.tr(
                "Tokens of this conversation in the model's context. When it is full, answers are cut off: "
                "start a new conversation, or raise the context length in the model's settings."
            )
        )
        self._figures = (0, 0)
        theme().changed.connect(self.update)
        self.hide()

    def set_figures(self, used: int, length: int | None) -> None:
        """Show the tokens used, of a context length in tokens; 0 or None hides the bar."""
        figures = (used, length or 0)
        if figures == self._figures:
            return
        self._figures = figures
        self.setVisible(all(figures))
        self.setAccessibleName(self.words())
        self.update()

    def words(self) -> str:
        """Return the figures in words."""
        used, length = self._figures
        words = self.tr("{used} of {length} tokens of context")
        return words.format(used=format_number(used), length=format_number(length))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(_WIDTH * 3, QFontMetrics(caption_font()).height())

    minimumSizeHint = sizeHint  # noqa: N815

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        used, length = self._figures
        share = min(1.0, used / max(length, 1))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour, nearly_full = theme().colour, share >= _NEARLY_FULL
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        bar = QRectF(self.width() - _WIDTH if mirrored else 0, (self.height() - _HEIGHT) / 2, _WIDTH, _HEIGHT)
        filled = QRectF(bar)
        filled.setWidth(max(_HEIGHT, _WIDTH * share))
        if mirrored:
            filled.moveRight(bar.right())
        painter.setPen(Qt.PenStyle.NoPen)
        for rect, token in ((bar, Token.TRACK), (filled, Token.BAD if nearly_full else Token.STANDBY)):
            painter.setBrush(colour(token))
            painter.drawRoundedRect(rect, _HEIGHT / 2, _HEIGHT / 2)
        painter.setFont(caption_font())
        painter.setPen(colour(Token.BAD if nearly_full else Token.MUTED))
        start = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        text = self.rect().adjusted(0 if mirrored else _WIDTH + GAP, 0, -_WIDTH - GAP if mirrored else 0, 0)
        painter.drawText(text, start | Qt.AlignmentFlag.AlignVCenter, self.words())
