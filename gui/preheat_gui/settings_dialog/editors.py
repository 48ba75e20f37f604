"""The fields of the settings window: each turns a setting's text into something that can be edited, and back."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from preheat.settings import AUTO, Size
from preheat_gui.settings_dialog.declarations import Declaration, choice_words
from preheat_gui.widgets import GAP, set_role
from preheat_gui.words import format_memory

_TEXT_MARGIN: Final = 5
_NUMBER_CHARACTERS: Final = 12
_TEXT_CHARACTERS: Final = 30


class Editor(QWidget):
    """Edits one setting's text.

    Attributes:
        edited: The user has changed the text; it may be wrong.
        is_flat: It is one line high.
    """

    edited = Signal(str)
    is_flat = True

    def text(self) -> str:
        """Return the text as it is now."""
        raise NotImplementedError

    def set_text(self, text: str) -> None:
        """Show another text; ``edited`` does not follow."""
        raise NotImplementedError

    def set_read_only(self, read_only: bool) -> None:
        """Let the text be looked at, but not changed."""
        self.setEnabled(not read_only)

    def mark(self, wrong: bool) -> None:
        """Give the field the look of a wrong value, or take it away."""

    def main_widget(self) -> QWidget:
        """Return the widget that a label belongs to."""
        return self


class SwitchEditor(Editor):
    """A check box, which brings its own label."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QCheckBox(declaration.label, self)
        self._box.setObjectName(f"field_{declaration.name}")
        self._box.clicked.connect(self._clicked)
        _row(self, self._box)

    def text(self) -> str:
        return "true" if self._box.isChecked() else "false"

    def set_text(self, text: str) -> None:
        self._box.setChecked(text == "true")

    def main_widget(self) -> QWidget:
        return self._box

    def _clicked(self) -> None:
        self.edited.emit(self.text())


class ChoiceEditor(Editor):
    """A choice among a few."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QComboBox(self)
        self._box.setObjectName(f"field_{declaration.name}")
        for choice in declaration.choices:
            self._box.addItem(choice_words(choice), choice)
        self._box.activated.connect(self._activated)
        _row(self, self._box)

    def text(self) -> str:
        return str(self._box.currentData())

    def set_text(self, text: str) -> None:
        self._box.setCurrentIndex(self._box.findData(text))

    def main_widget(self) -> QWidget:
        return self._box

    def _activated(self) -> None:
        self.edited.emit(self.text())


class TextEditor(Editor):
    """One line of text."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        self._line.setObjectName(f"field_{declaration.name}")
        self._line.textEdited.connect(self.edited)
        set_width(self._line, _TEXT_CHARACTERS)
        _row(self, self._line)

    def text(self) -> str:
        return self._line.text()

    def set_text(self, text: str) -> None:
        if text != self._line.text():  # the cursor stays where it is
            self._line.setText(text)

    def mark(self, wrong: bool) -> None:
        set_wrong(self._line, wrong)

    def main_widget(self) -> QWidget:
        return self._line


class SizeEditor(TextEditor):
    """An amount of memory; a share is shown in bytes, too."""

    def __init__(self, declaration: Declaration, total_bytes: int, parent: QWidget | None = None) -> None:
        super().__init__(declaration, parent)
        self._total_bytes = total_bytes
        self._amount = QLabel(self)
        set_role(self._amount, "muted")
        set_width(self._line, _NUMBER_CHARACTERS)
        row = self.layout()
        assert isinstance(row, QHBoxLayout)
        row.insertWidget(1, self._amount)
        self._line.textChanged.connect(self._show_amount)

    def _show_amount(self, text: str) -> None:
        self._amount.setText(amount_words(text, self._total_bytes))


def amount_words(text: str, total_bytes: int) -> str:
    """Return what a share of all memory comes to, such as ``= 8.0 GB``; nothing for other texts."""
    try:
        size = Size(text)
    except ValueError:
        return ""
    return f"= {format_memory(size.resolve(total_bytes))}" if size.is_share and total_bytes else ""


class NumberBox(QAbstractSpinBox):
    """A spin box that takes any text: what is wrong with it is said beside it, not swallowed."""

    stepped = Signal(str)
    """The new text, after a press on an arrow."""

    def __init__(self, step: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step = step
        self.lineEdit().setTextMargins(_TEXT_MARGIN, 0, 0, 0)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Let everything pass."""
        return (QValidator.State.Acceptable, text, position)

    def stepBy(self, steps: int) -> None:  # noqa: N802 - Qt's name
        """Add so many steps to the number; a text that is none stays."""
        try:
            number = float(self.lineEdit().text())
        except ValueError:
            return
        lowest = min(number, 0.0)
        text = f"{max(number + steps * self._step, lowest):g}" if abs(number) < 10**6 else f"{number:.0f}"
        self.lineEdit().setText(text)
        self.stepped.emit(text)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802
        """Both arrows work, unless the field is only to be looked at."""
        flags = QAbstractSpinBox.StepEnabledFlag
        return flags.StepNone if self.isReadOnly() else flags.StepUpEnabled | flags.StepDownEnabled


class NumberEditor(Editor):
    """A number with its unit; where Preheat may decide it, a check box says so."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = NumberBox(1024 if declaration.unit == "tokens" else 1, self)
        self._box.setObjectName(f"field_{declaration.name}")
        self._box.lineEdit().textEdited.connect(self._edited)
        self._box.stepped.connect(self._edited)
        set_width(self._box, _NUMBER_CHARACTERS)
        self._auto = QCheckBox(choice_words(AUTO), self)
        self._auto.setObjectName(f"auto_{declaration.name}")
        self._auto.setAccessibleName(f"{declaration.label}: {choice_words(AUTO)}")
        self._auto.setVisible(declaration.optional)
        self._auto.clicked.connect(self._edited)
        self._optional = declaration.optional
        unit = QLabel(declaration.unit, self)
        set_role(unit, "muted")
        unit.setVisible(bool(declaration.unit))
        self._unit = unit
        _row(self, self._box, unit, self._auto)

    def text(self) -> str:
        return AUTO if self._auto.isChecked() else self._box.text()

    def set_text(self, text: str) -> None:
        self._auto.setChecked(self._optional and text == AUTO)
        self._box.setEnabled(not self._auto.isChecked())
        shown = "" if self._auto.isChecked() else text
        if shown != self._box.text():
            self._box.lineEdit().setText(shown)

    def mark(self, wrong: bool) -> None:
        set_wrong(self._box, wrong)

    def main_widget(self) -> QWidget:
        return self._box

    def _edited(self) -> None:
        self._box.setEnabled(not self._auto.isChecked())
        self.edited.emit(self.text())


def editor_for(declaration: Declaration, total_bytes: int, parent: QWidget | None = None) -> Editor:
    """Return the field for a setting that is one value.

    Args:
        total_bytes: This machine's memory.
    """
    if declaration.kind is bool:
        return SwitchEditor(declaration, parent)
    if declaration.choices:
        return ChoiceEditor(declaration, parent)
    if declaration.kind in (int, float):
        return NumberEditor(declaration, parent)
    if declaration.kind is Size:
        return SizeEditor(declaration, total_bytes, parent)
    return TextEditor(declaration, parent)


def set_wrong(widget: QWidget, wrong: bool) -> None:
    """Give a widget the look of a wrong value, or take it away."""
    if bool(widget.property("wrong")) != wrong:
        widget.setProperty("wrong", wrong)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def set_width(widget: QWidget, characters: int) -> None:
    """Make a field as wide as so many figures."""
    widget.setFixedWidth(widget.fontMetrics().horizontalAdvance("0") * characters + 4 * GAP)


def _row(editor: QWidget, *widgets: QWidget) -> None:
    layout = QHBoxLayout(editor)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch()
    editor.setFocusProxy(widgets[0])
