"""What the guard does about memory that is short, and about hot models that may have left it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from preheat.core.memory_guard import MemoryGuard, Touch
from preheat.messages import msg
from preheat.models import ModelFile
from preheat.preload import PreloadContext
from preheat.residency import Cause, Hot, MemoryWatch, Residency, ResidencyExecutor
from preheat.residency.memory.pressure import MemoryReading
from preheat.residency.phases import COLD, Failed, Load, Loading, Phase, Queued, Unloading, Warming
from preheat.residency.resume import LONG_IDLE_S, Clocks
from preheat.settings import Settings

GB = 1_000_000_000
NOW = 1_000_000.0


@dataclass
class Situation:
    """A guard with fake hot models; their files are never read."""

    now: float = NOW
    available_bytes: int = 50 * GB
    slept_s: float = 0.0
    touched: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    shared: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.records: dict[str, Residency] = {}
        self.models: dict[str, ModelFile] = {}
        self.reader: Touch | None = None
        self.preloads = SimpleNamespace(pressure=None, active_requests=0)
        self.pool = SimpleNamespace(
            records=self.records,
            models=self.models,
            worker_pids=(),
            free=self._free,
            prompt_bytes=0,
            share_memory=lambda *, short: self.shared.append(short),
        )
        settings = Settings.model_validate({"keep_free": 10 * GB})
        clocks = lambda: Clocks(self.now, self.now - self.slept_s, self.now)  # noqa: E731 # a clock in one line
        self.guard = MemoryGuard(
            MemoryWatch(settings, read=lambda: MemoryReading(100 * GB, self.available_bytes), clocks=clocks),
            cast(ResidencyExecutor, self.pool),
            cast(PreloadContext, self.preloads),
            lambda: self.changes.append(str(self.preloads.pressure or "")),
            clock=lambda: self.now,
            touch=self.touch,
        )

    def touch(self, model: ModelFile, stop: threading.Event) -> bool:
        if self.reader is not None:
            return self.reader(model, stop)
        self.touched.append(model.model_id)
        return True

    def _free(self, wanted_bytes: int, *_: object) -> None:
        self.freed.append(wanted_bytes)

    def add(self, name: str, phase: Phase | None = None, last_used_at: float | None = NOW) -> None:
        path = Path(f"{name}.gguf")
        hot = Hot(Cause.REQUEST, msg("load_requested"), since=self.now)
        self.models[name] = ModelFile(name, path, 1, "llama", 2048, False, False, (path,), 0)
        self.records[name] = Residency(name, phase or hot, last_used_at=last_used_at)

    async def later(self, seconds: float) -> list[str]:
        """Let time pass and the guard look; return what it touched."""
        self.now += seconds
        self.touched.clear()
        await self.guard.look()
        return list(self.touched)


@pytest.fixture
def situation() -> Situation:
    return Situation()


async def test_a_hot_model_is_touched_once_in_each_long_idle_time(situation: Situation) -> None:
    situation.add("a")
    assert await situation.later(LONG_IDLE_S - 1) == []
    assert await situation.later(1) == ["a"]
    assert await situation.later(1) == []
    assert await situation.later(LONG_IDLE_S - 2) == []
    assert await situation.later(1) == ["a"]


async def test_one_that_is_used_or_not_hot_is_let_alone(situation: Situation) -> None:
    situation.add("used", last_used_at=NOW + LONG_IDLE_S - 1)
    load = Load(Cause.REQUEST, msg("load_requested"), 0.0, None)
    for phase in (COLD, Queued(load), Loading(load, 0.0), Warming(load, 0.0), Unloading(COLD), Failed(msg("shutdown"))):
        situation.add(type(phase).__name__, phase)
    assert await situation.later(LONG_IDLE_S) == []


async def test_a_preload_that_nobody_used_yet_is_hot_since_it_was_loaded(situation: Situation) -> None:
    situation.add("a", last_used_at=None)
    assert await situation.later(LONG_IDLE_S - 1) == []
    assert await situation.later(1) == ["a"]


async def test_never_while_answers_are_given(situation: Situation) -> None:
    situation.add("a")
    situation.preloads.active_requests = 1
    assert await situation.later(LONG_IDLE_S) == []
    situation.preloads.active_requests = 0
    assert await situation.later(1) == ["a"]


async def test_never_while_memory_is_short(situation: Situation) -> None:
    situation.add("a")
    situation.available_bytes = 9 * GB
    assert await situation.later(LONG_IDLE_S) == []
    assert situation.freed == [GB]
    situation.available_bytes = 11 * GB  # enough, but not clearly
    assert await situation.later(1) == []
    situation.available_bytes = 50 * GB
    assert await situation.later(1) == ["a"]
    assert ["keep_free" in change for change in situation.changes] == [True, True, False]


async def test_after_a_sleep_all_are_touched_as_soon_as_nobody_asks_for_anything(situation: Situation) -> None:
    situation.add("a")
    situation.add("b")
    situation.slept_s = 3600.0
    situation.preloads.active_requests = 1
    assert await situation.later(3601) == []
    situation.preloads.active_requests = 0
    assert await situation.later(1) == ["a", "b"]
    assert await situation.later(1) == []


async def test_after_a_sleep_there_is_a_new_plan_at_once(situation: Situation) -> None:
    await situation.later(1)
    assert situation.changes == []
    situation.slept_s = 3600.0
    await situation.later(3601)
    assert situation.changes == [""]
    await situation.later(1)
    assert situation.changes == [""]


async def test_a_request_stops_it_and_the_rest_is_read_later(situation: Situation) -> None:
    begun, stopped = threading.Event(), []

    def touch(_model: ModelFile, stop: threading.Event) -> bool:
        begun.set()
        stopped.append(stop.wait(20))
        return False

    situation.add("a")
    situation.reader = touch
    looking = asyncio.create_task(situation.later(LONG_IDLE_S))
    await asyncio.to_thread(begun.wait, 20)
    situation.preloads.active_requests = 1
    await looking
    assert stopped == [True]
    situation.reader = None
    situation.preloads.active_requests = 0
    assert await situation.later(1) == ["a"]


async def test_it_ends_with_the_engine(situation: Situation) -> None:
    begun, ended = threading.Event(), threading.Event()

    def touch(_model: ModelFile, stop: threading.Event) -> bool:
        begun.set()
        stop.wait(20)
        ended.set()
        return False

    situation.add("a")
    situation.reader = touch
    looking = asyncio.create_task(situation.later(LONG_IDLE_S))
    await asyncio.to_thread(begun.wait, 20)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert ended.is_set()


async def test_stored_prompts_give_way_before_models(situation: Situation) -> None:
    await situation.later(1)
    situation.available_bytes = 9 * GB
    situation.pool.prompt_bytes = 3 * GB
    await situation.later(1)
    assert (situation.freed, situation.shared) == ([], [False, True])
    situation.pool.prompt_bytes = GB // 4
    await situation.later(1)
    assert situation.freed == [GB - GB // 4]
