"""The fields of the settings dialog, each of which edits one setting's text."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QValidator
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QWidget,
)

from preheat.settings import AUTO, Size, parse_text
from preheat_gui.settings_dialog.declarations import Declaration, choice_words
from preheat_gui.widgets import GAP, hbox, named, set_role, symbol, vbox
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
        self.lineEdit().setTextMargins(_TEXT_MARGIN, 0, 0, 0)
        self.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToPreviousValue)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return (QValidator.State.Acceptable, text, position)

    def stepBy(self, steps: int) -> None:  # noqa: N802 - Qt's name
        """Add steps to the number; other texts stay."""
        try:
            number = float(self.lineEdit().text())
        except ValueError:
            return
        lowest = min(number, 0.0)
        text = f"{max(number + steps * self._step, lowest):g}" if abs(number) < 10**6 else f"{number:.0f}"
        self.lineEdit().setText(text)
        self.stepped.emit(text)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802
        flags = QAbstractSpinBox.StepEnabledFlag
        return flags.StepNone if self.isReadOnly() else flags.StepUpEnabled | flags.StepDownEnabled


class NumberEditor(Editor):
    """A number with its unit, and a check box if it may be automatic."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._optional = declaration.optional
        step = 1024 if declaration.unit == "tokens" else 1
        self._box = named(NumberBox(step, self), f"field_{declaration.name}")
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
        return AUTO if self._auto.isChecked() else self._box.text()

    def set_text(self, text: str) -> None:
        self._auto.setChecked(self._optional and text == AUTO)
        self._box.setEnabled(not self._auto.isChecked())
        shown = "" if self._auto.isChecked() else text
        if shown != self._box.text():
            self._box.lineEdit().setText(shown)

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


_MIN_ROWS: Final = 2
_MAX_ROWS: Final = 6
_KEY_BYTES: Final = 24
_SHOWN_OF_KEY: Final = 4


class ListEditor(Editor):
    """A list with adding, removing, editing in place and reordering."""

    is_flat = False

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._declaration = declaration
        self._list = named(QListWidget(self), f"field_{declaration.name}", declaration.label)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        # Folders, keys and addresses are left-to-right in every language.
        self._list.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.itemChanged.connect(self._changed)
        self._list.model().rowsMoved.connect(self._changed)
        self._list.currentRowChanged.connect(self._refresh)
        self._buttons = hbox()
        self._add = self._button("add", self.tr("&Add…"), self._add_clicked)
        self._for_current: list[QAbstractButton] = [self._button("remove", self.tr("&Remove"), self._remove_current)]
        self._up = self._button("up", self.tr("Move up"), partial(self._move, -1), icon="arrow-up")
        self._down = self._button("down", self.tr("Move down"), partial(self._move, 1), icon="arrow-down")
        self._buttons.addStretch()
        self._auto = auto_box(declaration, self)
        self._auto.clicked.connect(self._changed)
        vbox(self._auto, self._list, self._buttons, parent=self)
        self.setFocusProxy(self._list)
        self._refresh()

    def text(self) -> str:
        """Return the list in TOML syntax."""
        return AUTO if self._auto.isChecked() else json.dumps(self._values(), ensure_ascii=False)

    def set_text(self, text: str) -> None:
        """Show a list in TOML syntax or separated by commas."""
        items = parse_text(text, is_list=True)
        auto = self._declaration.optional and items == AUTO
        if auto == self._auto.isChecked() and items == parse_text(self.text(), is_list=True):
            return
        self._auto.setChecked(auto)
        self._list.blockSignals(True)
        self._list.clear()
        for item in items if isinstance(items, list) else []:
            self._list.addItem(self._item(str(item)))
        self._list.blockSignals(False)
        self._refresh()

    def add(self, value: str) -> None:
        """Add an item unless it is in the list."""
        if value not in self._values():
            self._list.addItem(self._item(value))
            self._list.setCurrentRow(self._list.count() - 1)
            self._changed()

    # For subclasses

    def _item(self, value: str) -> QListWidgetItem:
        item = QListWidgetItem(value)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setToolTip(value)
        return item

    def _value(self, item: QListWidgetItem) -> str:
        return item.text().strip()

    def _new_value(self) -> str:
        """Ask the user for an item; return "" for none."""
        text, accepted = QInputDialog.getText(self, self._declaration.label, self._declaration.description)
        return text.strip() if accepted else ""

    # Private

    def _values(self) -> list[str]:
        return [self._value(self._list.item(row)) for row in range(self._list.count())]

    def _button(self, name: str, text: str, on_clicked: Callable[..., None], *, icon: str = "") -> QAbstractButton:
        button: QAbstractButton
        if icon:
            button = QToolButton(self)
            button.setIcon(symbol(icon))
            button.setToolTip(text)
        else:
            button = QPushButton(text, self)
            button.setAutoDefault(False)
        named(button, f"{name}_{self._declaration.name}", f"{self._declaration.label}: {text.replace('&', '')}")
        button.clicked.connect(on_clicked)
        self._buttons.addWidget(button)
        return button

    def _add_clicked(self) -> None:
        if value := self._new_value():
            self.add(value)

    def _remove_current(self) -> None:
        self._list.takeItem(self._list.currentRow())
        self._changed()

    def _move(self, rows: int, *_: object) -> None:
        row = self._list.currentRow()
        self._list.insertItem(row + rows, self._list.takeItem(row))
        self._list.setCurrentRow(row + rows)
        self._changed()

    def _changed(self) -> None:
        self._refresh()
        self._emit()

    def _refresh(self) -> None:
        row, count, editable = self._list.currentRow(), self._list.count(), not self._auto.isChecked()
        rows = min(max(count, _MIN_ROWS), _MAX_ROWS)
        self._list.setFixedHeight(rows * (self.fontMetrics().height() + GAP + 2) + GAP)
        self._list.setEnabled(editable)
        self._add.setEnabled(editable)
        for button in self._for_current:
            button.setEnabled(editable and row >= 0)
        self._up.setEnabled(editable and row > 0)
        self._down.setEnabled(editable and 0 <= row < count - 1)


class FoldersEditor(ListEditor):
    """Folders, chosen in the system's dialog."""

    def _new_value(self) -> str:
        return QFileDialog.getExistingDirectory(self, self._declaration.label, str(Path.home()))


class KeysEditor(ListEditor):
    """Generated API keys, which are shown in part and can be copied."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(declaration, parent)
        self._add.setText(self.tr("&Generate a key"))
        self._up.hide()
        self._down.hide()
        copy = self._button("copy", self.tr("&Copy"), self._copy_current)
        self._buttons.removeWidget(copy)
        self._buttons.insertWidget(1, copy)
        self._for_current.append(copy)
        self._refresh()

    def _item(self, value: str) -> QListWidgetItem:
        visible = value[:_SHOWN_OF_KEY] if len(value) > 2 * _SHOWN_OF_KEY else ""
        item = QListWidgetItem(visible + "•" * 12)
        item.setData(Qt.ItemDataRole.UserRole, value)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, self.tr("Key starting with {}").format(value[:2]))
        return item

    def _value(self, item: QListWidgetItem) -> str:
        return str(item.data(Qt.ItemDataRole.UserRole))

    def _new_value(self) -> str:
        return secrets.token_urlsafe(_KEY_BYTES)

    def _copy_current(self) -> None:
        if (item := self._list.currentItem()) is not None:
            QGuiApplication.clipboard().setText(self._value(item))
