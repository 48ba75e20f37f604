"""Decides whether memory is short, from the system's figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from preheat.messages import Message, msg

# Percent of the last ten seconds in which programs waited for memory. Linux itself starts to kill at about 50; a
# desktop stutters at 5 of "full".
_SOME_HIGH: Final = 20.0
_FULL_HIGH: Final = 5.0
_SOME_EASED: Final = 5.0
_FULL_EASED: Final = 1.0

_EASED: Final = 1.25
"""Memory is no longer short once this multiple of ``keep_free`` is available."""

_STALLS_COUNT_BELOW: Final = 3
"""Stalls count only while less than this multiple of ``keep_free`` is available, or a quarter of the memory: a
container at its own limit stalls too, and unloading models does not help it."""


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """The system's memory at one instant.

    Attributes:
        total_bytes: Physical memory, or the lowest limit of this process's control groups where that is less.
        available_bytes: Memory that programs can have without swapping; mapped files count as available, see
            ``assess``.
        limited: A control group has less available than the system; stalls are its own.
        stalled_some: Percent of the last ten seconds in which some program waited for memory; None if unknown.
        stalled_full: The same for all programs at once.
        alarm: The system reports that memory is short (macOS, Windows).
    """

    total_bytes: int
    available_bytes: int
    limited: bool = False
    stalled_some: float | None = None
    stalled_full: float | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Pressure:
    """Whether memory is short, and why.

    Attributes:
        reason: Why nothing is to be loaded speculatively; None when memory is not short. Stays until it is clearly
            easier.
        missing_bytes: What has to be freed now. Where only stalls show the shortage it is 1: unload one model, and look
            again.
    """

    reason: Message | None = None
    missing_bytes: int = 0

    @property
    def tight(self) -> bool:
        """Whether memory is short."""
        return self.reason is not None


def assess(reading: MemoryReading, keep_free_bytes: int, before: Pressure, *, mapped_bytes: int = 0) -> Pressure:
    """Return the pressure now.

    Args:
        before: The previous one.
        mapped_bytes: Weights that workers have mapped. The system counts them as available, since it can drop them and
            read them again; but then a hot model is not hot.
    """
    available = max(reading.available_bytes - mapped_bytes, 0)
    if available < keep_free_bytes:
        code = "below_keep_free_group" if reading.limited else "below_keep_free"
        return Pressure(msg(code, available=available, keep_free=keep_free_bytes), keep_free_bytes - available)
    if available < max(_STALLS_COUNT_BELOW * keep_free_bytes, reading.total_bytes // 4):
        if reading.alarm:
            return Pressure(msg("memory_alarm"), 1)
        some, full = reading.stalled_some or 0.0, reading.stalled_full or 0.0
        if some >= _SOME_HIGH or full >= _FULL_HIGH:
            return Pressure(msg("memory_stalls", share=max(some, full) / 100), 1)
        if before.tight and (some >= _SOME_EASED or full >= _FULL_EASED):
            return Pressure(msg("memory_stalls_fading"))
    if before.tight and available < keep_free_bytes * _EASED:
        return Pressure(msg("near_keep_free", keep_free=keep_free_bytes))
    return Pressure()


def spare_bytes(reading: MemoryReading, keep_free_bytes: int, *, mapped_bytes: int = 0) -> int:
    """Return what files may take of the page cache at no other cost: the budget for standby."""
    return max(reading.available_bytes - mapped_bytes - int(keep_free_bytes * _EASED), 0)
