"""The table of requests that have ended: how long they waited, how fast they were, and what was reused."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QObject, Qt, QTime
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from preheat.control import Outcome, RequestRecord
from preheat.units import natural_key
from preheat_gui.dashboard.cells import NOTHING, ROOT, Cell
from preheat_gui.dashboard.fitting import FittingTable
from preheat_gui.dashboard.tables import CellDelegate, NameDelegate, TableModel
from preheat_gui.widgets import SignBook
from preheat_gui.words import (
    app_name,
    format_duration,
    format_number,
    joined,
    message_text,
    reuse_sentences,
    reuse_sources,
    reused_words,
)

translate = QCoreApplication.translate

_LOOKED_AT: Final = 200  # Rows that decide about the columns: those of a long history look alike


class EndedColumn(IntEnum):
    """The table's columns, in their order."""

    TIME = 0
    CLIENT = 1
    MODEL = 2
    WAIT = 3
    TTFT = 4
    SPEED = 5
    ANSWER = 6
    REUSED = 7


def _time(record: RequestRecord) -> Cell:
    at, now, short = datetime.fromtimestamp(record.started_at), datetime.fromtimestamp(time.time()), QLocale.FormatType
    clock = QLocale().toString(QTime(at.hour, at.minute, at.second), short.ShortFormat)
    day = QLocale().toString(QDate(at.year, at.month, at.day), short.ShortFormat)
    return Cell(clock, "" if at.date() == now.date() else day, tooltip=f"{day} {clock}")


def _client(record: RequestRecord) -> Cell:
    unknown = translate("Activity", "unknown")
    return Cell(app_name(record.client) or unknown, muted=not record.client, tooltip=record.client or unknown)


def _model(record: RequestRecord) -> Cell:
    return Cell(record.model_id, tooltip=record.model_id)


def _wait(record: RequestRecord) -> Cell:
    if record.outcome is Outcome.HIT:
        return Cell(NOTHING, muted=True, tooltip=translate("Activity", "The model was ready."))
    if record.outcome is Outcome.LATE_HIT:
        tooltip = translate("Activity", "The model was already loading.")
    else:
        tooltip = translate("Activity", "The model was not in memory: the request waited for its load.")
    return Cell(format_duration(record.wait_s), tooltip=tooltip)


def _ttft(record: RequestRecord) -> Cell:
    return Cell(NOTHING, muted=True) if record.ttft_s is None else Cell(format_duration(record.ttft_s))


def _speed(record: RequestRecord) -> Cell:
    speed = record.tokens_per_s
    if speed is None:
        return Cell(NOTHING, muted=True)
    return Cell(QLocale().toString(speed, "f", 1) if speed < 10 else format_number(round(speed)))


def _answer(record: RequestRecord) -> Cell:
    count = record.completion_tokens
    return Cell(format_number(count) if count else NOTHING, muted=not count)


def _reused(record: RequestRecord) -> Cell:
    if not record.prompt_tokens:
        return Cell(NOTHING, muted=True)
    why = reuse_sources(record) if record.recomputed is None else message_text(record.recomputed)
    return Cell(reused_words(record), why, muted=not (record.reused_tokens or why), tooltip=reuse_sentences(record))


def _known(value: float | None) -> float:
    return -1.0 if value is None else value


_COLUMNS: Final[
    Mapping[EndedColumn, tuple[Callable[[RequestRecord], Cell], Callable[[RequestRecord], tuple[float | str, ...]]]]
] = {
    EndedColumn.TIME: (_time, lambda record: (record.started_at,)),
    EndedColumn.CLIENT: (_client, lambda record: (record.client.casefold(),)),
    EndedColumn.MODEL: (_model, lambda record: (record.model_id.casefold(),)),
    EndedColumn.WAIT: (_wait, lambda record: (record.outcome is not Outcome.HIT, record.wait_s)),
    EndedColumn.TTFT: (_ttft, lambda record: (_known(record.ttft_s),)),
    EndedColumn.SPEED: (_speed, lambda record: (_known(record.tokens_per_s),)),
    EndedColumn.ANSWER: (_answer, lambda record: (record.completion_tokens,)),
    EndedColumn.REUSED: (_reused, lambda record: (record.reused_tokens,)),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are shown."""

    model_id: str = ""  # Empty for all; ``client`` and ``text`` likewise
    client: str | None = None  # An app's name; None for all, empty for unknown apps
    text: str = ""  # Parts of the app's or model's name or of the reason, in any order

    def select(
        self, records: Sequence[RequestRecord], searched: Callable[[RequestRecord], str]
    ) -> Iterator[RequestRecord]:
        """Yield those of the records that are wanted; ``searched`` returns the text in which ``text`` is looked for."""
        parts = self.text.casefold().split()
        for record in records:
            if self.model_id not in ("", record.model_id) or self.client not in (None, app_name(record.client)):
                continue
            if not parts or all(part in text for text in [searched(record)] for part in parts):
                yield record


def _searched(record: RequestRecord) -> str:
    why = "" if record.recomputed is None else message_text(record.recomputed)
    return f"{record.client}\n{record.model_id}\n{why}".casefold()


class EndedTable(TableModel[RequestRecord]):
    """One row per request. It filters and sorts by itself: Qt's proxies take seconds for 10,000 rows in Python."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(EndedColumn, (), id, parent)
        self._all: tuple[RequestRecord, ...] = ()
        self._texts: dict[int, str] = {}  # By id of a record in ``_all``
        self._wanted = Wanted()
        self._column, self._order = EndedColumn.TIME, Qt.SortOrder.DescendingOrder

    @property
    def records(self) -> Sequence[RequestRecord]:
        """The requests that are shown, in their order."""
        return self._items

    def show_records(self, records: tuple[RequestRecord, ...]) -> None:
        """Show these requests, the newest first; rows that stay keep the selection and their place."""
        if self._all and (not records or records[-1] is not self._all[-1]):
            self._texts.clear()  # old ones leave, and new ones may get their ids
        self._all = records
        self._show(self._arranged())

    def set_wanted(self, wanted: Wanted) -> None:
        """Show only some of the requests."""
        if wanted != self._wanted:
            self._wanted = wanted
            self._reset(self._arranged())

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal rows stay the newest first."""
        self._column, self._order = EndedColumn(column), order
        self._reset(self._arranged())

    def cell(self, row: int, column: int) -> Cell:
        return _COLUMNS[EndedColumn(column)][0](self._items[row])

    def has_values(self, column: int) -> bool:
        make = _COLUMNS[EndedColumn(column)][0]
        return any(make(record).text != NOTHING for record in self._all[:_LOOKED_AT])

    def header(self, column: int) -> tuple[str, str]:
        return {
            EndedColumn.TIME: (self.tr("Time"), self.tr("When the request arrived.")),
            EndedColumn.CLIENT: (self.tr("App"), ""),
            EndedColumn.MODEL: (self.tr("Model"), ""),
            EndedColumn.WAIT: (self.tr("Waiting"), self.tr("Time until the model was ready.")),
            EndedColumn.TTFT: (
                self.tr("First word"),
                self.tr("Time until the first token of the answer, with the wait for the model."),
            ),
            EndedColumn.SPEED: (self.tr("Tokens/s"), self.tr("Speed of the answer after its first token.")),
            EndedColumn.ANSWER: (self.tr("Answer"), self.tr("Tokens of the answer.")),
            EndedColumn.REUSED: (
                self.tr("Reused"),
                self.tr("Tokens of the prompt that were not computed again; where they came from, or why not more."),
            ),
        }[EndedColumn(column)]

    def _arranged(self) -> list[RequestRecord]:
        found = list(self._wanted.select(self._all, self._searched))
        # Twice: equal rows are the newest first whatever the order is.
        found.sort(key=lambda record: record.started_at, reverse=True)
        found.sort(key=_COLUMNS[self._column][1], reverse=self._order is Qt.SortOrder.DescendingOrder)
        return found

    def _searched(self, record: RequestRecord) -> str:
        text = self._texts.get(id(record))
        if text is None:
            text = self._texts[id(record)] = _searched(record)
        return text

    def _show(self, wanted: list[RequestRecord]) -> None:
        """Insert new rows, if there are no other differences."""
        known = {id(record) for record in self._items}
        added = [place for place, record in enumerate(wanted) if id(record) not in known]
        if len(wanted) - len(added) != len(self._items) or len(added) > _LOOKED_AT:
            self._reset(wanted)
            return
        for place in added:
            self.beginInsertRows(ROOT, place, place)
            self._items.insert(place, wanted[place])
            self.endInsertRows()

    def _reset(self, wanted: list[RequestRecord]) -> None:
        self.beginResetModel()
        self._items[:] = wanted
        self.endResetModel()


# Needed and preferred width, in characters of the body font. What was reused, and why not more, takes the rest.
_WIDTHS: Final[Mapping[IntEnum, tuple[int, int]]] = {
    EndedColumn.TIME: (11, 12),
    EndedColumn.CLIENT: (14, 20),
    EndedColumn.MODEL: (24, 40),
    EndedColumn.WAIT: (9, 11),
    EndedColumn.TTFT: (11, 12),
    EndedColumn.SPEED: (9, 11),
    EndedColumn.ANSWER: (9, 10),
    EndedColumn.REUSED: (30, 40),
}
_HIDDEN_FIRST: Final = (
    EndedColumn.ANSWER,
    EndedColumn.SPEED,
    EndedColumn.WAIT,
    EndedColumn.CLIENT,
    EndedColumn.TTFT,
)


class EndedView(FittingTable):
    """Shows an ``EndedTable``; selected rows can be copied as text."""

    def __init__(self, table: EndedTable, signs: SignBook) -> None:
        name = self.tr("Requests that have ended")
        super().__init__("ended_table", name, table, EndedColumn.REUSED, _WIDTHS, _HIDDEN_FIRST, EndedColumn.MODEL)
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)
        self.horizontalHeader().setSortIndicator(EndedColumn.TIME, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(EndedColumn.MODEL, NameDelegate(self, signs))
        self.fit()

    def selected_text(self) -> str:
        """Return the selected requests, one per line."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        spoken = Qt.ItemDataRole.AccessibleTextRole
        cells = ([self.model().index(row, column).data(spoken) for column in EndedColumn] for row in rows)
        return "\n".join(joined(*(text for text in each if text != NOTHING)) for each in cells)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
            return
        super().keyPressEvent(event)

    def _names_in_table(self) -> Iterable[str]:
        assert isinstance(self._source, EndedTable)
        return {record.model_id for record in self._source.records}  # few, in thousands of rows


def names_in(records: Sequence[RequestRecord]) -> tuple[list[str], list[str]]:
    """Return the models and the apps in these requests, sorted."""
    models, clients = {record.model_id for record in records}, {app_name(record.client) for record in records}
    return sorted(models, key=natural_key), sorted(clients, key=str.casefold)
