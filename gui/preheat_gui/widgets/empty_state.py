"""The placeholder of an empty list or page."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from preheat_gui.widgets.building import named
from preheat_gui.widgets.labels import ScaledLabel, heading
from preheat_gui.widgets.style_sheet import set_role
from preheat_gui.widgets.theme import GAP, GROUP_GAP


class EmptyState(QWidget):
    """A title, a sentence, and an optional button."""

    clicked = Signal()  # The button was pressed

    def __init__(
        self, title: str, sentence: str, button_text: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._title = heading(parent=self)
        self._sentence = ScaledLabel("", 1.0, parent=self)
        self._button = named(QPushButton(self), "empty_state_button")
        layout = QVBoxLayout(self)
        layout.setSpacing(GAP)
        layout.addStretch()
        for label in (self._title, self._sentence):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        set_role(self._sentence, "muted")
        layout.addSpacing(GROUP_GAP - GAP)
        layout.addWidget(self._button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch()
        self._button.clicked.connect(self.clicked)
        self.set_words(title, sentence, button_text)

    def set_words(self, title: str, sentence: str, button_text: str | None = None) -> None:
        """Change the texts; None hides the button."""
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._button.setText(button_text or "")
        self._button.setVisible(button_text is not None)
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
