"""Requests that need a larger context than their model was loaded with."""

from __future__ import annotations

import asyncio

import pytest

from preheat.core import Engine
from preheat.errors import InsufficientMemoryError
from preheat.residency import State
from tests.engine.engines import CHAT, LOADED, Gate, Recorder, change, running, until, until_state, use

pytestmark = pytest.mark.usefixtures("starter_home")

TRAINED = 8192


async def length_for(engine: Engine, needed: int | None) -> int:
    """Return the context length that a request gets which needs this one."""
    async with engine.lease(CHAT, context_length=needed) as lease:
        return lease.info.context_length


async def test_a_larger_length_reloads_once_and_stays() -> None:
    async with running() as engine:
        recorder = Recorder(engine)
        assert [await length_for(engine, needed) for needed in (None, 512, 2048)] == [2048] * 3
        assert recorder.of(CHAT) == LOADED
        assert [await length_for(engine, needed) for needed in (4096, 512, None, 4096)] == [4096] * 4
        assert recorder.of(CHAT) == [*LOADED, State.UNLOADING, *LOADED]
        await engine.unload(CHAT)
        change(engine, preload_top=1)
        assert await length_for(engine, None) == 4096


async def test_the_trained_length_is_the_limit() -> None:
    async with running() as engine:
        recorder = Recorder(engine)
        assert [await length_for(engine, 10**9) for _ in range(2)] == [TRAINED] * 2
        assert recorder.of(CHAT) == LOADED


async def test_a_model_in_use_is_reloaded_afterwards() -> None:
    async with running() as engine:
        async with engine.lease(CHAT) as lease:
            larger = asyncio.create_task(length_for(engine, 4096))
            await until(engine, lambda _: bool(engine.residency.records[CHAT].phase.unloaders))  # type: ignore[union-attr]
            assert lease.info.context_length == 2048
        assert await larger == 4096


async def test_a_running_load_ends_first(gate: Gate) -> None:
    async with running() as engine:
        gate.shut(CHAT)
        first = asyncio.create_task(use(engine, CHAT))
        await until_state(engine, CHAT, State.LOADING)
        larger = asyncio.create_task(length_for(engine, 4096))
        await asyncio.sleep(0)
        gate.open(CHAT)
        await first
        assert await larger == 4096


async def test_a_length_that_does_not_fit_changes_nothing() -> None:
    async with running(memory_limit="330MB") as engine:
        recorder = Recorder(engine)
        assert await length_for(engine, None) == 2048
        with pytest.raises(InsufficientMemoryError, match="context length of 8192 tokens"):
            await length_for(engine, TRAINED)
        assert await length_for(engine, None) == 2048
        assert recorder.of(CHAT) == LOADED
