"""A list of choices with a card under it: the selected choice and its buttons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QModelIndex, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.choices import ChoiceDelegate, ChoiceRow
from preheat_gui.dashboard.labels import detail_label, title_label
from preheat_gui.dashboard.rows import Row, RowList, RowView
from preheat_gui.widgets import GAP, GROUP_GAP, Card, EmptyState, Item, hbox, named, set_role, stacked, vbox


class ChoiceView(RowView):
    """Shows choices; one is selected, and opened by Enter or a double click."""

    opened = Signal(str)  # The user opened a choice (its key)
    selected = Signal(str)  # Another choice is selected (its key, or "")

    def __init__(self, name: str, accessible_name: str) -> None:
        self._choices = RowList()
        super().__init__(name, accessible_name, self._choices)
        self._choices.setParent(self)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.activated.connect(self._on_activated)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the selected choice stays selected if it is still there."""
        before = self.selected_key
        self._choices.show(rows)
        if not before or self.selected_key != before:
            self.select(before)

    def select(self, key: str) -> None:
        """Select a choice, or the first one if there is no such."""
        choices = {row.key: number for number, row in enumerate(self._choices.rows) if isinstance(row, ChoiceRow)}
        first = next(iter(choices.values()), -1)
        number = choices.get(key, first)
        if number >= 0:
            self.setCurrentIndex(self._choices.index(number))
            if number == first:
                self.scrollToTop()  # shows the group's title too

    @property
    def selected_key(self) -> str:
        """The key of the selected choice; empty if there is none."""
        indexes = self.selectedIndexes()
        return self._key_at(indexes[0].row()) if indexes else ""

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        super().selectionChanged(selected, deselected)
        self.selected.emit(self.selected_key)

    def _on_activated(self, index: QModelIndex) -> None:
        if key := self._key_at(index.row()):
            self.opened.emit(key)

    def _key_at(self, number: int) -> str:
        rows = self._choices.rows
        row = rows[number] if 0 <= number < len(rows) else None
        return row.key if isinstance(row, ChoiceRow) else ""


class ChoiceStrip(Card):
    """Shows the selected choice, with a main button and an optional second one."""

    main_clicked = Signal()  # The main button was pressed; ``more_clicked``: the second one
    more_clicked = Signal()

    def __init__(self, name: str, main_text: str, more_text: str) -> None:
        super().__init__()
        self.setObjectName(f"{name}_strip")
        self._name = title_label()
        self._words = named(detail_label(), f"{name}_words")
        self._more = named(QPushButton(more_text), f"{name}_more")
        self._main = named(QPushButton(main_text), f"{name}_get")
        set_role(self._main, "main")
        self._more.clicked.connect(self.more_clicked)
        self._main.clicked.connect(self.main_clicked)
        texts = vbox(self._name, self._words, spacing=GAP // 2)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(hbox((texts, 1), self._more, self._main))
        self._more.setVisible(bool(more_text))

    def show_choice(self, name: str, words: str = "", *, main: bool = False, more: bool = False) -> None:
        """Show a choice; ``main`` and ``more`` enable the buttons."""
        self._name.setText(name)
        self._words.setText(words)
        self._main.setEnabled(main)
        self._more.setEnabled(more)
        self.setAccessibleName(name)
        self.setAccessibleDescription(words)


class ChoiceSection(QWidget):
    """Base of the page's lists: rows and a strip, or an explanation instead."""

    open_requested = Signal(str, str)  # The user wants to see the sizes of a model (its name on the hub, and a title)
    download_requested = Signal(str)  # The user wants to download something (what to pull)

    def __init__(
        self, bridge: EngineBridge, name: str, view: ChoiceView, main_text: str, more_text: str = "", *above: Item
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._error: EngineError | None = None
        self._view = view
        self._strip = ChoiceStrip(name, main_text, more_text)
        self._empty = named(EmptyState("", ""), f"{name}_empty")
        self._stack = stacked(view, self._empty)
        vbox(*above, (self._stack, 1), self._strip, parent=self)
        view.opened.connect(self._open)
        view.selected.connect(self._show_selected)
        self._strip.main_clicked.connect(self._on_main)
        self._strip.more_clicked.connect(self._open_selected)
        self._empty.clicked.connect(self._on_empty)

    def _show_rows(self, rows: Sequence[Row]) -> None:
        self._view.show_rows(rows)
        self._stack.setCurrentWidget(self._view if rows else self._empty)
        self._strip.setVisible(bool(rows))
        self._show_selected()
        if not rows:
            self._explain_empty()

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show()

    def _show(self) -> None:
        raise NotImplementedError

    def _show_selected(self) -> None:
        raise NotImplementedError

    def _explain_empty(self) -> None:
        raise NotImplementedError

    def _open(self, key: str) -> None:
        raise NotImplementedError

    def _open_selected(self) -> None:
        if key := self._view.selected_key:
            self._open(key)

    def _on_main(self) -> None:
        self._open_selected()

    def _on_empty(self) -> None:
        raise NotImplementedError
