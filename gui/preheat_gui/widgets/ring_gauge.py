"""A gauge: the open ring of Preheat's logo, with a number inside and a caption below."""

from __future__ import annotations

import math
from typing import Final

from PySide6.QtCore import QEasingCurve, QEvent, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat_gui.widgets.theme import EASE_MS, FIGURE_SCALE, GAP, Token, caption_font, scaled_font, theme

SPAN_DEG: Final = 270.0  # The ring is open at the bottom, as in the logo
_START_DEG: Final = 225.0  # Qt counts from three o'clock, anticlockwise
_STROKE: Final = 0.085  # of the ring's diameter
_FOOT: Final = 0.9  # Bottom of the ring's ends, as a share of its height; the caption starts there
_SMALLEST_PX: Final = 104
_UNIT_SCALE: Final = 1.15
_NOTICEABLE: Final = 0.0005  # of the ring: less than half a pixel
_ROOM: Final = 0.74  # of the ring's diameter, for the figure
_USUAL_PX: Final = 130.0  # Diameter up to which the figure has its usual size; it grows with larger rings
_MOST_GROWTH: Final = 1.6


def figure_scale(width: float, height: float) -> float:
    """Return the scale of a figure in a gauge of this size without a caption, for figures next to gauges."""
    return FIGURE_SCALE * min(max(min(width, height / _FOOT) * (1 - 2 * _STROKE) / _USUAL_PX, 1.0), _MOST_GROWTH)


class RingGauge(QWidget):
    """Shows one value as a part of the ring, from its left end.

    New values ease in over 150 ms, unless the user wants reduced motion or the gauge is hidden.
    """

    def __init__(self, caption: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = caption
        self._figure = self._unit = ""
        self._share = 0.0
        self.shown_share = 0.0
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(EASE_MS)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self._move)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._describe()
        theme().changed.connect(self.update)

    def set_value(self, share: float | None, figure: str, unit: str = "") -> None:
        """Show a value, 0.0 to 1.0 of the ring, None for none yet, with a number in the ring and its unit under it."""
        new = (min(max(share or 0.0, 0.0), 1.0), figure, unit)
        if new == (self._share, self._figure, self._unit):
            return
        self._share, self._figure, self._unit = new
        self._describe()
        self._animate()
        self.update()

    def set_caption(self, caption: str) -> None:
        if caption != self._caption:
            self._caption = caption
            self._describe()
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(_SMALLEST_PX, math.ceil(_SMALLEST_PX * _FOOT) + self._caption_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:  # changeEvent never gets it
            self.updateGeometry()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self._ring()
        self._draw_arc(painter, ring, 1.0, Token.TRACK)
        if self.shown_share > _NOTICEABLE:
            self._draw_arc(painter, ring, self.shown_share, Token.ACCENT)
        self._draw_texts(painter, ring)

    # Drawing

    def _ring(self) -> QRectF:
        side = self._side()
        margin = side * _STROKE  # half of a stroke, and as much space
        left = (self.width() - side) / 2
        top = (self.height() - self._caption_height() - side * _FOOT) / 2
        return QRectF(left + margin, top + margin, side - 2 * margin, side - 2 * margin)

    def _side(self) -> float:
        """Return the width of the ring and its margins."""
        return min(float(self.width()), (self.height() - self._caption_height()) / _FOOT)

    def _draw_arc(self, painter: QPainter, ring: QRectF, share: float, token: Token) -> None:
        pen = QPen(self._colour(token), ring.width() * _STROKE)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, round(_START_DEG * 16), -round(share * SPAN_DEG * 16))

    def _draw_texts(self, painter: QPainter, ring: QRectF) -> None:
        room = ring.width() * _ROOM
        scale = figure_scale(self._side(), math.inf)
        figure = scaled_font(scale, QFont.Weight.DemiBold)
        width = QFontMetricsF(figure).horizontalAdvance(self._figure)
        if width > room:
            figure = scaled_font(scale * room / width, figure.weight())
        unit = scaled_font(_UNIT_SCALE * scale / FIGURE_SCALE)
        figure_height = QFontMetricsF(figure).height()
        unit_height = QFontMetricsF(unit).height() if self._unit else 0.0
        top = ring.center().y() - (figure_height + unit_height) / 2
        centre = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(figure)
        painter.setPen(self._colour(Token.TEXT))
        painter.drawText(QRectF(ring.left(), top, ring.width(), figure_height), centre, self._figure)
        painter.setPen(self._colour(Token.MUTED))
        painter.setFont(unit)
        painter.drawText(QRectF(ring.left(), top + figure_height, ring.width(), unit_height), centre, self._unit)
        painter.setFont(caption_font())
        words = painter.fontMetrics().elidedText(self._caption, Qt.TextElideMode.ElideRight, self.width())
        feet = ring.center().y() + self._side() * (_FOOT - 0.5)
        painter.drawText(QRectF(0, feet, self.width(), self._caption_height()), centre, words)

    def _colour(self, token: Token) -> QColor:
        return theme().colour(token if self.isEnabled() else Token.DISABLED if token is Token.TEXT else token)

    def _caption_height(self) -> int:
        return round(QFontMetricsF(caption_font()).height()) + GAP // 2 if self._caption else 0

    # Motion

    def _animate(self) -> None:
        self._motion.stop()
        far = abs(self.shown_share - self._share) > _NOTICEABLE
        if not far or not self.isVisible() or theme().reduce_motion:
            self.shown_share = self._share
            return
        self._motion.setStartValue(self.shown_share)
        self._motion.setEndValue(self._share)
        self._motion.start()

    def _move(self, share: float) -> None:
        self.shown_share = share
        self.update()

    def _describe(self) -> None:
        value = f"{self._figure} {self._unit}".strip()
        self.setAccessibleName(f"{self._caption}: {value}" if self._caption and value else self._caption or value)
