"""On battery, or not."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import psutil
import pytest

from preheat.preload.power import on_battery


def failing() -> None:
    raise FileNotFoundError("/sys/class/power_supply/BAT0/energy_now")


@pytest.mark.parametrize(
    ("sensors", "expected"),
    [
        (lambda: None, False),  # a desktop
        (lambda: SimpleNamespace(power_plugged=True), False),
        (lambda: SimpleNamespace(power_plugged=None), False),  # unknown
        (lambda: SimpleNamespace(power_plugged=False), True),
        (failing, False),
    ],
)
def test_only_a_known_unplugged_supply_counts(
    sensors: Callable[[], object], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", sensors, raising=False)
    assert on_battery() is expected


def test_systems_without_the_question_are_not_on_battery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert on_battery() is False


def test_this_machine_can_be_asked() -> None:
    assert on_battery() in (True, False)
