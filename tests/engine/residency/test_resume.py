"""Noticing a sleep from the clocks."""

from __future__ import annotations

import math

import pytest

from preheat.residency import is_worth_a_look
from preheat.residency.resume import LONG_IDLE_S, Clocks, asleep_s, read_clocks

NOW = 1_000_000.0
START = Clocks(1000.0, 50.0, 80.0)


@pytest.mark.parametrize(
    ("now", "asleep"),
    [
        (Clocks(1001.0, 51.0, 81.0), 0.0),
        (Clocks(1060.0, 110.0, 140.0), 0.0),  # a minute late, but awake: a busy machine
        (Clocks(4601.0, 51.0, 3681.0), 3600.0),
        (Clocks(9999.0, 51.0, 81.0), 0.0),  # the clock was set
        (Clocks(1006.0, 51.0, 86.0), 0.0),  # too short to matter
    ],
)
def test_with_a_clock_that_goes_on_during_sleep(now: Clocks, asleep: float) -> None:
    assert asleep_s(START, now, 1.0) == asleep


@pytest.mark.parametrize(
    ("wall", "awake", "asleep"),
    [
        (1001.0, 51.0, 0.0),
        (4601.0, 51.0, 3600.0),  # macOS: ours stood still
        (4601.0, 3651.0, 3600.0),  # Windows: all go on, and we come late
        (400.0, 51.0, 0.0),  # set back
    ],
)
def test_without_one(wall: float, awake: float, asleep: float) -> None:
    assert asleep_s(Clocks(1000.0, 50.0, None), Clocks(wall, awake, None), 1.0) == asleep


def test_the_real_clocks_run_alike_while_awake() -> None:
    before = read_clocks()
    assert asleep_s(before, read_clocks(), 1.0) == 0.0


@pytest.mark.parametrize(
    ("seen_at", "woke_at", "worth"),
    [
        (NOW, -math.inf, False),
        (NOW - LONG_IDLE_S + 1, -math.inf, False),
        (NOW - LONG_IDLE_S, -math.inf, True),
        (NOW - 60, NOW - 1, True),  # slept since
        (NOW - 1, NOW - 60, False),  # used since it slept
        (NOW - 1, NOW - 1, False),
    ],
)
def test_what_slept_or_was_not_used_for_long_is_worth_a_look(seen_at: float, woke_at: float, worth: bool) -> None:
    assert is_worth_a_look(seen_at, woke_at, NOW) is worth
