"""What is planned for people with different habits, after weeks of their use."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from preheat.preload import PolicySettings, PreloadPlan, PreloadPlanner
from preheat.residency import ResidentModel
from preheat.settings import Settings
from preheat.usage import UsageTracker

GB = 1_000_000_000
HOUR_S = 3600.0
MIDNIGHT = datetime(2026, 3, 5, tzinfo=UTC).timestamp()  # a Thursday


class Person:
    """A planner that saw the requests of one person, whose models all have the same size."""

    def __init__(self, uses: Iterable[tuple[float, str]]) -> None:
        """Have it see uses, each with the hours from midnight."""
        self.planner = PreloadPlanner(UsageTracker(Settings(), timezone=UTC), PolicySettings())
        self.sizes: dict[str, int] = {}
        for hours, model_id in uses:
            self.use(model_id, hours)

    def use(self, model_id: str, hours: float) -> None:
        """Have it see a session of five requests within ten minutes."""
        self.sizes[model_id] = GB
        for minute in range(0, 10, 2):
            self.planner.request_arrived(model_id, "", MIDNIGHT + hours * HOUR_S + minute * 60)

    def plan(self, hours: float, room: int, *hot: str) -> PreloadPlan:
        """Return the plan at this time, with room for a number of models; the hot ones are idle for an hour."""
        now = MIDNIGHT + hours * HOUR_S
        held = [ResidentModel(model_id, GB, now - HOUR_S) for model_id in hot]
        return self.planner.plan(held, self.planner.basis(self.sizes, room * GB, now), now)

    def preloads(self, hours: float, room: int, *hot: str) -> list[tuple[str, tuple[str, ...]]]:
        """Return the preloads of the plan, each with what leaves for it."""
        return [(target.model_id, target.displaces) for target in self.plan(hours, room, *hot).preloads]


def days(count: int) -> range:
    """Return the hours of the midnights of the last days, the oldest first."""
    return range(-24 * count, 0, 24)


@pytest.fixture
def mornings_and_evenings() -> Person:
    """Uses mail from eight to noon, and notes from six to ten in the evening."""
    sessions = [(8, "mail"), (10, "mail"), (12, "mail"), (18, "notes"), (20, "notes"), (22, "notes")]
    return Person((day + hour, model_id) for day in days(21) for hour, model_id in sessions)


def test_mornings_and_evenings_have_their_models(mornings_and_evenings: Person) -> None:
    person = mornings_and_evenings
    assert person.preloads(8, 1) == [("mail", ())]
    for hour in (8, 10, 12):
        person.use("mail", hour)
    assert person.preloads(18, 1) == [("notes", ())]


def test_the_model_of_the_evening_takes_the_place_of_the_one_of_the_morning(mornings_and_evenings: Person) -> None:
    person = mornings_and_evenings
    for hour in (8, 10, 12):
        person.use("mail", hour)
    assert person.preloads(13, 1, "mail") == []
    assert person.preloads(18, 1, "mail") == [("notes", ("mail",))]
    assert person.preloads(18, 1, "notes") == []


def two_models() -> Person:
    """Uses chat four times each day, and code once."""
    sessions = [(9, "chat"), (11, "chat"), (13, "code"), (15, "chat"), (17, "chat")]
    return Person((day + hour, model_id) for day in days(14) for hour, model_id in sessions)


def test_two_models_with_room_for_both_are_both_kept_ready() -> None:
    person = two_models()
    assert {model_id for model_id, _ in person.preloads(8.5, 2)} == {"chat", "code"}
    assert person.preloads(8.5, 2, "chat", "code") == []


def test_two_models_with_room_for_one_do_not_push_each_other_out() -> None:
    person = two_models()
    assert person.preloads(8.5, 1) == [("chat", ())]
    assert person.preloads(8.5, 1, "chat") == []
    person.use("chat", 9)
    assert person.preloads(10, 1, "chat") == []


def forty_models() -> Person:
    """Uses three models each day, and tries another one most days, some of them twice."""
    person = Person([])
    for number, day in enumerate(days(37)):
        for hour, model_id in ((9, "chat"), (11, "code"), (13, f"tried-{number}"), (15, "chat"), (17, "mail")):
            person.use(model_id, day + hour)
        if number % 5 == 4:
            person.use(f"tried-{number - 2}", day + 19)
    return person


@pytest.mark.parametrize("room", [1, 3, 10])
def test_of_forty_models_none_that_was_only_tried_is_preloaded(room: int) -> None:
    person, found = forty_models(), set()
    assert len(person.sizes) == 40
    for hour, model_id in ((9, "chat"), (11, "code"), (13, "tried-1"), (15, "chat"), (17, "mail")):
        found |= {preloaded for preloaded, _ in person.preloads(hour, room)}
        person.use(model_id, hour)
    assert found <= {"chat", "code", "mail"}
    assert "chat" in found


def test_a_model_that_was_only_tried_makes_room_first() -> None:
    """Plain LRU would evict the one of each day."""
    person, now = forty_models(), MIDNIGHT + 15 * HOUR_S
    for hour, model_id in ((9, "chat"), (11, "code"), (13, "tried-1")):
        person.use(model_id, hour)
    held = [ResidentModel("code", GB, now - 4 * HOUR_S), ResidentModel("tried-1", GB, now - 2 * HOUR_S)]
    assert person.planner.plan_eviction(held, GB, 2 * GB, now=now, for_request=True).victims == ("tried-1",)


def test_files_are_read_ahead_likeliest_first() -> None:
    person = forty_models()
    before = person.plan(8.5, 1, "chat").standby
    assert len(before) == 39
    chances = [person.planner.chance(model_id, MIDNIGHT + 8.5 * HOUR_S) for model_id in before]
    assert chances == sorted(chances, reverse=True)
    for hour, model_id in ((9, "chat"), (11, "code"), (13, "tried-1"), (15, "chat")):
        person.use(model_id, hour)
    later = person.plan(17, 1, "chat")
    assert (before[0], [target.model_id for target in later.preloads]) == ("code", ["mail"])
