"""Fonts, colours and helpers for painters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem

from preheat_gui.widgets import Token, body_font, caption_font, heading_font, shows_ring, theme


@dataclass(frozen=True, slots=True)
class Looks:
    """The theme's fonts with their metrics, and its colours."""

    body: QFont
    strong: QFont  # The body's, bold
    caption: QFont
    heading: QFont
    body_metrics: QFontMetrics
    strong_metrics: QFontMetrics
    caption_metrics: QFontMetrics
    heading_metrics: QFontMetrics
    colours: dict[Token, QColor]
    strong_width: Callable[[str], int]  # Width of a text in pixels, remembered; the others likewise
    caption_width: Callable[[str], int]
    heading_width: Callable[[str], int]


class LooksOf(QObject):
    """Caches the looks until theme or font change."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._looks: Looks | None = None
        theme().changed.connect(self._forget)

    def __call__(self) -> Looks:
        looks, font = self._looks, QApplication.font()
        if looks is None or looks.body.pointSizeF() != font.pointSizeF() or looks.body.family() != font.family():
            body, caption, heading = body_font(), caption_font(), heading_font()
            colours = {token: theme().colour(token) for token in Token}
            strong = bold(body)
            body_metrics, strong_metrics, caption_metrics, heading_metrics = (
                QFontMetrics(each) for each in (body, strong, caption, heading)
            )
            self._looks = looks = Looks(
                body=body,
                strong=strong,
                caption=caption,
                heading=heading,
                body_metrics=body_metrics,
                strong_metrics=strong_metrics,
                caption_metrics=caption_metrics,
                heading_metrics=heading_metrics,
                colours=colours,
                strong_width=_widths(strong_metrics),
                caption_width=_widths(caption_metrics),
                heading_width=_widths(heading_metrics),
            )
        return looks

    def _forget(self) -> None:
        self._looks = None


def _widths(metrics: QFontMetrics) -> Callable[[str], int]:
    return lru_cache(2048)(metrics.horizontalAdvance)


def bold(font: QFont) -> QFont:
    result = QFont(font)
    result.setWeight(QFont.Weight.DemiBold)
    return result


def draw_text(
    painter: QPainter, direction: Qt.LayoutDirection, rect: QRect, alignment: Qt.AlignmentFlag, text: str
) -> None:
    """Draw text in ``rect``, with the alignment mirrored in right-to-left layouts."""
    painter.drawText(rect, QStyle.visualAlignment(direction, alignment) | Qt.AlignmentFlag.AlignAbsolute, text)


def fill_rounded(painter: QPainter, rect: QRect, colour: QColor, radius: float) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(rect, radius, radius)


def paint_star(painter: QPainter, centre: QPointF, size: float) -> None:
    """Paint the favourites' star, ``size`` pixels wide, with the painter's pen and brush."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.drawPolygon(_star(size).translated(centre))


@cache
def _star(size: float) -> QPolygonF:
    return QPolygonF([QPointF(x, y) * (size / 2) for x, y in _STAR_POINTS])


_STAR_POINTS: Final = (
    (0.0, -1.0), (0.25, -0.34), (0.95, -0.31), (0.4, 0.13), (0.59, 0.81),
    (0.0, 0.42), (-0.59, 0.81), (-0.4, 0.13), (-0.95, -0.31), (-0.25, -0.34),
)  # fmt: skip


def paint_focus(painter: QPainter, option: QStyleOptionViewItem, rect: QRect, looks: Looks) -> None:
    """Outline the cell or row that has the focus, while the keyboard is in use."""
    if not option.state & QStyle.StateFlag.State_HasFocus or not shows_ring(option.widget):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(looks.colours[Token.ACCENT], 1.5))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(1.5, 1.5, -1.5, -2.5), 4, 4)


@lru_cache(maxsize=1024)
def wrapped(text: str, font: QFont, width: int, max_lines: int) -> tuple[str, ...]:
    """Return the lines of ``text`` at ``width`` pixels, with an ellipsis if there are more than ``max_lines``."""
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    starts: list[int] = []
    while (line := layout.createLine()).isValid() and len(starts) <= max_lines:
        line.setLineWidth(max(width, 1))
        starts.append(line.textStart())
    layout.endLayout()
    lines = [text[first:end].rstrip() for first, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    if len(lines) > max_lines:
        rest = text[starts[max_lines - 1] :]
        lines[max_lines - 1 :] = [QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, width)]
    return tuple(lines)
