"""The fields for lists: folders, keys, names, origins."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from preheat.settings import AUTO
from preheat.settings.layers import parse_text
from preheat_gui.settings_dialog.declarations import Declaration, choice_words
from preheat_gui.settings_dialog.editors import Editor, set_wrong
from preheat_gui.widgets import GAP, symbol

_FEWEST_ROWS: Final = 2
_MOST_ROWS: Final = 6
_KEY_BYTES: Final = 24
_SHOWN_OF_KEY: Final = 4


class ListEditor(Editor):
    """A list that can be added to, taken from, edited in place and put into another order."""

    is_flat = False

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._declaration = declaration
        self._list = QListWidget(self)
        self._list.setObjectName(f"field_{declaration.name}")
        self._list.setAccessibleName(declaration.label)
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        # Folders, keys and addresses are written from left to right in every language.
        self._list.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.itemChanged.connect(self._changed)
        self._list.model().rowsMoved.connect(self._changed)
        self._list.currentRowChanged.connect(self._refresh)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GAP)
        self._add = self._button("add", self.tr("&Add…"))
        self._add.clicked.connect(self._add_clicked)
        self._for_current: list[QPushButton] = []
        self._remove = self._button("remove", self.tr("&Remove"))
        self._remove.clicked.connect(self._remove_current)
        self._for_current.append(self._remove)
        self._up = self._arrow("up", self.tr("Move up"))
        self._up.clicked.connect(self._move_up)
        self._down = self._arrow("down", self.tr("Move down"))
        self._down.clicked.connect(self._move_down)
        self._buttons.addStretch()
        self._auto = QCheckBox(choice_words(AUTO), self)
        self._auto.setObjectName(f"auto_{declaration.name}")
        self._auto.setAccessibleName(f"{declaration.label}: {choice_words(AUTO)}")
        self._auto.setVisible(declaration.optional)
        self._auto.clicked.connect(self._auto_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self._auto)
        layout.addWidget(self._list)
        layout.addLayout(self._buttons)
        self.setFocusProxy(self._list)
        self._refresh()

    def text(self) -> str:
        """Return the list as TOML has it."""
        if self._auto.isChecked():
            return AUTO
        return json.dumps([self._value(self._list.item(row)) for row in range(self._list.count())], ensure_ascii=False)

    def set_text(self, text: str) -> None:
        """Show the items of a list, as TOML has it or with commas between."""
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

    def set_read_only(self, read_only: bool) -> None:
        self.setEnabled(not read_only)

    def mark(self, wrong: bool) -> None:
        set_wrong(self._list, wrong)

    def main_widget(self) -> QWidget:
        return self._list

    # What kinds of lists differ in

    def _item(self, value: str) -> QListWidgetItem:
        item = QListWidgetItem(value)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setToolTip(value)
        return item

    def _value(self, item: QListWidgetItem) -> str:
        return item.text().strip()

    def _asked(self) -> str:
        """Return what the user wants to add; empty if nothing."""
        text, taken = QInputDialog.getText(self, self._declaration.label, self._declaration.description)
        return text.strip() if taken else ""

    # What all have

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"{name}_{self._declaration.name}")
        button.setAccessibleName(f"{self._declaration.label}: {text.replace('&', '')}")
        button.setAutoDefault(False)
        self._buttons.addWidget(button)
        return button

    def _arrow(self, direction: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{direction}_{self._declaration.name}")
        button.setIcon(symbol(f"arrow-{direction}"))
        button.setToolTip(words)
        button.setAccessibleName(f"{self._declaration.label}: {words}")
        self._buttons.addWidget(button)
        return button

    def _add_clicked(self) -> None:
        value = self._asked()
        if value:
            self.add(value)

    def add(self, value: str) -> None:
        """Add an item, if it is not there yet."""
        if value not in [self._value(self._list.item(row)) for row in range(self._list.count())]:
            self._list.addItem(self._item(value))
            self._list.setCurrentRow(self._list.count() - 1)
            self._changed()

    def _remove_current(self) -> None:
        self._list.takeItem(self._list.currentRow())
        self._changed()

    def _move_up(self) -> None:
        self._move(-1)

    def _move_down(self) -> None:
        self._move(1)

    def _move(self, rows: int) -> None:
        row = self._list.currentRow()
        self._list.insertItem(row + rows, self._list.takeItem(row))
        self._list.setCurrentRow(row + rows)
        self._changed()

    def _auto_clicked(self) -> None:
        self._changed()

    def _changed(self) -> None:
        self._refresh()
        self.edited.emit(self.text())

    def _refresh(self) -> None:
        row, count, free = self._list.currentRow(), self._list.count(), not self._auto.isChecked()
        rows = min(max(count, _FEWEST_ROWS), _MOST_ROWS)
        self._list.setFixedHeight(rows * (self.fontMetrics().height() + GAP + 2) + GAP)
        self._list.setEnabled(free)
        self._add.setEnabled(free)
        for button in self._for_current:
            button.setEnabled(free and row >= 0)
        self._up.setEnabled(free and row > 0)
        self._down.setEnabled(free and 0 <= row < count - 1)


class FoldersEditor(ListEditor):
    """Folders, chosen in the system's dialog."""

    def _asked(self) -> str:
        return QFileDialog.getExistingDirectory(self, self._declaration.label, str(Path.home()))


class KeysEditor(ListEditor):
    """Keys that are made here, shown only in part, and copied."""

    def __init__(self, declaration: Declaration, parent: QWidget | None = None) -> None:
        super().__init__(declaration, parent)
        self._add.setText(self.tr("&Generate a key"))
        self._up.hide()
        self._down.hide()
        copy = self._button("copy", self.tr("&Copy"))
        copy.clicked.connect(self._copy_current)
        self._buttons.removeWidget(copy)
        self._buttons.insertWidget(1, copy)
        self._for_current.append(copy)
        self._refresh()

    def _item(self, value: str) -> QListWidgetItem:
        shown = value[:_SHOWN_OF_KEY] + "•" * 12 if len(value) > 2 * _SHOWN_OF_KEY else "•" * 12
        item = QListWidgetItem(shown)
        item.setData(Qt.ItemDataRole.UserRole, value)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, self.tr("A key that begins with {}").format(value[:2]))
        return item

    def _value(self, item: QListWidgetItem) -> str:
        return str(item.data(Qt.ItemDataRole.UserRole))

    def _asked(self) -> str:
        return secrets.token_urlsafe(_KEY_BYTES)

    def _copy_current(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            QGuiApplication.clipboard().setText(self._value(item))
