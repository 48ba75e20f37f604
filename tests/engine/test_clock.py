"""The time follows the system's clock, but not where it jumps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.clock import CORRECTION_S, STABLE_S, SteadyClock, read_ticks, unix_time

NOW = 1_760_000_000.0
YEAR_S = 365 * 86_400.0


class Clocks:
    def __init__(self) -> None:
        self.wall = NOW
        self.ticks = 1000.0
        self.time = SteadyClock(lambda: self.wall, lambda: self.ticks)

    def pass_(self, seconds: float) -> float:
        self.wall += seconds
        self.ticks += seconds
        return self.time()


def test_it_is_the_system_s_time() -> None:
    clocks = Clocks()
    assert clocks.time() == NOW
    assert clocks.pass_(86_400.0) == NOW + 86_400.0


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S, 3600.0, -60.0])
def test_a_jump_is_not_followed_at_once(jump_s: float) -> None:
    clocks = Clocks()
    clocks.wall += jump_s
    assert clocks.time() == NOW
    assert clocks.pass_(60.0) == NOW + 60.0
    clocks.wall -= jump_s
    assert clocks.pass_(60.0) == NOW + 120.0


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S, 3600.0, -60.0])
def test_a_clock_that_keeps_its_new_time_is_followed(jump_s: float) -> None:
    clocks = Clocks()
    clocks.wall += jump_s
    clocks.time()
    assert clocks.pass_(STABLE_S / 2) == NOW + STABLE_S / 2
    assert clocks.pass_(STABLE_S / 2) == NOW + jump_s + STABLE_S


def test_a_clock_that_jumps_about_is_not_followed() -> None:
    clocks = Clocks()
    for number in range(20):
        clocks.wall += YEAR_S if number % 2 else -2 * YEAR_S
        assert clocks.pass_(STABLE_S / 2) == NOW + (number + 1) * STABLE_S / 2


def test_small_corrections_are_followed_without_going_back() -> None:
    clocks = Clocks()
    clocks.wall -= CORRECTION_S / 2
    assert clocks.time() == NOW
    assert clocks.pass_(1.0) == NOW
    assert clocks.pass_(CORRECTION_S) == NOW + 1.0 + CORRECTION_S / 2
    clocks.wall += CORRECTION_S / 2
    assert clocks.time() == NOW + 1.0 + CORRECTION_S


@given(st.lists(st.tuples(st.floats(-YEAR_S, YEAR_S), st.floats(0.0, STABLE_S / 50)), max_size=40))
def test_it_never_goes_back_before_a_new_time_is_stable(steps: list[tuple[float, float]]) -> None:
    clocks = Clocks()
    latest, passed_s = NOW, 0.0
    for jump_s, step_s in steps:
        clocks.wall += jump_s
        now = clocks.pass_(step_s)
        passed_s += step_s
        assert now >= latest
        assert abs(now - NOW - passed_s) <= CORRECTION_S * (len(steps) + 1)
        latest = now


def test_the_real_clocks_can_be_read() -> None:
    first, second = read_ticks(), read_ticks()
    assert first.source == second.source
    assert second.seconds >= first.seconds
    assert unix_time() <= unix_time()
