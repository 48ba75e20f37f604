"""Icons from ``resources/icons/*.svg`` in the theme's colours, at any size. GUI thread."""

from __future__ import annotations

import math
import sys
from enum import StrEnum
from functools import lru_cache
from typing import Final, Self
from xml.etree import ElementTree

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from preheat.paths import resource
from preheat_gui.widgets.drawn_icon import DrawnIcon
from preheat_gui.widgets.theme import Panel, Token, theme, tray_colours

# The sizes that panels use, in pixels: 16 to 64, and twice that on dense screens
TRAY_SIZES: Final = (16, 22, 24, 32, 44, 48, 64, 96, 128)

PROGRESS_STEPS: Final = 32  # Steps of the ring: finer ones look the same, and each costs the panel a new icon
MAX_COUNT: Final = 9  # More models than this are shown as ``9+``
_SVG: Final = "{http://www.w3.org/2000/svg}"
_FAINT: Final = 0.4  # Opacity of the empty part of the ring
_OUTLINE: Final = 1.0  # Width of the outline, in the units of tray.svg
_OUTLINED_BOX: Final = "-0.6 -0.6 17.2 17.2"  # Has room for the outline
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
    return _Symbol(name, token).icon()


def mark_icon() -> QIcon:
    """Return Preheat's logo."""
    return _Symbol("mark", Token.ACCENT).icon()


def tray_icon(
    state: TrayState, *, progress: float | None, count: int, panel: Panel, template: bool = sys.platform == "darwin"
) -> QIcon:
    """Return the tray icon in all ``TRAY_SIZES``.

    Its outline keeps it legible where the panel is not as bright as the system says, which is common: the panel of a
    light desktop may be dark.

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
    parts, progress = _tray_parts(state, steps, count, tray_colours(panel)), steps / PROGRESS_STEPS
    layers = [_tray_svg(parts, progress)]
    if not template:
        around = tray_colours(panel)[Token.BACKGROUND]
        layers = [_tray_svg(parts, progress, around=around), _tray_svg(parts, progress, box=_OUTLINED_BOX)]
    icon = _TrayIcon(tuple(layers)).icon()
    icon.setIsMask(template)
    return icon


class _TrayIcon(DrawnIcon):
    """Draws the icon in the sizes that the panel asks for: drawing all of them takes 10 ms."""

    def __init__(self, layers: tuple[bytes, ...]) -> None:
        super().__init__()
        self._layers = layers

    def copy(self) -> Self:
        return type(self)(self._layers)

    def availableSizes(  # noqa: N802
        self, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off
    ) -> list[QSize]:
        return [QSize(size, size) for size in TRAY_SIZES]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return _tray_pixmap(self._layers, size.width(), size.height())


@lru_cache(maxsize=64)
def _tray_pixmap(layers: tuple[bytes, ...], width: int, height: int) -> QPixmap:
    return _drawn(width, height, *layers)


def _tray_parts(state: TrayState, steps: int, count: int, table: dict[Token, QColor]) -> dict[str, QColor]:
    grey, amber, signs = table[Token.MUTED], table[Token.ACCENT], table[Token.TEXT]
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
    return {"flame-beside": grey, "dot": table[Token.BAD]}


def _tray_svg(parts: dict[str, QColor], progress: float, *, around: QColor | None = None, box: str = "") -> bytes:
    """Return tray.svg reduced to ``parts``, in their colours; or their outline in the colour ``around``."""
    root = ElementTree.fromstring(_source("tray"))
    if around is not None:
        parts = {name: _with_alpha(around, colour.alphaF()) for name, colour in parts.items()}
        _widen(root, 0.0)
    if box or around is not None:
        root.set("viewBox", box or _OUTLINED_BOX)
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


def _widen(element: ElementTree.Element, inherited: float) -> None:
    """Give a drawing wider lines, and lines around its areas, so that it sticks out by the outline's width."""
    width = float(element.get("stroke-width", inherited))
    for child in element:
        _widen(child, width)
    if element.tag in (f"{_SVG}path", f"{_SVG}rect", f"{_SVG}circle"):
        element.set("stroke", "currentColor")
        element.set("stroke-width", f"{width + 2 * _OUTLINE:.2f}")
        element.set("stroke-linejoin", "round")


def _with_alpha(colour: QColor, alpha: float) -> QColor:
    result = QColor(colour)
    result.setAlphaF(alpha)
    return result


class _Symbol(DrawnIcon):
    """Draws a symbol in its token's current colour."""

    def __init__(self, name: str, token: Token) -> None:
        super().__init__()
        self._name = name
        self._token = token

    def copy(self) -> Self:
        return type(self)(self._name, self._token)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        token = Token.DISABLED if mode is QIcon.Mode.Disabled else self._token
        return _symbol_pixmap(self._name, theme().colour(token).name(), size.width(), size.height())


@lru_cache(maxsize=512)
def _symbol_pixmap(name: str, colour: str, width: int, height: int) -> QPixmap:
    return _drawn(width, height, _source(name).replace(b"currentColor", colour.encode()))


def _drawn(width: int, height: int, *layers: bytes) -> QPixmap:
    """Return square pictures on top of each other, centred in the pixmap."""
    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    side = min(width, height)
    painter = QPainter(pixmap)
    for svg in layers:
        QSvgRenderer(QByteArray(svg)).render(painter, QRectF((width - side) / 2, (height - side) / 2, side, side))
    painter.end()
    return pixmap


@lru_cache(maxsize=64)
def _source(name: str) -> bytes:
    return resource(f"icons/{name}.svg").read_bytes()
