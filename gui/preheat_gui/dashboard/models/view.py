"""The view of the models' table: which columns have room, clicks on the star, the menu."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from preheat.core.snapshot import ModelSnapshot
from preheat_gui.dashboard.looks import LooksOf
from preheat_gui.dashboard.models.cells import Column
from preheat_gui.dashboard.models.delegates import NameDelegate, StarDelegate, StateDelegate, TextDelegate, row_height
from preheat_gui.dashboard.models.filter import ModelsFilter
from preheat_gui.widgets import GAP

# In characters of the body's font: what a column needs, and what it takes where there is room. The name has the rest.
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
_FOR_OTHERS: Final = 0.6
"""Share of the spare room that the name leaves to columns that can use it."""

_LEAST_WORTH_FIRST: Final = (Column.CONTEXT, Column.LOAD, Column.HITS, Column.LAST_USED, Column.MEMORY)


class ModelsView(QTableView):
    """Shows a ``ModelsFilter``.

    Attributes:
        star_clicked: The user clicked a model's star (ModelSnapshot).
    """

    star_clicked = Signal(object)

    def __init__(self, models: ModelsFilter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._looks = LooksOf(self)
        self.setObjectName("models_table")
        self.setAccessibleName(self.tr("Models"))
        self.setModel(models)
        self._set_header()
        self._set_behaviour()
        text, name, state, star = TextDelegate(self), NameDelegate(self), StateDelegate(self), StarDelegate(self)
        delegates = {Column.NAME: name, Column.STATE: state, Column.FAVOURITE: star}
        for column in Column:
            self.setItemDelegateForColumn(column, delegates.get(column, text))
        self.clicked.connect(self._on_clicked)

    # -- selection ----------------------------------------------------------------------------------------------------

    def selected(self) -> list[ModelSnapshot]:
        """Return the selected models, in the order of the rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._models.model_at(self._models.index(row, Column.NAME)) for row in rows]

    def select_model(self, row: int) -> None:
        """Select this row alone, and scroll to it."""
        index = self._models.index(row, Column.NAME)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Show the columns that have room."""
        super().resizeEvent(event)
        self._fit_columns()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow the system's font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.verticalHeader().setDefaultSectionSize(row_height(self._looks()))
            self._fit_columns()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show over the stars that they can be clicked."""
        over_star = self.indexAt(event.position().toPoint()).column() == Column.FAVOURITE
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over_star else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size that leaves the page its say."""
        return QSize(600, 300)

    # -- private ------------------------------------------------------------------------------------------------------

    def _set_behaviour(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table; the arrow keys move in it
        self.setSortingEnabled(True)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _set_header(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # nobody measures a thousand rows
        rows.setMinimumSectionSize(1)
        rows.setDefaultSectionSize(row_height(self._looks()))
        columns = self.horizontalHeader()
        columns.setObjectName("models_header")
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        columns.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        columns.setMinimumSectionSize(1)
        columns.setSortIndicator(self._models.sortColumn(), self._models.sortOrder())

    def _fit_columns(self) -> None:
        """Hide the columns of least worth until the name has its room; share out what is left over."""
        shown = {column: self._widths_of(column) for column in Column}
        for column in _LEAST_WORTH_FIRST:
            if sum(needed for needed, _ in shown.values()) <= self.viewport().width():
                break
            del shown[column]
        spare = self.viewport().width() - sum(needed for needed, _ in shown.values())
        wished = sum(most - needed for needed, most in shown.values())
        share = max(0.0, min(1.0, spare * _FOR_OTHERS / wished)) if wished else 0.0
        for column in Column:
            self.setColumnHidden(column, column not in shown)
            if column in shown and column is not Column.NAME:
                needed, most = shown[column]
                self.setColumnWidth(column, round(needed + (most - needed) * share))

    def _widths_of(self, column: Column) -> tuple[int, int]:
        """Return what a column needs and may take, in pixels; its title fits in any language."""
        unit = self._looks().body_metrics.averageCharWidth()
        title = str(self._models.headerData(column, Qt.Orientation.Horizontal) or "")
        least = self.horizontalHeader().fontMetrics().horizontalAdvance(title) + 2 * GAP
        needed, most = _WIDTHS[column]
        return max(needed * unit, least), max(most * unit, least)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.FAVOURITE:
            self.star_clicked.emit(self._models.model_at(index))
