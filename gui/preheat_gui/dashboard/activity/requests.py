"""The table of requests in progress."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QResizeEvent

from preheat.control import RequestSnapshot
from preheat_gui.dashboard.cells import Cell
from preheat_gui.dashboard.tables import CellDelegate, NameDelegate, TableModel, TableView
from preheat_gui.widgets import GAP, SignBook
from preheat_gui.words import format_duration, format_number


class RequestColumn(IntEnum):
    """The table's columns, in their order."""

    CLIENT = 0
    MODEL = 1
    PROGRESS = 2
    ELAPSED = 3


_MAX_ROWS: Final = 4
# In characters of the body font; the model takes the rest.
_WIDTHS: Final = {RequestColumn.CLIENT: 20, RequestColumn.PROGRESS: 30, RequestColumn.ELAPSED: 10}
_MODEL_WIDTH: Final = 18


class RequestsTable(TableModel[RequestSnapshot]):
    """One row per request, the oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(RequestColumn, (), lambda request: request.request_id, parent)
        self._now = time.time()

    def update(self, requests: Sequence[RequestSnapshot]) -> None:
        self._now = time.time()
        self.show_items(requests)

    def tick(self) -> None:
        """Update the elapsed time."""
        self._now = time.time()
        self.report_column(RequestColumn.ELAPSED)

    def cell(self, row: int, column: int) -> Cell:
        request = self._items[row]
        match RequestColumn(column):
            case RequestColumn.CLIENT:
                text = request.client or self.tr("unknown")
            case RequestColumn.MODEL:
                text = request.model_id
            case RequestColumn.PROGRESS:
                text = self._progress(request)
            case RequestColumn.ELAPSED:
                text = format_duration(max(0.0, float(int(self._now - request.arrived_at))))
        return Cell(text, muted=column == RequestColumn.CLIENT and not request.client, tooltip=text)

    def header(self, column: int) -> tuple[str, str]:
        return (self.tr("App"), self.tr("Model"), self.tr("Answer"), self.tr("Time"))[column], ""

    def _progress(self, request: RequestSnapshot) -> str:
        if request.waiting:
            return self.tr("waiting for the model")
        if request.tokens_per_s is None:
            return self.tr("in progress")
        return self.tr("{speed} tokens/s · {count} tokens").format(
            speed=round(request.tokens_per_s), count=format_number(request.completion_tokens)
        )


class RequestsView(TableView):
    """Shows a ``RequestsTable``; as high as its rows, up to a maximum."""

    def __init__(self, table: RequestsTable, signs: SignBook) -> None:
        super().__init__("requests_table", self.tr("Requests in progress"), table, RequestColumn.MODEL)
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(RequestColumn.MODEL, NameDelegate(self, signs))
        self.setSelectionMode(self.SelectionMode.SingleSelection)
        self.horizontalHeader().setSectionsClickable(False)
        table.rowsInserted.connect(self.fit)
        table.rowsRemoved.connect(self.fit)
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        unit = self._looks().body_metrics.averageCharWidth()
        scale = min(1.0, self.viewport().width() / ((sum(_WIDTHS.values()) + _MODEL_WIDTH) * unit))
        for column, chars in _WIDTHS.items():
            self.setColumnWidth(column, int(chars * unit * scale))

    def fit(self) -> None:
        row_height = self._looks().body_metrics.height() + GAP + GAP // 2
        self.verticalHeader().setDefaultSectionSize(row_height)
        count = max(self.model().rowCount(), 1)
        shown = min(count, _MAX_ROWS)
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(policy.ScrollBarAsNeeded if count > shown else policy.ScrollBarAlwaysOff)
        header = self.horizontalHeader().sizeHint().height()
        # The last row's hairline is under the frame's.
        self.setFixedHeight(header + shown * row_height + 2 * self.frameWidth() - 1)
