"""What was written today, with clocks that jump."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.clock import Ticks
from preheat.inference.prefixes.day import DAY_S, Day, day_from_json, day_now, to_midnight

NOON = 1_800_014_400.0
"""Some time of some day; the tests below take its day to end in twelve hours."""


@dataclass
class Machine:
    """A clock that can be set, and a counter that starts with each boot."""

    wall: float = NOON
    ticks: float = 1000.0
    boot: str = "first"
    day: Day = field(default_factory=Day)

    def write(self, count: int) -> int:
        """Write bytes; return what has been written today."""
        day = day_now(self.day, self.wall, Ticks(self.ticks, self.boot), DAY_S - (self.wall - NOON + DAY_S / 2) % DAY_S)
        self.day = day._replace(written_bytes=day.written_bytes + count)
        return self.day.written_bytes

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds

    def restart(self) -> None:
        self.boot, self.ticks = f"{self.boot}+", 5.0


def test_a_day_ends_at_midnight() -> None:
    machine = Machine()
    assert machine.write(5) == 5
    machine.wait(DAY_S / 2 - 1)
    assert machine.write(5) == 10
    machine.wait(1)
    assert machine.write(5) == 5
    machine.wait(DAY_S - 1)
    assert machine.write(5) == 10


@pytest.mark.parametrize("jump", [10 * DAY_S, -10 * DAY_S, 3600.0, -NOON + 1])
def test_setting_the_clock_changes_nothing(jump: float) -> None:
    machine = Machine()
    machine.write(5)
    machine.wall += jump
    assert machine.write(5) == 10
    machine.wait(DAY_S / 2)
    assert machine.write(5) == 5


def test_over_a_restart_the_clock_decides() -> None:
    machine = Machine()
    machine.write(5)
    machine.restart()
    machine.wall += 60
    assert machine.write(5) == 10
    machine.restart()
    machine.wall += DAY_S
    assert machine.write(5) == 5


def test_a_machine_without_a_clock_is_not_blocked_for_days() -> None:
    """It starts in 1970 each morning, and runs for eight hours."""
    machine = Machine()
    machine.write(5)
    new_days = 0
    for _ in range(9):
        machine.restart()
        machine.wall = 0.0
        for _ in range(8):
            new_days += machine.write(1) == 1
            machine.wait(3600)
    assert 2 <= new_days <= 4, "72 hours"


@given(st.lists(st.tuples(st.floats(-30 * DAY_S, 30 * DAY_S), st.floats(0, 3600)), max_size=60))
def test_no_jumping_clock_makes_more_than_one_day_of_a_day(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    machine.write(1)
    began, resets = machine.ticks, 0
    for jump, wait in steps:
        machine.wall += jump
        machine.wait(wait)
        resets += machine.write(1) == 1
    assert resets <= (machine.ticks - began) / (DAY_S / 2) + 1


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"written_bytes": -1, "at": 0, "ticks": 0, "source": "", "left_s": 5},
        {"written_bytes": True, "at": 0, "ticks": 0, "source": "", "left_s": 5},
        {"written_bytes": 1, "at": float("nan"), "ticks": 0, "source": "", "left_s": 5},
        {"written_bytes": 1, "at": "now", "ticks": 0, "source": "", "left_s": 5},
    ],
)
def test_a_day_that_cannot_be_read_has_ended(content: object) -> None:
    assert day_from_json(content) == Day()


def test_no_stored_day_lasts_longer_than_a_day() -> None:
    day = day_from_json({"written_bytes": 7, "at": 1, "ticks": 2.5, "source": "boot", "left_s": 1e12})
    assert day == Day(7, 1.0, 2.5, "boot", DAY_S)
    assert day_from_json(day._asdict()) == day


def test_midnight_is_less_than_a_day_away() -> None:
    assert 0 < to_midnight(NOON) <= DAY_S
