"""The models as a Qt table that takes whole snapshots, its filter and its order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QObject, QSortFilterProxyModel, Qt

from preheat.control import EngineSnapshot, Figures, ModelSnapshot, State
from preheat_gui.dashboard.cells import BUSY, Cell, Index, runs
from preheat_gui.dashboard.models.cells import Column, Context, header, make_cell, sort_key
from preheat_gui.dashboard.tables import TableModel


class ModelsTable(TableModel[ModelSnapshot]):
    """One row per model, in the snapshot's order; ``context_length`` returns a model's effective setting, if known."""

    def __init__(
        self, snapshot: EngineSnapshot, context_length: Callable[[str], int | None], parent: QObject | None = None
    ) -> None:
        super().__init__(Column, snapshot.models, lambda model: model.model_id, parent)
        self._context = Context(snapshot, time.time(), {}, context_length)

    def update(self, snapshot: EngineSnapshot) -> None:
        limit_changed = snapshot.memory.limit_bytes != self._context.snapshot.memory.limit_bytes
        self._context = replace(self._context, snapshot=snapshot, now=time.time())
        self.show_items(snapshot.models)
        if limit_changed:
            self.report_column(Column.MEMORY)

    def set_figures(self, figures: Mapping[str, Figures]) -> None:
        """Show these figures of the last seven days."""
        old = self._context.figures
        self._context = replace(self._context, figures=figures)
        names = [model.model_id for model in self._items]
        changed = runs(row for row, name in enumerate(names) if old.get(name) != figures.get(name))
        self.report(changed, Column.LOAD, Column.HITS)

    def refresh_ages(self) -> None:
        """Update "2 h ago"."""
        before = self._ages()
        self._context = replace(self._context, now=time.time())
        pairs = zip(before, self._ages(), strict=True)
        changed = runs(row for row, (old, new) in enumerate(pairs) if old != new)
        self.report(changed, Column.LAST_USED, Column.LAST_USED)

    def refresh_settings(self) -> None:
        """Update what depends on settings."""
        self.report_column(Column.CONTEXT)

    def model_at(self, row: int) -> ModelSnapshot:
        return self._items[row]

    def row_of(self, model_id: str) -> int | None:
        """Return a model's row; None if it is unknown."""
        return next((row for row, model in enumerate(self._items) if model.model_id == model_id), None)

    def cell(self, row: int, column: int) -> Cell:
        return make_cell(Column(column), self._items[row], self._context)

    def header(self, column: int) -> tuple[str, str]:
        return header(Column(column))

    def sort_key(self, row: int, column: Column) -> str | float:
        return sort_key(column, self._items[row], self._context)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == Column.FAVOURITE:
            return self.tr("favourite") if self._items[index.row()].favourite else self.tr("not a favourite")
        return super().data(index, role)

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        title = super().headerData(section, orientation, role)
        return self.tr("Favourite") if title == "" and role == Qt.ItemDataRole.AccessibleTextRole else title

    def _ages(self) -> list[str]:
        return [self.cell(row, Column.LAST_USED).text for row in range(len(self._items))]


DEFAULT_SORT: Final = (Column.STATE, Qt.SortOrder.AscendingOrder)


class Show(StrEnum):
    """Choices of the state filter. The values are stored between sessions."""

    ALL = "all"
    IN_MEMORY = "in-memory"
    FAVOURITES = "favourites"
    NOT_LOADED = "not-loaded"
    FAILED = "failed"


def show_words(show: Show) -> str:
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
        return self._show

    def set_text(self, text: str) -> None:
        """Show only models with every word of ``text`` in their name."""
        self._set(self._show, tuple(text.casefold().split()))

    def set_show(self, show: Show) -> None:
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
        return self._table.model_at(self.mapToSource(index).row())

    def _set(self, show: Show, words: tuple[str, ...]) -> None:
        self.beginFilterChange()
        self._show, self._words = show, words
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)
