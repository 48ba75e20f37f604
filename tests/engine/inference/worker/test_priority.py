"""Workers stand back behind the interface."""

from __future__ import annotations

import psutil

from preheat.inference.client import WorkerClient


async def test_a_worker_lets_others_go_first() -> None:
    worker = await WorkerClient.spawn()
    await worker.ready()
    assert psutil.Process(worker.pid).nice() > psutil.Process().nice()
    await worker.close()
