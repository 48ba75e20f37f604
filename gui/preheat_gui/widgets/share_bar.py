"""A thin bar that is filled by parts in colours of their own, such as a device's memory by models. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat.control import Sign
from preheat_gui.widgets.theme import GAP, Token, model_colours, theme

_GAP_PX: Final = 1.0


class ShareBar(QWidget):
    """Shows parts of a whole. Its words are the caller's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._parts: tuple[tuple[float, Sign | None], ...] = ()
        theme().changed.connect(self.update)

    def set_parts(self, parts: Sequence[tuple[float, Sign | None]]) -> None:
        """Show these shares of the whole, each in the hue of a model's sign or in the accent."""
        if (shown := tuple(part for part in parts if part[0] > 0)) != self._parts:
            self._parts = shown
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(GAP * 10, GAP)

    minimumSizeHint = sizeHint  # noqa: N815

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        outline = QPainterPath()
        outline.addRoundedRect(whole, whole.height() / 2, whole.height() / 2)
        painter.setClipPath(outline)
        painter.fillRect(whole, theme().colour(Token.TRACK))
        hues, mirrored = model_colours(dark=theme().dark), self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        at = 0.0
        for share, sign in self._parts:
            width = min(share, 1.0) * whole.width()
            part = QRectF(whole.width() - at - width if mirrored else at, 0, max(width - _GAP_PX, 1.0), whole.height())
            painter.fillRect(part, hues[sign.hue].fill if sign is not None else theme().colour(Token.ACCENT))
            at += width
