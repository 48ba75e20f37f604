"""Requests that need a larger context than their model was loaded with."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from preheat.core import Engine, EngineSnapshot
from preheat.core.devices.engine_devices import EngineDevices
from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.errors import ContextLengthExceededError, InsufficientMemoryError
from preheat.inference import LoadOptions
from preheat.messages import msg
from preheat.models import ModelFile
from preheat.residency import State
from preheat.residency.processes.load_options import load_options as options_for
from preheat.settings import Settings, Size
from scripted_models import write_scripted_model
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
        change(engine, downloads_at_once=1)
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
            await until(engine, lambda _: engine.residency.records[CHAT].active_requests == 2)
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


LONG = "trained-for-more"


@pytest.fixture
def auto(tmp_path: Path) -> dict[str, Any]:
    """Settings with a model that begins with less than it was trained for."""
    write_scripted_model(tmp_path / f"{LONG}.gguf", context_length=131_072)
    return {"context_length": "auto", "models_dir": tmp_path, "sources": ()}


def too_long(tokens: int, code: str = "prompt_too_long") -> ContextLengthExceededError:
    return ContextLengthExceededError(msg(code, tokens=tokens, limit=32_768), param="prompt")


async def test_a_length_that_preheat_chose_grows_for_good(auto: dict[str, Any]) -> None:
    async def lengths(engine: Engine, *needed: int | None) -> list[int]:
        found = []
        for each in needed:
            async with engine.lease(LONG, context_length=each) as lease:
                found.append(lease.info.context_length)
        return found

    async with running(**auto) as engine:
        known = engine.snapshot.model(LONG)
        assert known is not None
        assert known.context is not None
        assert (known.context_length, known.context.params["memory"]) == (32_768, known.context_bytes)
        assert await lengths(engine, None, 40_000, None) == [32_768, 65_536, 65_536]
    async with running(**auto) as engine:
        assert await lengths(engine, None) == [65_536]
        change(engine, context_length=4096)
        assert await lengths(engine, None) == [4096]


class LittleMemory:
    """Lets loads with more than a context length fail, in tokens."""

    def __init__(self, most_tokens: int) -> None:
        self.most_tokens = most_tokens
        self.failures = 0

    def load_options(self, model: ModelFile, settings: Settings, *given: Any, **options: Any) -> LoadOptions:
        tokens = settings.for_model(model.model_id).context_length
        if tokens > self.most_tokens:
            self.failures += 1
            raise InsufficientMemoryError(
                msg("load_context_failed", file="f", tokens=tokens, detail="", kv_cache_type="")
            )
        return options_for(model, settings, *given, **options)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> LittleMemory:
    """Memory for 40,000 tokens."""
    memory = LittleMemory(40_000)
    monkeypatch.setattr("preheat.residency.processes.loader.load_options", memory.load_options)
    return memory


async def test_growth_that_fails_costs_no_other_request(auto: dict[str, Any], memory: LittleMemory) -> None:
    async def length(engine: Engine, needed: int | None = None) -> int:
        async with engine.lease(LONG, context_length=needed) as lease:
            return lease.info.context_length

    async with running(**auto) as engine:
        async with engine.lease(LONG):
            failing = [asyncio.create_task(length(engine, 60_000)) for _ in range(2)]
            await until(engine, lambda _: engine.residency.records[LONG].active_requests == 3)
        others = [asyncio.create_task(length(engine)) for _ in range(3)]
        for task in failing:
            with pytest.raises(InsufficientMemoryError):
                await task
        assert [await task for task in others] == [32_768] * 3
        model = await engine.find(LONG)
        with pytest.raises(ContextLengthExceededError) as caught:
            engine.contexts.room_for_prompt(model, too_long(65_000))
        assert caught.value.message.code == "prompt_too_long_no_memory"
        assert engine.contexts.room_for_prompt(model, too_long(33_000)) == 49_780
        with pytest.raises(InsufficientMemoryError, match="context length of 65536"):
            await length(engine, 65_536)
        assert memory.failures == 1
        memory.most_tokens = 33_000
        for _ in range(2):  # with more than needed, then without
            with pytest.raises(InsufficientMemoryError):
                await length(engine, 33_500)
        # Its answer has less room.
        assert engine.contexts.room_for_prompt(model, too_long(32_767)) is None
    async with running(**auto) as engine:
        assert await length(engine) == 32_768


async def test_a_length_that_preheat_chose_is_smaller_where_memory_is_short(
    auto: dict[str, Any], memory: LittleMemory
) -> None:
    memory.most_tokens = 9000
    async with running(**auto) as engine:
        async with engine.lease(LONG, context_length=4096) as lease:
            assert lease.info.context_length == 8192
        await engine.unload(LONG)
        room_is_kept = InsufficientMemoryError(msg("no_room_made", model=LONG))
        assert not engine.contexts.load_failed(await engine.find(LONG), room_is_kept)
        memory.most_tokens = 5000
        await engine.load(LONG)
        assert (await length_of(engine), memory.failures) == (4096, 3)
        await engine.unload(LONG)
        memory.most_tokens = 1000
        with pytest.raises(InsufficientMemoryError):
            await engine.load(LONG)
    memory.most_tokens = 40_000
    async with running(**auto) as engine:
        await engine.load(LONG)
        assert await length_of(engine) == 32_768


async def length_of(engine: Engine) -> int:
    """Return the loaded context length."""
    async with engine.lease(LONG) as lease:
        return lease.info.context_length


async def test_what_is_said_of_a_prompt_that_does_not_fit(auto: dict[str, Any]) -> None:
    async with running(**auto) as engine:
        model, contexts = await engine.find(LONG), engine.contexts
        assert contexts.room_for_prompt(model, too_long(33_000)) == 65_536
        assert (contexts.answer_room(model), contexts.room_for_prompt(model, too_long(32_000))) == (1024, 65_536)
        assert (contexts.is_enough(model, too_long(32_767)), contexts.is_enough(model, too_long(32_768))) == (
            True,
            False,
        )
        for error, code in (
            (too_long(131_072), "prompt_too_long_trained"),
            (too_long(140_000, "prompt_too_long_early"), "prompt_too_long_trained_early"),
            (too_long(40_000, "prompt_too_long_early"), "prompt_too_long_early"),
            (too_long(40_000, "prompt_too_large"), "prompt_too_large"),
        ):
            with pytest.raises(ContextLengthExceededError) as caught:
                contexts.room_for_prompt(model, error)
            assert (caught.value.message.code, caught.value.param) == (code, "prompt")
        change(engine, context_length=32_768)
        with pytest.raises(ContextLengthExceededError, match="raise context_length"):
            contexts.room_for_prompt(model, too_long(33_000))
        assert contexts.answer_room(model) == 0
    async with running(**auto, memory_limit="70MB") as engine:
        with pytest.raises(ContextLengthExceededError, match="raise memory_limit") as caught:
            engine.contexts.room_for_prompt(model, too_long(130_000))
        assert caught.value.message.code == "prompt_too_long_no_room"


async def test_lengths_follow_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    card = Device("Vulkan0", "Imaginary card", DeviceKind.DISCRETE, "vulkan", 10**9, 10**9)
    found = DeviceReport((card,), backends=("vulkan",))
    devices = partial(EngineDevices, find=lambda _stop: found, remembered=lambda: None)
    monkeypatch.setattr("preheat.core.parts.EngineDevices", devices)

    def length(snapshot: EngineSnapshot) -> int:
        known = snapshot.model(CHAT)
        return 0 if known is None else known.context_length or 0

    async with running(memory_limit="220MB", context_length="auto") as engine:
        in_main_memory = length(engine.snapshot)  # the devices are not known yet
        assert 0 < in_main_memory < TRAINED
        await until(engine, lambda snapshot: length(snapshot) == TRAINED)
        change(engine, device_memory_limit=Size("1%"))
        await until(engine, lambda snapshot: length(snapshot) == in_main_memory)
