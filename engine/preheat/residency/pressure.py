"""Is memory short? A pure decision over what the system says; ``system_memory`` asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from preheat.units import format_memory

# Shares of the last ten seconds, in percent, in which programs stood still for want of memory. Linux itself starts to
# kill at around 50; a desktop feels 5 of "full" as stutter.
_SOME_HIGH: Final = 20.0
_FULL_HIGH: Final = 5.0
_SOME_EASED: Final = 5.0
_FULL_EASED: Final = 1.0

_EASED: Final = 1.25
"""Memory is easy again once this multiple of ``keep_free`` is available."""

_STALLS_COUNT_BELOW: Final = 3
"""Stalls count only while less than this multiple of ``keep_free`` is available, or a quarter of the memory: a
container at its own limit stalls, too, and unloading models would not help it."""


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """What the system says of memory at one instant.

    Attributes:
        total_bytes: Physical memory, or the limit of this process's control group where that is less.
        available_bytes: What programs can have without swapping. Mapped files count as available, as they do for the
            system: see ``mapped_bytes`` of ``assess``.
        limited: These are a control group's figures.
        stalled_some: Percent of the last ten seconds in which some program waited for memory; None where unknown.
        stalled_full: The same for all programs at once.
        alarm: The system says by itself that memory is short (macOS, Windows).
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
        tight: Nothing is to be loaded speculatively. Stays until memory is clearly easier.
        missing_bytes: What has to be freed now, 0 for nothing. Where only stalls tell of the shortage it is 1: unload
            one model, and look again.
        reason: In words for the user; empty when nothing is tight.
    """

    tight: bool = False
    missing_bytes: int = 0
    reason: str = ""


def assess(reading: MemoryReading, keep_free_bytes: int, before: Pressure, *, mapped_bytes: int = 0) -> Pressure:
    """Return the pressure now.

    Args:
        before: The last one.
        mapped_bytes: Weights that workers have mapped. The system counts them as available, for it can drop them and
            read them again; but then a hot model is not hot.
    """
    available = max(reading.available_bytes - mapped_bytes, 0)
    whose = "its control group" if reading.limited else "the system"
    if available < keep_free_bytes:
        short = f"{format_memory(available)} of {whose}'s memory is available, less than keep_free "
        return Pressure(True, keep_free_bytes - available, f"{short}({format_memory(keep_free_bytes)})")
    if available < max(_STALLS_COUNT_BELOW * keep_free_bytes, reading.total_bytes // 4):
        if reading.alarm:
            return Pressure(True, 1, "the system says that memory is short")
        some, full = reading.stalled_some or 0.0, reading.stalled_full or 0.0
        if some >= _SOME_HIGH or full >= _FULL_HIGH:
            return Pressure(True, 1, f"programs waited for memory in {max(some, full):.0f} % of the last ten seconds")
        if before.tight and (some >= _SOME_EASED or full >= _FULL_EASED):
            return Pressure(True, 0, "programs still wait for memory now and then")
    if before.tight and available < keep_free_bytes * _EASED:
        return Pressure(True, 0, f"little more than keep_free ({format_memory(keep_free_bytes)}) is available")
    return Pressure()


def spare_bytes(reading: MemoryReading, keep_free_bytes: int, *, mapped_bytes: int = 0) -> int:
    """Return what files may take of the page cache without costing anything else: the budget for standby."""
    return max(reading.available_bytes - mapped_bytes - int(keep_free_bytes * _EASED), 0)
