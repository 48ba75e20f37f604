"""What happens in each lane of a race, and when. Pure."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from PySide6.QtCore import QCoreApplication

from preheat.control import Source
from preheat_gui.dashboard.race.figures import Race, stopwatch

_AFTER_S: Final = 0.5  # The replay goes on after the slower first word, at least
_AFTER_SHARE: Final = 0.12
_SHORTEST_S: Final = 0.005  # A shorter stage is not shown
LONGEST_S: Final = 10.0  # A longer race is replayed faster


class Kind(Enum):
    """What a stage is."""

    START = auto()  # Making room, starting
    READ = auto()
    MAKE = auto()
    LOAD = auto()  # Everything before the prompt, where the parts are unknown
    PROMPT = auto()
    ANSWER = auto()


class Stage(NamedTuple):
    """A part of a lane, in seconds since the request."""

    kind: Kind
    begin: float
    end: float


def duration(race: Race) -> float:
    """Return the time that a replay shows, in seconds."""
    return race.cold_s + max(_AFTER_S, race.cold_s * _AFTER_SHARE)


def speed(race: Race) -> float:
    """Return how many times faster than it was the race is replayed."""
    return max(1.0, duration(race) / LONGEST_S)


def hot_stages(race: Race) -> list[Stage]:
    """Return the lane of the answer as it was."""
    return [Stage(Kind.PROMPT, 0.0, race.hot_s), Stage(Kind.ANSWER, race.hot_s, race.hot_s + _answer_s(race))]


def cold_stages(race: Race) -> list[Stage]:
    """Return the lane of the answer after a cold start."""
    load = race.load
    if load.read_s is None or load.make_s is None:
        parts = [(Kind.LOAD, load.seconds)]
    else:
        start_s = max(0.0, load.seconds - load.read_s - load.make_s)
        parts = [(Kind.START, start_s), (Kind.READ, load.read_s), (Kind.MAKE, load.make_s)]
    parts += [(Kind.PROMPT, race.prompt_s), (Kind.ANSWER, _answer_s(race))]
    stages, at = [], 0.0
    for kind, seconds in parts:
        if seconds >= _SHORTEST_S:
            stages.append(Stage(kind, at, at + seconds))
            at += seconds
    return stages


def _answer_s(race: Race) -> float:
    """Return the time from the first word to the end, which a cold start does not change."""
    return duration(race) if race.answer.seconds is None else max(0.0, race.answer.seconds - race.hot_s)


def characters_at(race: Race, seconds: float) -> int:
    """Return how many characters of the answer were there, this long after the request to the ready model."""
    return max((count for at, count in race.answer.pace if at <= seconds), default=0)


def stage_words(kind: Kind, source: Source) -> str:
    """Return what happens in a stage."""
    match kind:
        case Kind.START:
            return _tr("Start")
        case Kind.READ:
            return {
                Source.DISK: _tr("Read from the disk"),
                Source.PAGE_CACHE: _tr("Read from the file cache"),
                Source.UNKNOWN: _tr("Read the file"),
            }[source]
        case Kind.MAKE:
            return _tr("Set up")
        case Kind.LOAD:
            return _tr("Load")
        case Kind.PROMPT:
            return _tr("Prompt")
        case Kind.ANSWER:
            return _tr("Answer")


def stages_words(stages: list[Stage], source: Source) -> str:
    """Return the stages before the answer with their times."""
    shown = [stage for stage in stages if stage.kind is not Kind.ANSWER]
    return " · ".join(f"{stage_words(stage.kind, source)} {stopwatch(stage.end - stage.begin)}" for stage in shown)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Race", text)
