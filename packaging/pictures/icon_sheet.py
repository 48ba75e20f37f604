"""One picture of all states of the tray icon, in two sizes, on a desktop panel."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from preheat_gui.widgets import GAP, GROUP_GAP, MARGIN, Panel, Token, TrayState, body_font, theme, tray_icon

_SIDES: Final = (48, 22)  # pixels
_CELL: Final = 116
_LINE: Final = 20

_LOOKS: Final = (
    ("nothing loaded", TrayState.IDLE, None, 0),
    ("starting", TrayState.PRELOADING, 0.15, 0),
    ("preloading", TrayState.PRELOADING, 0.63, 0),
    ("3 ready", TrayState.HOT, None, 3),
    ("paused", TrayState.PAUSED, None, 0),
    ("problem", TrayState.ERROR, None, 0),
)


def icon_sheet() -> QImage:
    """Return the picture in the current theme."""
    appearance = theme()
    panel = Panel.DARK if appearance.dark else Panel.LIGHT
    height = 2 * MARGIN + sum(_SIDES) + 2 * GROUP_GAP + _LINE
    image = QImage(len(_LOOKS) * _CELL + 2 * GAP, height, QImage.Format.Format_RGB32)
    image.fill(appearance.colour(Token.BACKGROUND))
    painter = QPainter(image)
    painter.setFont(body_font())
    for number, (words, state, progress, count) in enumerate(_LOOKS):
        icon = tray_icon(state, progress=progress, count=count, panel=panel)
        left, top = GAP + number * _CELL, MARGIN
        for side in _SIDES:
            painter.drawPixmap(left + (_CELL - side) // 2, top, icon.pixmap(side, side))
            top += side + GROUP_GAP
        painter.setPen(QColor(appearance.colour(Token.MUTED)))
        painter.drawText(QRect(left, top, _CELL, _LINE), Qt.AlignmentFlag.AlignCenter, words)
    painter.end()
    return image
