"""Draws the hit rate of each memory limit, with a marker at the chosen one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from preheat.control import LimitPoint
from preheat_gui.settings_dialog.limit_curve import CurveState, point_at
from preheat_gui.widgets import GAP, Token, caption_font, theme

INSET: Final = 8  # Horizontal inset of the plot: half a slider's handle, to align with the slider above
_HEIGHT: Final = 128
_FILL_ALPHA: Final = 40
_DOT: Final = 4.0


class CurveView(QWidget):
    """Plots the hit rate, 0 to 100 %, over the memory limit, 0 to all memory."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("limit_curve")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._points: tuple[LimitPoint, ...] = ()
        self._state = CurveState.COMPUTING
        self._total_bytes = 0
        self._limit_bytes = 0
        self._words = ""
        theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(30 * GAP, _HEIGHT)

    def show_curve(self, state: CurveState, points: tuple[LimitPoint, ...], total_bytes: int, words: str) -> None:
        """Draw a curve, or ``words`` if there is none."""
        self._state, self._points, self._total_bytes, self._words = state, points, total_bytes, words
        self.update()

    def set_limit(self, limit_bytes: int) -> None:
        """Move the marker."""
        if limit_bytes != self._limit_bytes:
            self._limit_bytes = limit_bytes
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(caption_font())
        plot = QRectF(self.rect()).adjusted(INSET, painter.fontMetrics().height(), -INSET, -1)
        self._draw_grid(painter, plot)
        if self._state is CurveState.READY:
            self._draw_curve(painter, plot)
            self._draw_marker(painter, plot)
        else:
            painter.setPen(theme().colour(Token.MUTED))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(plot.adjusted(GAP, 0, -GAP, 0), flags, self._words)

    def _draw_grid(self, painter: QPainter, plot: QRectF) -> None:
        painter.setPen(QPen(theme().colour(Token.LINE), 1))
        # Without a curve there is text in the middle, which a line would strike through.
        for share in (0.0, 0.5, 1.0) if self._state is CurveState.READY else (0.0, 1.0):
            y = round(plot.bottom() - share * plot.height()) + 0.5
            painter.drawLine(QLineF(plot.left(), y, plot.right(), y))
        if self._state is not CurveState.READY:
            return
        painter.setPen(theme().colour(Token.MUTED))
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # keeps the percent sign after the number
        side = Qt.AlignmentFlag.AlignRight if self._mirrored else Qt.AlignmentFlag.AlignLeft
        height = painter.fontMetrics().height()
        for share in (0.5, 1.0):
            top = plot.bottom() - share * plot.height() - height
            painter.drawText(QRectF(plot.left(), top, plot.width(), height), side, f"{share * 100:.0f} %")

    def _draw_curve(self, painter: QPainter, plot: QRectF) -> None:
        accent = theme().colour(Token.ACCENT)
        line = QPainterPath(self._place(plot, 0, 0.0))
        for point in self._points:
            line.lineTo(self._place(plot, point.limit_bytes, point.preload_hit_rate))
        area = QPainterPath(line)
        area.lineTo(self._place(plot, self._points[-1].limit_bytes, 0.0))
        area.closeSubpath()
        faint = QColor(accent)
        faint.setAlpha(_FILL_ALPHA)
        painter.fillPath(area, faint)
        painter.strokePath(line, QPen(accent, 2))

    def _draw_marker(self, painter: QPainter, plot: QRectF) -> None:
        point = point_at(self._points, self._limit_bytes)
        if point is None:
            return
        place = self._place(plot, min(self._limit_bytes, self._total_bytes), point.preload_hit_rate)
        text = theme().colour(Token.TEXT)
        painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(place.x(), plot.top(), place.x(), plot.bottom()))
        painter.setPen(QPen(theme().colour(Token.CARD), 2))
        painter.setBrush(text)
        painter.drawEllipse(place, _DOT + 1, _DOT + 1)

    def _place(self, plot: QRectF, limit_bytes: int, rate: float) -> QPointF:
        share = limit_bytes / self._total_bytes if self._total_bytes else 0.0
        x = plot.right() - share * plot.width() if self._mirrored else plot.left() + share * plot.width()
        return QPointF(x, plot.bottom() - rate * plot.height())

    @property
    def _mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft
