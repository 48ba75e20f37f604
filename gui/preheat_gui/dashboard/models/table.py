"""The models as a Qt table: takes whole snapshots, and tells views only what differs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
from preheat_gui.dashboard.models.cells import (
    Cell,
    Column,
    Context,
    ModelFigures,
    header,
    header_tooltip,
    make_cell,
    sort_key,
)

Index = QModelIndex | QPersistentModelIndex

_ROOT: Final = QModelIndex()


class Role(IntEnum):
    """Roles besides Qt's own: a ``Cell``, a ``ModelSnapshot``."""

    CELL = Qt.ItemDataRole.UserRole + 1
    MODEL = Qt.ItemDataRole.UserRole + 2


class ModelsTable(QAbstractTableModel):
    """One row a model, in the snapshot's order.

    Args:
        snapshot: What is shown first.
        context_length: The effective setting of a model, in tokens; None where it is not known.
    """

    def __init__(
        self, snapshot: EngineSnapshot, context_length: Callable[[str], int | None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._models = list(snapshot.models)
        self._context = Context(snapshot, time.time(), {}, context_length)

    # -- what the page tells it ---------------------------------------------------------------------------------------

    def update(self, snapshot: EngineSnapshot) -> None:
        """Show this snapshot; only rows that came, went or changed are reported."""
        limit_changed = snapshot.memory.limit_bytes != self._context.snapshot.memory.limit_bytes
        self._context = replace(self._context, snapshot=snapshot, now=time.time())
        fresh = snapshot.models
        if not self._same_rows(fresh):
            self._remove_gone({model.model_id for model in fresh})
            self._insert_new(fresh)
        for first, last in _runs(list(self._replace_changed(fresh))):
            self._report(first, last, Column.FAVOURITE, Column.LAST_USED)
        if limit_changed and self._models:
            self._report(0, len(self._models) - 1, Column.MEMORY, Column.MEMORY)

    def set_figures(self, figures: Mapping[str, ModelFigures]) -> None:
        """Show these figures of the last seven days."""
        old = self._context.figures
        self._context = replace(self._context, figures=figures)
        changed = [row for row, model in enumerate(self._models) if _differs(old, figures, model.model_id)]
        for first, last in _runs(changed):
            self._report(first, last, Column.LOAD, Column.HITS)

    def refresh_ages(self) -> None:
        """Let "2 h ago" grow older, where the words have changed."""
        before = [self.cell(row, Column.LAST_USED).text for row in range(len(self._models))]
        self._context = replace(self._context, now=time.time())
        changed = [row for row, text in enumerate(before) if self.cell(row, Column.LAST_USED).text != text]
        for first, last in _runs(changed):
            self._report(first, last, Column.LAST_USED, Column.LAST_USED)

    def refresh_settings(self) -> None:
        """Show what the settings say now."""
        if self._models:
            self._report(0, len(self._models) - 1, Column.CONTEXT, Column.CONTEXT)

    # -- what the page asks -------------------------------------------------------------------------------------------

    def model_at(self, row: int) -> ModelSnapshot:
        """Return the model of a row."""
        return self._models[row]

    def row_of(self, model_id: str) -> int | None:
        """Return a model's row; None if it is not known."""
        return next((row for row, model in enumerate(self._models) if model.model_id == model_id), None)

    def cell(self, row: int, column: Column) -> Cell:
        """Return what a cell shows."""
        return make_cell(column, self._models[row], self._context)

    def sort_key(self, row: int, column: Column) -> str | float:
        """Return what a cell is sorted by."""
        return sort_key(column, self._models[row], self._context)

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of models."""
        return 0 if parent.isValid() else len(self._models)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of columns, hidden ones included."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell, its model, or its words."""
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        match role:
            case Role.CELL:
                return self.cell(row, column)
            case Role.MODEL:
                return self._models[row]
            case Qt.ItemDataRole.DisplayRole:
                return self.cell(row, column).text
            case Qt.ItemDataRole.ToolTipRole:
                return self.cell(row, column).tooltip or None
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(row, column)
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title, or what it means."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return header(Column(section))
            case Qt.ItemDataRole.ToolTipRole:
                return header_tooltip(Column(section))
            case Qt.ItemDataRole.AccessibleTextRole:
                return header(Column(section)) or self.tr("Favourite")
        return None

    # -- private ------------------------------------------------------------------------------------------------------

    def _spoken(self, row: int, column: Column) -> str:
        if column is Column.FAVOURITE:
            return self.tr("favourite") if self._models[row].favourite else self.tr("no favourite")
        return self.cell(row, column).spoken

    def _same_rows(self, fresh: Sequence[ModelSnapshot]) -> bool:
        return len(fresh) == len(self._models) and all(
            new.model_id == old.model_id for new, old in zip(fresh, self._models, strict=True)
        )

    def _remove_gone(self, known: set[str]) -> None:
        gone = [row for row, model in enumerate(self._models) if model.model_id not in known]
        for first, last in reversed(list(_runs(gone))):
            self.beginRemoveRows(_ROOT, first, last)
            del self._models[first : last + 1]
            self.endRemoveRows()

    def _insert_new(self, fresh: Sequence[ModelSnapshot]) -> None:
        """Insert the models that are not shown yet, at their places; the others keep their order."""
        shown = {model.model_id for model in self._models}
        new = [row for row, model in enumerate(fresh) if model.model_id not in shown]
        for first, last in _runs(new):
            self.beginInsertRows(_ROOT, first, last)
            self._models[first:first] = fresh[first : last + 1]
            self.endInsertRows()

    def _replace_changed(self, fresh: Sequence[ModelSnapshot]) -> Iterator[int]:
        for row, model in enumerate(fresh):
            if model != self._models[row]:
                self._models[row] = model
                yield row

    def _report(self, first: int, last: int, left: Column, right: Column) -> None:
        self.dataChanged.emit(self.index(first, left), self.index(last, right))


def _differs(old: Mapping[str, ModelFigures], new: Mapping[str, ModelFigures], model_id: str) -> bool:
    return old.get(model_id) != new.get(model_id)


def _runs(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of adjacent rows."""
    first: int | None = None
    last = -1
    for row in rows:
        if first is None:
            first = row
        elif row != last + 1:
            yield first, last
            first = row
        last = row
    if first is not None:
        yield first, last
