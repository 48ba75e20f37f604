"""Labels in the three sizes of type beside the body's."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QWidget

from preheat_gui.widgets.style_sheet import set_role
from preheat_gui.widgets.theme import CAPTION_SCALE, FIGURE_SCALE, HEADING_SCALE, scaled_font


class ScaledLabel(QLabel):
    """Plain text at a multiple of the system's size, also after the user has changed that."""

    def __init__(
        self, text: str, scale: float, *, weight: QFont.Weight | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._scale = scale
        self._weight = weight
        self.setFont(scaled_font(scale, weight))

    def event(self, event: QEvent) -> bool:
        """Follow the system's font."""
        if event.type() == QEvent.Type.ApplicationFontChange:  # never comes to changeEvent
            self.setFont(scaled_font(self._scale, self._weight))
        return super().event(event)


def heading(text: str = "", parent: QWidget | None = None) -> ScaledLabel:
    """Return the title of a page or a card."""
    return ScaledLabel(text, HEADING_SCALE, weight=QFont.Weight.DemiBold, parent=parent)


def figure(text: str = "", parent: QWidget | None = None) -> ScaledLabel:
    """Return a large number."""
    return ScaledLabel(text, FIGURE_SCALE, weight=QFont.Weight.DemiBold, parent=parent)


def caption(text: str = "", parent: QWidget | None = None) -> ScaledLabel:
    """Return small muted words that may take several lines."""
    label = ScaledLabel(text, CAPTION_SCALE, parent=parent)
    label.setWordWrap(True)
    set_role(label, "muted")
    return label
