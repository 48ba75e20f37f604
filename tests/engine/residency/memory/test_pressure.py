"""When memory is short, and when no longer."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from preheat.messages import msg
from preheat.residency.memory.pressure import MemoryReading, Pressure, assess, spare_bytes

GB = 10**9
EASY = Pressure()
TIGHT = Pressure(msg("memory_alarm"))


def reading(available: float, **more: Any) -> MemoryReading:
    return MemoryReading(16 * GB, int(available * GB), **more)


def code(pressure: Pressure) -> str | None:
    return pressure.reason.code if pressure.reason is not None else None


def test_plenty_is_easy() -> None:
    assert assess(reading(8), 2 * GB, EASY) == EASY
    assert assess(reading(2), 2 * GB, EASY) == EASY


def test_below_keep_free_says_how_much_is_missing_and_both_numbers() -> None:
    pressure = assess(reading(1.5), 2 * GB, EASY)
    assert (pressure.tight, pressure.missing_bytes) == (True, GB // 2)
    assert pressure.reason == msg("below_keep_free", available=int(1.5 * GB), keep_free=2 * GB)


def test_it_eases_only_clearly_above() -> None:
    still = assess(reading(2.4), 2 * GB, TIGHT)
    assert (still.tight, still.missing_bytes) == (True, 0)
    assert assess(reading(2.5), 2 * GB, TIGHT) == EASY


def test_mapped_weights_are_not_available() -> None:
    pressure = assess(reading(3), 2 * GB, EASY, mapped_bytes=2 * GB)
    assert pressure.missing_bytes == GB
    assert assess(reading(1), 2 * GB, EASY, mapped_bytes=9 * GB).missing_bytes == 2 * GB


def test_stalls_unload_one_model_at_a_time_and_count_longer_than_they_last() -> None:
    for stalls in ({"stalled_some": 20.0}, {"stalled_full": 5.0}):
        pressure = assess(reading(4, **stalls), 2 * GB, EASY)
        assert (pressure.tight, pressure.missing_bytes) == (True, 1)
        assert code(pressure) == "memory_stalls"
    almost = reading(4, stalled_some=19.0, stalled_full=4.9)
    assert assess(almost, 2 * GB, EASY) == EASY
    assert assess(almost, 2 * GB, TIGHT).tight
    assert assess(almost, 2 * GB, TIGHT).missing_bytes == 0
    assert assess(reading(4, stalled_some=4.9, stalled_full=0.9), 2 * GB, TIGHT) == EASY


def test_stalls_with_plenty_available_do_not_count() -> None:
    assert assess(reading(8, stalled_some=90.0, stalled_full=90.0, alarm=True), 2 * GB, EASY) == EASY


def test_the_systems_own_alarm_counts() -> None:
    assert assess(reading(3, alarm=True), 2 * GB, EASY).missing_bytes == 1


def test_a_control_group_is_named() -> None:
    assert code(assess(reading(0.1, limited=True), 2 * GB, EASY)) == "below_keep_free_group"


@given(st.floats(0, 16), st.floats(0, 100), st.floats(0, 100), st.booleans(), st.integers(0, 16 * GB), st.booleans())
def test_what_is_missing_has_a_reason(
    available: float, some: float, full: float, alarm: bool, keep_free: int, before: bool
) -> None:
    now = reading(available, stalled_some=some, stalled_full=full, alarm=alarm)
    pressure = assess(now, keep_free, TIGHT if before else EASY)
    assert pressure.missing_bytes == 0 or pressure.tight
    if not before:
        assert not pressure.tight or pressure.missing_bytes > 0
    if not pressure.tight:
        assert now.available_bytes >= keep_free


def test_files_may_take_what_is_clearly_above_keep_free() -> None:
    assert spare_bytes(reading(5), 2 * GB) == int(2.5 * GB)
    assert spare_bytes(reading(5), 2 * GB, mapped_bytes=2 * GB) == GB // 2
    assert spare_bytes(reading(2), 2 * GB) == 0
