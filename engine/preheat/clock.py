"""Time that a jumping system clock cannot spoil.

The system's clock may be wrong for a while: a dead battery, a wrong date, a time server far away. Durations come from
a counter that is never set, and ``unix_time`` follows the clock only where it is plausible.
"""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

logger = logging.getLogger(__name__)

CORRECTION_S: Final = 5.0
"""Largest difference that is followed at once, in seconds: a time server corrects a clock that runs too fast."""

STABLE_S: Final = 600.0
"""Time after which a clock that was set to another time is followed, in seconds."""

MAX_SPAN_S: Final = 100 * 366 * 86_400.0
"""Longest span of time that a client may name, in seconds: a hundred years."""

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Ticks(NamedTuple):
    """A reading of the counter that is never set.

    Attributes:
        seconds: Continues while the machine is suspended.
        source: Readings with the same source can be compared: those of one boot on Linux, of one process elsewhere.
    """

    seconds: float
    source: str


def read_ticks() -> Ticks:
    """Return the counter now."""
    return Ticks(_seconds(), _source())


def _seconds() -> float:
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return time.clock_gettime(time.CLOCK_MONOTONIC)  # time.monotonic stops during sleep there
    return time.monotonic()


_of_process: Final = secrets.token_hex(8)
_of_boot: list[str] = []


def _source() -> str:
    if not _of_boot:
        try:
            _of_boot.append(_BOOT_ID.read_text(encoding="ascii").strip())
        except OSError:
            _of_boot.append(_of_process)
    return _of_boot[0]


class Followed(NamedTuple):
    """How far the system's clock is followed.

    Attributes:
        offset_s: Unix time minus ticks.
        latest: The latest time returned; none before it follows.
        other_offset_s: The offset of a clock that is not followed yet; None for none.
        since_ticks: When that offset was first seen.
    """

    offset_s: float
    latest: float
    other_offset_s: float | None = None
    since_ticks: float = 0.0


def follow(before: Followed | None, wall: float, ticks: float) -> Followed:
    """Return the state after a reading of both clocks. ``latest`` is the time now. Pure.

    Small corrections are followed at once, without going back. A clock that was set to another time is followed after
    it has kept that time for ``STABLE_S``; until then the counter alone gives the time.
    """
    offset = wall - ticks
    if before is None:
        return Followed(offset, wall)
    if abs(offset - before.offset_s) <= CORRECTION_S:
        return Followed(offset, max(wall, before.latest))
    steady = max(ticks + before.offset_s, before.latest)
    other = before.other_offset_s
    if other is None or abs(offset - other) > CORRECTION_S:
        return before._replace(latest=steady, other_offset_s=offset, since_ticks=ticks)
    if ticks - before.since_ticks < STABLE_S:
        return before._replace(latest=steady)
    return Followed(offset, wall)


class SteadyClock:
    """Unix time that never goes back, except to follow a clock that was set. Any thread.

    Args:
        wall: Returns the system's Unix time.
        ticks: Returns the seconds of a counter that is never set.
    """

    def __init__(self, wall: Callable[[], float] = time.time, ticks: Callable[[], float] = _seconds) -> None:
        self._wall = wall
        self._ticks = ticks
        self._lock = threading.Lock()
        self._followed = follow(None, wall(), ticks())

    def __call__(self) -> float:
        """Return the Unix time."""
        with self._lock:
            before = self._followed
            self._followed = now = follow(before, self._wall(), self._ticks())
        if now.offset_s != before.offset_s and abs(now.offset_s - before.offset_s) > CORRECTION_S:
            logger.warning("the clock was set by %+.0f s and is followed now", now.offset_s - before.offset_s)
        return now.latest


unix_time: Final = SteadyClock()
"""The time of this process: times of the usage log, and everything compared with them."""
