"""What the table of models says in each cell: a pure function of a model, its figures and the moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Final

from PySide6.QtCore import QCoreApplication

from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
from preheat.residency.states import State
from preheat_gui import words
from preheat_gui.words import format_ago, format_bytes, format_duration, format_memory, format_number

NOTHING: Final = "–"  # noqa: RUF001 - a dash as wide as a figure
"""Stands where there is no figure yet."""

BUSY: Final = frozenset({State.QUEUED, State.LOADING, State.WARMING, State.UNLOADING})
LOADING: Final = frozenset({State.QUEUED, State.LOADING, State.WARMING})
"""A load that can be cancelled."""

translate = QCoreApplication.translate


class Column(IntEnum):
    """The table's columns, as they stand beside each other."""

    FAVOURITE = 0
    NAME = 1
    STATE = 2
    MEMORY = 3
    CONTEXT = 4
    LOAD = 5
    HITS = 6
    LAST_USED = 7


class Tone(Enum):
    """What a cell's second line is: an aside, something in motion, or something wrong."""

    PLAIN = auto()
    ACTIVE = auto()
    BAD = auto()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: The first line.
        aside: The second line, smaller; empty for none.
        progress: Share of a bar under the text that is filled; None for no bar.
        muted: The first line is a guess or a blank, not a fact.
        tooltip: The whole of it, for a reader who wants to know more.
    """

    text: str
    aside: str = ""
    tone: Tone = Tone.PLAIN
    progress: float | None = None
    muted: bool = False
    tooltip: str = ""

    @property
    def spoken(self) -> str:
        """The cell for a screen reader."""
        return f"{self.text}, {self.aside}" if self.aside else self.text


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What the usage log knows of a model, over the last seven days.

    Attributes:
        load_s: Median of its loads, in seconds; None without one.
    """

    requests: int = 0
    hits: int = 0
    load_s: float | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What cells need besides their model.

    Attributes:
        snapshot: The latest one.
        now: Unix time that "2 h ago" counts from.
        context_length: The effective setting of a model, in tokens.
    """

    snapshot: EngineSnapshot
    now: float
    figures: Mapping[str, ModelFigures]
    context_length: Callable[[str], int | None]


_NO_FIGURES: Final = ModelFigures()


def make_cell(column: Column, model: ModelSnapshot, context: Context) -> Cell:
    """Return what a cell shows."""
    return _CELLS[column](model, context)


def sort_key(column: Column, model: ModelSnapshot, context: Context) -> str | float:
    """Return what a column is sorted by; blanks come first in ascending order."""
    figures = context.figures.get(model.model_id, _NO_FIGURES)
    match column:
        case Column.FAVOURITE:
            return 0.0 if model.favourite else 1.0
        case Column.NAME:
            return model.model_id.casefold()
        case Column.STATE:
            return _state_rank(model)
        case Column.MEMORY:
            return float(_memory_bytes(model))
        case Column.CONTEXT:
            return float(model.context_length or context.context_length(model.model_id) or -1)
        case Column.LOAD:
            return _known(model.load_s, figures.load_s)
        case Column.HITS:
            return float(figures.hits)
        case Column.LAST_USED:
            return _known(model.last_used_at)


def header(column: Column) -> str:
    """Return a column's title; the star's column has a sign instead."""
    return {
        Column.FAVOURITE: "",
        Column.NAME: translate("Models", "Model"),
        Column.STATE: translate("Models", "State"),
        Column.MEMORY: translate("Models", "Memory"),
        Column.CONTEXT: translate("Models", "Context length"),
        Column.LOAD: translate("Models", "Last load"),
        Column.HITS: translate("Models", "Hits"),
        Column.LAST_USED: translate("Models", "Last used"),
    }[column]


def header_tooltip(column: Column) -> str:
    """Return what a column means."""
    return {
        Column.FAVOURITE: translate("Models", "Favourites are kept ready whenever they fit."),
        Column.NAME: translate("Models", "The name that programs ask for."),
        Column.STATE: translate(
            "Models", "Ready: answers at once. Nearly ready: loads in a moment. Not loaded: has to be read from disk."
        ),
        Column.MEMORY: translate("Models", "What the model holds in memory now, or would take."),
        Column.CONTEXT: translate("Models", "Prompt and answer together, in tokens."),
        Column.LOAD: translate("Models", "How long it took to become ready."),
        Column.HITS: translate("Models", "Requests of the last 7 days that found the model ready."),
        Column.LAST_USED: translate("Models", "When a program last asked for it."),
    }[column]


def _favourite(model: ModelSnapshot, context: Context) -> Cell:
    if model.favourite:
        return Cell("★", tooltip=translate("Models", "Favourite: kept ready whenever it fits. Click to change."))
    return Cell("☆", muted=True, tooltip=translate("Models", "No favourite. Click to keep it ready whenever it fits."))


def _name(model: ModelSnapshot, context: Context) -> Cell:
    size = format_bytes(model.file_bytes)
    if model.embeddings:
        aside = translate("Models", "Embeddings · {size} file").format(size=size)
    else:
        aside = translate("Models", "Text · {size} file").format(size=size)
    return Cell(model.model_id, aside, tooltip=model.model_id)


def _state(model: ModelSnapshot, context: Context) -> Cell:
    text = words.model_state(model)
    if model.state in (State.LOADING, State.WARMING):
        return Cell(
            text, time_left(model), Tone.ACTIVE, model.progress or 0.0, tooltip=words.message_text(model.reason)
        )
    if model.state is State.QUEUED:
        return Cell(text, translate("Models", "waits for its turn"), tooltip=words.message_text(model.reason))
    if model.state is State.FAILED:
        return Cell(text, reason_of(model), Tone.BAD, tooltip=reason_of(model))
    if model.active_requests:
        return Cell(text, _answering(model.active_requests), Tone.ACTIVE, tooltip=words.message_text(model.reason))
    return Cell(text, muted=model.state is State.COLD and not model.standby, tooltip=words.message_text(model.reason))


def reason_of(model: ModelSnapshot) -> str:
    """Return why a model did not load, without its name at the beginning; empty where that is not known."""
    return words.message_text(model.error).removeprefix(model.model_id).lstrip(": ")


def time_left(model: ModelSnapshot) -> str:
    """Return how long a load still takes, in words; empty while that is not known."""
    if model.load_left_s is None:
        return ""
    left = format_duration(max(1.0, round(model.load_left_s)))
    return translate("Models", "about {duration} left").format(duration=left)


def _answering(count: int) -> str:
    if count == 1:
        return translate("Models", "answering 1 request")
    return translate("Models", "answering {count} requests").format(count=count)


def _memory(model: ModelSnapshot, context: Context) -> Cell:
    if model.resident_bytes:
        return Cell(format_memory(model.resident_bytes), translate("Models", "in memory"))
    about, fits = format_memory(model.expected_bytes), words.fits_words(model, context.snapshot)
    if model.expected_bytes > context.snapshot.memory.limit_bytes:
        return Cell(about, fits, Tone.BAD, muted=True, tooltip=f"{about}, {fits}")
    tooltip = translate("Models", "As measured when it was last loaded; an estimate before that.")
    return Cell(about, fits, muted=True, tooltip=tooltip)


def _context(model: ModelSnapshot, context: Context) -> Cell:
    if model.context_length is not None:
        return Cell(format_number(model.context_length))
    setting = context.context_length(model.model_id)
    if setting is None or model.embeddings:
        return Cell(NOTHING, muted=True)
    tooltip = translate("Models", "As set; less, if the model was trained for less.")
    return Cell(format_number(setting), muted=True, tooltip=tooltip)


def _load(model: ModelSnapshot, context: Context) -> Cell:
    if model.load_s is not None:
        return Cell(format_duration(model.load_s))
    typical = context.figures.get(model.model_id, _NO_FIGURES).load_s
    if typical is None:
        return Cell(NOTHING, muted=True)
    return Cell(format_duration(typical), muted=True, tooltip=translate("Models", "Typical of the last 7 days."))


def _hits(model: ModelSnapshot, context: Context) -> Cell:
    figures = context.figures.get(model.model_id, _NO_FIGURES)
    if not figures.requests:
        return Cell(NOTHING, muted=True, tooltip=translate("Models", "No requests in the last 7 days."))
    tooltip = translate("Models", "{hits} of {requests} requests of the last 7 days found it ready.")
    aside = translate("Models", "of {requests}").format(requests=format_number(figures.requests))
    tooltip = tooltip.format(hits=format_number(figures.hits), requests=format_number(figures.requests))
    return Cell(format_number(figures.hits), aside, tooltip=tooltip)


def _last_used(model: ModelSnapshot, context: Context) -> Cell:
    if model.last_used_at is None:
        return Cell(NOTHING, muted=True)
    since = max(0.0, context.now - model.last_used_at)
    # Seconds would have to be counted on; nobody needs them here.
    return Cell(format_ago(since) if since >= 60 else translate("Models", "just now"))


_CELLS: Final[Mapping[Column, Callable[[ModelSnapshot, Context], Cell]]] = {
    Column.FAVOURITE: _favourite,
    Column.NAME: _name,
    Column.STATE: _state,
    Column.MEMORY: _memory,
    Column.CONTEXT: _context,
    Column.LOAD: _load,
    Column.HITS: _hits,
    Column.LAST_USED: _last_used,
}


def _memory_bytes(model: ModelSnapshot) -> int:
    return model.resident_bytes or model.expected_bytes


def _state_rank(model: ModelSnapshot) -> float:
    """In memory or on its way there, then failed, then the rest.

    Loading and hot count alike: a row moves when its load begins and ends, not in between.
    """
    if model.state is State.HOT or model.state in BUSY:
        return 0.0
    return 1.0 if model.state is State.FAILED else 2.0


def _known(*values: float | None) -> float:
    return next((value for value in values if value is not None), -1.0)
