"""Values as JSON, and back."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from preheat.control import Plan, Schemas, Status, codec_of, decode, encode
from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot, RequestSnapshot
from preheat.messages import Message, msg, verbatim
from preheat.residency import Outcome, State
from preheat.usage import Counts, Figures, Latency, Quantiles

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
    """Return the status that a client gets."""
    status: dict[str, Any] = json.loads(to_json(encode(Status.of(snapshot, 11435))))
    return status


@given(snapshots)
def test_a_snapshot_survives_the_port(snapshot: EngineSnapshot) -> None:
    assert decode(Status, sent(snapshot)).snapshot == snapshot


def test_the_status_has_the_keys_that_readers_know() -> None:
    status = sent(SMALL)
    assert (status["pid"], status["port"], status["started_at"]) == (os.getpid(), 11435, 1.5)
    assert status["memory"]["total_bytes"] == 200
    assert (status["preload"]["paused"], status["prefix_cache_hit_rate"]) == (False, None)
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


@pytest.mark.parametrize(
    ("until", "content"),
    [
        (None, {"paused": False, "paused_until": None}),
        (9.5, {"paused": True, "paused_until": 9.5}),
        (math.inf, {"paused": True, "paused_until": None}),
    ],
)
def test_a_pause_without_an_end_has_no_time(until: float | None, content: dict[str, object]) -> None:
    written = encode(PreloadSnapshot(enabled=True, paused_until=until))
    assert written.items() >= content.items()
    assert decode(PreloadSnapshot, written).paused_until == until


def test_a_file_name_that_is_not_utf8_is_carried_as_far_as_possible() -> None:
    odd = dataclasses.replace(SMALL.models[0], path="/models/caf\udce9.gguf")
    assert sent(dataclasses.replace(SMALL, models=(odd,)))["models"][0]["path"] == "/models/caf?.gguf"


def test_another_version_is_understood_as_far_as_possible() -> None:
    status = sent(SMALL)
    status["models"][0]["colour"] = "red"
    del status["requests"], status["memory"]["total_bytes"]
    read = decode(Status, status).snapshot
    assert (read.requests, read.memory.total_bytes, read.models) == ((), 0, SMALL.models)


@pytest.mark.parametrize("wrong", [{"memory": None}, {"models": [{"id": "a"}]}, {"models": 3}, {"preload": [1]}])
def test_another_form_is_an_error(wrong: dict[str, object]) -> None:
    for content in ({**sent(SMALL), **wrong}, {}):
        with pytest.raises((LookupError, TypeError, ValueError, AttributeError)):
            decode(Status, content)


def test_an_unknown_state_is_an_error() -> None:
    status = sent(SMALL)
    status["models"][0]["state"] = "tepid"
    with pytest.raises(ValueError, match="tepid"):
        decode(Status, status)


@dataclasses.dataclass(frozen=True, slots=True)
class Inner:
    """A nested value."""

    left: int
    right: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """Every form a field can have."""

    JSON_PROPERTIES: ClassVar = ("double",)

    number: int = dataclasses.field(metadata={"json": "n"})
    place: Path
    inner: Inner = dataclasses.field(metadata={"flat": True})
    why: Message | None = None
    reason: Message | None = dataclasses.field(default=None, metadata={"json": "cause", "message": "cause_code"})
    note: str = dataclasses.field(default="", metadata={"empty": True})
    choice: Literal["a", "b"] = "a"
    maybe: Inner | None = None
    several: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = dataclasses.field(default_factory=dict)

    @property
    def double(self) -> int:
        """Twice the number."""
        return 2 * self.number


SAMPLE = Sample(
    2,
    Path("/a"),
    Inner(3, 4),
    msg("must_be_text", param="x"),
    verbatim("other words"),
    maybe=Inner(5),
    several=(Inner(6),),
    by_name={"x": Inner(7)},
)


def test_every_form_of_a_field() -> None:
    content = json.loads(to_json(encode(SAMPLE)))
    assert content == {
        "n": 2,
        "place": "/a",
        "left": 3,
        "right": 4,
        "why": "x must be a text",
        "why_message": {"code": "must_be_text", "params": {"param": "x"}, "text": "x must be a text", "hint": ""},
        "cause": "other words",
        "cause_code": {
            "code": "text",
            "params": {"text": "other words", "hint": ""},
            "text": "other words",
            "hint": "",
        },
        "note": None,
        "choice": "a",
        "maybe": {"left": 5, "right": 0},
        "several": [{"left": 6, "right": 0}],
        "by_name": {"x": {"left": 7, "right": 0}},
        "double": 4,
    }
    assert decode(Sample, content) == SAMPLE
    del content["why_message"]  # an older Preheat sends the text only
    assert decode(Sample, content).why == verbatim("x must be a text")


def test_the_schema_describes_every_form() -> None:
    schemas: Schemas = {}
    assert codec_of(Sample).schema(schemas) == {"$ref": "#/components/schemas/Sample"}
    sample = schemas["Sample"]
    assert sample["properties"].keys() == {
        *("n", "place", "left", "right", "why", "cause", "note", "choice", "maybe", "several", "by_name", "double")
    }
    assert sample["properties"]["maybe"] == {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]}
    assert (sample["description"], schemas["Inner"]["description"]) == (
        "Every form a field can have.",
        "A nested value.",
    )


def test_keys_that_are_members_of_an_enum_are_their_names() -> None:
    figures = Figures(span=Counts(hits=1), latency={Outcome.LATE_HIT: Latency(Quantiles(1, 2.0, 3.0))})
    content = encode(figures)
    assert content["latency"]["late_hit"]["wait"] == {"samples": 1, "median_s": 2.0, "p95_s": 3.0}
    assert (content["span"]["preload_hit_rate"], content["span"]["requests"]) == (1.0, 1)
    assert decode(Figures, content) == figures


def test_a_flat_part_keeps_its_own_rules() -> None:
    plan = Plan(PreloadSnapshot(enabled=True, paused_until=math.inf), (), ("a",), (), ())
    content = encode(plan)
    assert (content["paused"], content["paused_until"], content["next"]) == (True, None, ["a"])
    assert decode(Plan, content) == plan


@pytest.mark.parametrize("kind", [complex, tuple[int, str], int | Inner | State])
def test_a_type_without_a_form_is_an_error(kind: Any) -> None:
    with pytest.raises(TypeError, match="no codec"):
        codec_of(kind)
