"""Icons from ``resources/icons/*.svg`` in the theme's colours, at any size. GUI thread."""

from __future__ import annotations

import math
import sys
from enum import StrEnum
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from preheat.paths import resource
from preheat_gui.widgets.theme import Panel, Token, theme, tray_colours

# The sizes that panels use, in pixels: 16 to 64, and twice that on dense screens
TRAY_SIZES: Final = (16, 22, 24, 32, 44, 48, 64, 96, 128)

PROGRESS_STEPS: Final = 32  # Steps of the ring: finer ones look the same, and each costs the panel a new icon
MAX_COUNT: Final = 9  # More models than this are shown as ``9+``
_SVG: Final = "{http://www.w3.org/2000/svg}"
_FAINT: Final = 0.4  # Opacity of the empty part of the ring
_RING_LENGTH: Final = 7.0 * math.pi * 1.5  # Length of the path ``fill`` in tray.svg: three quarters of a circle


class TrayState(StrEnum):
    """The states of the tray icon."""

    IDLE = "idle"
    PRELOADING = "preloading"
    HOT = "hot"
    PAUSED = "paused"
    ERROR = "error"


def symbol(name: str, token: Token = Token.TEXT) -> QIcon:
    """Return the symbol ``resources/icons/<name>.svg``, which follows the theme."""
    resource(f"icons/{name}.svg")
    return QIcon(_SymbolEngine(name, token))


def mark_icon() -> QIcon:
    """Return Preheat's logo."""
    return QIcon(_SymbolEngine("mark", Token.ACCENT))


def tray_icon(
    state: TrayState, *, progress: float | None, count: int, panel: Panel, template: bool = sys.platform == "darwin"
) -> QIcon:
    """Return the tray icon in all ``TRAY_SIZES``.

    Args:
        progress: 0.0 to 1.0.
        count: Number of hot models.
        template: The panel takes the shape alone and colours it itself, as macOS does in its menu bar.
    """
    steps = round(min(max(progress or 0.0, 0.0), 1.0) * PROGRESS_STEPS)
    shown_steps = steps if state is TrayState.PRELOADING else 0
    return _tray_icon(state, shown_steps, min(count, MAX_COUNT + 1), panel, template)


@lru_cache(maxsize=64)
def _tray_icon(state: TrayState, steps: int, count: int, panel: Panel, template: bool) -> QIcon:
    svg = _tray_svg(_tray_parts(state, steps, count, tray_colours(panel)), steps / PROGRESS_STEPS)
    icon = QIcon()
    for size in TRAY_SIZES:
        icon.addPixmap(_drawn(svg, size, size))
    icon.setIsMask(template)
    return icon


def _tray_parts(state: TrayState, steps: int, count: int, colours: dict[Token, QColor]) -> dict[str, QColor]:
    grey, amber, signs = colours[Token.MUTED], colours[Token.ACCENT], colours[Token.TEXT]
    if state is TrayState.IDLE:
        return {"track": grey, "flame": grey}
    if state is TrayState.PRELOADING:
        faint = QColor(grey)
        faint.setAlphaF(_FAINT)
        # A dash of length 0 would still show as a dot, because of its round ends.
        return {"track": faint, "flame": grey} | ({"fill": amber} if steps else {})
    if state is TrayState.HOT:
        return {"flame-beside": amber, f"count-{count}" if count <= MAX_COUNT else "count-many": signs}
    if state is TrayState.PAUSED:
        return {"flame-beside": grey, "bars": signs}
    return {"flame-beside": grey, "dot": colours[Token.BAD]}


def _tray_svg(parts: dict[str, QColor], progress: float) -> bytes:
    """Return tray.svg reduced to ``parts``, in their colours."""
    root = ElementTree.fromstring(_source("tray"))
    for parent in list(root.iter()):
        for element in list(parent):
            name = element.get("id")
            if name is None:
                continue
            if name not in parts:
                parent.remove(element)
                continue
            element.set("color", parts[name].name())  # the value of currentColor
            element.set("opacity", f"{parts[name].alphaF():.2f}")
            if name == "fill":
                element.set("stroke-dasharray", f"{_RING_LENGTH * progress:.2f} 99")
    return ElementTree.tostring(root)


class _SymbolEngine(QIconEngine):
    """Draws a symbol in its token's current colour."""

    def __init__(self, name: str, token: Token) -> None:
        super().__init__()
        self._name = name
        self._token = token

    def clone(self) -> QIconEngine:
        return _SymbolEngine(self._name, self._token)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        token = Token.DISABLED if mode is QIcon.Mode.Disabled else self._token
        return _symbol_pixmap(self._name, theme().colour(token).name(), size.width(), size.height())

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(rect, self.pixmap(rect.size() * ratio, mode, state))


@lru_cache(maxsize=512)
def _symbol_pixmap(name: str, colour: str, width: int, height: int) -> QPixmap:
    return _drawn(_source(name).replace(b"currentColor", colour.encode()), width, height)


def _drawn(svg: bytes, width: int, height: int) -> QPixmap:
    """Return a square picture, centred in the pixmap."""
    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    side = min(width, height)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg)).render(painter, QRectF((width - side) / 2, (height - side) / 2, side, side))
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def _source(name: str) -> bytes:
    return resource(f"icons/{name}.svg").read_bytes()
