"""Synthetic users: seeded logs of people who work in sessions and switch their machine off at night.

They stand for kinds of people, not for a policy. What all have in common:

- The machine is on once a day, from about 8:30 (20 minutes' deviation) to about 18:00 (45 minutes'); memory does not
  survive the night. The first session begins 2 to 20 minutes after the start.
- A session is a stretch of work with one model: 1 + a geometric number of requests, eight on average, with a
  log-normal gap whose median is 45 s. Between sessions lie pauses, exponential with a mean of 25 minutes.
- A client lists the models when it is opened, 3 to 40 s before the first request: the time to type it. Chat front end,
  notes and agent are opened for each session; editor and mail program run on and are opened once a day.
- Six models of 1.6 to 2.6 GB, unless said otherwise. Times are UTC; the first day is a Monday.

Nobody has favourites, so that what is measured is what was learned. The users draw from one ``random.Random``; the
same name, seed and number of days give the same log.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from preheat.replay.trace import Kind, ModelSize, Trace, TraceEvent
from preheat.usage.popularity import DAY_S

FIRST_DAY: Final = 1_767_571_200.0
"""Monday, 2026-01-05, 00:00 UTC."""

DAYS: Final = 56

_HOUR_S: Final = 3600.0
_MINUTE_S: Final = 60.0
_WEEKEND: Final = (5, 6)
_LONG_RUNNING: Final = ("editor", "mail")
_OVERHEAD_BYTES: Final = 300_000_000
_FILE_BYTES: Final = (1_600_000_000, 2_600_000_000, 2_000_000_000, 2_200_000_000, 1_800_000_000, 2_400_000_000)
_MODELS: Final = ("model-a", "model-b", "model-c", "model-d", "model-e", "model-f")

SIX_MODELS: Final[Mapping[str, ModelSize]] = {
    model_id: ModelSize(size + _OVERHEAD_BYTES, size) for model_id, size in zip(_MODELS, _FILE_BYTES, strict=True)
}


class _Person:
    """The habits that all users share; draws events into ``events``."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.events: list[TraceEvent] = []
        self.now = 0.0
        self._off_at = 0.0
        self._running: set[str] = set()

    def start_day(self, day: int) -> None:
        """Switch the machine on, and decide when the day ends."""
        midnight = FIRST_DAY + day * DAY_S
        self.now = midnight + 8.5 * _HOUR_S + self.random.gauss(0, 20 * _MINUTE_S)
        self._off_at = midnight + 18 * _HOUR_S + self.random.gauss(0, 45 * _MINUTE_S)
        self.events.append(TraceEvent(self.now, Kind.BOOT))
        self._running.clear()
        self.now += self.random.uniform(2, 20) * _MINUTE_S

    def working(self) -> bool:
        """Return whether the day is not over yet."""
        return self.now < self._off_at

    def end_day(self) -> None:
        """Switch the machine off, after the last answer."""
        self.now = max(self.now, self._off_at) + _MINUTE_S
        self.events.append(TraceEvent(self.now, Kind.OFF))

    def session(self, model_id: str, client: str, mean_requests: float = 8.0, details: bool = False) -> None:
        """Open a client and work with one model for a while.

        Args:
            details: The client asks for the model's details rather than for the list.
        """
        self.open(client, model_id if details else "")
        for _ in range(self.geometric(mean_requests)):
            self.request(model_id, client)
            self.now += max(8.0, self.random.lognormvariate(math.log(45), 0.8))

    def open(self, client: str, details_of: str = "") -> None:
        """Open a client, unless it is one that has been running since it was opened first today."""
        if client not in self._running:
            self.events.append(TraceEvent(self.now, Kind.WAKE, details_of, client))
        if client in _LONG_RUNNING:
            self._running.add(client)
        self.now += self.random.uniform(3, 40)

    def request(self, model_id: str, client: str) -> None:
        """Send one request now."""
        self.events.append(TraceEvent(self.now, Kind.REQUEST, model_id, client))

    def pause(self, mean_minutes: float = 25.0) -> None:
        """Do something else for a while."""
        self.now += self.random.expovariate(1 / (mean_minutes * _MINUTE_S))

    def geometric(self, mean: float) -> int:
        """Return a number from 1 up, of this mean."""
        return 1 + int(math.log(1.0 - self.random.random()) / math.log(1.0 - 1.0 / mean)) if mean > 1 else 1

    def choose(self, models: Sequence[str], weights: Sequence[float]) -> str:
        """Return one of the models."""
        return self.random.choices(models, weights)[0]


def _zipf(count: int) -> list[float]:
    return [1 / rank for rank in range(1, count + 1)]


def _steady(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Works seven days a week, always alike: each session's model is drawn by Zipf's law (exponent 1) over six.

    As on most desks, some models belong to a program: the second to the editor, the fourth to the notes. The other four
    share a chat front end, so that its waking up says nothing of the model.
    """
    for day in range(days):
        person.start_day(day)
        while person.working():
            model_id = person.choose(_MODELS, _zipf(6))
            person.session(model_id, {"model-b": "editor", "model-d": "notes"}.get(model_id, "chat"))
            person.pause()
        person.end_day()
    return SIX_MODELS


_OFFICE: Final = (
    # until, client, model on Monday to Thursday, on Friday
    (10.0, "mail", "model-a", "model-a"),
    (12.5, "editor", "model-b", "model-b"),
    (14.0, "chat", "model-c", "model-e"),
    (16.5, "editor", "model-b", "model-e"),
    (24.0, "notes", "model-d", "model-f"),
)


def _office_day(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Works Monday to Friday by a rough timetable, each kind of work with its own program and model.

    Mail until 10:00, code until 12:30, questions until 14:00, code until 16:30, notes thereafter; on Fridays the
    afternoon is for the weekly report and its two models instead. One session in five is something else: a model drawn
    evenly from all six, in the chat front end. Off at weekends.
    """
    for day in range(days):
        if day % 7 in _WEEKEND:
            continue
        person.start_day(day)
        while person.working():
            hour = (person.now - FIRST_DAY) % DAY_S / _HOUR_S
            client, usual, friday = next(row[1:] for row in _OFFICE if hour < row[0])
            model_id = friday if day % 7 == 4 else usual
            if person.random.random() < 0.2:
                client, model_id = "chat", person.random.choice(_MODELS)
            person.session(model_id, client)
            person.pause()
        person.end_day()
    return SIX_MODELS


def _project_switch(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Works Monday to Saturday on one project at a time, with three of the six models, in one chat front end.

    A project's models are drawn in the shares 5 : 3 : 2; one session in ten is with any of the six. A project lasts 8
    to 16 days; then, overnight, another three become the usual ones. Nobody tells Preheat.
    """
    project: list[str] = []
    ends = 0
    for day in range(days):
        if day >= ends:
            others = [model_id for model_id in _MODELS if model_id not in project]
            project = person.random.sample(others, 3)
            ends = day + person.random.randint(8, 16)
        if day % 7 == _WEEKEND[1]:
            continue
        person.start_day(day)
        while person.working():
            stray = person.random.random() < 0.1
            person.session(person.random.choice(_MODELS) if stray else person.choose(project, (5, 3, 2)), "chat")
            person.pause()
        person.end_day()
    return SIX_MODELS


def _bursts(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Lets an agent work, Monday to Friday, that plans with one model and codes with another, by turns.

    A burst has 20 to 80 requests, 2 to 12 s apart after each answer's 6 s; on average after two planning or coding
    requests the agent turns to the other model. Two sessions in three between pauses are bursts; the third is a chat
    with one of the other four models, drawn by Zipf's law.
    """
    pair, others = _MODELS[:2], _MODELS[2:]
    for day in range(days):
        if day % 7 in _WEEKEND:
            continue
        person.start_day(day)
        while person.working():
            if person.random.random() < 1 / 3:
                person.session(person.choose(others, _zipf(4)), "chat")
            else:
                _burst(person, pair)
            person.pause()
        person.end_day()
    return SIX_MODELS


def _burst(person: _Person, pair: Sequence[str]) -> None:
    person.open("agent")
    current = 0
    for _ in range(person.random.randint(20, 80)):
        person.request(pair[current], "agent")
        person.now += 6.0 + person.random.uniform(2, 12)
        if person.random.random() < 0.5:
            current = 1 - current


def _explorer_by_list(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Is the explorer, in a front end that lists the models and asks for no details: nothing foretells the next one."""
    sizes = _explorer(person, days)
    person.events = [event._replace(model_id="") if event.kind is Kind.WAKE else event for event in person.events]
    return sizes


def _explorer(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Tries models, Monday to Saturday: each session is with one never used before, and none is used again.

    It looks at each model before it tries it: its program asks for the model's details, 3 to 40 s before the first
    prompt. That is an assumption, and one that matters; ``explorer-by-list`` goes without. The models are 0.8 to 5 GB,
    evenly drawn, and have long been on disk: a fresh download would be in the page cache.
    """
    sizes: dict[str, ModelSize] = {}
    for day in range(days):
        if day % 7 == _WEEKEND[1]:
            continue
        person.start_day(day)
        while person.working():
            # In no order that could be guessed from the names.
            model_id = f"model-{person.random.getrandbits(48):012x}"
            file_bytes = int(person.random.uniform(0.8e9, 5e9))
            sizes[model_id] = ModelSize(file_bytes + _OVERHEAD_BYTES, file_bytes)
            person.session(model_id, "terminal", details=True)
            person.pause()
        person.end_day()
    return sizes


_USERS: Final[Mapping[str, Callable[[_Person, int], Mapping[str, ModelSize]]]] = {
    "steady": _steady,
    "office-day": _office_day,
    "project-switch": _project_switch,
    "bursts": _bursts,
    "explorer": _explorer,
    "explorer-by-list": _explorer_by_list,
}

USERS: Final = ("steady", "office-day", "project-switch", "bursts", "explorer")
"""The five of the figures."""

ALL_USERS: Final = tuple(_USERS)


def synthetic_trace(name: str, *, seed: int = 0, days: int = DAYS) -> Trace:
    """Return a synthetic user's log.

    Raises:
        KeyError: ``name`` is not in ``ALL_USERS``.
    """
    person = _Person(seed)
    sizes = _USERS[name](person, days)
    return Trace(tuple(person.events), sizes)


def describe_users() -> Iterator[tuple[str, str]]:
    """Return each user's name with the first line of its description."""
    for name, user in _USERS.items():
        yield name, (user.__doc__ or "").splitlines()[0]
