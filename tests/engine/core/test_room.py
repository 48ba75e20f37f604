"""Room for other programs, with real models."""

from __future__ import annotations

import asyncio
import math

import pytest

from preheat.errors import InsufficientMemoryError
from preheat.models import FitAnswer
from preheat.residency import State, read_memory
from tests.engine.engines import CHAT, EMBED, decisions_of, running, state, until, until_state, use

pytestmark = pytest.mark.usefixtures("starter_home")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_every_model_leaves_and_returns_when_the_room_ends(clock: Clock) -> None:
    async with running(clock, preload=True, favourites=(EMBED,)) as engine:
        await until_state(engine, EMBED, State.HOT)
        await use(engine, CHAT)
        decisions = decisions_of(engine)
        made = await engine.room.make(None, 3600)
        assert set(made.unloaded) == {CHAT, EMBED}
        assert (made.room.limit_bytes, made.busy) == (0, ())
        assert {str(decision.reason)[:33] for decision in decisions} == {"room was made for other programs "}
        assert {state(engine.snapshot, model_id) for model_id in (CHAT, EMBED)} == {State.COLD}
        assert engine.snapshot.room is not None
        assert engine.snapshot.room.until == clock.now + 3600
        assert engine.snapshot.preload.hold is not None
        assert engine.snapshot.preload.hold.code == "preload_makes_room_until"
        with pytest.raises(InsufficientMemoryError, match="room is kept for other programs until") as refused:
            await use(engine, CHAT)
        assert refused.value.message.code == "no_room_made_until"
        assert decisions[-1].reason == refused.value.message, "in the log and the decisions, too"
        with pytest.raises(InsufficientMemoryError) as refused_context:
            async with engine.lease(CHAT, context_length=4096):
                pass
        assert refused_context.value.message == refused.value.message
        assert [model.error for model in engine.snapshot.models if model.error] == [refused.value.message]
        assert {model.fit for model in engine.snapshot.models} == {FitAnswer.NOW}, "the limit is as it was"
        assert set(engine.room.end()) == {CHAT, EMBED}
        await until(engine, lambda now: {state(now, CHAT), state(now, EMBED)} == {State.HOT})
        assert engine.snapshot.room is None


async def test_room_that_is_there_costs_no_model() -> None:
    async with running() as engine:
        await use(engine, CHAT)
        made = await engine.room.make(1, None)
        assert (made.unloaded, made.busy) == ((), ())
        limit_bytes = engine.settings.memory_limit.resolve(read_memory().total_bytes)
        assert made.room.limit_bytes == limit_bytes, "never more than usual"
        await use(engine, EMBED)
        assert state(engine.snapshot, CHAT) is State.HOT


async def test_a_model_in_use_leaves_when_its_request_ends() -> None:
    async with running() as engine:
        async with engine.lease(CHAT):
            made = await engine.room.make(read_memory().total_bytes, None)
            assert (made.unloaded, made.busy) == ((), (CHAT,))
            assert state(engine.snapshot, CHAT) is State.HOT
        await until_state(engine, CHAT, State.COLD)


async def test_models_that_were_on_their_way_back_return_after_the_next_room() -> None:
    async with running() as engine:
        await use(engine, EMBED)
        await use(engine, CHAT)
        await engine.room.make(None, None)
        assert engine.room.end() == (CHAT, EMBED), "the last used first"
        made = await engine.room.make(None, None)  # at once: at most one of them is being loaded
        assert made.busy == ()
        assert set(engine.room.end()) == {CHAT, EMBED}
        await until(engine, lambda now: {state(now, CHAT), state(now, EMBED)} == {State.HOT})


async def test_models_return_before_others_are_preloaded(clock: Clock) -> None:
    async with running(clock, preload=True, memory_limit="250MB") as engine:
        await use(engine, EMBED)
        await use(engine, CHAT)
        assert state(engine.snapshot, EMBED) is State.COLD, "there is room for one of them"
        await engine.room.make(None, None)
        clock.now += 3600
        assert engine.room.end() == (CHAT,)
        await until_state(engine, CHAT, State.HOT)
        assert state(engine.snapshot, EMBED) is State.COLD


async def test_a_second_caller_waits_for_the_memory_that_the_first_one_frees() -> None:
    async with running() as engine:
        await use(engine, CHAT)
        first = asyncio.create_task(engine.room.make(None, None))
        await until_state(engine, CHAT, State.UNLOADING)
        second = await engine.room.make(None, None)
        assert state(engine.snapshot, CHAT) is State.COLD
        assert second.unloaded == ()
        assert (await first).unloaded == (CHAT,)
        assert engine.room.end() == (CHAT,)


async def test_a_model_that_a_request_loads_leaves_when_the_request_ends() -> None:
    async with running() as engine:
        asking = asyncio.create_task(use(engine, CHAT))
        await until_state(engine, CHAT, State.LOADING)
        made = await engine.room.make(None, None)
        assert (made.unloaded, made.busy) == ((), (CHAT,))
        await asking
        await until_state(engine, CHAT, State.COLD)
        assert engine.room.end() == (CHAT,)


async def test_mapped_weights_of_models_that_stay_are_no_memory_for_others() -> None:
    """The system calls them available, but whoever takes it takes them from the model."""
    async with running() as engine:
        await use(engine, CHAT)
        made = await engine.room.make(read_memory().available_bytes - 50_000_000, None)
        assert made.unloaded == (CHAT,)


async def test_room_may_end_while_it_is_made() -> None:
    async with running() as engine:
        await use(engine, CHAT)
        making = asyncio.create_task(engine.room.make(None, None))
        await until_state(engine, CHAT, State.UNLOADING)
        engine.room.end()
        made = await making
        assert (made.room.limit_bytes, made.unloaded) == (0, (CHAT,))
        assert engine.snapshot.room is None


async def test_a_model_that_the_user_unloads_does_not_return() -> None:
    async with running() as engine:
        await use(engine, CHAT)
        await engine.room.make(None, None)
        await engine.unload(CHAT)
        engine.apply_settings(engine.settings.model_copy(update={"load_timeout": 77.0}))
        assert engine.snapshot.room is not None
        assert engine.snapshot.room.until == math.inf
        with pytest.raises(InsufficientMemoryError):
            await use(engine, CHAT)
        assert state(engine.snapshot, CHAT) is State.FAILED
        assert engine.room.end() == ()
        assert state(engine.snapshot, CHAT) is State.COLD
        assert engine.room.end() == ()


async def test_room_is_kept_over_a_restart_and_ends_in_time(clock: Clock) -> None:
    async with running(clock, preload=True, favourites=(EMBED,)) as engine:
        await until_state(engine, EMBED, State.HOT)
        await engine.room.make(None, 60)
    clock.now += 59.9
    async with running(clock, preload=True, favourites=(EMBED,)) as engine:
        assert engine.snapshot.room is not None
        assert state(engine.snapshot, EMBED) is State.COLD
        clock.now += 0.2
        await until_state(engine, EMBED, State.HOT)
        assert engine.snapshot.room is None
