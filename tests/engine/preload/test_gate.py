"""What holds preloads up, and which reason is told first."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from preheat.preload.gate import IDLE_S, Conditions, why_not_now
from preheat.residency import EvictionReason

NOW = 1_000_000.0
QUIET = Conditions(enabled=True, paused_until=None, active_requests=0, idle_s=math.inf, on_battery=False, pressure="")


def test_nothing_speaks_against_it_on_a_quiet_machine() -> None:
    assert why_not_now(QUIET, NOW) is None


@pytest.mark.parametrize(
    ("change", "reason", "again_s", "cancels", "brief"),
    [
        ({"enabled": False}, "switched off", None, EvictionReason.PAUSED, False),
        ({"paused_until": math.inf}, "until you resume", None, EvictionReason.PAUSED, False),
        ({"paused_until": NOW + 60}, "paused until", 60.0, EvictionReason.PAUSED, False),
        ({"awaits_use": True}, "first request", None, None, False),
        ({"pressure": "memory is short"}, "memory is short", 5.0, EvictionReason.PRESSURE, False),
        ({"on_battery": True}, "battery", 60.0, None, False),
        ({"active_requests": 1}, "answers are being given", None, None, True),
        ({"idle_s": 0.25}, "just given", IDLE_S - 0.25, None, True),
    ],
)
def test_each_reason(
    change: dict[str, Any], reason: str, again_s: float | None, cancels: EvictionReason | None, brief: bool
) -> None:
    hold = why_not_now(replace(QUIET, **change), NOW)
    assert hold is not None
    assert reason in hold.reason
    assert (hold.again_s, hold.cancels, hold.brief) == (again_s, cancels, brief)


@pytest.mark.parametrize("change", [{"paused_until": NOW}, {"paused_until": NOW - 1}, {"idle_s": IDLE_S}])
def test_what_is_over_holds_nothing_up(change: dict[str, Any]) -> None:
    assert why_not_now(replace(QUIET, **change), NOW) is None


def test_the_users_wish_is_told_first() -> None:
    everything = Conditions(False, math.inf, 3, 0.0, True, "short", True)
    order = [
        {},
        {"enabled": True},
        {"paused_until": None},
        {"awaits_use": False},
        {"pressure": ""},
        {"on_battery": False},
    ]
    order += [{"active_requests": 0}]
    told = []
    for change in order:
        everything = replace(everything, **change)  # type: ignore[arg-type]
        hold = why_not_now(everything, NOW)
        assert hold is not None
        told.append(hold.reason)
    assert len(set(told)) == len(order)
