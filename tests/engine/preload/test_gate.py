from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from preheat.messages import msg
from preheat.preload import IDLE_S
from preheat.preload.gate import Conditions, blocking_reason
from preheat.residency import EvictionReason

NOW = 1_000_000.0
QUIET = Conditions(enabled=True, paused_until=None, active_requests=0, idle_s=math.inf, on_battery=False, pressure=None)
SHORT = msg("text", text="memory is short")
ROOM = msg("preload_makes_room")


def test_a_quiet_machine_blocks_nothing() -> None:
    assert blocking_reason(QUIET, NOW) is None


@pytest.mark.parametrize(
    ("change", "code", "again_s", "cancels", "brief"),
    [
        ({"enabled": False}, "preload_off", None, EvictionReason.PAUSED, False),
        ({"paused_until": math.inf}, "preload_paused", None, EvictionReason.PAUSED, False),
        ({"paused_until": NOW + 60}, "preload_paused_until", 60.0, EvictionReason.PAUSED, False),
        ({"room": ROOM}, "preload_makes_room", None, EvictionReason.PAUSED, False),
        ({"awaits_use": True}, "preload_awaits_use", None, None, False),
        ({"pressure": SHORT}, "text", 5.0, EvictionReason.PRESSURE, False),
        ({"on_battery": True}, "preload_on_battery", 60.0, None, False),
        ({"active_requests": 1}, "preload_requests", None, None, True),
        ({"idle_s": 0.25}, "preload_not_idle", IDLE_S - 0.25, None, True),
    ],
)
def test_each_condition(
    change: dict[str, Any], code: str, again_s: float | None, cancels: EvictionReason | None, brief: bool
) -> None:
    hold = blocking_reason(replace(QUIET, **change), NOW)
    assert hold is not None
    assert hold.reason.code == code
    assert (hold.again_s, hold.cancels, hold.brief) == (again_s, cancels, brief)


@pytest.mark.parametrize("change", [{"paused_until": NOW}, {"paused_until": NOW - 1}, {"idle_s": IDLE_S}])
def test_expired_conditions_block_nothing(change: dict[str, Any]) -> None:
    assert blocking_reason(replace(QUIET, **change), NOW) is None


def test_the_users_choice_comes_first() -> None:
    conditions = Conditions(False, math.inf, 3, 0.0, True, SHORT, ROOM, True)
    changes: list[dict[str, Any]] = [
        {"enabled": True},
        {"paused_until": None},
        {"room": None},
        {"awaits_use": False},
        {"pressure": None},
        {"on_battery": False},
        {"active_requests": 0},
        {"idle_s": math.inf},
    ]
    codes = []
    for change in changes:
        hold = blocking_reason(conditions, NOW)
        assert hold is not None
        codes.append(hold.reason.code)
        conditions = replace(conditions, **change)
    assert codes == [
        "preload_off",
        "preload_paused",
        "preload_makes_room",
        "preload_awaits_use",
        "text",
        "preload_on_battery",
        "preload_requests",
        "preload_not_idle",
    ]
    assert blocking_reason(conditions, NOW) is None
