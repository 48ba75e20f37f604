"""A model's sign as a small picture: its hue and pattern, with its mark. GUI thread."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Self

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QIcon, QPainter, QPixmap

from preheat.control import Pattern, Sign
from preheat_gui.widgets.drawn_icon import DrawnIcon
from preheat_gui.widgets.theme import body_font, model_colours, theme

SIGN_PX: Final = 18
_CORNER_SHARE: Final = 0.22  # Of a sign's height
_MARK_SHARE: Final = 0.62
_LONG_MARK_SHARE: Final = 0.48
_PATTERN_ALPHA: Final = 70
_PATTERN_FROM: Final = 0.72  # Only the lower edge has a pattern: the mark stays readable


def paint_model_sign(painter: QPainter, rect: QRectF, sign: Sign) -> None:
    """Paint a model's sign in the theme's colours."""
    fill, text = model_colours(dark=theme().dark)[sign.hue]
    corner = rect.height() * _CORNER_SHARE
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(rect, corner, corner)
    paint_pattern(painter, rect.adjusted(1, rect.height() * _PATTERN_FROM, -1, -1), sign, text)
    painter.setPen(text)
    painter.setFont(_mark_font(round(rect.height() * (_MARK_SHARE if len(sign.mark) < 3 else _LONG_MARK_SHARE))))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, sign.mark)


def paint_pattern(painter: QPainter, rect: QRectF, sign: Sign, text: QColor) -> None:
    """Paint a sign's pattern over its hue; ``text`` is the colour of text on it."""
    if sign.pattern is Pattern.PLAIN:
        return
    colour = QColor(text)
    colour.setAlpha(_PATTERN_ALPHA)
    style = Qt.BrushStyle.BDiagPattern if sign.pattern is Pattern.STRIPES else Qt.BrushStyle.Dense6Pattern
    painter.fillRect(rect, QBrush(colour, style))


@lru_cache(maxsize=64)
def model_sign_icon(sign: Sign) -> QIcon:
    """Return a model's sign for menus and lists; it follows the theme."""
    return _SignIcon(sign).icon()


class _SignIcon(DrawnIcon):
    def __init__(self, sign: Sign) -> None:
        super().__init__()
        self._sign = sign

    def copy(self) -> Self:
        return type(self)(self._sign)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self._draw(painter, QRectF(pixmap.rect()))
        painter.end()
        return pixmap

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        self._draw(painter, QRectF(rect))
        painter.restore()

    def _draw(self, painter: QPainter, rect: QRectF) -> None:
        side = min(rect.width(), rect.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(rect.center())
        paint_model_sign(painter, square.adjusted(0.5, 0.5, -0.5, -0.5), self._sign)


@lru_cache(maxsize=16)
def _mark_font(pixels: int) -> QFont:
    font = body_font()
    font.setPixelSize(max(pixels, 6))
    font.setWeight(QFont.Weight.DemiBold)
    return font
