"""Which models the table shows, and in which order."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QObject, QSortFilterProxyModel, Qt

from preheat.core.snapshot import ModelSnapshot
from preheat.residency.states import State
from preheat_gui.dashboard.models.cells import BUSY, Column
from preheat_gui.dashboard.models.table import Index, ModelsTable


class Show(StrEnum):
    """What the state filter lets through. The values are remembered between starts."""

    ALL = "all"
    IN_MEMORY = "in-memory"
    FAVOURITES = "favourites"
    NOT_LOADED = "not-loaded"
    FAILED = "failed"


def show_words(show: Show) -> str:
    """Return the filter's name in the list."""
    translate = QCoreApplication.translate
    return {
        Show.ALL: translate("Models", "All models"),
        Show.IN_MEMORY: translate("Models", "Ready or loading"),
        Show.FAVOURITES: translate("Models", "Favourites"),
        Show.NOT_LOADED: translate("Models", "Not loaded"),
        Show.FAILED: translate("Models", "Did not load"),
    }[show]


def passes(model: ModelSnapshot, show: Show, words: tuple[str, ...]) -> bool:
    """Whether a model's name has all these words (in lower case), and its state is asked for."""
    name = model.model_id.casefold()
    return _has_state(model, show) and all(word in name for word in words)


def _has_state(model: ModelSnapshot, show: Show) -> bool:
    match show:
        case Show.ALL:
            return True
        case Show.IN_MEMORY:
            return model.state is State.HOT or model.state in BUSY
        case Show.FAVOURITES:
            return model.favourite
        case Show.NOT_LOADED:
            return model.state is State.COLD
        case Show.FAILED:
            return model.state is State.FAILED


DEFAULT_SORT: Final = (Column.STATE, Qt.SortOrder.AscendingOrder)


class ModelsFilter(QSortFilterProxyModel):
    """Filters by words of the name and by state; equal rows stay in the order of their names."""

    def __init__(self, table: ModelsTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._words: tuple[str, ...] = ()
        self._show = Show.ALL
        self.setSourceModel(table)
        self.sort(*DEFAULT_SORT)

    @property
    def show(self) -> Show:
        """The state filter."""
        return self._show

    def set_text(self, text: str) -> None:
        """Show only models whose name has every word of ``text``."""
        self.beginFilterChange()
        self._words = tuple(text.casefold().split())
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def set_show(self, show: Show) -> None:
        """Show only models in these states."""
        self.beginFilterChange()
        self._show = show
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802
        """Whether the row is shown."""
        return passes(self._table.model_at(source_row), self._show, self._words)

    def lessThan(self, left: Index, right: Index) -> bool:  # noqa: N802
        """Whether a row comes before another; equal ones by name, whichever way the column is sorted.

        Qt alone would leave equal rows as they were, so that the order told what had been clicked before.
        """
        column = Column(left.column())
        first, second = left.row(), right.row()
        keys = self._table.sort_key(first, column), self._table.sort_key(second, column)
        if keys[0] != keys[1]:
            return keys[0] < keys[1]  # type: ignore[operator] # one column's keys are of one type
        return first < second if self.sortOrder() is Qt.SortOrder.AscendingOrder else first > second

    def model_at(self, index: Index) -> ModelSnapshot:
        """Return the model of one of this proxy's indexes."""
        return self._table.model_at(self.mapToSource(index).row())
