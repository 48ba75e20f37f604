"""The table of requests that have ended: what each one reused, and why not more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QObject, QSortFilterProxyModel, Qt, QTime
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from preheat.control import Outcome, RequestRecord
from preheat.units import natural_key
from preheat_gui.dashboard.cells import NOTHING, Cell, Index, SortKey
from preheat_gui.dashboard.fitting import FittingTable
from preheat_gui.dashboard.tables import CellDelegate, NameDelegate, TableModel
from preheat_gui.words import (
    format_duration,
    format_number,
    joined,
    message_text,
    reuse_sentences,
    reuse_sources,
    reused_words,
)

translate = QCoreApplication.translate


class EndedColumn(IntEnum):
    """The table's columns, in their order."""

    TIME = 0
    CLIENT = 1
    MODEL = 2
    REUSED = 3
    TTFT = 4
    ANSWER = 5


def _time(record: RequestRecord) -> Cell:
    at, now, short = datetime.fromtimestamp(record.started_at), datetime.fromtimestamp(time.time()), QLocale.FormatType
    clock = QLocale().toString(QTime(at.hour, at.minute, at.second), short.ShortFormat)
    day = QLocale().toString(QDate(at.year, at.month, at.day), short.ShortFormat)
    return Cell(clock, "" if at.date() == now.date() else day, tooltip=f"{day} {clock}")


def _client(record: RequestRecord) -> Cell:
    text = record.client or translate("Activity", "unknown")
    return Cell(text, muted=not record.client, tooltip=text)


def _model(record: RequestRecord) -> Cell:
    return Cell(record.model_id, tooltip=record.model_id)


def _reused(record: RequestRecord) -> Cell:
    if not record.prompt_tokens:
        return Cell(NOTHING, muted=True)
    why = reuse_sources(record) if record.recomputed is None else message_text(record.recomputed)
    return Cell(reused_words(record), why, muted=not (record.reused_tokens or why), tooltip=reuse_sentences(record))


def _answer(record: RequestRecord) -> Cell:
    count = record.completion_tokens
    return Cell(format_number(count) if count else NOTHING, muted=not count)


def _ttft(record: RequestRecord) -> Cell:
    if record.ttft_s is None:
        return Cell(NOTHING, muted=True)
    if record.outcome is Outcome.HIT:
        return Cell(format_duration(record.ttft_s), tooltip=translate("Activity", "The model was ready."))
    waited = format_duration(record.wait_s)
    tooltip = translate("Activity", "The model was not ready: {duration} of this were its load.")
    aside = translate("Activity", "{duration} loading").format(duration=waited)
    return Cell(format_duration(record.ttft_s), aside, tooltip=tooltip.format(duration=waited))


_COLUMNS: Final[Mapping[EndedColumn, tuple[Callable[[RequestRecord], Cell], Callable[[RequestRecord], SortKey]]]] = {
    EndedColumn.TIME: (_time, lambda record: record.started_at),
    EndedColumn.CLIENT: (_client, lambda record: record.client.casefold()),
    EndedColumn.MODEL: (_model, lambda record: natural_key(record.model_id)),
    EndedColumn.REUSED: (_reused, lambda record: record.reused_tokens),
    EndedColumn.TTFT: (_ttft, lambda record: -1.0 if record.ttft_s is None else record.ttft_s),
    EndedColumn.ANSWER: (_answer, lambda record: record.completion_tokens),
}


class EndedTable(TableModel[RequestRecord]):
    """One row per request, the newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(EndedColumn, (), lambda record: (record.started_at, record.model_id, record.client), parent)

    def cell(self, row: int, column: int) -> Cell:
        return _COLUMNS[EndedColumn(column)][0](self._items[row])

    def header(self, column: int) -> tuple[str, str]:
        return {
            EndedColumn.TIME: (self.tr("Time"), self.tr("When the request arrived.")),
            EndedColumn.CLIENT: (self.tr("App"), ""),
            EndedColumn.MODEL: (self.tr("Model"), ""),
            EndedColumn.REUSED: (
                self.tr("Reused"),
                self.tr("Tokens of the prompt that were not computed again; where they came from, or why not more."),
            ),
            EndedColumn.TTFT: (self.tr("First word"), self.tr("Time until the first token of the answer.")),
            EndedColumn.ANSWER: (self.tr("Answer"), self.tr("Tokens of the answer.")),
        }[EndedColumn(column)]

    def record_at(self, row: int) -> RequestRecord:
        return self._items[row]


class EndedFilter(QSortFilterProxyModel):
    """Filters by model, and sorts; equal rows stay the newest first."""

    def __init__(self, table: EndedTable, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._model_id = ""
        self.setSourceModel(table)
        self.sort(EndedColumn.TIME, Qt.SortOrder.DescendingOrder)

    def set_model(self, model_id: str) -> None:
        """Show only requests to this model; an empty id shows all."""
        self.beginFilterChange()
        self._model_id = model_id
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:  # noqa: N802
        return self._model_id in ("", self._table.record_at(source_row).model_id)

    def lessThan(self, left: Index, right: Index) -> bool:  # noqa: N802
        key = _COLUMNS[EndedColumn(left.column())][1]
        first, second = key(self._table.record_at(left.row())), key(self._table.record_at(right.row()))
        if first != second:
            return first < second  # type: ignore[operator] # one column's keys are of one type
        ascending = self.sortOrder() is Qt.SortOrder.AscendingOrder
        return left.row() < right.row() if ascending else left.row() > right.row()


# Needed and preferred width, in characters of the body font. What was reused, and why not more, takes the rest.
_WIDTHS: Final[Mapping[IntEnum, tuple[int, int]]] = {
    EndedColumn.TIME: (11, 11),
    EndedColumn.CLIENT: (14, 22),
    EndedColumn.MODEL: (20, 44),
    EndedColumn.REUSED: (48, 48),
    EndedColumn.TTFT: (13, 16),
    EndedColumn.ANSWER: (9, 9),
}
_HIDDEN_FIRST: Final = (EndedColumn.ANSWER, EndedColumn.TTFT, EndedColumn.CLIENT)


class EndedView(FittingTable):
    """Shows an ``EndedFilter``; selected rows can be copied as text."""

    def __init__(self, requests: EndedFilter) -> None:
        name = self.tr("Requests that have ended")
        super().__init__("ended_table", name, requests, EndedColumn.REUSED, _WIDTHS, _HIDDEN_FIRST)
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)
        self.horizontalHeader().setSortIndicator(requests.sortColumn(), requests.sortOrder())
        self.setSortingEnabled(True)
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(EndedColumn.MODEL, NameDelegate(self))
        self.fit()

    def selected_text(self) -> str:
        """Return the selected requests, one per line."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        spoken = Qt.ItemDataRole.AccessibleTextRole
        cells = ([self.model().index(row, column).data(spoken) for column in EndedColumn] for row in rows)
        return "\n".join(joined(*each) for each in cells)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
            return
        super().keyPressEvent(event)
