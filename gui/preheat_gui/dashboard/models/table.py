"""The models as a Qt table that takes whole snapshots and reports only differences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Qt

from preheat.control import EngineSnapshot, Figures, ModelSnapshot
from preheat_gui.dashboard.cells import Cell, Index, Role
from preheat_gui.dashboard.models.cells import Column, Context, header, make_cell, sort_key
from preheat_gui.dashboard.row_changes import runs
from preheat_gui.dashboard.tables import TableModel


class ModelsTable(TableModel[ModelSnapshot]):
    """One row per model, in the snapshot's order; ``context_length`` returns a model's effective setting, if known."""

    def __init__(
        self, snapshot: EngineSnapshot, context_length: Callable[[str], int | None], parent: QObject | None = None
    ) -> None:
        super().__init__(Column, snapshot.models, lambda model: model.model_id, parent)
        self._context = Context(snapshot, time.time(), {}, context_length)

    def update(self, snapshot: EngineSnapshot) -> None:
        """Show this snapshot."""
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
        """Return the model of a row."""
        return self._items[row]

    def row_of(self, model_id: str) -> int | None:
        """Return a model's row; None if it is unknown."""
        return next((row for row, model in enumerate(self._items) if model.model_id == model_id), None)

    def cell(self, row: int, column: Column) -> Cell:
        """Return the contents of a cell."""
        return make_cell(column, self._items[row], self._context)

    def sort_key(self, row: int, column: Column) -> str | float:
        """Return the sort key of a cell."""
        return sort_key(column, self._items[row], self._context)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        match role:
            case Role.CELL:
                return self.cell(row, column)
            case Role.ITEM:
                return self._items[row]
            case Qt.ItemDataRole.DisplayRole:
                return self.cell(row, column).text
            case Qt.ItemDataRole.ToolTipRole:
                return self.cell(row, column).tooltip or None
            case Qt.ItemDataRole.AccessibleTextRole if column is Column.FAVOURITE:
                return self.tr("favourite") if self._items[row].favourite else self.tr("not a favourite")
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.cell(row, column).spoken
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        title, tooltip = header(Column(section))
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return title
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip
            case Qt.ItemDataRole.AccessibleTextRole:
                return title or self.tr("Favourite")
        return None

    def _ages(self) -> list[str]:
        return [self.cell(row, Column.LAST_USED).text for row in range(len(self._items))]
