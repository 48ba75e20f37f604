"""Detects that the machine was suspended or a model idle for long: its pages may have left memory."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Final

RESUME_S: Final = 10.0
"""Suspension after which hot models are checked, in seconds. Less is a clock being adjusted, or a busy machine."""

LONG_IDLE_S: Final = 1800.0
"""Idle time after which a hot model is checked, and checked again, in seconds."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Three clocks at one instant, in seconds.

    Attributes:
        wall_s: Unix time; jumps when the clock is set.
        awake_s: Stops during suspension (except on Windows).
        boot_s: Does not stop; None where there is no such clock.
    """

    wall_s: float
    awake_s: float
    boot_s: float | None


def read_clocks() -> Clocks:
    """Return the clocks now."""
    boot = None
    if sys.platform == "linux":
        boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    return Clocks(time.time(), time.monotonic(), boot)


def asleep_s(before: Clocks, now: Clocks, interval_s: float) -> float:
    """Return the time that the machine was suspended between two looks, in seconds; 0 if it was not.

    Args:
        interval_s: Intended time between the looks. Where no clock stops during suspension, a look that comes much too
            late is the only sign of it.
    """
    awake = now.awake_s - before.awake_s
    if before.boot_s is not None and now.boot_s is not None:
        asleep = (now.boot_s - before.boot_s) - awake
    else:
        asleep = max((now.wall_s - before.wall_s) - awake, awake - interval_s)
    return asleep if asleep >= RESUME_S else 0.0


def is_worth_a_look(seen_at: float, woke_at: float, now: float) -> bool:
    """Return whether pages of a hot model may have left memory since its last use or check. Times are Unix times.

    Args:
        seen_at: When it was known to be in memory.
        woke_at: When the machine last woke up; minus infinity if it did not.
    """
    return woke_at > seen_at or now - seen_at >= LONG_IDLE_S
