"""A small curve over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from preheat_gui.dashboard.painting import LooksOf
from preheat_gui.dashboard.tables import TRAILING
from preheat_gui.widgets import Token, theme

_FILL_ALPHA: Final = 36
_FEW_POINTS: Final = 12  # Up to this number, points get dots: a line alone does not show them
_HEADROOM: Final = 1.06
_LABEL_AIR: Final = 12
_LABEL_GAP: Final = 6


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve and its tooltip."""

    x: float
    y: float
    tooltip: str


@dataclass(frozen=True, slots=True)
class Series:
    """The contents of a curve."""

    points: tuple[Point, ...]
    begin: float  # Left end of the x axis; ``end`` is the right one
    end: float
    top: float  # Highest y value; the axis starts at 0
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]  # Values with labels, each with a hairline
    summary: str  # The curve in words, for screen readers


class Curve(QWidget):
    """Shows one series. Repaints only for a new series or theme, and under the mouse."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.series: Series | None = None
        self._hovered: Point | None = None
        self._looks = LooksOf(self)
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.update)

    def set_series(self, series: Series) -> None:
        if series != self.series:
            self.series, self._hovered = series, None
            self.setAccessibleDescription(series.summary)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(280, 120)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(140, 84)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self.series is None or not self.series.points:
            return
        x = event.position().x()
        self._hover(min(self.series.points, key=lambda point: abs(self._place(point.x, 0.0).x() - x)))
        if self._hovered is not None:
            QToolTip.showText(event.globalPosition().toPoint() + QPoint(0, 12), self._hovered.tooltip, self)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._hover(None)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self.series is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # time runs to the right everywhere
        self._draw_axes(painter, self.series)
        self._draw_points(painter, [self._place(point.x, point.y) for point in self.series.points])

    def _draw_axes(self, painter: QPainter, series: Series) -> None:
        looks, plot = self._looks(), self._plot()
        height = looks.caption_metrics.height()
        painter.setFont(looks.caption)
        for y, label in series.y_ticks:
            at = self._place(series.begin, y).y()
            painter.setPen(QPen(looks.colours[Token.LINE], 1))
            painter.drawLine(QLineF(plot.left(), at, plot.right(), at))
            painter.setPen(looks.colours[Token.MUTED])
            top = min(max(at - height / 2, 0.0), self.height() - height)
            painter.drawText(QRectF(0, top, plot.left() - _LABEL_GAP, height), TRAILING, label)
        for x, label in series.x_ticks:
            width = looks.caption_metrics.horizontalAdvance(label) + 1
            left = min(max(self._place(x, 0.0).x() - width / 2, 0.0), self.width() - width)
            painter.drawText(
                QRectF(left, plot.bottom() + _LABEL_GAP, width, height), Qt.AlignmentFlag.AlignCenter, label
            )

    def _draw_points(self, painter: QPainter, places: list[QPointF]) -> None:
        colours = self._looks().colours
        if not places:
            return
        accent, faint = colours[Token.ACCENT], QColor(colours[Token.ACCENT])
        faint.setAlpha(_FILL_ALPHA)
        floor, line = self._plot().bottom(), QPolygonF(places)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faint)
        painter.drawPolygon(QPolygonF([QPointF(places[0].x(), floor), *places, QPointF(places[-1].x(), floor)]))
        painter.setPen(QPen(accent, 1.5))
        painter.drawPolyline(line)
        painter.setBrush(accent)
        for place in places if len(places) <= _FEW_POINTS else ():
            painter.drawEllipse(place, 2.5, 2.5)
        if self._hovered is not None:
            painter.setBrush(colours[Token.CARD])
            painter.drawEllipse(self._place(self._hovered.x, self._hovered.y), 4.5, 4.5)

    def _plot(self) -> QRectF:
        """Return the place of the points, beside the labels."""
        metrics = self._looks().caption_metrics
        # At least as wide as a percentage, so that curves under each other are aligned.
        labels = ("100 %", *(label for _, label in self.series.y_ticks)) if self.series else ()
        left = max(map(metrics.horizontalAdvance, labels), default=0) + _LABEL_AIR
        return QRectF(self.rect()).adjusted(left, 0, -1, -metrics.height() - 2 * _LABEL_GAP)

    def _place(self, x: float, y: float) -> QPointF:
        series, plot = self.series, self._plot()
        if series is None:
            return plot.bottomLeft()
        across = (x - series.begin) / (series.end - series.begin)
        up = y / ((series.top or 1.0) * _HEADROOM)
        return QPointF(plot.left() + across * plot.width(), plot.bottom() - up * plot.height())

    def _hover(self, point: Point | None) -> None:
        if point is not self._hovered:
            self._hovered = point
            self.update()
