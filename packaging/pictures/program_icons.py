"""Draw the program's icon for Windows and macOS from ``resources/icons/mark.svg``, and the installer's picture.

Usage: ``python packaging/pictures/program_icons.py FOLDER`` writes preheat.ico, preheat.icns and installer.bmp.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT: Final = Path(__file__).resolve().parents[2]
MARK: Final = ROOT / "resources" / "icons" / "mark.svg"
AMBER: Final = "#D97706"
"""Between the accents of the light and the dark theme: an icon is on both."""
DARK: Final = "#1C1917"
DARK_AMBER: Final = "#FBBF24"

ICO_SIZES: Final = (16, 20, 24, 32, 40, 48, 64, 128, 256)
ICNS_SIZES: Final = (16, 32, 64, 128, 256, 512, 1024)
MAC_MARGIN: Final = 100 / 1024  # Apple's grid: the shape has 824 of 1024 pixels
MAC_RADIUS: Final = 185 / 1024
BANNER: Final = QSize(164, 314)  # NSIS's size for the first and last page


def plain(size: int) -> QImage:
    """Return the mark on nothing."""
    return _drawn(QSize(size, size), lambda painter: _mark(painter, QRectF(0, 0, size, size), AMBER))


def in_a_square(size: int) -> QImage:
    """Return the mark on a rounded square, as macOS has it."""

    def draw(painter: QPainter) -> None:
        margin = size * MAC_MARGIN
        square = QRectF(margin, margin, size - 2 * margin, size - 2 * margin)
        painter.setBrush(QColor(DARK))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(square, size * MAC_RADIUS, size * MAC_RADIUS)
        inset = square.width() * 0.2
        _mark(painter, square.adjusted(inset, inset, -inset, -inset), DARK_AMBER)

    return _drawn(QSize(size, size), draw)


def banner(size: QSize = BANNER) -> QImage:
    """Return the picture next to the text of the installer."""

    def draw(painter: QPainter) -> None:
        painter.fillRect(0, 0, size.width(), size.height(), QColor(DARK))
        side = size.width() * 0.5
        _mark(painter, QRectF((size.width() - side) / 2, (size.height() - side) / 2, side, side), DARK_AMBER)

    return _drawn(size, draw)


def write_icons(folder: Path) -> None:
    """Write all files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "preheat.ico", plain, ICO_SIZES)
    _write(folder / "preheat.icns", in_a_square, ICNS_SIZES)
    _pillow(banner()).convert("RGB").save(folder / "installer.bmp")


def _write(path: Path, draw: Callable[[int], QImage], sizes: tuple[int, ...]) -> None:
    largest, *smaller = (_pillow(draw(size)) for size in reversed(sizes))
    largest.save(path, sizes=[(size, size) for size in sizes], append_images=smaller)


def _drawn(size: QSize, draw: Callable[[QPainter], None]) -> QImage:
    image = QImage(size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw(painter)
    painter.end()
    return image


def _mark(painter: QPainter, where: QRectF, colour: str) -> None:
    svg = MARK.read_bytes().replace(b"currentColor", colour.encode())
    QSvgRenderer(QByteArray(svg)).render(painter, where)


def _pillow(image: QImage) -> Image.Image:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # PySide6's types know only bytes here
    return Image.open(io.BytesIO(buffer.data().data()))


def main() -> None:
    """Write the icons into the folder that the command line names."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication(sys.argv)
    write_icons(Path(sys.argv[1]))
    application.quit()


if __name__ == "__main__":
    main()
