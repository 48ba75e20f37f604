"""Notices that the computer was suspended, or a model unused: what was in memory may have been pushed out meanwhile."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Final

RESUME_S: Final = 10.0
"""Time asleep from which hot models are worth looking after. Less is a clock being adjusted, or a busy machine."""

LONG_IDLE_S: Final = 1800.0
"""A hot model that nobody used for so long is worth looking after, and again after as long."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Three clocks at one instant, in seconds.

    Attributes:
        wall_s: Unix time; jumps when somebody sets the clock.
        awake_s: Stands still while the computer sleeps (on Windows it does not).
        boot_s: Goes on meanwhile; None where there is no such clock.
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
    """Return for how long the computer slept between two looks, in seconds; 0 if it did not.

    Args:
        interval_s: How long the caller meant to wait between the two. Where all clocks go on during sleep, a look
            that comes much too late is the only sign of it.
    """
    awake = now.awake_s - before.awake_s
    if before.boot_s is not None and now.boot_s is not None:
        asleep = (now.boot_s - before.boot_s) - awake
    else:
        asleep = max((now.wall_s - before.wall_s) - awake, awake - interval_s)
    return asleep if asleep >= RESUME_S else 0.0


def is_worth_a_look(seen_at: float, woke_at: float, now: float) -> bool:
    """Return whether pages of a hot model may have left memory since it was last used or looked after.

    Args:
        seen_at: When it was known to be in memory.
        woke_at: When the computer last woke up; minus infinity if it did not.
        now: Like the others, in Unix time.
    """
    return woke_at > seen_at or now - seen_at >= LONG_IDLE_S
