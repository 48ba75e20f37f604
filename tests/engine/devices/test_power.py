"""Models follow the power supply once it has been the same for a while."""

from __future__ import annotations

from preheat.devices import PowerState


def test_models_follow_after_a_minute() -> None:
    state = PowerState().after(True, 10.0)
    assert not state.on_battery
    assert not state.after(True, 69.0).on_battery
    assert state.after(True, 70.0) == PowerState(True)


def test_a_cable_that_is_pulled_for_a_moment_moves_nothing() -> None:
    state = PowerState().after(True, 10.0).after(False, 40.0).after(True, 60.0)
    assert not state.after(True, 80.0).on_battery


def test_the_way_back_takes_a_minute_too() -> None:
    state = PowerState(True).after(False, 0.0)
    assert state.on_battery
    assert not state.after(False, 60.0).on_battery
