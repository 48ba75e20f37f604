"""What the signs of the timeline mean."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat_gui.dashboard.activity.day.picture import DOT_PX
from preheat_gui.dashboard.painting import LooksOf
from preheat_gui.dashboard.tables import LEADING
from preheat_gui.widgets import GAP, GROUP_GAP, Token, named, theme

_BAND: Final = QSize(22, 11)
_RING_PX: Final = 1.8


class Legend(QWidget):
    """Signs and words in a row; the last ones are left out where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = LooksOf(self)
        self._words = (self.tr("ready"), self.tr("had to wait"), self.tr("in memory"), self.tr("planned"))
        named(self, "day_legend", self.tr("Dots are requests: filled ones found their model ready, hollow ones waited"))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        looks = self._looks()
        width = sum(looks.caption_width(words) + _BAND.width() + GAP // 2 + GROUP_GAP for words in self._words)
        return QSize(width, looks.caption_metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        looks, painter = self._looks(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(looks.caption)
        left, height = 0.0, self.sizeHint().height()
        middle = height / 2
        for place, words in enumerate(self._words):
            length = looks.caption_width(words)
            sign = DOT_PX if place < 2 else _BAND.width()
            if left + sign + GAP // 2 + length > self.width():
                break
            self._sign(painter, place, QRectF(left, middle - _BAND.height() / 2, sign, _BAND.height()))
            painter.setPen(looks.colours[Token.MUTED])
            painter.drawText(QRectF(left + sign + GAP // 2 + 2, 0, length + 2, height), LEADING, words)
            left += sign + GAP // 2 + length + GROUP_GAP

    def _sign(self, painter: QPainter, place: int, rect: QRectF) -> None:
        colours = self._looks().colours
        centre, radius = QPointF(rect.center()), DOT_PX / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours[Token.TEXT])
        if place == 0:
            painter.drawEllipse(centre, radius, radius)
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if place == 1:
            painter.setPen(QPen(colours[Token.TEXT], _RING_PX))
            painter.drawEllipse(centre, radius - _RING_PX / 2, radius - _RING_PX / 2)
            return
        planned = place > 2
        painter.setPen(QPen(colours[Token.MUTED], 1.2, Qt.PenStyle.DashLine if planned else Qt.PenStyle.SolidLine))
        painter.setBrush(colours[Token.HOVER if planned else Token.TRACK])
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
