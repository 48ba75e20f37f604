"""The memory that bodies share: turns, waiting, and slow uploads."""

from __future__ import annotations

import asyncio

import pytest

from preheat.server.bodies import memory
from preheat.server.bodies.memory import MemoryBudget, Uploads
from preheat.server.errors import ServerBusyError, UploadTooSlowError


async def test_the_smallest_request_is_next() -> None:
    budget = MemoryBudget(10)
    await budget.take(8)
    await budget.take(1)
    large, small = asyncio.create_task(budget.take(9)), asyncio.create_task(budget.take(2))
    await asyncio.sleep(0)
    assert not large.done()
    assert not small.done()
    budget.give(8)
    await small
    assert not large.done()
    budget.give(1)
    budget.give(2)
    await large
    assert budget.used == 9


async def test_one_request_alone_always_fits() -> None:
    budget = MemoryBudget(10)
    await budget.take(100)
    with pytest.raises(ServerBusyError) as caught:
        await budget.take(1, timeout_s=0.01)
    assert caught.value.retry_after_s
    budget.give(100)
    await budget.take(1)
    assert budget.used == 1


async def test_a_request_that_gives_up_leaves_its_place() -> None:
    budget = MemoryBudget(10)
    await budget.take(10)
    gone, next_one = asyncio.create_task(budget.take(9)), asyncio.create_task(budget.take(9))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    budget.give(10)
    await next_one
    assert budget.used == 9


async def test_the_slowest_upload_ends_for_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "PATIENCE_S", 0.02)
    uploads = Uploads(100)
    ended = []

    async def stall(name: str, received: int) -> None:
        try:
            async with uploads.receiving(50) as upload:
                upload.received(received)
                await asyncio.Event().wait()
        except UploadTooSlowError:
            ended.append(name)

    stalled = [asyncio.create_task(stall("nearly complete", 50)), asyncio.create_task(stall("silent", 0))]
    await asyncio.sleep(0)
    async with uploads.receiving(50) as upload:
        pass
    uploads.complete(upload)
    assert ended == ["silent"]
    for task in stalled:
        task.cancel()
    await asyncio.gather(*stalled, return_exceptions=True)
    async with uploads.receiving(100):  # all of it was returned
        pass
