"""Whether something may be loaded that nobody waits for: a pure decision.

What begins while a preload runs: answers hold it where it is, and it goes on after them. The user's wish, paused or
switched off, and memory that has become short cancel it; it comes back when that is over. On battery it is brought to
its end: most of the power that it takes is spent, and would be spent again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from preheat.residency import EvictionReason

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
        awaits_use: Preheat was started by the login, and is not to preload before something is asked of it.
    """

    enabled: bool
    paused_until: float | None
    active_requests: int
    idle_s: float
    on_battery: bool
    pressure: str
    awaits_use: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is preloaded now.

    Attributes:
        again_s: When to ask again at the latest, in seconds; None waits for something to change.
        cancels: A preload that runs is cancelled, and for what kind of reason; None lets it run or wait.
        brief: It is over when the present answers are.
    """

    reason: str
    again_s: float | None = None
    cancels: EvictionReason | None = None
    brief: bool = False


def why_not_now(conditions: Conditions, now: float) -> Hold | None:
    """Return what holds preloads up at the Unix time ``now``; None if nothing does."""
    if not conditions.enabled:
        return Hold("preloading is switched off", cancels=EvictionReason.PAUSED)
    if conditions.paused_until is not None and conditions.paused_until > now:
        if math.isinf(conditions.paused_until):
            return Hold("paused until you resume it", cancels=EvictionReason.PAUSED)
        until = datetime.fromtimestamp(conditions.paused_until).strftime("%H:%M")
        return Hold(f"paused until {until}", conditions.paused_until - now, EvictionReason.PAUSED)
    if conditions.awaits_use:
        return Hold("waiting for the first request: preloading at login is switched off")
    if conditions.pressure:
        return Hold(conditions.pressure, 5.0, EvictionReason.PRESSURE)
    if conditions.on_battery:
        return Hold("the machine runs on battery", 60.0)
    if conditions.active_requests:
        return Hold("answers are being given", brief=True)
    if conditions.idle_s < IDLE_S:
        return Hold("an answer was just given", IDLE_S - conditions.idle_s, brief=True)
    return None
