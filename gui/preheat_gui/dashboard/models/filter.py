"""Filter and order of the models table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QObject, QSortFilterProxyModel, Qt

from preheat.control import ModelSnapshot, State
from preheat_gui.dashboard.cells import BUSY, Index
from preheat_gui.dashboard.models.cells import Column
from preheat_gui.dashboard.models.table import ModelsTable

DEFAULT_SORT: Final = (Column.STATE, Qt.SortOrder.AscendingOrder)


class Show(StrEnum):
    """Choices of the state filter. The values are stored between sessions."""

    ALL = "all"
    IN_MEMORY = "in-memory"
    FAVOURITES = "favourites"
    NOT_LOADED = "not-loaded"
    FAILED = "failed"


def show_words(show: Show) -> str:
    """Return a choice's text."""
    translate = QCoreApplication.translate
    return {
        Show.ALL: translate("Models", "All models"),
        Show.IN_MEMORY: translate("Models", "Ready or loading"),
        Show.FAVOURITES: translate("Models", "Favourites"),
        Show.NOT_LOADED: translate("Models", "Not loaded"),
        Show.FAILED: translate("Models", "Failed"),
    }[show]


def passes(model: ModelSnapshot, show: Show, words: tuple[str, ...]) -> bool:
    """Whether a model has this state, and its name contains all words (in lower case)."""
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


class ModelsFilter(QSortFilterProxyModel):
    """Filters by name and state; equal rows are ordered by name."""

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
        """Show only models with every word of ``text`` in their name."""
        self._set(self._show, tuple(text.casefold().split()))

    def set_show(self, show: Show) -> None:
        """Show only models in these states."""
        self._set(show, self._words)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802
        return passes(self._table.model_at(source_row), self._show, self._words)

    def lessThan(self, left: Index, right: Index) -> bool:  # noqa: N802
        """Compare rows; equal ones by name in either direction, while Qt would keep their previous order."""
        column = Column(left.column())
        first, second = left.row(), right.row()
        keys = self._table.sort_key(first, column), self._table.sort_key(second, column)
        if keys[0] != keys[1]:
            return keys[0] < keys[1]  # type: ignore[operator] # one column's keys are of one type
        return first < second if self.sortOrder() is Qt.SortOrder.AscendingOrder else first > second

    def model_at(self, index: Index) -> ModelSnapshot:
        """Return the model of one of this proxy's indexes."""
        return self._table.model_at(self.mapToSource(index).row())

    def _set(self, show: Show, words: tuple[str, ...]) -> None:
        self.beginFilterChange()
        self._show, self._words = show, words
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)
