"""The strip under a list of models to fetch: what is selected, and the button that fetches it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from preheat_gui.widgets import CAPTION_SCALE, GAP, GROUP_GAP, Card, ElidedLabel, Token, scaled_font, set_role


class ChoiceStrip(Card):
    """Says in two lines what is selected, and has one main button, and one beside it.

    Attributes:
        get_clicked: The main button was pressed.
        more_clicked: The other one was.
    """

    get_clicked = Signal()
    more_clicked = Signal()

    def __init__(self, name: str, get_text: str, more_text: str = "", parent: QWidget | None = None) -> None:
        """Make it.

        Args:
            name: The list's name; those of the strip's parts begin with it.
            more_text: Empty for no second button.
        """
        super().__init__(parent=parent)
        self.setObjectName(f"{name}_strip")
        self._name = ElidedLabel(parent=self)
        self._name.setFont(scaled_font(1.0, QFont.Weight.DemiBold))
        self._words = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._words.setObjectName(f"{name}_words")
        self._words.setFont(scaled_font(CAPTION_SCALE))
        self._words.set_token(Token.MUTED)
        self._more = QPushButton(more_text, self)
        self._more.setObjectName(f"{name}_more")
        self._more.setVisible(bool(more_text))
        self._get = QPushButton(get_text, self)
        self._get.setObjectName(f"{name}_get")
        set_role(self._get, "main")
        self._more.clicked.connect(self.more_clicked)
        self._get.clicked.connect(self.get_clicked)
        texts = QVBoxLayout()
        texts.setSpacing(GAP // 2)
        texts.addWidget(self._name)
        texts.addWidget(self._words)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addLayout(texts, 1)
        row.addWidget(self._more)
        row.addWidget(self._get)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(row)

    def show_choice(self, name: str, words: str, *, can_get: bool, can_see_more: bool = True) -> None:
        """Say what is selected.

        Args:
            can_get: Whether the main button does something.
            can_see_more: Whether the other one does.
        """
        self._name.setText(name)
        self._words.setText(words)
        self._get.setEnabled(can_get)
        self._more.setEnabled(can_see_more)
        self.setAccessibleName(name)
        self.setAccessibleDescription(words)
