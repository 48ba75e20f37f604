"""The view of things to choose from."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QModelIndex, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from preheat_gui.dashboard.downloads.catalogue_delegate import ChoiceDelegate
from preheat_gui.dashboard.downloads.catalogue_list import ChoiceList, ChoiceRow, Row


class ChoiceView(QListView):
    """Shows rows; one can be selected, and opened by Enter or a double click.

    Attributes:
        chosen: The user opened a choice (its key).
        selected: Another choice is selected now (its key, or empty).
    """

    chosen = Signal(str)
    selected = Signal(str)

    def __init__(self, name: str, words: str, parent: QWidget | None = None) -> None:
        """Make it.

        Args:
            name: Its objectName.
            words: What is listed, for screen readers.
        """
        super().__init__(parent)
        self._choices = ChoiceList(self)
        self.setObjectName(name)
        self.setAccessibleName(words)
        self.setModel(self._choices)
        self.setItemDelegate(ChoiceDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        self.activated.connect(self._on_activated)

    def show_rows(self, rows: list[Row]) -> None:
        """Show these rows; what was selected stays so if it is still there."""
        before = self.selected_key
        self._choices.show(rows)
        if not before or self.selected_key != before:
            self.select(before)

    def select(self, key: str) -> None:
        """Select a choice, or the first one if there is no such."""
        row = self._choices.row_of(key)
        if row is None:
            row = self._choices.first_choice()
        if row is not None:
            self.setCurrentIndex(self._choices.index(row))
            if row == self._choices.first_choice():
                self.scrollToTop()  # with the title above it

    @property
    def selected_key(self) -> str:
        """The key of what is selected; empty if nothing is."""
        indexes = self.selectedIndexes()
        row = self._choices.row_at(indexes[0].row()) if indexes else None
        return row.key if isinstance(row, ChoiceRow) else ""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Break the sentences anew."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        """Tell of it."""
        super().selectionChanged(selected, deselected)
        self.selected.emit(self.selected_key)

    def _on_activated(self, index: QModelIndex) -> None:
        row = self._choices.row_at(index.row())
        if isinstance(row, ChoiceRow):
            self.chosen.emit(row.key)
