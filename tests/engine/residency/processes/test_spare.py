"""The spare worker: handed out, replaced, and never left behind."""

from __future__ import annotations

import asyncio
import math

import pytest

from preheat.errors import ModelLoadError
from preheat.messages import msg
from preheat.residency.processes import spare as module
from preheat.residency.processes.spare import SpareWorker
from tests.engine.residency.workers import FakeWorker, settle


class Spawner:
    """Starts workers when the test says."""

    def __init__(self) -> None:
        self.workers: list[FakeWorker] = []
        self.errors: list[ModelLoadError] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> FakeWorker:
        await self.go.wait()
        if self.errors:
            raise self.errors.pop()
        self.workers.append(FakeWorker(len(self.workers) + 1))
        return self.workers[-1]


@pytest.fixture
async def spawner() -> Spawner:
    return Spawner()


async def test_it_is_handed_out_and_replaced(spawner: Spawner) -> None:
    spare = SpareWorker(enabled=True, spawn=spawner)
    assert spare.pid is None
    spare.prepare()
    spare.prepare()
    await settle()
    assert spare.pid == 1
    assert (await spare.take()).pid == 1
    spare.prepare()
    await settle()
    assert spare.pid == 2
    await spare.close()
    spare.prepare()
    assert not spawner.workers[1].alive
    assert len(spawner.workers) == 2


async def test_it_starts_when_no_request_has_been_in_progress(
    spawner: Spawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_S", 0.01)
    spare = SpareWorker(enabled=True, spawn=spawner)
    idle_s = [math.inf, 0.0, 0.005]

    def took_place() -> float:
        return idle_s.pop() if len(idle_s) > 1 else idle_s[0]

    spare.prepare_when_idle(took_place)
    spare.prepare_when_idle(took_place)
    async with asyncio.timeout(20):
        while spare.pid is None:
            await asyncio.sleep(0)
    assert len(idle_s) == 1
    await spare.close()
    spare.prepare_when_idle(took_place)
    await settle()
    assert len(spawner.workers) == 1


async def test_it_starts_in_the_end_although_requests_are_in_progress(
    spawner: Spawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_S", 0.01)
    monkeypatch.setattr(module, "LONGEST_S", 0.02)
    spare = SpareWorker(enabled=True, spawn=spawner)
    spare.prepare_when_idle(lambda: 0.0)
    async with asyncio.timeout(20):
        while spare.pid is None:
            await asyncio.sleep(0)
    await spare.close()


async def test_without_one_each_worker_is_started_when_it_is_needed(spawner: Spawner) -> None:
    spare = SpareWorker(enabled=False, spawn=spawner)
    spare.prepare()
    await settle()
    assert spawner.workers == []
    assert (await spare.take()).pid == 1
    await spare.close()


async def test_a_dead_one_is_not_used(spawner: Spawner) -> None:
    spare = SpareWorker(enabled=True, spawn=spawner)
    spare.prepare()
    await settle()
    spawner.workers[0].die()
    assert (await spare.take()).pid == 2


async def test_a_stopped_one_is_ended(spawner: Spawner) -> None:
    spare = SpareWorker(enabled=True, spawn=spawner)
    spare.prepare()
    await settle()
    spawner.workers[0].stopped = True
    assert (await spare.take()).pid == 2
    await spare.close()
    assert not spawner.workers[0].alive


async def test_one_that_cannot_start_is_no_trouble(spawner: Spawner) -> None:
    spawner.errors.append(ModelLoadError(msg("worker_not_started", reason="x")))
    spare = SpareWorker(enabled=True, spawn=spawner)
    spare.prepare()
    await settle()
    assert spare.pid is None
    assert (await spare.take()).pid == 1  # the trouble is over
    spawner.errors.append(ModelLoadError(msg("worker_not_started", reason="x")))
    spare.prepare()
    await spare.close()


@pytest.mark.parametrize("meanwhile", ["nothing", "another", "close"])
async def test_a_cancelled_load_leaves_no_worker_behind(spawner: Spawner, meanwhile: str) -> None:
    spare = SpareWorker(enabled=True, spawn=spawner)
    spawner.go.clear()
    spare.prepare()
    taking = asyncio.create_task(spare.take())
    await settle()
    if meanwhile == "another":
        spare.prepare()
    closing = asyncio.create_task(spare.close()) if meanwhile == "close" else None
    await settle()
    taking.cancel()
    spawner.go.set()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await settle()
    if closing is not None:
        await closing
    await spare.close()
    assert spawner.workers
    assert not any(worker.alive for worker in spawner.workers)
