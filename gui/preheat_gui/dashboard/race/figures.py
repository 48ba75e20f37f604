"""The figures of a race, only measured ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from preheat.control import ColdLoad, ColdStart, Outcome, RequestRecord
from preheat_gui.words import format_number

if TYPE_CHECKING:
    from preheat_gui.dashboard.try_it.conversation import Turn

_NOTABLE = 1.5
_PRECISE_S = 0.995  # From here on one decimal is enough


class NoRace(Enum):
    """Why an answer has no race."""

    WAITED = auto()  # Its model was not ready
    NO_WORD = auto()  # It has no first word: a vector, or a failure
    NEVER_LOADED = auto()  # No load of the model was measured


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was measured."""

    model_id: str
    ready: bool  # Its model was ready when it was asked
    first_word_s: float | None  # None without a word
    prompt_tokens: int
    reused_tokens: int  # Tokens of the prompt that did not have to be computed
    seconds: float | None = None  # From the request to the end
    text: str = ""  # Empty if it is not known
    pace: tuple[tuple[float, int], ...] = ()  # Seconds since the request, and characters written until then


@dataclass(frozen=True, slots=True)
class Race:
    """An answer, and the figures of its cold start."""

    answer: Answer
    load: ColdLoad
    hot_s: float  # To the first word, as it was
    cold_s: float  # To the first word, if the model had not been loaded
    at_least: bool  # The cold start takes longer, by an unknown time for reused tokens

    @property
    def prompt_s(self) -> float:
        """The part of the cold start in which the prompt is computed."""
        return self.cold_s - self.load.seconds


def figures_of_answer(turn: Turn) -> Answer:
    """Return the figures of an answer in *Try it*."""
    figures = turn.figures
    if figures is None or turn.embeddings:
        return Answer(turn.model_id, turn.ready, None, 0, 0)
    return Answer(
        turn.model_id,
        turn.ready,
        figures.ttft_s,
        figures.prompt_tokens,
        figures.reused_tokens,
        figures.seconds,
        turn.answer,
        figures.pace,
    )


def figures_of_request(record: RequestRecord) -> Answer:
    """Return the figures of a request of the usage log, which has no text."""
    return Answer(
        record.model_id,
        record.outcome is Outcome.HIT,
        record.ttft_s,
        record.prompt_tokens,
        record.reused_tokens,
        seconds=record.ttft_s + record.decode_s if record.ttft_s is not None and record.decode_s else None,
    )


def make_race(answer: Answer, cold: ColdStart) -> Race | NoRace:
    """Return the race of an answer, or why there is none."""
    if answer.first_word_s is None:
        return NoRace.NO_WORD
    if not answer.ready:
        return NoRace.WAITED
    cold_s = cold.first_word_s(answer.first_word_s, answer.reused_tokens)
    if cold.load is None or cold_s is None:
        return NoRace.NEVER_LOADED
    is_stopped = not answer.prompt_tokens  # what was reused is not known
    at_least = is_stopped or (answer.reused_tokens > 0 and cold.prefill_token_s is None)
    return Race(answer, cold.load, answer.first_word_s, cold_s, at_least)


def stopwatch(seconds: float) -> str:
    """Return a time as on a stopwatch: ``0.16 s``, ``12.4 s``, ``1:30 min``."""
    if seconds >= 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02} min"
    return f"{format_number(seconds, 2 if seconds < _PRECISE_S else 1)} s"


def race_words(race: Race) -> str:
    """Return the race in words: ``0.16 s to the first word; cold, it takes 2.9 s``."""
    if race.at_least:
        words = _tr("{hot} to the first word; cold, it takes at least {cold}")
    else:
        words = _tr("{hot} to the first word; cold, it takes {cold}")
    return words.format(hot=stopwatch(race.hot_s), cold=stopwatch(race.cold_s))


def headline(race: Race) -> str:
    """Return how much sooner the first word came; the times if that is little."""
    times = race.cold_s / max(race.hot_s, 0.001)
    if times < _NOTABLE:
        return _tr("The first word came {seconds} sooner").format(seconds=stopwatch(race.cold_s - race.hot_s))
    count = format_number(times, 0 if times >= 10 else 1)
    if race.at_least:
        return _tr("The first word came at least {count} times sooner").format(count=count)
    return _tr("The first word came {count} times sooner").format(count=count)


def no_race_words(reason: NoRace) -> str:
    """Return why there is no race; empty where that is obvious."""
    return {
        NoRace.WAITED: _tr("waited for the model to load"),
        NoRace.NO_WORD: "",
        NoRace.NEVER_LOADED: _tr("no race: its load was not measured yet"),
    }[reason]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Race", text)
