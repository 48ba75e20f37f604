"""Breaks words into a few lines, for painters."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QTextLayout, QTextOption


@lru_cache(maxsize=1024)
def wrapped(text: str, font: QFont, width: int, most: int) -> tuple[str, ...]:
    """Return the lines of ``text`` at ``width`` pixels; of more than ``most``, the last ends in an ellipsis."""
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.beginLayout()
    starts: list[int] = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(width, 1))
        starts.append(line.textStart())
        if len(starts) > most:
            break
    layout.endLayout()
    shown = [text[first:end].rstrip() for first, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    if len(shown) > most:
        rest = text[starts[most - 1] :]
        shown = [*shown[: most - 1], QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, width)]
    return tuple(shown)
