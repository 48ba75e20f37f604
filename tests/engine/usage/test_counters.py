"""Hits, late hits, misses, and time saved counted honestly."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from preheat.models import ModelFile
from preheat.residency.resident import Resident
from preheat.residency.states import State
from preheat.usage import Outcome, PreloadCounters
from preheat.usage.counters import IDLE_UNLOAD_S

NOW = 1_000_000.0


@pytest.fixture
def hot() -> Resident:
    path = Path("model.gguf")
    model = ModelFile("model", path, 1, "llama", 2048, False, False, (path,), 0)
    return Resident(model, state=State.HOT, load_s=2.5, last_used_at=NOW - 10)


@pytest.fixture
def counters() -> PreloadCounters:
    return PreloadCounters()


def test_a_hit_saves_nothing_when_others_would_be_hot_too(hot: Resident, counters: PreloadCounters) -> None:
    assert counters.count_request(hot, NOW)[0] is Outcome.HIT
    assert (counters.hits, counters.time_saved_s) == (1, 0.0)


def test_the_first_hit_after_a_preload_saves_its_load(hot: Resident, counters: PreloadCounters) -> None:
    hot.unused = True
    hot.last_used_at = None
    assert counters.count_request(hot, NOW)[0] is Outcome.HIT
    hot.unused, hot.last_used_at = False, NOW  # as the lease that follows does
    assert counters.count_request(hot, NOW + 1) == (Outcome.HIT, 0.0)
    assert (counters.hits, counters.time_saved_s) == (2, 2.5)


@pytest.mark.parametrize(("idle_s", "saved_s"), [(IDLE_UNLOAD_S, 0.0), (IDLE_UNLOAD_S + 1, 2.5)])
def test_a_hit_after_idleness_saves_a_load(
    hot: Resident, counters: PreloadCounters, idle_s: float, saved_s: float
) -> None:
    hot.last_used_at = NOW - idle_s
    assert counters.count_request(hot, NOW) == (Outcome.HIT, saved_s)
    assert counters.time_saved_s == saved_s


@pytest.mark.parametrize("state", [State.COLD, State.FAILED])
def test_a_miss(hot: Resident, counters: PreloadCounters, state: State) -> None:
    hot.state = state
    assert counters.count_request(hot, NOW) == (Outcome.MISS, 0.0)
    assert (counters.hits, counters.late_hits, counters.misses, counters.time_saved_s) == (0, 0, 1, 0.0)


async def test_joining_a_load_is_a_late_hit(hot: Resident, counters: PreloadCounters) -> None:
    hot.state = State.LOADING
    hot.loading = asyncio.get_running_loop().create_future()
    assert counters.count_request(hot, NOW) == (Outcome.LATE_HIT, 0.0)
    assert (counters.hits, counters.late_hits, counters.misses) == (0, 1, 0)


async def test_a_load_on_its_way_out_is_none_to_join(hot: Resident, counters: PreloadCounters) -> None:
    hot.state = State.UNLOADING
    hot.loading = asyncio.get_running_loop().create_future()
    hot.leaving = True
    assert counters.count_request(hot, NOW) == (Outcome.MISS, 0.0)
