from __future__ import annotations

import pytest

from benchmarks.foresight_bound import Informed, told
from preheat.replay import Draws, Kind, family_trace, measure
from preheat.replay.family import Intent
from preheat.replay.habits import habits_of


@pytest.fixture
def informed() -> Informed:
    habits = habits_of(Draws.TUNING, 2)
    intents = [
        Intent(1000.0, 0, habits.ranking, partner=habits.ranking[-1]),
        Intent(2e6, 0, habits.ranking, "new"),
        Intent(3e6, 1, habits.ranking, is_begun=True),
    ]
    return Informed(habits, intents)


def test_what_is_intended_is_known(informed: Informed) -> None:
    habits = habits_of(Draws.TUNING, 2)
    assert informed.chances(0.0) == {}
    assert informed.chances(2e6 + 1) == {"new": 1.0}
    begun = informed.chances(3e6 + 1)
    assert max(begun, key=begun.__getitem__) == habits.ranking[habits.tasks[1].rank]


def test_chances_leave_room_for_new_models(informed: Informed) -> None:
    explore = habits_of(Draws.TUNING, 2).explore
    assert explore > 0
    assert sum(informed.chances(9e5).values()) == pytest.approx(1 - explore)
    within = informed.chances(1001.0)
    assert sum(within.values()) > 1 - explore
    assert within.keys() == informed.chances(9e5).keys()


def test_who_is_told_waits_less() -> None:
    (learned,) = measure(Draws.TUNING, [44])
    trace = family_trace(Draws.TUNING, 44)
    result = told(Draws.TUNING, 44)
    assert learned.requests == result.requests < sum(event.kind is Kind.REQUEST for event in trace.events)
    assert result.ready > learned.ready > learned.lru
