"""Engines with real models and workers; a test may pause their loads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preheat.core import Engine, EngineSnapshot, Lease
from preheat.inference import GenerateRequest, Sampling
from preheat.residency import DecisionRecord, Residency, State
from preheat.settings import Settings

CHAT = "smollm2-135m-instruct.q4_1"
EMBED = "all-minilm-l6-v2.q8_0"
WAIT_S = 60.0
LOADED = [State.QUEUED, State.LOADING, State.WARMING, State.HOT]
UNLOADED = [State.UNLOADING, State.COLD]
ENDLESS = GenerateRequest(prompt="1, 2, 3, 4, 5,", sampling=Sampling(temperature=0))


def settings(**changes: Any) -> Settings:
    """Return settings for small, quick loads and no preloading."""
    values = {"context_length": 2048, "threads": 1, "preload": False, "keep_free": "0B", **changes}
    return Settings.model_validate(values)


@dataclass
class Gate:
    """Holds loads back: while a model's gate is shut, its file is not read."""

    folder: Path
    files: dict[str, str]

    def shut(self, model_id: str) -> None:
        (self.folder / self.files[model_id]).touch()

    def open(self, model_id: str) -> None:
        (self.folder / self.files[model_id]).unlink()


class Recorder:
    """Every change of a model's state, in order, as (model id, state)."""

    def __init__(self, engine: Engine) -> None:
        self.transitions: list[tuple[str, State]] = []
        self.snapshots: list[EngineSnapshot] = []
        self._last: dict[str, State] = {}
        engine.subscribe(self._take)

    def _take(self, snapshot: EngineSnapshot) -> None:
        self.snapshots.append(snapshot)
        for model in snapshot.models:
            if self._last.get(model.model_id, State.COLD) is not model.state:
                self.transitions.append((model.model_id, model.state))
            self._last[model.model_id] = model.state

    def of(self, model_id: str) -> list[State]:
        """Return one model's states."""
        return [state for name, state in self.transitions if name == model_id]


@asynccontextmanager
async def running(clock: Callable[[], float] = time.time, **changes: Any) -> AsyncIterator[Engine]:
    """Run an engine; at the end it is stopped without grace."""
    engine = Engine(settings(**changes), clock=clock)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop(0)


async def until(engine: Engine, condition: Callable[[EngineSnapshot], bool]) -> EngineSnapshot:
    """Wait for a snapshot for which the condition holds."""
    found: asyncio.Future[EngineSnapshot] = asyncio.get_running_loop().create_future()

    def look(snapshot: EngineSnapshot) -> None:
        if not found.done() and condition(snapshot):
            found.set_result(snapshot)

    unsubscribe = engine.subscribe(look)
    try:
        async with asyncio.timeout(WAIT_S):
            return await found
    finally:
        unsubscribe()


async def until_state(engine: Engine, model_id: str, *states: State) -> EngineSnapshot:
    """Wait until the model is in one of these states."""
    return await until(engine, lambda snapshot: state(snapshot, model_id) in states)


def state(snapshot: EngineSnapshot, model_id: str) -> State:
    """Return a model's state."""
    model = snapshot.model(model_id)
    assert model is not None
    return model.state


def change(engine: Engine, **changes: object) -> None:
    """Change settings of a running engine."""
    engine.apply_settings(engine.settings.model_copy(update=changes))


def decisions_of(engine: Engine) -> list[DecisionRecord]:
    """Return the list to which all decisions are added from now on."""
    taken: list[DecisionRecord] = []
    engine.observe(lambda record: taken.append(record) if isinstance(record, DecisionRecord) else None)
    return taken


async def use(engine: Engine, model_id: str, client: str = "") -> None:
    """Ask for a model, and do nothing with it."""
    async with engine.lease(model_id, client=client):
        pass


def record(engine: Engine, model_id: str) -> Residency:
    """Return what the engine knows of a model in memory; cold if nothing."""
    return engine.residency.records.get(model_id) or Residency(model_id)


def worker_pid(engine: Engine, model_id: str) -> int:
    """Return the id of the process that holds a model."""
    pid = engine.residency.worker_pid(model_id)
    assert pid is not None
    return pid


async def write(lease: Lease, max_tokens: int = 3) -> str:
    """Return a short answer."""
    request = GenerateRequest(
        prompt="The capital of France is", max_tokens=max_tokens, sampling=Sampling(temperature=0)
    )
    return "".join([chunk.text async for chunk in lease.generate(request)])


async def until_idle(engine: Engine) -> None:
    """Wait until the preloader has looked at everything and waits for a change."""
    async with asyncio.timeout(WAIT_S):
        await engine.settled()
