"""What painters need of the theme, fetched once an appearance instead of once a cell."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics
from PySide6.QtWidgets import QApplication, QLabel, QStyle

from preheat_gui.widgets import Token, body_font, caption_font, theme


@dataclass(frozen=True, slots=True)
class Looks:
    """Fonts with their metrics, and every colour."""

    body: QFont
    caption: QFont
    body_metrics: QFontMetrics
    caption_metrics: QFontMetrics
    colours: dict[Token, QColor]


class LooksOf(QObject):
    """Keeps the looks until theme or font change."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._looks: Looks | None = None
        theme().changed.connect(self._forget)

    def __call__(self) -> Looks:
        """Return the present looks."""
        looks, font = self._looks, QApplication.font()
        if looks is None or looks.body.pointSizeF() != font.pointSizeF() or looks.body.family() != font.family():
            self._looks = looks = _present_looks()
        return looks

    def _forget(self) -> None:
        self._looks = None


def at_start(label: QLabel) -> None:
    """Let a label's text begin where lines begin. Qt alone goes by the text's language, which may be the engine's."""
    side = QStyle.visualAlignment(label.layoutDirection(), Qt.AlignmentFlag.AlignLeft)
    label.setAlignment(side | Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignAbsolute)


def code_font() -> QFont:
    """Return the system's font of fixed width, as large as the other words."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    body = body_font()
    if body.pointSizeF() > 0:
        font.setPointSizeF(body.pointSizeF())
    return font


def _present_looks() -> Looks:
    body, caption = body_font(), caption_font()
    colours = {token: theme().colour(token) for token in Token}
    return Looks(body, caption, QFontMetrics(body), QFontMetrics(caption), colours)
