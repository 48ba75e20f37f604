"""A surface that groups widgets."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from preheat_gui.widgets.labels import ScaledLabel, heading
from preheat_gui.widgets.style_sheet import set_role
from preheat_gui.widgets.theme import GAP, GROUP_GAP


class Card(QFrame):
    """A rounded surface with a hairline border."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "card")
        self.body = QVBoxLayout(self)  # The layout of the content, under the title
        self.body.setContentsMargins(GROUP_GAP, GROUP_GAP, GROUP_GAP, GROUP_GAP)
        self.body.setSpacing(GAP)
        self.title: ScaledLabel = heading(parent=self)  # The title's label; hidden while empty
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.body.addWidget(self.title)
        self.set_title(title)

    def set_title(self, title: str) -> None:
        """Change the title and the accessible name."""
        self.title.setText(title)
        self.title.setVisible(bool(title))
        self.setAccessibleName(title)
