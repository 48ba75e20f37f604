"""What clients get, for what the engine generates."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import pytest

from preheat.errors import InsufficientMemoryError, InvalidRequestError
from preheat.inference import FinishReason, GenerationChunk, TokenLogprob, ToolCallDelta, Usage
from preheat.residency import State
from tests.engine.server.fake_engine import CHAT, DIMENSIONS, EMBED, FakeEngine, chunks_of

BODY = {"model": "Tiny-Chat", "messages": [{"role": "user", "content": "hi"}]}
USAGE = Usage(7, 3, cached_tokens=2, prefill_s=0.25, decode_s=0.5)


def lines_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_a_stream_of_lines(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    last = GenerationChunk("!", finish_reason=FinishReason.STOP, usage=USAGE)
    engine.script = [GenerationChunk("Hel"), GenerationChunk("lo"), GenerationChunk(""), last]
    lines = lines_of(await client.post("/api/chat", json=BODY))
    assert [line["message"] for line in lines] == [
        {"role": "assistant", "content": text} for text in ("Hel", "lo", "!", "")
    ]
    assert [line["done"] for line in lines] == [False, False, False, True]
    assert {line["model"] for line in lines} == {"Tiny-Chat"}
    end = lines[-1]
    assert (end["done_reason"], end["prompt_eval_count"], end["eval_count"]) == ("stop", 7, 3)
    assert (end["prompt_eval_duration"], end["eval_duration"]) == (250_000_000, 500_000_000)
    assert 0 <= end["load_duration"] <= end["total_duration"]


async def test_a_whole_answer(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    engine.script = list(chunks_of("Hel", "lo", reason=FinishReason.LENGTH))
    answer = (await client.post("/api/generate", json={"model": CHAT, "prompt": "hi", "stream": False})).json()
    assert (answer["response"], answer["done"], answer["done_reason"]) == ("Hello", True, "length")
    assert answer["eval_duration"] > 0  # clients divide by it


@pytest.mark.parametrize("stream", [True, False])
async def test_thinking_and_calls_are_apart(engine: FakeEngine, client: httpx2.AsyncClient, stream: bool) -> None:
    engine.script = [
        GenerationChunk(reasoning="Hm, "),
        GenerationChunk(reasoning="tools."),
        GenerationChunk("I look."),
        GenerationChunk(tool_calls=(ToolCallDelta(0, '{"city": ', "weather", "call_1"),)),
        GenerationChunk(tool_calls=(ToolCallDelta(0, '"Köln"}'), ToolCallDelta(1, "", "clock", "call_2"))),
        GenerationChunk(tool_calls=(ToolCallDelta(2, '{"cut', "weather", "call_3"),)),
        GenerationChunk(finish_reason=FinishReason.TOOL_CALLS, usage=USAGE),
    ]
    answer = await client.post("/api/chat", json={**BODY, "stream": stream})
    messages = [line["message"] for line in lines_of(answer)] if stream else [answer.json()["message"]]
    assert "".join(message.get("thinking", "") for message in messages) == "Hm, tools."
    assert "".join(message["content"] for message in messages) == "I look."
    assert [call for message in messages for call in message.get("tool_calls", ())] == [
        {"id": "call_1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Köln"}}},
        {"id": "call_2", "function": {"index": 1, "name": "clock", "arguments": {}}},
    ]


@pytest.mark.parametrize("stream", [True, False])
async def test_log_probabilities(engine: FakeEngine, client: httpx2.AsyncClient, stream: bool) -> None:
    token = TokenLogprob("a", b"a", -0.5, (("a", b"a", -0.5), ("b", b"b", float("-inf"))))
    engine.script = [
        GenerationChunk("a", logprobs=(token,)),
        GenerationChunk(finish_reason=FinishReason.STOP, usage=USAGE),
    ]
    body = {"model": CHAT, "prompt": "hi", "logprobs": True, "top_logprobs": 2, "stream": stream}
    answer = await client.post("/api/generate", json=body)
    first = lines_of(answer)[0] if stream else answer.json()
    assert engine.requests[0].top_logprobs == 2
    (shown,) = first["logprobs"]
    assert (shown["token"], shown["logprob"], shown["bytes"]) == ("a", -0.5, [97])
    assert [(top["token"], top["logprob"]) for top in shown["top_logprobs"]] == [("a", -0.5), ("b", -9999.0)]


async def test_a_load_shows_its_progress_in_lines_without_text(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    engine.load_gate = asyncio.Event()
    engine.set_model(CHAT, state=State.LOADING, progress=0.25)
    asyncio.get_running_loop().call_later(0.3, engine.load_gate.set)
    lines = lines_of(await client.post("/api/chat", json=BODY))
    waiting = [line for line in lines if "progress" in line]
    assert waiting[0]["message"] == {"role": "assistant", "content": ""}
    assert (waiting[0]["done"], waiting[0]["progress"]["stage"], waiting[0]["progress"]["share"]) == (
        False,
        "loading",
        0.25,
    )
    assert lines[-1]["load_duration"] >= 200_000_000


async def test_errors(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    missing = await client.post("/api/chat", json={**BODY, "model": "nothing"})
    assert missing.status_code == 404
    assert "nothing" in missing.json()["error"]
    engine.failure = InsufficientMemoryError("No room")
    full = await client.post("/api/generate", json={"model": CHAT, "prompt": "hi"})
    assert (full.status_code, full.json()["error"]) == (507, "No room")


async def test_an_error_in_a_stream_is_its_last_line(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    engine.script = [GenerationChunk("a"), InvalidRequestError("It broke")]
    lines = lines_of(await client.post("/api/chat", json=BODY))
    assert (lines[0]["message"]["content"], lines[-1]["error"]) == ("a", "It broke")


@pytest.mark.parametrize(
    ("path", "fields"),
    [("chat", {"messages": []}), ("chat", {}), ("generate", {}), ("generate", {"prompt": ""})],
)
async def test_without_a_prompt_the_model_is_loaded(
    engine: FakeEngine, client: httpx2.AsyncClient, path: str, fields: dict[str, object]
) -> None:
    answer = (await client.post(f"/api/{path}", json={"model": CHAT, "keep_alive": -1, **fields})).json()
    assert (answer["done"], answer["done_reason"]) == (True, "load")
    assert engine.lease_options == [(-1.0, None)]
    assert not engine.requests


async def test_a_keep_alive_of_0_without_a_prompt_unloads(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    answer = (await client.post("/api/generate", json={"model": CHAT, "keep_alive": 0})).json()
    assert (answer["done_reason"], answer["response"]) == ("unload", "")
    assert engine.commands == [("unload", CHAT)]


async def test_embeddings(engine: FakeEngine, client: httpx2.AsyncClient) -> None:
    several = (await client.post("/api/embed", json={"model": EMBED, "input": ["a", "b"]})).json()
    assert [len(vector) for vector in several["embeddings"]] == [DIMENSIONS] * 2
    assert (several["model"], several["prompt_eval_count"]) == (EMBED, 4)
    fewer = await client.post("/api/embed", json={"model": EMBED, "input": "a", "dimensions": 2})
    assert (fewer.status_code, "dimensions" in fewer.json()["error"]) == (400, True)
    old = (await client.post("/api/embeddings", json={"model": EMBED, "prompt": "a"})).json()
    assert old == {"embedding": [0.5, -0.5, 0.5, 0.5]}


@pytest.mark.parametrize("value", ["", [], None])
async def test_no_input_gives_no_vectors(engine: FakeEngine, client: httpx2.AsyncClient, value: object) -> None:
    answer = await client.post("/api/embed", json={"model": EMBED, "input": value})
    assert answer.json()["embeddings"] == []
    empty = await client.post("/api/embeddings", json={"model": EMBED, "prompt": value or None})
    assert empty.json() == {"embedding": []}
    assert not engine.inputs


async def test_a_text_that_is_too_long_is_cut_as_the_protocol_says_and_listed(
    engine: FakeEngine, client: httpx2.AsyncClient
) -> None:
    text = "x" * 1000
    embed = {"model": EMBED, "input": ["a", text]}
    for truncate in (True, None):
        answer = await client.post("/api/embed", json={**embed, "truncate": truncate})
        assert (answer.status_code, answer.json()["truncated"]) == (200, [1])
    short = await client.post("/api/embed", json={"model": EMBED, "input": "a"})
    whole = await client.post("/api/embed", json={**embed, "truncate": False})
    assert [answer.json().get("truncated") for answer in (short, whole)] == [None, None]
    await client.post("/api/embeddings", json={"model": EMBED, "prompt": text})
    cut = ["a", (1, *map(ord, "x" * 511))]
    assert engine.inputs == [cut, cut, ["a"], ["a", text], [text]]


async def test_models_of_the_wrong_kind(client: httpx2.AsyncClient) -> None:
    chat = await client.post("/api/chat", json={**BODY, "model": EMBED})
    embed = await client.post("/api/embed", json={"model": CHAT, "input": "a"})
    assert (chat.status_code, embed.status_code) == (400, 400)
