"""Loads, leases and evictions with real models under a memory limit that holds one of two."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from preheat.errors import (
    EngineStoppedError,
    InsufficientMemoryError,
    LoadCancelledError,
    LoadTimeoutError,
    ModelLoadError,
    WorkerDiedError,
)
from preheat.inference import client as client_module
from preheat.inference.client import WorkerClient
from preheat.messages import verbatim
from preheat.models import find_models
from preheat.preload import PlanAction
from preheat.residency import State
from preheat.residency import executor as executor_module
from preheat.residency.sizes import estimate
from preheat.residency.spare import SpareWorker
from tests.engine.engines import (
    CHAT,
    EMBED,
    ENDLESS,
    LOADED,
    UNLOADED,
    Gate,
    Recorder,
    record,
    running,
    settings,
    state,
    until,
    until_idle,
    until_state,
    worker_pid,
    write,
)


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


async def test_a_leased_model_stays_and_the_other_waits(one_fits: str) -> None:
    async with running(memory_limit=one_fits) as engine:
        async with engine.lease(CHAT) as lease:
            waiting = asyncio.create_task(engine.load(EMBED))
            await until_state(engine, EMBED, State.QUEUED)
            assert await write(lease)  # and it still answers
            assert state(engine.snapshot, EMBED) is State.QUEUED
            assert not waiting.done()
        await waiting
        assert state(engine.snapshot, EMBED) is State.HOT
        assert state(engine.snapshot, CHAT) is State.COLD


async def test_what_is_too_large_is_refused_with_both_numbers(starter_home: Path) -> None:
    async with running(memory_limit="60MB") as engine:
        for _ in range(4):  # no pauses: asking costs nothing
            with pytest.raises(InsufficientMemoryError, match=r"0\.2 GB.*0\.1 GB") as caught:
                await engine.load(CHAT)
            assert caught.value.title.startswith(CHAT)
            assert "memory_limit" in caught.value.hint
        model = engine.snapshot.model(CHAT)
        assert model is not None
        assert model.state is State.FAILED
        assert model.error is not None
        assert "0.2 GB" in model.error


async def test_too_large_evicts_nobody(starter_home: Path) -> None:
    async with running(memory_limit="180MB") as engine:
        await engine.load(EMBED)
        with pytest.raises(InsufficientMemoryError):
            await engine.load(CHAT)
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_a_preload_evicts_nobody(one_fits: str) -> None:
    async with running(memory_limit=one_fits, preload=True, favourites=[CHAT, EMBED]) as engine:
        recorder = Recorder(engine)
        await until_idle(engine)
        assert recorder.transitions == [(CHAT, step) for step in LOADED]
        actions = {target.model_id: target.action for target in engine.plan().targets}
        assert actions == {CHAT: PlanAction.KEEP, EMBED: PlanAction.NO_ROOM}
        with pytest.raises(InsufficientMemoryError):  # whatever a plan says
            await engine.residency.preload(engine.resolve(EMBED), verbatim("the test wants it"))
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


async def test_a_request_is_not_held_up_by_a_preload(starter_home: Path, gate: Gate) -> None:
    """Even where both fit: two loads at once take twice as long. The preload comes back afterwards."""
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT]) as engine:
        recorder = Recorder(engine)
        await until_state(engine, CHAT, State.LOADING)
        await engine.load(EMBED)
        assert recorder.of(CHAT)[:4] == [State.QUEUED, State.LOADING, *UNLOADED]
        gate.open(CHAT)
        snapshot = await until_state(engine, CHAT, State.HOT)
        assert state(snapshot, EMBED) is State.HOT
        assert snapshot.preload.wasted == 0


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


async def test_a_request_for_a_model_that_is_being_cancelled_loads_it_again(starter_home: Path, gate: Gate) -> None:
    gate.shut(CHAT)
    async with running() as engine:
        first = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        unloading = asyncio.create_task(engine.unload(CHAT))
        await until_state(engine, CHAT, State.UNLOADING)
        gate.open(CHAT)
        async with engine.lease(CHAT) as lease:
            assert await write(lease)
        with pytest.raises(LoadCancelledError):
            await first
        await unloading
        # The other load was cancelled; whoever came later got a model of their own.
        assert engine.snapshot.preload.misses == 1


async def test_unloading_waits_for_answers(starter_home: Path) -> None:
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


async def test_unloading_what_is_not_there(starter_home: Path) -> None:
    async with running() as engine:
        await engine.unload(CHAT)
        assert state(engine.snapshot, CHAT) is State.COLD


async def test_failures_pause_the_next_loads(starter_home: Path, tmp_path: Path, embedding_model: Path) -> None:
    broken = tmp_path / "broken.gguf"
    name = b"general.architecture\x08\0\0\0\x04\0\0\0\0\0\0\0"
    broken.write_bytes(embedding_model.read_bytes().replace(name + b"bert", name + b"nope", 1))
    async with running(models_dirs=[str(tmp_path)]) as engine:
        for _ in range(2):
            with pytest.raises(ModelLoadError, match=r"broken\.gguf did not load") as caught:
                await engine.load("broken")
            assert caught.value.retry_after_s is None
        with pytest.raises(ModelLoadError, match="failed 2 times in a row") as caught:
            await engine.load("broken")
        assert caught.value.retry_after_s is not None
        assert 0 < caught.value.retry_after_s <= 1
        model = engine.snapshot.model("broken")
        assert model is not None
        assert model.state is State.FAILED
        assert model.error is not None
        assert "did not load" in model.error
        await engine.load(EMBED)  # the others are not touched


async def test_a_load_that_takes_too_long(starter_home: Path, gate: Gate) -> None:
    gate.shut(CHAT)
    async with running(load_timeout=0.5) as engine:
        with pytest.raises(LoadTimeoutError, match=r"0\.5 s"):
            await engine.load(CHAT)
        assert state(engine.snapshot, CHAT) is State.FAILED
        assert engine.residency.worker_pid(CHAT) is None


@pytest.mark.parametrize("end", ["unload", "stop"])
async def test_a_stuck_load_can_be_ended_while_it_is_being_given_up(
    starter_home: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """The worker does not even notice that its pipe was closed; cleaning up is not interrupted."""
    gate.shut(CHAT)
    async with running(load_timeout=0.5) as engine, asyncio.timeout(20):
        loading = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        worker = engine.residency._handles[CHAT].worker
        assert worker is not None
        closing, go_on, close = asyncio.Event(), asyncio.Event(), worker.close

        async def close_slowly() -> None:
            closing.set()
            await go_on.wait()
            await close()

        monkeypatch.setattr(worker, "close", close_slowly)
        os.kill(worker.pid, signal.SIGSTOP)
        await closing.wait()
        assert record(engine, CHAT).state is State.UNLOADING
        ending = asyncio.create_task(engine.unload(CHAT) if end == "unload" else engine.stop(0))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not ending.done()
        assert not loading.done()
        go_on.set()
        await ending
        with pytest.raises(LoadTimeoutError):
            await loading
        assert not psutil.pid_exists(worker.pid)
        assert not record(engine, CHAT).taken_bytes


async def test_a_killed_worker_is_noticed_and_replaced(starter_home: Path) -> None:
    async with running() as engine:
        recorder = Recorder(engine)
        async with engine.lease(CHAT) as lease:
            stream = lease.generate(ENDLESS)
            await anext(stream)
            os.kill(worker_pid(engine, CHAT), signal.SIGKILL)
            with pytest.raises(WorkerDiedError, match="killed"):
                async for _ in stream:
                    pass
        model = (await until_state(engine, CHAT, State.FAILED)).model(CHAT)
        assert model is not None
        assert model.error is not None
        assert "killed" in model.error
        assert (model.resident_bytes, model.context_length) == (0, None)
        async with engine.lease(CHAT) as lease:
            assert await write(lease)
        assert recorder.of(CHAT) == [*LOADED, State.FAILED, *LOADED]
        assert record(engine, CHAT).failures == 0
        model = engine.snapshot.model(CHAT)
        assert model is not None
        assert model.error is None


async def test_many_requests_share_one_load(starter_home: Path, gate: Gate) -> None:
    gate.shut(EMBED)
    async with running() as engine:
        loads = [asyncio.create_task(engine.load(EMBED)) for _ in range(5)]
        await until_state(engine, EMBED, State.LOADING)
        gate.open(EMBED)
        await asyncio.gather(*loads)
        assert record(engine, EMBED).active_requests == record(engine, EMBED).active_requests == 0


async def test_a_client_that_does_not_wait_does_not_stop_the_others(starter_home: Path, gate: Gate) -> None:
    gate.shut(EMBED)
    async with running() as engine:
        impatient, patient = (asyncio.create_task(engine.load(EMBED)) for _ in range(2))
        await until(engine, lambda snapshot: snapshot.models[0].active_requests == 2)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        assert record(engine, EMBED).active_requests == 1
        gate.open(EMBED)
        await patient


async def test_the_spare_worker_takes_the_load_and_is_replaced(starter_home: Path) -> None:
    async with running() as engine:
        pool = engine.residency
        while (pid := pool.spare_pid) is None:
            await asyncio.sleep(0.01)
        await engine.load(EMBED)
        assert worker_pid(engine, EMBED) == pid
        while (other := pool.spare_pid) is None:
            await asyncio.sleep(0.01)
        assert other != pid


async def test_a_long_preload_has_a_spare_worker_beside_it(
    starter_home: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the request that may cancel it. A load that a request waits for has none before it ends."""
    monkeypatch.setattr(executor_module, "_SPARE_AFTER_S", 0.05)
    gate.shut(CHAT)
    async with running(preload=True, favourites=[CHAT]) as engine:
        pool = engine.residency
        await until_state(engine, CHAT, State.LOADING)
        while (spare := pool.spare_pid) is None:
            await asyncio.sleep(0.01)
        assert spare != worker_pid(engine, CHAT)
        gate.shut(EMBED)
        loading = asyncio.create_task(engine.load(EMBED))
        await until_state(engine, EMBED, State.LOADING)
        assert worker_pid(engine, EMBED) == spare
        await until_state(engine, CHAT, State.COLD)
        gate.open(EMBED)
        await loading


async def test_what_a_hot_model_will_take_in_use_is_promised_to_it(starter_home: Path) -> None:
    """Buffers and KV cache that no request has touched yet are not in what its worker holds."""
    async with running() as engine:
        await engine.load(CHAT)
        engine.refresh()
        (tenant,) = engine.residency.residents()
        assert tenant.resident_bytes == engine._sizes.expected_bytes(engine.resolve(CHAT))
        assert engine.residency.used_bytes == record(engine, CHAT).rss_bytes < tenant.resident_bytes


async def test_without_a_spare_a_load_starts_its_own(starter_home: Path) -> None:
    async with running(spare_worker=False) as engine:
        assert psutil.Process().children() == []
        await engine.load(EMBED)
        assert [child.pid for child in psutil.Process().children()] == [worker_pid(engine, EMBED)]


async def test_a_dead_spare_is_not_used() -> None:
    spare = SpareWorker(enabled=True)
    spare.prepare()
    first = await spare.take()
    spare._spare = asyncio.create_task(_done(first))
    os.kill(first.pid, signal.SIGKILL)
    await asyncio.shield(first.exited)
    second = await spare.take()
    assert second.pid != first.pid
    await second.close()
    await spare.close()


async def _done(worker: WorkerClient) -> WorkerClient:
    return worker


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
async def test_a_cancelled_load_leaves_its_spare_behind(steps: int) -> None:
    """However far it got: a process without an owner would never end."""
    spare = SpareWorker(enabled=True)
    before = set(psutil.Process().children())
    spare.prepare()
    taking = asyncio.create_task(spare.take())
    for _ in range(steps):
        await asyncio.sleep(0)
    taking.cancel()
    outcome = await asyncio.gather(taking, return_exceptions=True)
    if isinstance(outcome[0], WorkerClient):
        await outcome[0].close()
    await spare.close()
    assert set(psutil.Process().children()) == before


async def test_a_spare_that_cannot_start_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    working: Callable[[], list[str]] = client_module.worker_command
    monkeypatch.setattr(client_module, "worker_command", lambda: ["/nowhere/python"])
    spare = SpareWorker(enabled=True)
    spare.prepare()
    await asyncio.sleep(0)
    while not spare._spare.done():
        await asyncio.sleep(0.01)
    assert spare.pid is None
    monkeypatch.setattr(client_module, "worker_command", working)
    worker = await spare.take()  # the trouble is over
    await worker.close()
    await spare.close()


async def test_a_closed_pool_loads_nothing(starter_home: Path, gate: Gate) -> None:
    gate.shut(CHAT)
    async with running() as engine:
        loading = asyncio.create_task(engine.load(CHAT))
        await until_state(engine, CHAT, State.LOADING)
        began = time.monotonic()
        await engine.stop(0)
        assert time.monotonic() - began < 5
        with pytest.raises((LoadCancelledError, EngineStoppedError)):
            await loading
        with pytest.raises(EngineStoppedError):
            await engine.load(EMBED)
