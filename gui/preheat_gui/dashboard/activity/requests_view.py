"""The view of the requests that have not ended: as high as they need, up to a few."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from preheat_gui.dashboard.activity.requests_table import RequestColumn, RequestsTable
from preheat_gui.dashboard.looks import LooksOf
from preheat_gui.dashboard.models.delegates import NameDelegate, TextDelegate
from preheat_gui.widgets import GAP

_MOST_ROWS: Final = 4
# In characters of the body's font; the model has the rest.
_WIDTHS: Final = {RequestColumn.CLIENT: 20, RequestColumn.PROGRESS: 30, RequestColumn.ELAPSED: 10}
_LEAST_MODEL: Final = 18


class RequestsView(QTableView):
    """Shows a ``RequestsTable``."""

    def __init__(self, table: RequestsTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looks = LooksOf(self)
        self.setObjectName("requests_table")
        self.setAccessibleName(self.tr("Requests that are being answered"))
        self.setModel(table)
        self.setItemDelegate(TextDelegate(self))
        self.setItemDelegateForColumn(RequestColumn.MODEL, NameDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        columns = self.horizontalHeader()
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        columns.setSectionResizeMode(RequestColumn.MODEL, QHeaderView.ResizeMode.Stretch)
        columns.setSectionsClickable(False)
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
        table.rowsInserted.connect(self._fit)
        table.rowsRemoved.connect(self._fit)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow the system's font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange, QEvent.Type.StyleChange):
            self._fit()

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        """Share out the width."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._share_width()

    def _share_width(self) -> None:
        unit = self._looks().body_metrics.averageCharWidth()
        wanted = sum(_WIDTHS.values()) + _LEAST_MODEL
        scale = min(1.0, self.viewport().width() / (wanted * unit))
        for column, chars in _WIDTHS.items():
            self.setColumnWidth(column, int(chars * unit * scale))

    def _fit(self) -> None:
        row_height = self._looks().body_metrics.height() + GAP + GAP // 2
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(row_height)
        count = max(self.model().rowCount(), 1)
        rows = min(count, _MOST_ROWS)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if count > rows else policy.ScrollBarAlwaysOff)
        header = self.horizontalHeader().sizeHint().height()
        # The last row's hairline lies under the frame's.
        self.setFixedHeight(header + rows * row_height + 2 * self.frameWidth() - 1)
