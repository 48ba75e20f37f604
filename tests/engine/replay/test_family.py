from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preheat.replay import Draws, Kind, ModelSize, Trace, TraceEvent, family_trace, room_for_half
from preheat.replay.family import Intent
from preheat.replay.habits import Habits, Hint, Night, Prior, draw_habits, habits_of

people = st.integers(0, 10_000)
sets = st.sampled_from(Draws)
few_examples = settings(max_examples=25)


def runs(trace: Trace) -> Iterator[tuple[Kind, Kind]]:
    """Yield neighbouring events of the machine."""
    changes = [event.kind for event in trace.events if event.kind not in (Kind.REQUEST, Kind.WAKE, Kind.ADDED)]
    return pairwise(changes)


@given(draws=sets, person=people)
@few_examples
def test_a_draw_gives_one_trace(draws: Draws, person: int) -> None:
    trace = family_trace(draws, person, days=7)
    assert family_trace(draws, person, days=7) == trace
    assert family_trace(draws, person + 1, days=7).sizes != trace.sizes


@given(person=people, other=people)
@few_examples
def test_the_sets_share_no_person(person: int, other: int) -> None:
    assert habits_of(Draws.TUNING, person) != habits_of(Draws.HELD_OUT, other)


@given(draws=sets, person=people)
@few_examples
def test_traces_are_in_order_and_know_their_models(draws: Draws, person: int) -> None:
    trace = family_trace(draws, person, days=14)
    times = [event.at for event in trace.events]
    assert times == sorted(times)
    assert {event.model_id for event in trace.events} - {""} <= trace.sizes.keys()
    if trace.events:
        assert trace.events[0].kind is Kind.BOOT
        assert all(0 < size.file_bytes < size.resident_bytes for size in trace.sizes.values())


@given(draws=sets, person=people)
@few_examples
def test_the_machine_does_at_night_what_it_always_does(draws: Draws, person: int) -> None:
    night = habits_of(draws, person).night
    allowed = {
        Night.OFF: {(Kind.BOOT, Kind.OFF), (Kind.OFF, Kind.BOOT)},
        Night.ASLEEP: {(Kind.BOOT, Kind.SLEEP), (Kind.SLEEP, Kind.RESUME), (Kind.RESUME, Kind.SLEEP)},
        Night.ON: set[tuple[Kind, Kind]](),
    }
    trace = family_trace(draws, person, days=14)
    assert set(runs(trace)) <= allowed[night]
    on = False
    for event in trace.events:
        if event.kind is Kind.REQUEST:
            assert on
        elif event.kind not in (Kind.WAKE, Kind.ADDED):
            on = event.kind in (Kind.BOOT, Kind.RESUME)


@given(seed=st.integers())
@few_examples
def test_habits_are_possible(seed: int) -> None:
    habits = draw_habits(Prior(seed))
    models = len(habits.ranking)
    assert 2 <= models <= 40
    assert (habits.small in habits.sizes) is bool(habits.small)
    for task in habits.tasks:
        assert task.rank < models
        assert task.partner != task.rank
        assert task.from_hour < task.until_hour
        assert task.weekdays
    for share in (habits.focus, habits.timetable, habits.follow, habits.repeat, habits.explore, habits.switching):
        assert 0 <= share <= 1
    assert all(0 <= share <= 1 for share in habits.use)
    assert all(begin < end for begin, end in zip(habits.from_hour, habits.until_hour, strict=True))


@pytest.fixture(scope="module")
def drawn() -> list[Habits]:
    return [habits_of(Draws.TUNING, person) for person in range(300)]


def test_the_family_is_broad(drawn: list[Habits]) -> None:
    assert {habits.night for habits in drawn} == set(Night)
    assert {task.client.hint for habits in drawn for task in habits.tasks} == set(Hint)
    counts = [len(habits.ranking) for habits in drawn]
    assert (min(counts), max(counts) >= 38) == (2, True)
    assert sum(count <= 9 for count in counts) == pytest.approx(150, abs=30)  # half have few models
    for trait in ("small", "focus", "timetable", "follow", "repeat", "explore", "switching", "project_days", "drift"):
        have = sum(bool(getattr(habits, trait)) for habits in drawn)
        assert 50 <= have <= 250, trait


def test_a_new_model_is_tried_and_may_stay() -> None:
    most = 0
    for person in range(20):
        habits, trace = habits_of(Draws.TUNING, person), family_trace(Draws.TUNING, person)
        new = trace.sizes.keys() - habits.sizes.keys()
        assert habits.explore or not new, person
        assert new <= {event.model_id for event in trace.events}
        most = max(most, len(new))
    assert 5 <= most <= 60


def test_people_keep_their_hours_and_holidays() -> None:
    for person in range(20):
        habits, trace = habits_of(Draws.TUNING, person), family_trace(Draws.TUNING, person)
        if habits.holiday is None or habits.night is Night.ON:
            continue
        begin, length = habits.holiday
        days = {int((event.at - trace.events[0].at) // 86_400) for event in trace.events}
        assert days.isdisjoint(range(begin + 1, begin + length - 1))


def test_room_for_half() -> None:
    sizes = {name: ModelSize(size, size - 1) for name, size in (("a", 20), ("b", 40), ("c", 60), ("d", 900))}
    events = [TraceEvent(60.0 * number, Kind.REQUEST, name) for number, name in enumerate("abcbad")]
    assert room_for_half(Trace(tuple(events[:5]), sizes)) == 60
    assert room_for_half(Trace(tuple(events), sizes)) == 900  # the largest one fits
    assert room_for_half(Trace((), sizes)) == 1


@given(draws=sets, person=people)
@few_examples
def test_a_person_does_what_it_intends(draws: Draws, person: int) -> None:
    intents: list[Intent] = []
    trace = family_trace(draws, person, days=7, tell=intents.append)
    assert trace == family_trace(draws, person, days=7)
    assert intents == sorted(intents, key=lambda intent: intent.at)
    requests = [event for event in trace.events if event.kind is Kind.REQUEST]
    for intent in intents:
        if intent.model_id:
            following = next(event for event in requests if event.at > intent.at)
            assert following.model_id == intent.model_id
