"""Synthetic users: seeded traces of people who work in sessions and switch their machine off at night.

They model kinds of people, independently of the policy. All have in common:

- The machine is on once a day, from about 8:30 (standard deviation 20 minutes) to about 18:00 (45 minutes), and loses
  its memory at night. The first session starts 2 to 20 minutes after the machine.
- A session uses one model: eight requests on average (geometric), with log-normal gaps of 45 s median. Pauses between
  sessions are exponential with a mean of 25 minutes.
- A client lists the models when it is opened, 3 to 40 s before the first request: the time to type it. Chat, notes and
  agent are opened for each session; editor and mail stay open and are opened once a day.
- There are six models of 1.6 to 2.6 GB, unless noted. Times are UTC; the first day is a Monday.

There are no favourites, so the results show what was learned. Each user draws from one ``random.Random``; the same
name, seed and number of days give the same trace.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from preheat.replay.trace import Kind, ModelSize, Trace, TraceEvent
from preheat.usage import DAY_S

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
    """The habits that all users share; collects ``events``."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.events: list[TraceEvent] = []
        self.now = 0.0
        self._off_at = 0.0
        self._running: set[str] = set()

    def start_day(self, day: int) -> None:
        """Switch the machine on, and draw the end of the day."""
        midnight = FIRST_DAY + day * DAY_S
        self.now = midnight + 8.5 * _HOUR_S + self.random.gauss(0, 20 * _MINUTE_S)
        self._off_at = midnight + 18 * _HOUR_S + self.random.gauss(0, 45 * _MINUTE_S)
        self.events.append(TraceEvent(self.now, Kind.BOOT))
        self._running.clear()
        self.now += self.random.uniform(2, 20) * _MINUTE_S

    def working(self) -> bool:
        """Return whether the day is not over."""
        return self.now < self._off_at

    def end_day(self) -> None:
        """Switch the machine off, after the last answer."""
        self.now = max(self.now, self._off_at) + _MINUTE_S
        self.events.append(TraceEvent(self.now, Kind.OFF))

    def days(self, days: int, off: Sequence[int] = ()) -> Iterator[int]:
        """Yield the number of the day for each session of the days, except the weekdays ``off``."""
        for day in range(days):
            if day % 7 in off:
                continue
            self.start_day(day)
            while self.working():
                yield day
                self.pause()
            self.end_day()

    def session(self, model_id: str, client: str, mean_requests: float = 8.0, details: bool = False) -> None:
        """Open a client and use one model for a while.

        Args:
            details: The client asks for the details of the model instead of the list.
        """
        self.open(client, model_id if details else "")
        for _ in range(self.geometric(mean_requests)):
            self.request(model_id, client)
            self.now += max(8.0, self.random.lognormvariate(math.log(45), 0.8))

    def open(self, client: str, details_of: str = "") -> None:
        """Open a client, unless it is one that stays open and was opened today."""
        if client not in self._running:
            self.events.append(TraceEvent(self.now, Kind.WAKE, details_of, client))
        if client in _LONG_RUNNING:
            self._running.add(client)
        self.now += self.random.uniform(3, 40)

    def request(self, model_id: str, client: str) -> None:
        """Send one request now."""
        self.events.append(TraceEvent(self.now, Kind.REQUEST, model_id, client))

    def pause(self, mean_minutes: float = 25.0) -> None:
        """Pause."""
        self.now += self.random.expovariate(1 / (mean_minutes * _MINUTE_S))

    def geometric(self, mean: float) -> int:
        """Draw a geometric number from 1 with this mean."""
        return 1 + int(math.log(1.0 - self.random.random()) / math.log(1.0 - 1.0 / mean)) if mean > 1 else 1

    def choose(self, models: Sequence[str], weights: Sequence[float]) -> str:
        """Draw one of the models."""
        return self.random.choices(models, weights)[0]


def _zipf(count: int) -> list[float]:
    return [1 / rank for rank in range(1, count + 1)]


def _steady(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Works every day alike: the model of each session follows Zipf's law (exponent 1) over six.

    Some models belong to one application: the second to the editor, the fourth to the notes. The other four share a
    chat application, so that its wakes predict no model.
    """
    for _ in person.days(days):
        model_id = person.choose(_MODELS, _zipf(6))
        person.session(model_id, {"model-b": "editor", "model-d": "notes"}.get(model_id, "chat"))
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
    """Works Monday to Friday by a rough timetable, each kind of work with its own application and model.

    Mail until 10:00, code until 12:30, questions until 14:00, code until 16:30, then notes; Friday afternoon is for the
    weekly report with two other models. One session in five uses any of the six models, in the chat application.
    """
    for day in person.days(days, _WEEKEND):
        hour = (person.now - FIRST_DAY) % DAY_S / _HOUR_S
        client, usual, friday = next(row[1:] for row in _OFFICE if hour < row[0])
        model_id = friday if day % 7 == 4 else usual
        if person.random.random() < 0.2:
            client, model_id = "chat", person.random.choice(_MODELS)
        person.session(model_id, client)
    return SIX_MODELS


def _project_switch(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Works Monday to Saturday on one project at a time, with three of the six models, in one chat application.

    The models of a project are used in the shares 5 : 3 : 2; one session in ten uses any of the six. After 8 to 16 days
    the next project uses three other models.
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
    """Runs an agent, Monday to Friday, that alternates between a planning and a coding model.

    A burst has 20 to 80 requests, 2 to 12 s after each answer of 6 s; the agent changes the model after two requests on
    average. Two sessions in three are bursts; the third is a chat with one of the other four models (Zipf's law).
    """
    pair, others = _MODELS[:2], _MODELS[2:]
    for _ in person.days(days, _WEEKEND):
        if person.random.random() < 1 / 3:
            person.session(person.choose(others, _zipf(4)), "chat")
        else:
            _burst(person, pair)
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
    """Like ``explorer``, but the application lists the models and asks for no details, so nothing predicts the next."""
    sizes = _explorer(person, days)
    person.events = [event._replace(model_id="") if event.kind is Kind.WAKE else event for event in person.events]
    return sizes


def _explorer(person: _Person, days: int) -> Mapping[str, ModelSize]:
    """Tries models, Monday to Saturday: each session uses a new model, which is never used again.

    The application asks for the details of each model 3 to 40 s before the first prompt. This assumption matters;
    ``explorer-by-list`` makes none. The models are 0.8 to 5 GB (uniform) and were not downloaded recently: a new
    download would be in the page cache.
    """
    sizes: dict[str, ModelSize] = {}
    for _ in person.days(days, _WEEKEND[1:]):
        model_id = f"model-{person.random.getrandbits(48):012x}"  # names in no predictable order
        file_bytes = int(person.random.uniform(0.8e9, 5e9))
        sizes[model_id] = ModelSize(file_bytes + _OVERHEAD_BYTES, file_bytes)
        person.session(model_id, "terminal", details=True)
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
"""The five users of the published figures."""

ALL_USERS: Final = tuple(_USERS)


def synthetic_trace(name: str, *, seed: int = 0, days: int = DAYS) -> Trace:
    """Return the trace of a synthetic user.

    Raises:
        KeyError: ``name`` is not in ``ALL_USERS``.
    """
    person = _Person(seed)
    sizes = _USERS[name](person, days)
    return Trace(tuple(person.events), sizes)


def describe_users() -> Iterator[tuple[str, str]]:
    """Yield the name of each user with the first line of its description."""
    for name, user in _USERS.items():
        yield name, (user.__doc__ or "").splitlines()[0].replace("``", "")
