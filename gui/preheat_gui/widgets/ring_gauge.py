"""A gauge: the open ring of Preheat's logo, with a number inside and a caption below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat_gui.widgets.theme import EASE_MS, FIGURE_SCALE, GAP, Token, caption_font, figure_font, scaled_font, theme

SPAN_DEG: Final = 270.0  # The ring is open at the bottom, as in the logo
_START_DEG: Final = 225.0  # Qt counts from three o'clock, anticlockwise
_STROKE: Final = 0.085  # of the ring's diameter
_LIMIT_LENGTH: Final = 2.0  # of the stroke
_FOOT: Final = 0.9  # Bottom of the ring's ends, as a share of its height; the caption starts there
_SMALLEST_PX: Final = 112
_PREFERRED_PX: Final = 152
_UNIT_SCALE: Final = 1.15
_NOTICEABLE: Final = 0.0005  # of the ring: less than half a pixel


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the ring."""

    share: float  # Its length, 0.0 to 1.0 of the ring
    token: Token  # Its colour
    name: str = ""  # Its meaning, for screen readers: "others 6.1 GB"


class RingGauge(QWidget):
    """Shows one value or several segments in sequence, from the ring's left end.

    New values ease in over 150 ms, unless the user wants reduced motion or the gauge is hidden.
    """

    def __init__(self, caption: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._caption = caption
        self._figure = self._unit = ""
        self._segments: tuple[Segment, ...] = ()
        self._limit: float | None = None
        self._shown: list[float] = []
        self._from: list[float] = []
        self._motion = QVariantAnimation(self)
        self._motion.setDuration(EASE_MS)
        self._motion.setStartValue(0.0)
        self._motion.setEndValue(1.0)
        self._motion.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self._move)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._describe()
        theme().changed.connect(self.update)

    def set_value(self, share: float | None, figure: str, unit: str = "", *, token: Token = Token.ACCENT) -> None:
        """Show one value, 0.0 to 1.0 of the ring; None for none yet."""
        self.set_segments(() if share is None else (Segment(share, token),), figure, unit)

    def set_segments(
        self, segments: Sequence[Segment], figure: str, unit: str = "", *, limit: float | None = None
    ) -> None:
        """Show several parts.

        Args:
            segments: Parts of the ring; cut at 1.0 in total.
            figure: The number in the ring.
            unit: Its unit, smaller, under it.
            limit: Position of a limit's mark, 0.0 to 1.0; None for no mark.
        """
        new = (tuple(segments), figure, unit, limit)
        if new == (self._segments, self._figure, self._unit, self._limit):
            return
        self._segments, self._figure, self._unit, self._limit = new
        self._describe()
        self._animate()
        self.update()

    def set_caption(self, caption: str) -> None:
        """Change the caption."""
        if caption != self._caption:
            self._caption = caption
            self._describe()
            self.updateGeometry()
            self.update()

    def shown_shares(self) -> tuple[float, ...]:
        """Return the segments' drawn lengths."""
        return tuple(self._shown)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(_PREFERRED_PX, math.ceil(_PREFERRED_PX * _FOOT) + self._caption_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(_SMALLEST_PX, math.ceil(_SMALLEST_PX * _FOOT) + self._caption_height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:  # changeEvent never gets it
            self.updateGeometry()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self._ring()
        self._draw_arc(painter, ring, 0.0, 1.0, Token.TRACK)
        # Last to first: each segment's round end covers the next one.
        ends = [sum(self._shown[: index + 1]) for index in range(len(self._shown))]
        for segment, end, share in reversed(list(zip(self._segments, ends, self._shown, strict=True))):
            if share > _NOTICEABLE:
                self._draw_arc(painter, ring, max(end - share, 0.0), min(end, 1.0), segment.token)
        if self._limit is not None:
            self._draw_limit(painter, ring, self._limit)
        self._draw_texts(painter, ring)

    # Drawing

    def _ring(self) -> QRectF:
        side = self._side()
        margin = side * _STROKE * _LIMIT_LENGTH / 2
        left = (self.width() - side) / 2
        top = (self.height() - self._caption_height() - side * _FOOT) / 2
        return QRectF(left + margin, top + margin, side - 2 * margin, side - 2 * margin)

    def _side(self) -> float:
        """Return the width of the ring with its limit's mark."""
        return min(float(self.width()), (self.height() - self._caption_height()) / _FOOT)

    def _draw_arc(self, painter: QPainter, ring: QRectF, begin: float, end: float, token: Token) -> None:
        pen = QPen(self._colour(token), ring.width() * _STROKE)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        first = _START_DEG - begin * SPAN_DEG
        painter.drawArc(ring, round(first * 16), -round((end - begin) * SPAN_DEG * 16))

    def _draw_limit(self, painter: QPainter, ring: QRectF, limit: float) -> None:
        painter.save()
        painter.translate(ring.center())
        painter.rotate(-(_START_DEG - limit * SPAN_DEG))
        stroke, radius = ring.width() * _STROKE, ring.width() / 2
        line = (
            QPointF(radius - stroke * _LIMIT_LENGTH / 2, 0),
            QPointF(radius + stroke * _LIMIT_LENGTH / 2, 0),
        )
        for token, width in ((Token.CARD, 6.0), (Token.TEXT, 2.0)):  # with a gap on both sides
            painter.setPen(QPen(self._colour(token), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(*line)
        painter.restore()

    def _draw_texts(self, painter: QPainter, ring: QRectF) -> None:
        room = ring.width() * 0.74
        figure = figure_font()
        width = QFontMetricsF(figure).horizontalAdvance(self._figure)
        if width > room:
            figure = scaled_font(FIGURE_SCALE * room / width, figure.weight())
        unit = scaled_font(_UNIT_SCALE)
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
        target = [min(max(segment.share, 0.0), 1.0) for segment in self._segments]
        self._motion.stop()
        before = self._shown[: len(target)]
        self._from = before + [0.0] * (len(target) - len(before))
        far = any(abs(old - new) > _NOTICEABLE for old, new in zip(self._from, target, strict=True))
        if not far or not self.isVisible() or theme().reduce_motion:
            self._shown = target
            return
        self._shown = list(self._from)
        self._motion.start()

    def _move(self, done: object) -> None:
        part = float(done) if isinstance(done, float) else 1.0
        self._shown = [
            old + (min(max(segment.share, 0.0), 1.0) - old) * part
            for old, segment in zip(self._from, self._segments, strict=True)
        ]
        self.update()

    def _describe(self) -> None:
        value = f"{self._figure} {self._unit}".strip()
        parts = ", ".join(segment.name for segment in self._segments if segment.name)
        self.setAccessibleName(f"{self._caption}: {value}" if self._caption and value else self._caption or value)
        self.setAccessibleDescription(parts)
