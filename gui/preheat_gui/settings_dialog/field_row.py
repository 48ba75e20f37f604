"""One setting in the window: label, field, what it means, what is wrong with it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from preheat_gui.settings_dialog.declarations import Declaration
from preheat_gui.settings_dialog.editors import Editor, SwitchEditor
from preheat_gui.widgets import GAP, GROUP_GAP, ScaledLabel, Token, caption, set_role, symbol

_ICON_PX: Final = 14


class Remark(QWidget):
    """A sentence with a sign before it, hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign = QLabel(self)
        self._words: ScaledLabel = caption(parent=self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP // 2)
        layout.addWidget(self._sign, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._words, 1)
        self.hide()

    @property
    def words(self) -> str:
        """The sentence; empty while there is none."""
        return self._words.text()

    def show_words(self, words: str, *, wrong: bool) -> None:
        """Say what is wrong, or what is worth knowing; nothing with no words."""
        if words:
            sign, token = ("warning", Token.BAD) if wrong else ("info", Token.STANDBY)
            self._sign.setPixmap(symbol(sign, token).pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF()))
            set_role(self._words, "bad" if wrong else "muted")
        self._words.setText(words)
        self.setVisible(bool(words))


class FieldRow(QWidget):
    """A setting's row: its label at the side, what it means under its field."""

    def __init__(self, declaration: Declaration, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.declaration = declaration
        self.editor = editor
        self.setObjectName(f"row_{declaration.name}")
        self.remark = Remark(self)
        self.remark.setObjectName(f"remark_{declaration.name}")
        field = editor.main_widget()
        # A check box has its words beside it.
        self._label = QLabel("" if isinstance(editor, SwitchEditor) else declaration.label, self)
        self._label.setBuddy(field)
        self._label.setWordWrap(True)
        field.setAccessibleName(declaration.label)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(GROUP_GAP)
        layout.setVerticalSpacing(GAP // 2)
        layout.setColumnStretch(1, 1)
        top = Qt.AlignmentFlag.AlignTop
        if not editor.is_flat:
            self._label.setContentsMargins(0, GAP // 2, 0, 0)  # beside the first line of what is higher
        layout.addWidget(self._label, 0, 0, Qt.AlignmentFlag.AlignVCenter if editor.is_flat else top)
        layout.addWidget(editor, 0, 1)
        layout.addWidget(caption(declaration.description, self), 1, 1)
        layout.addWidget(self.remark, 2, 1)
        self._describe()

    def label_width(self) -> int:
        """Return the width that the label would like, in pixels."""
        return self._label.fontMetrics().horizontalAdvance(self._label.text())

    def set_label_width(self, width: int) -> None:
        """Let the label take so much, as those of the other rows do."""
        self._label.setFixedWidth(width)

    def show_problem(self, reason: str) -> None:
        """Mark the field and say why."""
        self.editor.mark(True)
        self.remark.show_words(reason, wrong=True)
        self._describe()

    def show_note(self, note: str) -> None:
        """Say something beside the field; nothing with no words."""
        self.editor.mark(False)
        self.remark.show_words(note, wrong=False)
        self._describe()

    def _describe(self) -> None:
        words = (self.declaration.description, self.remark.words)
        self.editor.main_widget().setAccessibleDescription(" ".join(filter(None, words)))
