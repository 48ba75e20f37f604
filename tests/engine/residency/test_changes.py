"""Limit, floor and context length changed while models answer; memory that runs out. Real models, faked readings."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from preheat.core import engine as engine_module
from preheat.core import memory_guard
from preheat.core.engine import Engine
from preheat.errors import InsufficientMemoryError
from preheat.inference import GenerateRequest, Sampling
from preheat.residency import Action, MemoryWatch, State
from preheat.residency import system_memory as memory_module
from preheat.residency.decisions import EvictionReason
from preheat.residency.pressure import MemoryReading
from preheat.residency.states import OVERDUE_S
from preheat.settings import ModelSettings
from preheat.settings.size import Size
from tests.engine.engines import (
    CHAT,
    EMBED,
    Gate,
    Recorder,
    change,
    decisions_of,
    record,
    running,
    state,
    until,
    until_idle,
    until_state,
    worker_pid,
)

pytestmark = pytest.mark.usefixtures("starter_home")
GB = 1_000_000_000
FORTY = GenerateRequest(prompt="1, 2, 3, 4,", max_tokens=40, sampling=Sampling(temperature=0))


async def test_a_lower_limit_takes_effect_at_once_and_loses_no_answer() -> None:
    async with running(memory_limit="1GB") as engine:
        decisions = decisions_of(engine)
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(FORTY)
            await anext(stream)
            await engine.load(EMBED)
            change(engine, memory_limit=Size("50MB"))
            assert state(engine.snapshot, EMBED) is State.UNLOADING  # idle: at once
            assert state(engine.snapshot, CHAT) is State.HOT  # it answers
            chunks = [chunk async for chunk in stream]
            assert chunks[-1].usage is not None
            assert chunks[-1].usage.completion_tokens == 40
        assert state(engine.snapshot, CHAT) is State.UNLOADING  # and now it has ended
        await until_state(engine, CHAT, State.COLD)
        left = [(one.model_id, one.action, one.cause) for one in decisions if one.action is not Action.LOAD]
        assert left == [(EMBED, Action.EVICT, EvictionReason.LIMIT), (CHAT, Action.EVICT, EvictionReason.LIMIT)]
        assert all("memory limit" in one.why for one in decisions if one.action is Action.EVICT)
        with pytest.raises(InsufficientMemoryError):
            await engine.load(EMBED)
        change(engine, memory_limit=Size("1GB"))
        await engine.load(EMBED)


async def test_a_higher_floor_takes_effect_at_once() -> None:
    async with running() as engine:
        await engine.load(EMBED)
        change(engine, keep_free=Size("99%"))
        assert state(engine.snapshot, EMBED) is State.UNLOADING


async def test_a_models_own_setting_concerns_this_model_alone() -> None:
    async with running() as engine:
        await engine.load(CHAT)
        await engine.load(EMBED)
        before = engine.snapshot.model(CHAT)
        assert before is not None
        change(engine, models={CHAT: ModelSettings(context_length=512, parallel=2)})
        assert state(engine.snapshot, CHAT) is State.UNLOADING
        assert state(engine.snapshot, EMBED) is State.HOT
        await until_state(engine, CHAT, State.COLD)
        after = engine.snapshot.model(CHAT)
        assert after is not None
        assert after.expected_bytes < before.expected_bytes
        async with engine.lease(CHAT) as lease:
            assert lease.info.context_length == 512
        change(engine, context_length=1024)
        assert state(engine.snapshot, CHAT) is State.HOT  # it has its own
        await until_state(engine, EMBED, State.UNLOADING, State.COLD)


async def test_a_new_context_length_waits_for_the_answer_and_then_applies() -> None:
    async with running() as engine:
        decisions = decisions_of(engine)
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(FORTY)
            await anext(stream)
            change(engine, context_length=1024)
            assert state(engine.snapshot, CHAT) is State.HOT
            assert [chunk async for chunk in stream][-1].usage is not None
        await until_state(engine, CHAT, State.COLD)
        assert [one.cause for one in decisions if one.action is Action.EVICT] == [EvictionReason.SETTINGS]
        async with engine.lease(CHAT) as lease:
            assert lease.info.context_length == 1024
        assert state(engine.snapshot, CHAT) is State.HOT  # what is loaded anew is not outdated


async def test_requests_without_a_gap_do_not_keep_old_settings_for_ever() -> None:
    """After a while, new requests wait until the answers in flight have ended; those are not lost."""
    now = [1_000_000.0]
    async with running(clock=lambda: now[0]) as engine:
        recorder = Recorder(engine)
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(FORTY)
            await anext(stream)
            change(engine, context_length=1024)
            now[0] += OVERDUE_S - 1
            async with engine.lease(CHAT) as beside:  # not yet
                assert beside.info.context_length == 2048
            now[0] += 1
            waiting = [asyncio.create_task(context_length(engine)) for _ in range(3)]
            await until(engine, lambda _: record(engine, CHAT).active_requests == 4)
            usage = [chunk async for chunk in stream][-1].usage
            assert usage is not None
            assert usage.completion_tokens == 40
            assert not any(task.done() for task in waiting)
        assert await asyncio.gather(*waiting) == [1024] * 3
        assert recorder.of(CHAT).count(State.LOADING) == 2


async def test_answers_that_never_end_do_not_hold_requests_back_for_ever() -> None:
    now = [1_000_000.0]
    async with running(clock=lambda: now[0]) as engine, engine.lease(CHAT) as lease:
        stream = lease.generate(FORTY)
        await anext(stream)
        change(engine, context_length=1024, load_timeout=0.1)
        now[0] += OVERDUE_S
        assert await context_length(engine) == 2048
        await stream.aclose()


async def context_length(engine: Engine) -> int:
    async with engine.lease(CHAT) as lease:
        return lease.info.context_length


async def test_a_context_length_changed_while_a_model_loads(gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT]) as engine:
        recorder = Recorder(engine)
        await until_state(engine, CHAT, State.LOADING)
        change(engine, context_length=512)
        gate.open(CHAT)
        await until(engine, lambda snapshot: bool((it := snapshot.model(CHAT)) and it.context_length == 512))
        assert recorder.of(CHAT).count(State.LOADING) == 2


async def test_other_settings_reload_nothing() -> None:
    async with running() as engine:
        await engine.load(EMBED)
        change(engine, load_timeout=100.0, preload_top=1)
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_a_load_killed_for_lack_of_memory_evicts_and_tries_once_more(gate: Gate) -> None:
    async with running() as engine:
        decisions = decisions_of(engine)
        recorder = Recorder(engine)
        await engine.load(EMBED)
        gate.shut(CHAT)
        loading = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        os.kill(worker_pid(engine, CHAT), signal.SIGKILL)
        await until_state(engine, EMBED, State.COLD)
        gate.open(CHAT)
        await loading
        assert recorder.of(CHAT) == [
            State.QUEUED,
            State.LOADING,
            State.QUEUED,
            State.LOADING,
            State.WARMING,
            State.HOT,
        ]
        evicted = next(one for one in decisions if one.model_id == EMBED and one.action is Action.EVICT)
        assert (evicted.cause, evicted.why) == (EvictionReason.PRESSURE, f"no memory to load {CHAT}")


async def test_a_load_killed_twice_fails_clearly(gate: Gate) -> None:
    async with running() as engine:
        await engine.load(EMBED)
        gate.shut(CHAT)
        loading = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        os.kill(worker_pid(engine, CHAT), signal.SIGKILL)
        await until_state(engine, CHAT, State.QUEUED)
        await until_state(engine, CHAT, State.LOADING)
        os.kill(worker_pid(engine, CHAT), signal.SIGKILL)
        with pytest.raises(InsufficientMemoryError, match="memory ran out") as caught:
            await loading
        assert "memory_limit" in caught.value.hint
        assert state(engine.snapshot, CHAT) is State.FAILED
        assert record(engine, CHAT).rss_bytes == 0
        gate.open(CHAT)
        await engine.load(CHAT)  # no pause: memory may be there any moment


async def test_with_nothing_to_evict_a_killed_load_is_not_tried_again(gate: Gate) -> None:
    gate.shut(CHAT)
    async with running() as engine:
        recorder = Recorder(engine)
        loading = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        os.kill(worker_pid(engine, CHAT), signal.SIGKILL)
        with pytest.raises(InsufficientMemoryError):
            await loading
        assert recorder.of(CHAT) == [State.QUEUED, State.LOADING, State.UNLOADING, State.FAILED]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how many bytes of 100 GB are available; to begin with, 50 GB are."""
    available = [50 * GB]

    def reading() -> MemoryReading:
        return MemoryReading(100 * GB, available[0])

    monkeypatch.setattr(memory_module, "read_memory", reading)
    monkeypatch.setattr(memory_guard, "_INTERVAL_S", 0.01)
    monkeypatch.setattr(engine_module, "MemoryWatch", partial(MemoryWatch, read=reading))

    def say(free: int) -> None:
        available[0] = free

    return say


async def test_pressure_evicts_idle_models_with_a_reason_and_stops_preloads(memory: Callable[[int], None]) -> None:
    async with running(preload=True, favourites=[EMBED], keep_free="10GB", memory_limit="50%") as engine:
        decisions = decisions_of(engine)
        await until_state(engine, EMBED, State.HOT)
        async with engine.lease(CHAT):
            memory(9 * GB)
            snapshot = await until_state(engine, EMBED, State.COLD)
            assert "keep_free" in snapshot.memory.pressure or "keep_free" in engine.refresh().memory.pressure
            assert state(snapshot, CHAT) is State.HOT  # leased
        snapshot = await until_state(engine, CHAT, State.COLD)
        assert [(one.model_id, one.cause) for one in decisions if one.action is Action.EVICT] == [
            (EMBED, EvictionReason.PRESSURE),
            (CHAT, EvictionReason.PRESSURE),
        ]
        assert "keep_free" in str(engine.refresh().preload.hold)
        memory(11 * GB)  # above the floor, but not clearly
        await until(engine, lambda snapshot: "little more" in snapshot.memory.pressure)
        assert state(engine.refresh(), EMBED) is State.COLD
        memory(20 * GB)
        await until_state(engine, EMBED, State.HOT)
        assert engine.refresh().memory.pressure is None


async def test_pressure_cancels_a_preload_with_a_reason(memory: Callable[[int], None], gate: Gate) -> None:
    gate.shut(EMBED)
    async with running(preload=True, favourites=[EMBED], keep_free="10GB") as engine:
        decisions = decisions_of(engine)
        await until_state(engine, EMBED, State.LOADING)
        memory(9 * GB)
        await until_state(engine, EMBED, State.COLD)
        assert [(one.model_id, one.action, one.cause) for one in decisions] == [
            (EMBED, Action.CANCEL, EvictionReason.PRESSURE)
        ]
        assert "keep_free" in decisions[0].why
        gate.open(EMBED)
        memory(20 * GB)
        await until_state(engine, EMBED, State.HOT)


async def test_below_the_floor_a_request_is_refused_clearly(memory: Callable[[int], None]) -> None:
    async with running(keep_free="10GB") as engine:
        memory(9 * GB)
        with pytest.raises(InsufficientMemoryError):
            await engine.load(EMBED)
        memory(20 * GB)
        await engine.load(EMBED)
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_displaced_favourites_come_back_by_themselves(starter_home: Path) -> None:
    """A visitor with a limit that has room for it alone: when it goes, nobody asks, and the favourite is there."""
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        needed = engine._sizes.expected_bytes(engine.resolve(CHAT))
        change(engine, memory_limit=Size(f"{needed * 11 // 10}B"))
        await engine.load(CHAT)
        assert state(engine.snapshot, EMBED) is State.COLD
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD
        await engine.unload(CHAT)
        snapshot = await until_state(engine, EMBED, State.HOT)
        assert state(snapshot, CHAT) is State.COLD
