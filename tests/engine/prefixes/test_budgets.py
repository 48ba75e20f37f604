"""How much room stored prompts may take."""

from __future__ import annotations

from typing import Literal

import pytest

from preheat.prefixes.budgets import Disk, disk_budget, disk_limits, memory_limits, rounded, uses_disk
from preheat.settings import Settings, Size

GB = 10**9


@pytest.mark.parametrize(
    ("size", "disk", "expected"),
    [
        ("5%", Disk(100 * GB, 0), rounded(5 * GB)),
        ("5%", Disk(95 * GB, 5 * GB), rounded(5 * GB)),  # what is taken does not make the room smaller
        ("5%", Disk(1000 * GB, 0), 20 * GB),
        ("50%", Disk(1000 * GB, 0), 20 * GB),
        ("5%", Disk(0, 0), 0),
        ("30GB", Disk(1000 * GB, 0), 30 * GB),
        ("30GB", Disk(20 * GB, 0), 19 * GB),  # a gigabyte is left to others
        ("30GB", Disk(0, 20 * GB), 19 * GB),
        ("30GB", Disk(1 * GB, 0), GB - GB // 10),
        ("0", Disk(1000 * GB, 0), 0),
        ("0%", Disk(1000 * GB, 0), 0),
    ],
)
def test_room_on_disk(size: str, disk: Disk, expected: int) -> None:
    assert disk_budget(Settings(prefix_cache_disk=Size(size)), disk) == expected


def test_where_prompts_are_kept() -> None:
    assert uses_disk(Settings())
    assert not uses_disk(Settings(prefix_cache_disk=Size("0")))
    modes: list[Literal["memory", "off"]] = ["memory", "off"]
    for mode in modes:
        settings = Settings(prefix_cache=mode)
        assert not uses_disk(settings)
        limits = disk_limits(settings, Disk(100 * GB, 0), on_battery=False)
        assert (limits.max_bytes, limits.writable) == (0, False)


@pytest.mark.parametrize(
    ("allowed", "on_battery", "writable"),
    [(False, False, True), (False, True, False), (True, True, True)],
)
def test_battery(allowed: bool, on_battery: bool, writable: bool) -> None:
    settings = Settings(prefix_cache_on_battery=allowed)
    limits = disk_limits(settings, Disk(100 * GB, 0), on_battery=on_battery)
    assert limits.writable is writable
    assert limits.max_bytes > 0, "what is there stays"


def test_room_in_memory() -> None:
    half = memory_limits(Settings(), 8 * GB, Disk(32 * GB, 0), to_disk=True)
    assert (half.max_bytes, half.writable, half.evicts, half.durable) == (rounded(4 * GB), True, False, False)
    assert memory_limits(Settings(), 8 * GB, Disk(0, GB), to_disk=True).max_bytes == rounded(GB)
    assert memory_limits(Settings(), -GB, Disk(32 * GB, 0), to_disk=True).max_bytes == 0
    assert memory_limits(Settings(), 8 * GB, Disk(32 * GB, 0), to_disk=False).evicts
    off = memory_limits(Settings(prefix_cache="off"), 8 * GB, Disk(32 * GB, 0), to_disk=False)
    assert (off.max_bytes, off.writable) == (0, False)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 1000, 10**9, 10**12 + 17])
def test_rounding(count: int) -> None:
    assert 0.96 * count <= rounded(count) <= count
