"""The fields of settings with a single value, each of which edits one setting's text."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QLabel, QLineEdit, QWidget

from preheat.settings import AUTO, Size
from preheat_gui.settings_dialog.declarations import Declaration, choice_words
from preheat_gui.widgets import GAP, hbox, named, set_role
from preheat_gui.words import format_memory

_TEXT_MARGIN: Final = 5
_NUMBER_CHARACTERS: Final = 12
_TEXT_CHARACTERS: Final = 30


class Editor(QWidget):
    """Edits one setting's text."""

    edited = Signal(str)  # The user changed the text, which may be invalid
    is_flat = True  # It is one line high

    def text(self) -> str:
        """Return the current text."""
        raise NotImplementedError

    def set_text(self, text: str) -> None:
        """Show another text without emitting ``edited``."""
        raise NotImplementedError

    def mark(self, wrong: bool) -> None:
        """Mark the field as invalid, or remove the mark."""
        field = self.main_widget()
        if bool(field.property("wrong")) != wrong:
            field.setProperty("wrong", wrong)
            field.style().unpolish(field)
            field.style().polish(field)

    def main_widget(self) -> QWidget:
        """Return the widget that the label belongs to."""
        return self.focusProxy() or self

    def _emit(self) -> None:
        self.edited.emit(self.text())


class SwitchEditor(Editor):
    """A check box with its own label."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = named(QCheckBox(declaration.label, self), f"field_{declaration.name}")
        self._box.clicked.connect(self._emit)
        set_row(self, self._box)

    def text(self) -> str:
        return "true" if self._box.isChecked() else "false"

    def set_text(self, text: str) -> None:
        self._box.setChecked(text == "true")


class ChoiceEditor(Editor):
    """A choice from a list."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = named(QComboBox(self), f"field_{declaration.name}")
        for choice in declaration.choices:
            self._box.addItem(choice_words(choice), choice)
        self._box.activated.connect(self._emit)
        set_row(self, self._box)

    def text(self) -> str:
        return str(self._box.currentData())

    def set_text(self, text: str) -> None:
        self._box.setCurrentIndex(self._box.findData(text))


class TextEditor(Editor):
    """A line of text, followed by ``widgets``."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None, *widgets: QWidget) -> None:
        super().__init__(parent)
        self._line = named(QLineEdit(self), f"field_{declaration.name}")
        self._line.textEdited.connect(self.edited)
        set_width(self._line, _TEXT_CHARACTERS)
        set_row(self, self._line, *widgets)

    def text(self) -> str:
        return self._line.text()

    def set_text(self, text: str) -> None:
        if text != self._line.text():  # keeps the cursor in place
            self._line.setText(text)


class SizeEditor(TextEditor):
    """An amount of memory; a share is also shown in bytes."""

    def __init__(self, declaration: Declaration, total_bytes: int, parent: QWidget | None = None) -> None:
        self._amount = QLabel()
        super().__init__(declaration, parent, self._amount)
        self._total_bytes = total_bytes
        set_role(self._amount, "muted")
        set_width(self._line, _NUMBER_CHARACTERS)
        self._line.textChanged.connect(self._show_amount)

    def _show_amount(self, text: str) -> None:
        self._amount.setText(amount_words(text, self._total_bytes))


def amount_words(text: str, total_bytes: int) -> str:
    """Return the bytes of a share of all memory, such as ``= 8.0 GB``; empty for other texts."""
    try:
        size = Size(text)
    except ValueError:
        return ""
    return f"= {format_memory(size.resolve(total_bytes))}" if size.is_share and total_bytes else ""


class NumberBox(QAbstractSpinBox):
    """A spin box that accepts any text; errors are shown next to it."""

    stepped = Signal(str)  # An arrow changed the text

    def __init__(self, step: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step = step
        self.minimum: float | None = None  # The arrows stop here
        self.maximum: float | None = None
        self.lineEdit().setTextMargins(_TEXT_MARGIN, 0, 0, 0)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return (QValidator.State.Acceptable, text, position)

    def value(self) -> str:
        """Return the text as the settings file has it, with a point."""
        return self.lineEdit().text().replace(self._point(), ".")

    def show_value(self, value: str) -> None:
        """Show a text of the settings file with the decimal sign of the language. The same text keeps the cursor."""
        text = value.replace(".", self._point())
        if text != self.lineEdit().text():
            self.lineEdit().setText(text)

    def _point(self) -> str:
        return self.locale().decimalPoint()

    def stepBy(self, steps: int) -> None:  # noqa: N802 - Qt's name
        """Add steps to the number; other texts stay."""
        try:
            number = float(self.value())
        except ValueError:
            return
        lowest = min(number, 0.0) if self.minimum is None else self.minimum
        number = max(number + steps * self._step, lowest)
        number = number if self.maximum is None else min(number, self.maximum)
        text = f"{number:g}" if abs(number) < 10**6 else f"{number:.0f}"
        self.show_value(text)
        self.stepped.emit(text)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802
        flags = QAbstractSpinBox.StepEnabledFlag
        return flags.StepNone if self.isReadOnly() else flags.StepUpEnabled | flags.StepDownEnabled


class NumberEditor(Editor):
    """A number with its unit, and a check box if it may be automatic."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._optional = declaration.optional
        is_ratio = declaration.kind is float and not declaration.unit
        step = 1024 if declaration.unit == "tokens" else 0.5 if is_ratio else 1
        self._box = named(NumberBox(step, self), f"field_{declaration.name}")
        self._box.minimum, self._box.maximum = declaration.minimum, declaration.maximum
        self._box.lineEdit().textEdited.connect(self._edited)
        self._box.stepped.connect(self._edited)
        set_width(self._box, _NUMBER_CHARACTERS)
        unit = QLabel(declaration.unit, self)
        unit.setVisible(bool(declaration.unit))
        set_role(unit, "muted")
        self._auto = auto_box(declaration, self)
        self._auto.clicked.connect(self._edited)
        set_row(self, self._box, unit, self._auto)

    def text(self) -> str:
        return AUTO if self._auto.isChecked() else self._box.value()

    def set_text(self, text: str) -> None:
        self._auto.setChecked(self._optional and text == AUTO)
        self._box.setEnabled(not self._auto.isChecked())
        self._box.show_value("" if self._auto.isChecked() else text)

    def set_maximum(self, maximum: float) -> None:
        """Let the arrows stop at this number."""
        self._box.maximum = maximum

    def _edited(self) -> None:
        self._box.setEnabled(not self._auto.isChecked())
        self._emit()


def editor_for(declaration: Declaration, total_bytes: int, parent: QWidget | None = None) -> Editor:
    """Return the field for a setting with a single value; ``total_bytes`` is this machine's memory."""
    if declaration.kind is bool:
        return SwitchEditor(declaration, parent)
    if declaration.choices:
        return ChoiceEditor(declaration, parent)
    if declaration.kind in (int, float):
        return NumberEditor(declaration, parent)
    if declaration.kind is Size:
        return SizeEditor(declaration, total_bytes, parent)
    return TextEditor(declaration, parent)


def auto_box(declaration: Declaration, parent: QWidget) -> QCheckBox:
    """Return the check box for ``auto``, visible if the setting may have that value."""
    auto = choice_words(AUTO)
    box = named(QCheckBox(auto, parent), f"auto_{declaration.name}", f"{declaration.label}: {auto}")
    box.setVisible(declaration.optional)
    return box


def set_width(widget: QWidget, characters: int) -> None:
    """Set a field's width to a number of digits."""
    widget.setFixedWidth(widget.fontMetrics().horizontalAdvance("0") * characters + 4 * GAP)


def set_row(editor: QWidget, *widgets: QWidget, spacing: int = GAP) -> None:
    """Lay out widgets in a row, of which the first gets the focus."""
    hbox(*widgets, None, parent=editor, spacing=spacing)
    editor.setFocusProxy(widgets[0])
