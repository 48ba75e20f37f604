"""How much room stored prompts may take, and what is written when. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from preheat.inference.prefixes import Limits
from preheat.settings import Settings

MOST_OF_SHARE: Final = 20 * 10**9
"""Largest room on disk that a share of the free disk space stands for, in bytes."""

_SPARED_BYTES: Final = 10**9
_SPARED_SHARE: Final = 10
"""Of the disk, a tenth of what is free and at most a gigabyte is left to others, whatever the setting says."""

_MEMORY_SHARE: Final = 2
"""Prompts in memory take at most half of what the models leave, so that a new model seldom has to wait for them."""


class Disk(NamedTuple):
    """A disk: bytes free to this user, and bytes that stored prompts take there."""

    free_bytes: int
    own_bytes: int


def uses_disk(settings: Settings) -> bool:
    """Return whether prompts may be kept on disk."""
    return settings.prefix_cache == "disk" and settings.prefix_cache_disk.resolve(10**15) > 0


def disk_budget(settings: Settings, disk: Disk) -> int:
    """Return the most bytes that all files of stored prompts may take on disk, those being written included.

    What they take already counts as free: otherwise the room would shrink while it is used.
    """
    if not uses_disk(settings):
        return 0
    size, room = settings.prefix_cache_disk, disk.free_bytes + disk.own_bytes
    if size.is_share:
        return min(rounded(size.resolve(room)), MOST_OF_SHARE)
    return max(0, min(size.resolve(0), room - min(room // _SPARED_SHARE, _SPARED_BYTES)))


def rounded(count: int) -> int:
    """Return a changing figure rounded down by up to 3 %, so that it changes seldom."""
    step = 1 << max(count.bit_length() - 6, 0)
    return count // step * step


def disk_limits(settings: Settings, disk: Disk, *, on_battery: bool) -> Limits:
    """Return the limits of the tier on disk."""
    return Limits(
        disk_budget(settings, disk),
        daily_bytes=settings.prefix_cache_daily.resolve(0),
        writable=uses_disk(settings) and (settings.prefix_cache_on_battery or not on_battery),
    )


def memory_limits(settings: Settings, allowed_bytes: int, disk: Disk, *, to_disk: bool) -> Limits:
    """Return the limits of the tier in memory.

    Args:
        allowed_bytes: What the memory limit and ``keep_free`` leave besides the models.
        disk: The file system in memory.
        to_disk: Prompts can be moved to the disk now.
    """
    room = min(allowed_bytes // _MEMORY_SHARE, disk.free_bytes + disk.own_bytes)
    return Limits(
        rounded(max(room, 0)) if settings.prefix_cache != "off" else 0,
        writable=settings.prefix_cache != "off",
        # A full one is soon emptied; without a disk, what is worth least goes.
        evicts=not to_disk,
        durable=False,
    )
