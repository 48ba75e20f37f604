"""The icons of the desktop's icon theme, drawn from ``resources/icons/mark.svg``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from linux.product import NAME, ROOT

SIZES: Final = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
"""Pixels."""

_COLOUR: Final = "#d97706"
_SYMBOLIC_COLOUR: Final = "#2e3436"
"""Desktops replace it with the colour of their text."""


def write_icons(theme: Path) -> None:
    """Write the icons into a folder ``hicolor``."""
    from PySide6.QtCore import QByteArray, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    source = (ROOT / "resources" / "icons" / "mark.svg").read_text(encoding="utf-8")
    coloured = source.replace("currentColor", _COLOUR)
    _write(theme / "scalable" / "apps" / f"{NAME}.svg", coloured)
    symbolic = source.replace("currentColor", _SYMBOLIC_COLOUR).replace('"24" height="24"', '"16" height="16"', 1)
    _write(theme / "symbolic" / "apps" / f"{NAME}-symbolic.svg", symbolic)
    renderer = QSvgRenderer(QByteArray(coloured.encode()))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        path = theme / f"{size}x{size}" / "apps" / f"{NAME}.png"
        path.parent.mkdir(parents=True)
        if not image.save(str(path)):
            raise OSError(f"{path} cannot be written")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
