"""Loads, leases, evictions and pressure with real models in real workers."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from preheat.core import Engine, memory_guard, parts
from preheat.errors import (
    InsufficientMemoryError,
    LoadCancelledError,
    LoadTimeoutError,
    ModelLoadError,
    WorkerDiedError,
)
from preheat.inference import GenerateRequest, Sampling
from preheat.messages import msg
from preheat.models import find_models
from preheat.preload import PlanAction
from preheat.residency import Action, EvictionReason, MemoryWatch, State, estimate
from preheat.residency.memory import system as memory_module
from preheat.residency.memory.pressure import MemoryReading
from preheat.settings import Size
from tests.engine.engines import (
    CHAT,
    EMBED,
    ENDLESS,
    LOADED,
    UNLOADED,
    Gate,
    Recorder,
    change,
    decisions_of,
    record,
    running,
    settings,
    state,
    until,
    until_idle,
    until_state,
    use,
    worker_pid,
    write,
)
from tests.engine.residency.world import reason

pytestmark = pytest.mark.usefixtures("starter_home")
GB = 1_000_000_000
FORTY = GenerateRequest(prompt="1, 2, 3, 4,", max_tokens=40, sampling=Sampling(temperature=0))


@pytest.fixture
def one_fits(starter_home: Path) -> str:
    """A memory limit that holds either starter model, and not both."""
    sizes = [estimate(model, settings()).working_bytes for model in find_models([starter_home / "data" / "models"])]
    limit = max(sizes) * 9 // 8
    assert limit < sum(sizes) * 7 // 8
    return f"{limit}B"


async def test_the_least_recently_used_makes_room(one_fits: str) -> None:
    async with running(memory_limit=one_fits) as engine:
        recorder = Recorder(engine)
        async with engine.lease(CHAT) as lease:
            assert "Paris" in await write(lease)
        chat_worker = worker_pid(engine, CHAT)
        async with engine.lease(EMBED) as lease:
            # Gone before the other came: at no time were both in memory.
            assert not psutil.pid_exists(chat_worker)
            assert (await lease.embed(["a"])).vectors
        assert recorder.of(CHAT) == LOADED + UNLOADED
        assert recorder.of(EMBED) == LOADED
        order = recorder.transitions
        assert order.index((CHAT, State.COLD)) < order.index((EMBED, State.LOADING))
        snapshot = engine.snapshot
        chat = snapshot.model(CHAT)
        assert chat is not None
        assert chat.resident_bytes == 0
        assert all(one.memory.used_bytes <= one.memory.limit_bytes for one in recorder.snapshots)


async def test_a_preload_evicts_nothing(one_fits: str) -> None:
    async with running(memory_limit=one_fits, preload=True, favourites=[CHAT, EMBED]) as engine:
        recorder = Recorder(engine)
        await until_idle(engine)
        assert recorder.transitions == [(CHAT, step) for step in LOADED]
        actions = {target.model_id: target.action for target in engine.preloads.plan().targets}
        assert actions == {CHAT: PlanAction.KEEP, EMBED: PlanAction.NO_ROOM}
        with pytest.raises(InsufficientMemoryError):  # whatever a plan says
            await engine.residency.preload(await engine.find(EMBED), msg("favourite", rank=1))
        assert recorder.transitions[len(LOADED) :] == [(EMBED, State.FAILED)]
        await engine.load(EMBED)  # a request may
        assert recorder.of(CHAT) == LOADED + UNLOADED
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_a_preload_makes_way_for_a_request(one_fits: str, gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(memory_limit=one_fits, preload=True, favourites=[CHAT]) as engine:
        recorder = Recorder(engine)
        await until_state(engine, CHAT, State.LOADING)
        await engine.load(EMBED)
        assert recorder.of(CHAT)[-2:] == UNLOADED
        assert engine.snapshot.preload.wasted == 0  # it never was hot


async def test_unloading_ends_a_load(starter_home: Path, gate: Gate) -> None:
    gate.shut(CHAT)
    async with running() as engine:
        recorder = Recorder(engine)
        loading = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        worker = worker_pid(engine, CHAT)
        await engine.unload(CHAT)
        assert not psutil.pid_exists(worker)
        with pytest.raises(LoadCancelledError):
            await loading
        assert recorder.of(CHAT) == [State.QUEUED, State.LOADING, *UNLOADED]
        for snapshot in recorder.snapshots:
            model = snapshot.model(CHAT)
            assert model is not None
            assert (model.progress is not None) is (model.state in (State.LOADING, State.WARMING))


async def test_unloading_waits_for_requests_in_progress(starter_home: Path) -> None:
    async with running() as engine:
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(ENDLESS)
            await anext(stream)
            unloading = asyncio.create_task(engine.unload(CHAT))
            await anext(stream)
            assert not unloading.done()
            assert state(engine.snapshot, CHAT) is State.HOT
            await stream.aclose()
        await unloading
        assert state(engine.snapshot, CHAT) is State.COLD


async def test_failures_pause_the_next_loads(starter_home: Path, tmp_path: Path, embedding_model: Path) -> None:
    broken = tmp_path / "broken.gguf"
    name = b"general.architecture\x08\0\0\0\x04\0\0\0\0\0\0\0"
    broken.write_bytes(embedding_model.read_bytes().replace(name + b"bert", name + b"nope", 1))
    async with running(models_dirs=[str(tmp_path)]) as engine:
        for _ in range(2):
            with pytest.raises(ModelLoadError) as caught:
                await engine.load("broken")
            assert caught.value.retry_after_s is None
        with pytest.raises(ModelLoadError) as caught:
            await engine.load("broken")
        assert caught.value.message.code == "load_backoff"
        assert caught.value.retry_after_s is not None
        assert 0 < caught.value.retry_after_s <= 1
        model = engine.snapshot.model("broken")
        assert model is not None
        assert model.state is State.FAILED
        assert reason(model.error) == "load_file_refused"
        await engine.load(EMBED)  # the others are not touched


async def test_a_load_that_takes_too_long(starter_home: Path, gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(load_timeout=0.5) as engine:
        with pytest.raises(LoadTimeoutError):
            await engine.load(CHAT)
        assert state(engine.snapshot, CHAT) is State.FAILED
        assert engine.residency.worker_pid(CHAT) is None


async def test_a_killed_worker_is_noticed_and_replaced(starter_home: Path) -> None:
    async with running() as engine:
        recorder = Recorder(engine)
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(ENDLESS)
            await anext(stream)
            os.kill(worker_pid(engine, CHAT), signal.SIGKILL)
            with pytest.raises(WorkerDiedError):
                async for _ in stream:
                    pass
        model = (await until_state(engine, CHAT, State.FAILED)).model(CHAT)
        assert model is not None
        assert model.error == msg("worker_ended", reason=msg("exit_killed_by_program"))
        assert (model.resident_bytes, model.context_length) == (0, 2048)  # that of its next load
        async with engine.lease(CHAT) as lease:
            assert await write(lease)
        assert recorder.of(CHAT) == [*LOADED, State.FAILED, *LOADED]
        assert record(engine, CHAT).failures == 0
        model = engine.snapshot.model(CHAT)
        assert model is not None
        assert model.error is None


async def test_the_spare_worker_takes_the_load_and_is_replaced(starter_home: Path) -> None:
    async with running() as engine:
        pid = await spare_pid(engine)
        await engine.load(EMBED)
        assert worker_pid(engine, EMBED) == pid
        assert await spare_pid(engine) != pid


async def spare_pid(engine: Engine) -> int:
    """Return the process id of the spare worker once there is one."""
    async with asyncio.timeout(20):
        while (pid := engine.residency.spare_pid) is None:
            await asyncio.sleep(0)
    return pid


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
        loads = [one.stages for one in decisions if one.action is Action.LOAD]
        assert all(stages is not None and stages.make_s > 0 for stages in loads)
        left = [(one.model_id, one.action, one.cause) for one in decisions if one.action is not Action.LOAD]
        assert left == [(EMBED, Action.EVICT, EvictionReason.LIMIT), (CHAT, Action.EVICT, EvictionReason.LIMIT)]
        assert all("memory limit" in one.why for one in decisions if one.action is Action.EVICT)
        with pytest.raises(InsufficientMemoryError):
            await engine.load(EMBED)
        change(engine, memory_limit=Size("1GB"))
        await engine.load(EMBED)


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
        assert state(engine.snapshot, CHAT) is State.HOT  # a reloaded model is not outdated


async def test_a_load_killed_for_lack_of_memory_evicts_and_tries_once_more(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preheat.inference.process.count_oom_kills", itertools.count().__next__)
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
        assert (evicted.cause, evicted.why) == (EvictionReason.PRESSURE, f"there was no memory to load {CHAT}")


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how many bytes of 100 GB are available; to begin with, 50 GB are."""
    available = [50 * GB]

    def reading() -> MemoryReading:
        return MemoryReading(100 * GB, available[0])

    monkeypatch.setattr(memory_module, "read_memory", reading)
    monkeypatch.setattr(memory_guard, "_INTERVAL_S", 0.01)
    monkeypatch.setattr(parts, "MemoryWatch", partial(MemoryWatch, read=reading))

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
            pressure = snapshot.memory.pressure or engine.refresh().memory.pressure
            assert reason(pressure) == "below_keep_free"
            assert state(snapshot, CHAT) is State.HOT  # leased
        snapshot = await until_state(engine, CHAT, State.COLD)
        assert [(one.model_id, one.cause) for one in decisions if one.action is Action.EVICT] == [
            (EMBED, EvictionReason.PRESSURE),
            (CHAT, EvictionReason.PRESSURE),
        ]
        assert reason(engine.refresh().preload.hold) == "below_keep_free"
        memory(11 * GB)  # above the floor, but not clearly
        await until(engine, lambda snapshot: reason(snapshot.memory.pressure) == "near_keep_free")
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
        assert reason(decisions[0].reason) == "below_keep_free"
        gate.open(EMBED)
        memory(20 * GB)
        await until_state(engine, EMBED, State.HOT)


async def test_displaced_favourites_come_back(starter_home: Path) -> None:
    """The limit has room for one: when the other model is unloaded, the favourite comes back without a request."""
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        needed = estimate(await engine.find(CHAT), engine.settings).working_bytes
        change(engine, memory_limit=Size(f"{needed * 11 // 10}B"))
        await engine.load(CHAT)
        assert state(engine.snapshot, EMBED) is State.COLD
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD
        await engine.unload(CHAT)
        snapshot = await until_state(engine, EMBED, State.HOT)
        assert state(snapshot, CHAT) is State.COLD


@pytest.mark.parametrize("by", ["keep_alive", "unload"])
async def test_a_model_unloaded_on_purpose_is_not_preloaded_before_it_is_used(by: str) -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        if by == "unload":
            await engine.unload(EMBED)
        else:
            async with engine.lease(EMBED, keep_alive_s=0):
                pass
            await until_state(engine, EMBED, State.COLD)
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD
        assert engine.preloads.why(EMBED).code == "not_in_memory_suppressed"
        assert engine.preloads.suppressed() == (EMBED,)
        await use(engine, EMBED)
        assert engine.preloads.suppressed() == ()
        engine.residency.free(1, EvictionReason.LIMIT, msg("over_limit"))
        await until_state(engine, EMBED, State.COLD)
        await until_state(engine, EMBED, State.HOT)  # without a request


async def test_a_new_favourite_is_preloaded_again(starter_home: Path) -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        await engine.unload(EMBED)
        for favourites in ((), (EMBED,)):
            change(engine, favourites=favourites)
        await until_state(engine, EMBED, State.HOT)
