"""The fields of settings whose value is a list."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QWidget,
)

from preheat.settings import AUTO, parse_text
from preheat_gui.settings_dialog.declarations import Declaration, choice_words
from preheat_gui.settings_dialog.editors import Editor, auto_box
from preheat_gui.widgets import GAP, hbox, named, symbol, vbox

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


class DevicesEditor(ListEditor):
    """Names of devices, chosen from those that were found, or typed."""

    def __init__(self, declaration: Declaration, known: Callable[[], list[str]], parent: QWidget | None = None) -> None:
        super().__init__(declaration, parent)
        self._known = known

    def _new_value(self) -> str:
        names = [name for name in self._known() if name not in self._values()]
        text, accepted = QInputDialog.getItem(self, self._declaration.label, self._declaration.description, names)
        return text.strip() if accepted else ""


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


class ChoicesEditor(Editor):
    """A check box for each value that the list may have."""

    is_flat = False

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, f"field_{declaration.name}", declaration.label)
        self._boxes = {
            choice: named(QCheckBox(choice_words(choice), self), f"field_{declaration.name}_{choice}")
            for choice in declaration.choices
        }
        for box in self._boxes.values():
            box.clicked.connect(self._emit)
        vbox(*self._boxes.values(), parent=self).setContentsMargins(0, GAP // 2, 0, GAP // 2)
        self.setFocusProxy(self._boxes[declaration.choices[0]])

    def text(self) -> str:
        """Return the list in TOML syntax."""
        return json.dumps([choice for choice, box in self._boxes.items() if box.isChecked()])

    def set_text(self, text: str) -> None:
        items = parse_text(text, is_list=True)
        for choice, box in self._boxes.items():
            box.setChecked(isinstance(items, list) and choice in items)

    def main_widget(self) -> QWidget:
        return self  # the check boxes have their own labels
