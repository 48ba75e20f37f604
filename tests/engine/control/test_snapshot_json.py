"""Snapshots as JSON, and back."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from preheat.control.snapshot_json import model_json, paused_json, snapshot_from_json, status_json
from preheat.core.snapshot import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot, RequestSnapshot
from preheat.errors import EngineError
from preheat.residency.states import State

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
# What a JSON text can carry: no half of a surrogate pair.
TEXTS = st.text(st.characters(codec="utf-8"))

# By type, so that a field that is added later is tried, too.
st.register_type_strategy(float, NUMBERS)
st.register_type_strategy(str, TEXTS)
models = st.builds(ModelSnapshot)
preloads = st.builds(PreloadSnapshot, paused_until=st.none() | NUMBERS | st.just(math.inf))
snapshots = st.builds(
    EngineSnapshot,
    memory=st.builds(MemorySnapshot),
    preload=preloads,
    models=st.lists(models, max_size=3).map(tuple),
    requests=st.lists(st.builds(RequestSnapshot), max_size=3).map(tuple),
)

SMALL = EngineSnapshot(
    "0.1.0",
    1.5,
    MemorySnapshot(100, 10, 50, total_bytes=200, keep_free_bytes=20),
    PreloadSnapshot(enabled=True),
    models=(ModelSnapshot("a", State.LOADING, True, 10, progress=0.5),),
    requests=(RequestSnapshot(7, "curl/8", "a", 2.5, False, 4, 12.5),),
)


def sent(snapshot: EngineSnapshot) -> dict[str, Any]:
    """Return what a client gets."""
    status: dict[str, Any] = json.loads(to_json(status_json(snapshot, 11435)))
    return status


@given(snapshots)
def test_a_snapshot_survives_the_port(snapshot: EngineSnapshot) -> None:
    assert snapshot_from_json(sent(snapshot)) == snapshot


def test_the_status_has_what_readers_know() -> None:
    status = sent(SMALL)
    assert (status["pid"], status["port"], status["started_at"]) == (os.getpid(), 11435, 1.5)
    assert status["memory"]["total_bytes"] == 200
    assert status["preload"]["paused"] is False
    assert status["requests"] == [
        {
            "id": 7,
            "client": "curl/8",
            "model": "a",
            "arrived_at": 2.5,
            "waiting": False,
            "completion_tokens": 4,
            "tokens_per_s": 12.5,
        }
    ]
    assert (status["models"][0]["id"], status["models"][0]["state"]) == ("a", "loading")


def test_every_field_is_told() -> None:
    for value, content in ((SMALL.models[0], sent(SMALL)["models"][0]), (SMALL.memory, sent(SMALL)["memory"])):
        fields = {field.name for field in dataclasses.fields(value)} - {"file"}  # whose facts stand among the others
        assert len(content) == len(fields)


@pytest.mark.parametrize(
    ("until", "told"),
    [
        (None, {"paused": False, "paused_until": None}),
        (9.5, {"paused": True, "paused_until": 9.5}),
        (math.inf, {"paused": True, "paused_until": None}),
    ],
)
def test_a_pause_without_an_end_has_no_time(until: float | None, told: dict[str, object]) -> None:
    assert paused_json(PreloadSnapshot(enabled=True, paused_until=until)) == told


def test_an_empty_text_is_null() -> None:
    assert sent(SMALL)["memory"]["pressure"] is None
    assert model_json(ModelSnapshot("a", State.COLD, False, 1, error=None))["error"] is None


def test_a_file_name_that_is_not_utf8_is_told_as_far_as_possible() -> None:
    odd = dataclasses.replace(SMALL.models[0], path="/models/caf\udce9.gguf")
    assert sent(dataclasses.replace(SMALL, models=(odd,)))["models"][0]["path"] == "/models/caf?.gguf"


def test_another_version_is_understood_as_far_as_possible() -> None:
    status = sent(SMALL)
    status["models"][0]["colour"] = "red"
    del status["requests"], status["memory"]["total_bytes"]
    read = snapshot_from_json(status)
    assert (read.requests, read.memory.total_bytes, read.models) == ((), 0, SMALL.models)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"memory": None},
        {"models": [{"id": "a"}]},
        {"models": 3},
        {"preload": [1]},
    ],
)
def test_what_is_no_status_is_another_version(wrong: dict[str, object]) -> None:
    status = {**sent(SMALL), **wrong} if wrong else {}
    with pytest.raises(EngineError, match="another version"):
        snapshot_from_json(status)


def test_a_state_that_is_not_known_is_another_version() -> None:
    status = sent(SMALL)
    status["models"][0]["state"] = "tepid"
    with pytest.raises(EngineError, match=r"another version \(0\.1\.0\)"):
        snapshot_from_json(status)
