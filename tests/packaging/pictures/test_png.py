from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QColor, QImage

from pictures.png import write_png

SIDE = 64


def test_few_colours_are_unchanged(tmp_path: Path) -> None:
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    image.fill(QColor("#FAFAF9"))
    image.setPixelColor(3, 5, QColor("#B45309"))
    write_png(image, tmp_path / "few.png")
    written = QImage(str(tmp_path / "few.png"))
    assert written.pixelColor(3, 5).name() == "#b45309"
    assert written.pixelColor(4, 5).name() == "#fafaf9"


def test_a_small_red_sign_keeps_its_colour_among_many(tmp_path: Path) -> None:
    image = QImage(SIDE, SIDE, QImage.Format.Format_RGB32)
    for x in range(SIDE):
        for y in range(SIDE):
            image.setPixelColor(x, y, QColor(x * 3, x * 3, y * 3))
    image.setPixelColor(10, 10, QColor("#F87171"))
    write_png(image, tmp_path / "many.png")
    written = QImage(str(tmp_path / "many.png"))
    assert written.colorCount() <= 256
    assert written.pixelColor(10, 10).name() == "#f87171"
    grey, as_written = image.pixelColor(40, 40), written.pixelColor(40, 40)
    assert abs(grey.red() - as_written.red()) < 16
