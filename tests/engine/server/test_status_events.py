"""The size of a status stream's events, and what slow readers get."""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from preheat.control import ControlHost, LiveSettings, Status, changes, decode, encode, merged
from preheat.core import EngineSnapshot, ModelSnapshot, RequestSnapshot
from preheat.residency import State
from preheat.server.control import StatusEvents
from preheat.settings import SettingsStore

from .fake_engine import FakeEngine, as_engine

MANY = 1000


@pytest.fixture
def events(engine: FakeEngine) -> StatusEvents:
    models = tuple(ModelSnapshot(f"model-{number:04}", State.COLD, False, 10**9) for number in range(MANY))
    engine.snapshot = replace(engine.snapshot, models=models)
    real = as_engine(engine)
    return StatusEvents(ControlHost(real, LiveSettings(real, SettingsStore()), 1))


def content_of(event: bytes) -> Any:
    return json.loads(event.removeprefix(b"data: "))


async def test_an_event_holds_only_what_changed(events: StatusEvents, engine: FakeEngine) -> None:
    async with aclosing(events.stream()) as stream:
        status = content_of(await anext(stream))
        assert len(status["models"]) == MANY
        running = tuple(RequestSnapshot(number, "VS Code", "model-0500", 1e9, False, 30, 41.5) for number in range(16))
        engine.snapshot = replace(engine.snapshot, requests=running)
        for state, progress in ((State.LOADING, 0.25), (State.LOADING, 0.5), (State.HOT, None)):
            engine.set_model("model-0500", state=state, progress=progress)
        written = tuple(replace(request, completion_tokens=31) for request in running)
        engine.snapshot = replace(engine.snapshot, requests=written)
        status = merged(status, content_of(await anext(stream))["changes"])
        assert decoded(status).models == engine.snapshot.models
        engine.snapshot = replace(
            engine.snapshot, requests=tuple(replace(request, completion_tokens=32) for request in running)
        )
        engine.set_model("model-0500", state=State.HOT, last_used_at=1e9)
        event = await anext(stream)
    assert len(event) <= 2000
    assert decoded(merged(status, content_of(event)["changes"])) == engine.snapshot


def decoded(status: Any) -> EngineSnapshot:
    return decode(Status, status).snapshot


async def test_a_model_that_is_gone_is_named(events: StatusEvents, engine: FakeEngine) -> None:
    async with aclosing(events.stream()) as stream:
        await anext(stream)
        engine.snapshot = replace(engine.snapshot, models=engine.snapshot.models[1:])
        engine.set_model("model-0001", favourite=True)
        change = content_of(await anext(stream))["changes"]
    assert change["models"] == {"model-0000": None, "model-0001": {"favourite": True}}
    whole = encode(Status.of(engine.snapshot, 1))
    assert changes(whole, whole) == {}
