"""keep_alive: at once, after some time, never; with real models."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from preheat.core.engine import Engine
from preheat.messages import msg
from preheat.residency import Action, State
from preheat.residency.decisions import EvictionReason
from preheat.settings import ModelSettings
from tests.engine.engines import CHAT, EMBED, change, decisions_of, running, state, until_idle, until_state

pytestmark = pytest.mark.usefixtures("starter_home")


async def use(engine: Engine, keep_alive_s: float | None = None) -> None:
    async with engine.lease(EMBED, keep_alive_s=keep_alive_s) as lease:
        await lease.embed(["a"])


async def test_zero_unloads_when_the_answer_ends() -> None:
    async with running() as engine:
        decisions = decisions_of(engine)
        await use(engine, 0)
        assert state(engine.snapshot, EMBED) is State.UNLOADING
        await until_state(engine, EMBED, State.COLD)
        left = decisions[-1]
        assert (left.action, left.cause) == (Action.EVICT, EvictionReason.KEEP_ALIVE)
        assert "keep_alive" in left.why
        assert not left.wasted


async def test_zero_waits_for_the_last_of_several_requests() -> None:
    async with running() as engine, engine.lease(EMBED) as lease:
        await use(engine, 0)
        assert state(engine.snapshot, EMBED) is State.HOT
        assert (await lease.embed(["a"])).vectors
    assert state(engine.snapshot, EMBED) is State.COLD


async def test_zero_is_about_this_load_only() -> None:
    async with running() as engine:
        await use(engine, 0)
        await until_state(engine, EMBED, State.COLD)
        await use(engine)
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_after_some_idle_seconds() -> None:
    async with running() as engine:
        await use(engine, 0.3)
        ended = time.monotonic()
        assert state(engine.snapshot, EMBED) is State.HOT
        await until_state(engine, EMBED, State.UNLOADING, State.COLD)
        assert time.monotonic() - ended >= 0.3


@pytest.mark.parametrize("seconds", [-1.0, -0.5])
async def test_negative_keeps(seconds: float) -> None:
    async with running() as engine:
        await use(engine, 0.2)
        await use(engine, seconds)
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_a_very_long_time_is_no_overflow() -> None:
    async with running() as engine:
        await use(engine, float("inf"))
        assert state(engine.snapshot, EMBED) is State.HOT


@pytest.mark.parametrize("by", ["keep_alive", "unload"])
async def test_what_was_told_to_go_is_not_preloaded_before_it_is_used(by: str) -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        if by == "unload":
            await engine.unload(EMBED)
        else:
            await use(engine, 0)
            await until_state(engine, EMBED, State.COLD)
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD
        assert engine.why(EMBED).code == "not_in_memory_suppressed"
        assert engine.suppressed() == (EMBED,)
        await use(engine)
        assert engine.suppressed() == ()
        engine.residency.free(1, EvictionReason.LIMIT, msg("over_limit"))
        await until_state(engine, EMBED, State.COLD)
        await until_state(engine, EMBED, State.HOT)  # by itself


async def test_unloading_a_preload_that_runs_ends_it_for_good(gate: object) -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.LOADING, State.WARMING, State.HOT)
        await engine.unload(EMBED)
        await until_idle(engine)
        assert state(engine.snapshot, EMBED) is State.COLD


async def test_a_new_favourite_is_welcome_again(starter_home: Path) -> None:
    async with running(preload=True, favourites=[EMBED]) as engine:
        await until_state(engine, EMBED, State.HOT)
        await engine.unload(EMBED)
        for favourites in ((), (EMBED,)):
            change(engine, favourites=favourites)
        await until_state(engine, EMBED, State.HOT)


def own(model_id: str, **values: object) -> dict[str, ModelSettings]:
    return {model_id: ModelSettings.model_validate(values)}


async def test_the_models_own_setting_counts_where_a_request_says_nothing() -> None:
    async with running(models=own(EMBED, keep_alive=0.3)) as engine:
        decisions = decisions_of(engine)
        await use(engine)
        assert state(engine.snapshot, EMBED) is State.HOT
        await until_state(engine, EMBED, State.UNLOADING, State.COLD)
        assert decisions[-1].cause == EvictionReason.KEEP_ALIVE
        await use(engine, -1)
        await asyncio.sleep(0.5)
        assert state(engine.snapshot, EMBED) is State.HOT


async def test_the_models_own_setting_acts_at_once_and_on_this_model_alone() -> None:
    async with running() as engine:
        await use(engine)
        await engine.load(CHAT)
        change(engine, models=own(EMBED, keep_alive=0))
        await until_state(engine, EMBED, State.UNLOADING, State.COLD)
        assert state(engine.snapshot, CHAT) is State.HOT


async def test_a_model_that_is_loaded_again_has_its_time_from_then() -> None:
    async with running(models=own(EMBED, keep_alive=0.4)) as engine:
        await use(engine)
        await until_state(engine, EMBED, State.COLD)
        await asyncio.sleep(0.4)
        await engine.load(EMBED)
        assert state(engine.snapshot, EMBED) is State.HOT
        await until_state(engine, EMBED, State.UNLOADING, State.COLD)
