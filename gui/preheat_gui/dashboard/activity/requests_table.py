"""The requests that have not ended, as a Qt table that changes in place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from preheat.core.snapshot import RequestSnapshot
from preheat_gui.dashboard.models.cells import Cell
from preheat_gui.dashboard.models.table import Role
from preheat_gui.words import format_duration, format_number

Index = QModelIndex | QPersistentModelIndex

_ROOT: Final = QModelIndex()


class RequestColumn(IntEnum):
    """The table's columns, as they stand beside each other."""

    CLIENT = 0
    MODEL = 1
    PROGRESS = 2
    ELAPSED = 3


class RequestsTable(QAbstractTableModel):
    """One row a request, the oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._requests: list[RequestSnapshot] = []
        self._now = time.time()

    def update(self, requests: Sequence[RequestSnapshot]) -> None:
        """Show these requests."""
        self._now = time.time()
        known = {request.request_id for request in requests}
        for row in reversed(range(len(self._requests))):
            if self._requests[row].request_id not in known:
                self.beginRemoveRows(_ROOT, row, row)
                del self._requests[row]
                self.endRemoveRows()
        # What is left is the beginning of what is told: later requests have higher ids.
        kept = len(self._requests)
        for row in range(kept):
            if requests[row] != self._requests[row]:
                self._requests[row] = requests[row]
                self.dataChanged.emit(self.index(row, 0), self.index(row, RequestColumn.ELAPSED))
        if len(requests) > kept:
            self.beginInsertRows(_ROOT, kept, len(requests) - 1)
            self._requests += requests[kept:]
            self.endInsertRows()

    def tick(self) -> None:
        """Let time go on."""
        self._now = time.time()
        if self._requests:
            last = len(self._requests) - 1
            self.dataChanged.emit(self.index(0, RequestColumn.ELAPSED), self.index(last, RequestColumn.ELAPSED))

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of requests."""
        return 0 if parent.isValid() else len(self._requests)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of columns."""
        return 0 if parent.isValid() else len(RequestColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell, or its words."""
        if not index.isValid():
            return None
        text = self._text(self._requests[index.row()], RequestColumn(index.column()))
        if role == Role.CELL:
            return Cell(text, muted=not self._requests[index.row()].client and index.column() == RequestColumn.CLIENT)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return text
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return {
            RequestColumn.CLIENT: self.tr("Program"),
            RequestColumn.MODEL: self.tr("Model"),
            RequestColumn.PROGRESS: self.tr("Answer"),
            RequestColumn.ELAPSED: self.tr("For"),
        }[RequestColumn(section)]

    def _text(self, request: RequestSnapshot, column: RequestColumn) -> str:
        match column:
            case RequestColumn.CLIENT:
                return request.client or self.tr("unknown")
            case RequestColumn.MODEL:
                return request.model_id
            case RequestColumn.PROGRESS:
                return self._progress(request)
            case RequestColumn.ELAPSED:
                return format_duration(max(0.0, float(int(self._now - request.arrived_at))))

    def _progress(self, request: RequestSnapshot) -> str:
        if request.waiting:
            return self.tr("waiting for the model")
        if request.tokens_per_s is None:
            return self.tr("being answered")
        return self.tr("{speed} tokens/s · {count} tokens").format(
            speed=round(request.tokens_per_s), count=format_number(request.completion_tokens)
        )
