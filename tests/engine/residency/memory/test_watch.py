"""Watching memory, with fake readings, and with a real program that uses memory."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import psutil
import pytest

from memory_eater import eating, leaving
from preheat.residency import MemoryWatch, read_memory
from preheat.residency.memory.pressure import MemoryReading
from preheat.residency.memory.system import mapped_bytes
from preheat.residency.resume import Clocks
from preheat.settings import Settings
from tests.engine.application import eventually

MB = 1 << 20


def with_floor(keep_free: int) -> Settings:
    return Settings.model_validate({"keep_free": keep_free, "read_ahead_limit": "100%"})


def test_a_share_is_one_of_the_memory_that_there_is() -> None:
    readings = [MemoryReading(1000 * MB, 100 * MB), MemoryReading(1000 * MB, 99 * MB), MemoryReading(500 * MB, 99 * MB)]
    watch = MemoryWatch(Settings.model_validate({"keep_free": "10%"}), read=lambda: readings.pop(0))
    assert not watch.look().tight
    assert watch.look().missing_bytes == MB
    assert not watch.look().tight


def test_a_new_floor_counts_at_once() -> None:
    watch = MemoryWatch(with_floor(10 * MB), read=lambda: MemoryReading(1000 * MB, 100 * MB))
    assert not watch.look().tight
    watch.apply_settings(with_floor(101 * MB))
    assert watch.look().missing_bytes == MB


def test_a_sleep_is_reported_once() -> None:
    clocks = [Clocks(0, 0, 0), Clocks(1, 1, 1), Clocks(3602, 2, 3602), Clocks(3603, 3, 3603)]
    watch = MemoryWatch(Settings(), clocks=lambda: clocks.pop(0))
    assert [watch.resumed() for _ in range(3)] == [False, True, False]


def test_a_program_that_eats_memory_makes_it_short_until_it_goes() -> None:
    """The real system. The floor is chosen while the program runs: this machine does other things, too."""
    meal = min(2048 * MB, read_memory().available_bytes // 4)
    with eating(meal) as eater:
        assert eater.memory_info().rss > meal
        watch = MemoryWatch(with_floor(read_memory().available_bytes // 2))
        assert not watch.look().tight
        assert watch.standby_budget() > 0
        watch.apply_settings(with_floor(read_memory().available_bytes + meal // 2))
        pressure = watch.look()
        assert pressure.tight
        assert pressure.missing_bytes > 0
        assert pressure.reason is not None
        assert pressure.reason.code == "below_keep_free"
        assert watch.standby_budget() == 0
    # The system takes the memory of a process back some time after its end.
    eventually(lambda: watch.look().missing_bytes == 0, "no missing memory")


def test_the_eater_can_leave_a_given_amount() -> None:
    def leaves() -> bool:
        wanted = psutil.virtual_memory().available - 300 * MB
        with leaving(wanted):
            return psutil.virtual_memory().available < wanted + 100 * MB

    eventually(leaves, "the given amount")  # not while another program gives memory back


def test_mapped_files_count_as_available_for_the_system_but_not_for_us(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(os.urandom(MB) * 64)
    before = mapped_bytes([os.getpid()])
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapping:
        assert sum(mapping[at] for at in range(0, len(mapping), mmap.PAGESIZE)) > 0
        watch = MemoryWatch(with_floor(0), read=lambda: MemoryReading(1 << 40, 1 << 39))
        taken = watch.standby_budget() - watch.standby_budget([os.getpid()])
        assert taken == pytest.approx(mapped_bytes([os.getpid()]), abs=MB)
        assert mapped_bytes([os.getpid()]) - before == pytest.approx(64 * MB, rel=0.1)
    assert mapped_bytes([2**22 + 1]) == 0  # no such process
