"""Whether something may be loaded that nobody waits for: a pure decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

IDLE_S: Final = 1.0
"""So long after the last answer the machine counts as idle."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What speaks against loading anything that nobody waits for.

    Attributes:
        enabled: The setting ``preload``.
        paused_until: Unix time until which the user paused it; infinite until told; None when not paused.
        active_requests: Requests being answered or waiting.
        idle_s: Seconds since the last of them ended; infinite before the first.
        on_battery: The machine runs on battery, and the user does not want preloads then.
        pressure: Why memory is short; empty when it is not.
    """

    enabled: bool
    paused_until: float | None
    active_requests: int
    idle_s: float
    on_battery: bool
    pressure: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is preloaded now.

    Attributes:
        again_s: When to ask again at the latest, in seconds; None waits for something to change.
    """

    reason: str
    again_s: float | None = None


def why_not_now(conditions: Conditions, now: float) -> Hold | None:
    """Return what holds preloads up at the Unix time ``now``; None if nothing does."""
    if not conditions.enabled:
        return Hold("preloading is switched off")
    if conditions.paused_until is not None and conditions.paused_until > now:
        if math.isinf(conditions.paused_until):
            return Hold("paused until you resume it")
        until = datetime.fromtimestamp(conditions.paused_until).strftime("%H:%M")
        return Hold(f"paused until {until}", conditions.paused_until - now)
    if conditions.pressure:
        return Hold(conditions.pressure, 5.0)
    if conditions.on_battery:
        return Hold("the machine runs on battery", 60.0)
    if conditions.active_requests:
        return Hold("answers are being given")
    if conditions.idle_s < IDLE_S:
        return Hold("an answer was just given", IDLE_S - conditions.idle_s)
    return None
