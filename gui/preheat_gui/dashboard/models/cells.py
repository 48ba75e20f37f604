"""The cells of the models table: pure functions of a model and its context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.control import EngineSnapshot, Figures, ModelSnapshot, State
from preheat_gui import words
from preheat_gui.dashboard.cells import BUSY, NOTHING, Cell
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
    context_length: Callable[[str], int | None]  # Returns a model's effective setting, in tokens

    def figures_of(self, model: ModelSnapshot) -> Figures:
        return self.figures.get(model.model_id, Figures())


def make_cell(column: Column, model: ModelSnapshot, context: Context) -> Cell:
    return _COLUMNS[column][0](model, context)


def sort_key(column: Column, model: ModelSnapshot, context: Context) -> str | float:
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
        Column.CONTEXT: (translate("Models", "Context length"), translate("Models", "Prompt plus answer, in tokens.")),
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
    if model.state in words.LOADING_STATES:
        return Cell(text, words.time_left(model), model.progress or 0.0, tooltip=reason)
    if model.state is State.QUEUED:
        return Cell(text, translate("Models", "loads next"), tooltip=reason)
    if model.state is State.FAILED:
        return Cell(text, words.failure_reason(model), bad=True, tooltip=words.failure_reason(model))
    if model.active_requests == 1:
        return Cell(text, translate("Models", "1 request in progress"), tooltip=reason)
    if model.active_requests:
        aside = translate("Models", "{count} requests in progress").format(count=model.active_requests)
        return Cell(text, aside, tooltip=reason)
    return Cell(text, muted=model.state is State.COLD and not model.standby, tooltip=reason)


def _memory(model: ModelSnapshot, context: Context) -> Cell:
    if model.resident_bytes:
        return Cell(format_memory(model.resident_bytes), translate("Models", "in memory"))
    about, fits = format_memory(model.expected_bytes), words.fits_words(model, context.snapshot)
    if model.expected_bytes > context.snapshot.memory.limit_bytes:
        return Cell(about, fits, muted=True, bad=True, tooltip=f"{about}, {fits}")
    return Cell(about, fits, muted=True, tooltip=translate("Models", "Measured at the last load, or estimated."))


def _context(model: ModelSnapshot, context: Context) -> Cell:
    if model.context_length is not None:
        return Cell(format_number(model.context_length))
    setting = context.context_length(model.model_id)
    if setting is None or model.embeddings:
        return Cell(NOTHING, muted=True)
    tooltip = translate("Models", "The setting; less if the model was trained for less.")
    return Cell(format_number(setting), muted=True, tooltip=tooltip)


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
    Mapping[Column, tuple[Callable[[ModelSnapshot, Context], Cell], Callable[[ModelSnapshot, Context], str | float]]]
] = {
    Column.FAVOURITE: (_favourite, lambda model, context: not model.favourite),
    Column.NAME: (_name, lambda model, context: model.model_id.casefold()),
    Column.STATE: (_state, lambda model, context: _state_rank(model)),
    Column.MEMORY: (_memory, lambda model, context: model.resident_bytes or model.expected_bytes),
    Column.CONTEXT: (
        _context,
        lambda model, context: model.context_length or context.context_length(model.model_id) or -1,
    ),
    Column.LOAD: (_load, lambda model, context: _known(model.load_s, context.figures_of(model).load.median_s)),
    Column.HITS: (_hits, lambda model, context: context.figures_of(model).last_week.hits),
    Column.LAST_USED: (_last_used, lambda model, context: _known(model.last_used_at)),
}
