"""Worker processes that end with their test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from preheat.inference.client import WorkerClient

Spawn = Callable[[], Awaitable[WorkerClient]]


@pytest.fixture
async def spawn() -> AsyncIterator[Spawn]:
    """Start workers that end with the test."""
    started: list[WorkerClient] = []

    async def start() -> WorkerClient:
        started.append(await WorkerClient.spawn())
        return started[-1]

    yield start
    await asyncio.gather(*(worker.close() for worker in started))
