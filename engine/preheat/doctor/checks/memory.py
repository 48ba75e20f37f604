"""Memory, and the limits that the system puts on this user's programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from preheat.doctor.context import preheats_memory, settings_in_force
from preheat.doctor.report import Finding, broken, good, to_do
from preheat.units import format_memory

_FEW_FILES: Final = 512
_LEAST_SPACE: Final = 4 << 30
"""Address space below which models cannot be mapped: the worker itself takes about a gigabyte of it."""


def check_memory() -> Iterator[Finding]:
    """Check memory, its limits, and whether the settings fit them."""
    import psutil

    settings, reading = settings_in_force(), preheats_memory()
    physical, swap = psutil.virtual_memory().total, psutil.swap_memory()
    limit, keep = settings.memory_limit.resolve(reading.total_bytes), settings.keep_free.resolve(reading.total_bytes)
    details = [
        f"models may take {format_memory(limit)} (memory_limit), {format_memory(keep)} stay free (keep_free)",
        f"swap: {format_memory(swap.used)} of {format_memory(swap.total)} used" if swap.total else "no swap",
    ]
    if reading.total_bytes < physical:
        details.append(
            f"limited by a control group to {format_memory(reading.total_bytes)} of {format_memory(physical)}"
        )
    if reading.stalled_some is not None:
        details.append(f"programs waited for memory {reading.stalled_some:.0f} % of the last 10 s")
    yield good("doctor_memory", total=reading.total_bytes, available=reading.available_bytes, details=details)
    if limit > reading.total_bytes:
        yield to_do("doctor_limit_above_memory", limit=limit, total=reading.total_bytes)
    if keep >= reading.total_bytes:
        yield broken("doctor_keep_free_is_all", keep=keep, total=reading.total_bytes)
    elif reading.available_bytes < keep:
        yield to_do("doctor_memory_short", available=reading.available_bytes, keep=keep)
    yield from _process_limits()


def _process_limits() -> Iterator[Finding]:
    if sys.platform == "win32":
        return
    import resource

    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if space != resource.RLIM_INFINITY:
        make = broken if space < _LEAST_SPACE else to_do
        yield make("doctor_address_space", limit=space)
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files != resource.RLIM_INFINITY and files < _FEW_FILES:
        yield to_do("doctor_open_files", limit=files)
