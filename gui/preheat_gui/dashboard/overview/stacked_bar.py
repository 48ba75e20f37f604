"""A bar of several segments with a legend under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from preheat_gui.dashboard.painting import LooksOf, draw_text
from preheat_gui.dashboard.rows import LEADING, TRAILING
from preheat_gui.widgets import GAP, GROUP_GAP, Token

_BAR: Final = 10
_DOT: Final = 8
_CUT: Final = 2


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the bar."""

    size: int  # In any unit that all segments share
    token: Token
    name: str
    figure: str  # The size in words
    tooltip: str = ""


class StackedBar(QWidget):
    """Shows segments in reading direction. Repaints only when they change."""

    def __init__(self) -> None:
        super().__init__()
        self._segments: tuple[Segment, ...] = ()
        self._looks = LooksOf(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_segments(self, segments: Sequence[Segment]) -> None:
        """Show these segments."""
        if tuple(segments) == self._segments:
            return
        self._segments = tuple(segments)
        self.setAccessibleDescription(", ".join(f"{segment.name} {segment.figure}" for segment in segments))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(220, _BAR + GAP + self._line_step() * len(self._segments))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(140, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Explain the segment under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tooltip_at(event.pos()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, looks = QPainter(self), self._looks()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # "3.0 GB" reads so in every language
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, self.width(), _BAR), _BAR / 2, _BAR / 2)
        painter.setClipPath(shape)
        for segment, rect in zip(self._segments, self._bar_rects(), strict=True):
            painter.fillRect(rect, looks.colours[segment.token])
        painter.setClipping(False)
        for segment, rect in zip(self._segments, self._line_rects(), strict=True):
            self._paint_line(painter, segment, rect)

    def _paint_line(self, painter: QPainter, segment: Segment, rect: QRect) -> None:
        looks, direction = self._looks(), self.layoutDirection()
        dot = QRect(rect.left(), rect.center().y() - _DOT // 2 + 1, _DOT, _DOT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(looks.colours[segment.token])
        painter.drawEllipse(QStyle.visualRect(direction, rect, dot))
        painter.setFont(looks.caption)
        width = looks.caption_metrics.horizontalAdvance(segment.figure) + 2
        figure = QRect(rect.right() + 1 - width, rect.top(), width, rect.height())
        name = rect.adjusted(_DOT + GAP, 0, -width - GROUP_GAP, 0)
        text = looks.caption_metrics.elidedText(segment.name, Qt.TextElideMode.ElideMiddle, name.width())
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, QStyle.visualRect(direction, rect, name), LEADING, text)
        painter.setPen(looks.colours[Token.MUTED])
        draw_text(painter, direction, QStyle.visualRect(direction, rect, figure), TRAILING, segment.figure)

    def _bar_rects(self) -> list[QRect]:
        whole = QRect(0, 0, self.width(), _BAR)
        total = sum(segment.size for segment in self._segments) or 1
        rects, begin = [], 0
        for segment in self._segments:
            end = begin + segment.size
            left, right = round(begin * whole.width() / total), round(end * whole.width() / total)
            rect = QRect(left, 0, max(0, right - left - (_CUT if end < total else 0)), _BAR)
            rects.append(QStyle.visualRect(self.layoutDirection(), whole, rect))
            begin = end
        return rects

    def _line_rects(self) -> list[QRect]:
        step = self._line_step()
        lines = range(len(self._segments))
        return [QRect(0, _BAR + GAP + line * step, self.width(), step - GAP // 2) for line in lines]

    def _line_step(self) -> int:
        return self._looks().caption_metrics.height() + GAP // 2

    def _tooltip_at(self, at: QPoint) -> str:
        for rects in (self._bar_rects(), self._line_rects()):
            for segment, rect in zip(self._segments, rects, strict=True):
                if rect.contains(at):
                    return segment.tooltip or f"{segment.name}: {segment.figure}"
        return ""
