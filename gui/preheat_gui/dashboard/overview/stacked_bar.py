"""A bar of several parts with their names under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from preheat_gui.dashboard.looks import LooksOf
from preheat_gui.widgets import GAP, GROUP_GAP, Token

_BAR: Final = 10
_DOT: Final = 8
_CUT: Final = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the bar.

    Attributes:
        size: In the same unit as the other parts', coarse enough that what cannot be seen changes nothing.
        name: What it is; ``figure`` says how much.
        tooltip: What it means.
    """

    size: int
    token: Token
    name: str
    figure: str
    tooltip: str = ""


class StackedBar(QWidget):
    """Shows the parts one after the other in the direction of reading. It paints only when they change."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self._looks = LooksOf(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_parts(self, parts: Sequence[Part]) -> None:
        """Show these parts."""
        if tuple(parts) == self._parts:
            return
        self._parts = tuple(parts)
        self.setAccessibleDescription(", ".join(f"{part.name} {part.figure}" for part in parts))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size for the bar and a line a part."""
        line = self._looks().caption_metrics.height() + GAP // 2
        return QSize(220, _BAR + GAP + line * len(self._parts))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the size that shows all parts."""
        return QSize(140, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """Explain the part under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tooltip_at(event.pos()), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw bar and names."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        looks = self._looks()
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # "3.0 GB" reads so in every language
        painter.setPen(Qt.PenStyle.NoPen)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(0, 0, self.width(), _BAR), _BAR / 2, _BAR / 2)
        painter.setClipPath(shape)
        for part, rect in zip(self._parts, self._bar_rects(), strict=True):
            painter.fillRect(rect, looks.colours[part.token])
        painter.setClipping(False)
        for part, rect in zip(self._parts, self._line_rects(), strict=True):
            self._paint_line(painter, part, rect)

    # -- private ------------------------------------------------------------------------------------------------------

    def _paint_line(self, painter: QPainter, part: Part, rect: QRect) -> None:
        looks, direction = self._looks(), self.layoutDirection()
        dot = QRect(rect.left(), rect.center().y() - _DOT // 2 + 1, _DOT, _DOT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(looks.colours[part.token])
        painter.drawEllipse(QStyle.visualRect(direction, rect, dot))
        painter.setFont(looks.caption)
        figure_width = looks.caption_metrics.horizontalAdvance(part.figure) + 2
        figure = QRect(rect.right() + 1 - figure_width, rect.top(), figure_width, rect.height())
        name = rect.adjusted(_DOT + GAP, 0, -figure_width - GROUP_GAP, 0)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        painter.setPen(looks.colours[Token.TEXT])
        words = looks.caption_metrics.elidedText(part.name, Qt.TextElideMode.ElideMiddle, name.width())
        painter.drawText(
            QStyle.visualRect(direction, rect, name), middle | QStyle.visualAlignment(direction, left), words
        )
        painter.setPen(looks.colours[Token.MUTED])
        painter.drawText(
            QStyle.visualRect(direction, rect, figure), middle | QStyle.visualAlignment(direction, right), part.figure
        )

    def _bar_rects(self) -> list[QRect]:
        whole = QRect(0, 0, self.width(), _BAR)
        total = sum(part.size for part in self._parts) or 1
        rects, begin = [], 0
        for part in self._parts:
            end = begin + part.size
            left, right = round(begin * whole.width() / total), round(end * whole.width() / total)
            rect = QRect(left, 0, max(0, right - left - (_CUT if end < total else 0)), _BAR)
            rects.append(QStyle.visualRect(self.layoutDirection(), whole, rect))
            begin = end
        return rects

    def _line_rects(self) -> list[QRect]:
        height = self._looks().caption_metrics.height()
        step = height + GAP // 2
        return [QRect(0, _BAR + GAP + row * step, self.width(), height) for row in range(len(self._parts))]

    def _tooltip_at(self, at: QPoint) -> str:
        for rects in (self._bar_rects(), self._line_rects()):
            for part, rect in zip(self._parts, rects, strict=True):
                if rect.contains(at):
                    return part.tooltip or f"{part.name}: {part.figure}"
        return ""
