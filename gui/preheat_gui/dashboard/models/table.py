"""The models as a Qt table that takes whole snapshots: its cells, its filter and its order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Any, Final

from PySide6.QtCore import QCoreApplication, QObject, QSortFilterProxyModel, Qt

from preheat.control import EngineSnapshot, Figures, FitAnswer, ModelSnapshot, State
from preheat.units import natural_key
from preheat_gui import words
from preheat_gui.dashboard.cells import BUSY, NOTHING, Cell, Index, SortKey, runs
from preheat_gui.dashboard.tables import TableModel
from preheat_gui.words import format_ago, format_bytes, format_duration, format_memory, format_number, message_text

translate = QCoreApplication.translate


class Column(IntEnum):
    """The table's columns, in their order."""

    FAVOURITE = 0
    NAME = 1
    STATE = 2
    MEMORY = 3
    CONTEXT = 4
    LOAD = 5
    HITS = 6
    LAST_USED = 7


@dataclass(frozen=True, slots=True)
class Context:
    """What cells need in addition to their model."""

    snapshot: EngineSnapshot
    now: float  # Unix time that "2 h ago" counts from
    figures: Mapping[str, Figures]

    def figures_of(self, model: ModelSnapshot) -> Figures:
        return self.figures.get(model.model_id, Figures())


def make_cell(column: Column, model: ModelSnapshot, context: Context) -> Cell:
    return _COLUMNS[column][0](model, context)


def sort_key(column: Column, model: ModelSnapshot, context: Context) -> SortKey:
    """Return the sort key of a cell; blanks come first in ascending order."""
    return _COLUMNS[column][1](model, context)


def header(column: Column) -> tuple[str, str]:
    """Return a column's title, empty for the column of stars, and its tooltip."""
    state = translate(
        "Models", "Ready: answers at once. Cached: loads in a moment. Not loaded: must be read from disk."
    )
    hits = translate("Models", "Requests of the last 7 days that found the model ready.")
    memory = translate("Models", "Memory that the model uses now, or would use.")
    return {
        Column.FAVOURITE: ("", translate("Models", "Favourites are kept ready whenever they fit.")),
        Column.NAME: (translate("Models", "Model"), translate("Models", "The name that apps use in requests.")),
        Column.STATE: (translate("Models", "State"), state),
        Column.MEMORY: (translate("Models", "Memory"), memory),
        Column.CONTEXT: (
            translate("Models", "Context length"),
            translate("Models", "Prompt plus answer, in tokens, and their memory."),
        ),
        Column.LOAD: (translate("Models", "Last load"), translate("Models", "Time until the model was ready.")),
        Column.HITS: (translate("Models", "Hits"), hits),
        Column.LAST_USED: (translate("Models", "Last used"), translate("Models", "When an app last used the model.")),
    }[column]


def _favourite(model: ModelSnapshot, context: Context) -> Cell:
    if model.favourite:
        return Cell("★", tooltip=translate("Models", "Favourite: kept ready whenever it fits. Click to change."))
    return Cell("☆", muted=True, tooltip=translate("Models", "Click to keep it ready whenever it fits."))


def _name(model: ModelSnapshot, context: Context) -> Cell:
    kind = (
        translate("Models", "Embeddings · {size} file")
        if model.embeddings
        else translate("Models", "Text · {size} file")
    )
    return Cell(model.model_id, kind.format(size=format_bytes(model.file_bytes)), tooltip=model.model_id)


def _state(model: ModelSnapshot, context: Context) -> Cell:
    text, reason = words.model_state(model), message_text(model.reason)
    kept = words.joined(reason, *map(words.prompt_words, model.prompts), separator="\n")
    if model.state in words.LOADING_STATES:
        return Cell(text, words.time_left(model), model.progress or 0.0, tooltip=reason)
    if model.state is State.QUEUED:
        return Cell(text, translate("Models", "loads next"), tooltip=reason)
    if model.state is State.FAILED:
        return Cell(text, words.failure_reason(model), bad=True, tooltip=words.failure_reason(model))
    if model.active_requests == 1:
        return Cell(text, translate("Models", "1 request in progress"), tooltip=kept)
    if model.active_requests:
        aside = translate("Models", "{count} requests in progress").format(count=model.active_requests)
        return Cell(text, aside, tooltip=kept)
    if model.state is State.COLD and model.standby:
        cached = translate(
            "Models", "Its file is in free memory, so it loads quickly. Programs get that memory when needed."
        )
        kept = words.joined(cached, kept, separator="\n")
    muted = model.state is State.COLD and not model.standby
    return Cell(text, words.prompts_ready(model), muted=muted, tooltip=kept)


def _memory(model: ModelSnapshot, context: Context) -> Cell:
    if model.resident_bytes:
        aside = words.on_devices_words(model) or words.form_words(model)
        tooltip = words.joined(
            words.form_sentence(model), words.placement_words(model, context.snapshot.devices), separator="\n"
        )
        return Cell(format_memory(model.resident_bytes), aside, tooltip=tooltip)
    about, fit = format_memory(model.expected_bytes), context.snapshot.fit(model)
    measured = translate("Models", "Measured at the last load, or estimated.")
    tooltip = words.joined(f"{about}, {message_text(fit.words)}.", measured, separator="\n")
    # While the other favourites load, there is room that one without room may not take.
    crowded = fit.fit is not FitAnswer.NOW and model.model_id in context.snapshot.favourites_without_room
    lacks = fit.fit is FitAnswer.TOO_BIG or crowded
    aside = "" if model.in_memory else message_text(fit.brief)
    return Cell(about, aside, muted=True, bad=lacks, tooltip=tooltip)


def _context(model: ModelSnapshot, context: Context) -> Cell:
    if model.context_length is None:
        return Cell(NOTHING, muted=True)
    aside = format_memory(model.context_bytes) if model.context_bytes else ""
    tooltip = words.sentence(message_text(model.context))
    return Cell(format_number(model.context_length), aside, muted=model.state is not State.HOT, tooltip=tooltip)


def _load(model: ModelSnapshot, context: Context) -> Cell:
    if model.load_s is not None:
        return Cell(format_duration(model.load_s))
    typical = context.figures_of(model).load.median_s
    if typical is None:
        return Cell(NOTHING, muted=True)
    return Cell(format_duration(typical), muted=True, tooltip=translate("Models", "Median of the last 7 days."))


def _hits(model: ModelSnapshot, context: Context) -> Cell:
    figures = context.figures_of(model).last_week
    if not figures.requests:
        return Cell(NOTHING, muted=True, tooltip=translate("Models", "No requests in the last 7 days."))
    hits, requests = format_number(figures.hits), format_number(figures.requests)
    tooltip = translate("Models", "{hits} of {requests} requests of the last 7 days found it ready.")
    aside = translate("Models", "of {requests}").format(requests=requests)
    return Cell(hits, aside, tooltip=tooltip.format(hits=hits, requests=requests))


def _last_used(model: ModelSnapshot, context: Context) -> Cell:
    if model.last_used_at is None:
        return Cell(NOTHING, muted=True)
    since = context.now - model.last_used_at
    return Cell(format_ago(since) if since >= 60 else translate("Models", "just now"))


def _state_rank(model: ModelSnapshot) -> float:
    # Loading and hot rank alike: a row moves when its load starts and ends, not in between.
    if model.state is State.HOT or model.state in BUSY:
        return 0.0
    return 1.0 if model.state is State.FAILED else 2.0


def _known(*values: float | None) -> float:
    return next((value for value in values if value is not None), -1.0)


_COLUMNS: Final[
    Mapping[Column, tuple[Callable[[ModelSnapshot, Context], Cell], Callable[[ModelSnapshot, Context], SortKey]]]
] = {
    Column.FAVOURITE: (_favourite, lambda model, context: not model.favourite),
    Column.NAME: (_name, lambda model, context: natural_key(model.model_id)),
    Column.STATE: (_state, lambda model, context: _state_rank(model)),
    Column.MEMORY: (_memory, lambda model, context: model.resident_bytes or model.expected_bytes),
    Column.CONTEXT: (_context, lambda model, context: model.context_length or -1),
    Column.LOAD: (_load, lambda model, context: _known(model.load_s, context.figures_of(model).load.median_s)),
    Column.HITS: (_hits, lambda model, context: context.figures_of(model).last_week.hits),
    Column.LAST_USED: (_last_used, lambda model, context: _known(model.last_used_at)),
}


_HAS_VALUE: Final[Mapping[Column, Callable[[Sequence[ModelSnapshot], Context], bool]]] = {
    Column.LOAD: lambda models, context: (
        any(model.load_s is not None for model in models)
        or any(figures.load.median_s is not None for figures in context.figures.values())
    ),
    Column.HITS: lambda models, context: any(figures.last_week.requests for figures in context.figures.values()),
    Column.LAST_USED: lambda models, context: any(model.last_used_at is not None for model in models),
}


_Cells = dict[tuple[str, int], tuple[ModelSnapshot, Cell]]  # By model_id and column: views ask often
_FEW_ROWS: Final = 16  # Above this number of changed rows, all of their cells are painted


class ModelsTable(TableModel[ModelSnapshot]):
    """One row per model, in the snapshot's order."""

    def __init__(self, snapshot: EngineSnapshot, parent: QObject | None = None) -> None:
        super().__init__(Column, snapshot.models, lambda model: model.model_id, parent)
        self._context = Context(snapshot, time.time(), {})
        self._cells: _Cells = {}

    def update(self, snapshot: EngineSnapshot) -> None:
        """Show a snapshot. Ages count from the last ``refresh_ages``."""
        before, context, cells = tuple(self._items), self._context, self._cells
        self._change_context(snapshot=snapshot)
        changed = list(self.take_items(snapshot.models))
        rows = [row for first, last in changed for row in range(first, last + 1)]
        if len(rows) <= _FEW_ROWS and len(before) == len(self._items):
            for row in rows:
                for left, right in runs(self._differing(row, before[row], context, cells)):
                    self.report([(row, row)], left, right)
        else:
            self.report(changed, 0, len(Column) - 1)
        if _room_of(snapshot) != _room_of(context.snapshot):
            self.report_column(Column.MEMORY)

    def _differing(self, row: int, old: ModelSnapshot, context: Context, cells: _Cells) -> Iterator[int]:
        """Yield the columns in which a row looks or sorts differently than ``old``: painting a cell costs most."""
        for column in Column:
            known = cells.get((old.model_id, column))
            cell = known[1] if known is not None and known[0] is old else make_cell(column, old, context)
            if cell != self.cell(row, column) or sort_key(column, old, context) != self.sort_key(row, column):
                yield column

    def set_figures(self, figures: Mapping[str, Figures]) -> None:
        """Show these figures of the last seven days."""
        old = self._context.figures
        self._change_context(figures=figures)
        names = [model.model_id for model in self._items]
        changed = runs(row for row, name in enumerate(names) if old.get(name) != figures.get(name))
        self.report(changed, Column.LOAD, Column.HITS)

    def refresh_ages(self) -> None:
        """Update "2 h ago"."""
        before = self._ages()
        self._change_context(now=time.time())
        pairs = zip(before, self._ages(), strict=True)
        changed = runs(row for row, (old, new) in enumerate(pairs) if old != new)
        self.report(changed, Column.LAST_USED, Column.LAST_USED)

    def model_at(self, row: int) -> ModelSnapshot:
        return self._items[row]

    def row_of(self, model_id: str) -> int | None:
        """Return a model's row; None if it is unknown."""
        return next((row for row, model in enumerate(self._items) if model.model_id == model_id), None)

    def cell(self, row: int, column: int) -> Cell:
        model = self._items[row]
        key = model.model_id, column
        known = self._cells.get(key)
        if known is None or known[0] is not model:
            known = self._cells[key] = model, make_cell(Column(column), model, self._context)
        return known[1]

    def text(self, row: int, column: int) -> str:
        """Return the first line of a cell."""
        return self._items[row].model_id if column == Column.NAME else super().text(row, column)

    def has_values(self, column: int) -> bool:
        """Return whether any model has a value; without making the cells of many models."""
        has_value, context = _HAS_VALUE.get(Column(column)), self._context
        return has_value is None or has_value(self._items, context)

    def header(self, column: int) -> tuple[str, str]:
        return header(Column(column))

    def sort_key(self, row: int, column: Column) -> SortKey:
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

    def _change_context(self, **changes: Any) -> None:
        self._context = replace(self._context, **changes)
        self._cells = {}

    def _ages(self) -> list[str]:
        return [self.cell(row, Column.LAST_USED).text for row in range(len(self._items))]


def _room_of(snapshot: EngineSnapshot) -> tuple[int, tuple[str, ...]]:
    """Return what the words about memory depend on, in addition to the model."""
    return snapshot.memory.limit_bytes, snapshot.favourites_without_room


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


_PASSES: Final[Mapping[Show, Callable[[ModelSnapshot], bool]]] = {
    Show.ALL: lambda model: True,
    Show.IN_MEMORY: lambda model: model.state is State.HOT or model.state in BUSY,
    Show.FAVOURITES: lambda model: model.favourite,
    Show.NOT_LOADED: lambda model: model.state is State.COLD,
    Show.FAILED: lambda model: model.state is State.FAILED,
}


def passes(model: ModelSnapshot, show: Show, words: tuple[str, ...]) -> bool:
    """Whether a model has this state, and its name contains all words (in lower case)."""
    name = model.model_id.casefold()
    return _PASSES[show](model) and all(word in name for word in words)


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
