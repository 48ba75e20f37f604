"""The view of the models table."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent

from preheat.control import ModelSnapshot
from preheat_gui.dashboard.models.cells import Column
from preheat_gui.dashboard.models.delegates import StarDelegate, StateDelegate
from preheat_gui.dashboard.models.filter import ModelsFilter
from preheat_gui.dashboard.tables import PADDING, CellDelegate, NameDelegate, TableView, two_line_height

# Needed and preferred width, in characters of the body font. The name takes the rest.
_WIDTHS: Final = {
    Column.FAVOURITE: (6, 6),
    Column.NAME: (30, 30),
    Column.STATE: (24, 30),
    Column.MEMORY: (18, 38),
    Column.CONTEXT: (18, 18),
    Column.LOAD: (14, 14),
    Column.HITS: (12, 12),
    Column.LAST_USED: (15, 15),
}
_SPARE_SHARE: Final = 0.6  # Share of the spare width for columns other than the name
_HIDDEN_FIRST: Final = (Column.CONTEXT, Column.LOAD, Column.HITS, Column.LAST_USED, Column.MEMORY)


class ModelsView(TableView):
    """Shows a ``ModelsFilter``; narrow views hide columns."""

    star_clicked = Signal(object)  # The user clicked a model's star (ModelSnapshot)

    def __init__(self, models: ModelsFilter) -> None:
        super().__init__("models_table", self.tr("Models"), models, Column.NAME)
        self._models = models
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        columns = self.horizontalHeader()
        columns.setObjectName("models_header")
        columns.setMinimumSectionSize(1)
        columns.setSortIndicator(models.sortColumn(), models.sortOrder())
        self.setSortingEnabled(True)  # sorts by the indicator
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(Column.NAME, NameDelegate(self))
        self.setItemDelegateForColumn(Column.STATE, StateDelegate(self))
        self.setItemDelegateForColumn(Column.FAVOURITE, StarDelegate(self))
        self.clicked.connect(self._on_clicked)
        self.fit()

    def selected(self) -> list[ModelSnapshot]:
        """Return the selected models, in the order of the rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._models.model_at(self._models.index(row, Column.NAME)) for row in rows]

    def select_model(self, row: int) -> None:
        """Select only this row, and scroll to it."""
        index = self._models.index(row, Column.NAME)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_columns()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        over_star = self.indexAt(event.position().toPoint()).column() == Column.FAVOURITE
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over_star else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(600, 300)

    def fit(self) -> None:
        self.verticalHeader().setDefaultSectionSize(two_line_height(self._looks()))
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Hide columns until the name fits, then share out the spare width."""
        shown = {column: self._widths_of(column) for column in Column}
        for column in _HIDDEN_FIRST:
            if sum(needed for needed, _ in shown.values()) <= self.viewport().width():
                break
            del shown[column]
        spare = self.viewport().width() - sum(needed for needed, _ in shown.values())
        wished = sum(preferred - needed for needed, preferred in shown.values())
        share = max(0.0, min(1.0, spare * _SPARE_SHARE / wished)) if wished else 0.0
        for column in Column:
            self.setColumnHidden(column, column not in shown)
            if column in shown and column is not Column.NAME:
                needed, preferred = shown[column]
                self.setColumnWidth(column, round(needed + (preferred - needed) * share))

    def _widths_of(self, column: Column) -> tuple[int, int]:
        """Return a column's needed and preferred width in pixels; its title always fits."""
        unit = self._looks().body_metrics.averageCharWidth()
        title = str(self._models.headerData(column, Qt.Orientation.Horizontal) or "")
        least = self.horizontalHeader().fontMetrics().horizontalAdvance(title) + 2 * PADDING
        needed, preferred = _WIDTHS[column]
        return max(needed * unit, least), max(preferred * unit, least)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.FAVOURITE:
            self.star_clicked.emit(self._models.model_at(index))
