"""Decides whether preloading may run now. Pure.

A request pauses a running preload, which continues afterwards. Pausing or switching off preloading, and memory
pressure, cancel it; it is repeated later. On battery a running preload completes, since most of its power is spent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from preheat.messages import Message, msg
from preheat.residency import EvictionReason
from preheat.units import format_until

IDLE_S: Final = 1.0
"""Idle time before preloading starts, in seconds."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What may block preloading."""

    enabled: bool  # the setting ``preload``
    paused_until: float | None  # Unix time until which the user paused it; infinite until resumed; None when not paused
    active_requests: int  # requests in progress or waiting
    idle_s: float  # seconds since the last request ended; infinite before the first
    on_battery: bool  # the machine runs on battery and ``preload_on_battery`` is off
    pressure: Message | None  # why memory is short; None when it is not
    room: Message | None = None  # until when room is kept for other programs; None if none is
    awaits_use: bool = False  # Preheat was started at login with ``preload_at_login`` off, and was not used yet


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is preloaded now."""

    reason: Message
    again_s: float | None = None  # when to ask again, in seconds; None waits for a change
    cancels: EvictionReason | None = None  # cancels a running preload for this reason; None lets it continue
    brief: bool = False  # ends with the current requests


def blocking_reason(conditions: Conditions, now: float) -> Hold | None:
    """Return what blocks preloading at the Unix time ``now``; None if nothing does."""
    if not conditions.enabled:
        return Hold(msg("preload_off"), cancels=EvictionReason.PAUSED)
    if conditions.paused_until is not None and conditions.paused_until > now:
        if math.isinf(conditions.paused_until):
            return Hold(msg("preload_paused"), cancels=EvictionReason.PAUSED)
        until = format_until(conditions.paused_until, now)
        return Hold(
            msg("preload_paused_until", until=until), conditions.paused_until - now, cancels=EvictionReason.PAUSED
        )
    if conditions.room is not None:
        return Hold(conditions.room, cancels=EvictionReason.PAUSED)
    if conditions.awaits_use:
        return Hold(msg("preload_awaits_use"))
    if conditions.pressure is not None:
        return Hold(conditions.pressure, 5.0, cancels=EvictionReason.PRESSURE)
    if conditions.on_battery:
        return Hold(msg("preload_on_battery"), 60.0)
    if conditions.active_requests:
        return Hold(msg("preload_requests"), brief=True)
    if conditions.idle_s < IDLE_S:
        return Hold(msg("preload_not_idle"), IDLE_S - conditions.idle_s, brief=True)
    return None
