"""Streams on a real socket: headers, comments, errors on the way, and clients that leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import httpx2
import openai
import pytest
from starlette.types import Message

from preheat.errors import EngineError, EngineStoppedError, ModelLoadError, WorkerDiedError
from preheat.inference import GenerationChunk
from preheat.residency import State
from preheat.server import streams
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import CHAT, FakeEngine

BODY = {"model": "tiny-chat", "messages": [{"role": "user", "content": "hi"}], "stream": True}
TIMEOUT_S = 60


class PlainForm:
    """Adds nothing to the output."""

    media_type = "text/plain"
    headers: Mapping[str, str] = {}

    def begin(self) -> str:
        return ""

    def waiting(self) -> str:
        return ""

    def error(self, error: EngineError) -> str:
        return error.code


async def test_a_cold_models_stream_has_headers_and_progress_at_once(
    engine: FakeEngine, wire: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "WAITING_PAUSE_S", 0.01)
    engine.load_gate = asyncio.Event()
    engine.set_model(CHAT, state=State.LOADING, progress=0.37)
    async with wire.stream("POST", "/v1/chat/completions", json=BODY) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == f": loading {CHAT} 37 %"
        engine.set_model(CHAT, progress=0.8)
        while "80 %" not in await anext(lines):
            pass
        engine.load_gate.set()
        rest = [line async for line in lines]
    assert rest[-2] == "data: [DONE]"
    first_event = next(index for index, line in enumerate(rest) if line.startswith("data:"))
    assert not any(line.startswith(":") for line in rest[first_event:])


async def test_the_sdk_reads_past_comments(engine: FakeEngine, sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WAITING_PAUSE_S", 0.01)
    engine.load_gate = asyncio.Event()
    engine.set_model(CHAT, state=State.LOADING)
    stream = await sdk.chat.completions.create(**BODY)
    engine.load_gate.set()
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "Hello!"


async def test_an_error_after_the_headers_is_an_event(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.load_gate = asyncio.Event()
    engine.failure = ModelLoadError("It did not load", hint="Free some memory")
    engine.set_model(CHAT, state=State.LOADING)
    async with wire.stream("POST", "/v1/chat/completions", json=BODY) as answer:
        engine.load_gate.set()
        lines = [line async for line in answer.aiter_lines() if line.startswith("data:")]
    (line,) = lines
    assert json.loads(line.removeprefix("data: "))["error"]["code"] == "model_load_failed"


async def test_a_worker_that_dies_mid_stream_raises_in_the_sdk(engine: FakeEngine, sdk: Sdk) -> None:
    engine.script = [GenerationChunk("Hel"), WorkerDiedError("The worker died")]
    stream = await sdk.chat.completions.create(**BODY)
    with pytest.raises(openai.APIError, match="The worker died"):
        [chunk async for chunk in stream]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("started", [False, True])
async def test_a_vanished_client_ends_the_generation(
    stream: bool, started: bool, engine: FakeEngine, wire: httpx2.AsyncClient
) -> None:
    engine.script = [*([GenerationChunk("Hello")] if started else []), asyncio.Event()]
    request = asyncio.create_task(wire.post("/v1/chat/completions", json={**BODY, "stream": stream}))
    await engine.until(lambda: bool(engine.requests))
    request.cancel()
    await asyncio.wait([request])
    await engine.until(lambda: engine.closed == 1 and engine.leases == 0)
    assert engine.finished == 0


async def test_a_vanished_client_ends_all_of_several_choices(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.script = [GenerationChunk("Hello"), asyncio.Event()]
    request = asyncio.create_task(wire.post("/v1/chat/completions", json={**BODY, "n": 3}))
    await engine.until(lambda: len(engine.requests) == 3)
    request.cancel()
    await asyncio.wait([request])
    await engine.until(lambda: engine.closed == 3 and engine.leases == 0)


async def test_a_failing_choice_ends_the_others(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.script = [WorkerDiedError("The worker died")]
    answer = await wire.post("/v1/chat/completions", json={**BODY, "n": 3, "stream": False})
    assert answer.status_code == 502
    assert engine.leases == 0


async def test_a_client_that_leaves_during_the_load_gives_up_its_lease(
    engine: FakeEngine, wire: httpx2.AsyncClient
) -> None:
    engine.load_gate = asyncio.Event()
    engine.set_model(CHAT, state=State.LOADING)
    async with wire.stream("POST", "/v1/chat/completions", json=BODY) as answer:
        assert answer.status_code == 200
    await engine.until(lambda: engine.given_up == 1)
    assert engine.requests == []


async def test_many_streams_at_once(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.script = [GenerationChunk(str(number)) for number in range(50)] + engine.script
    answers = await asyncio.gather(*(wire.post("/v1/chat/completions", json=BODY) for _ in range(16)))
    assert all(answer.text.endswith("data: [DONE]\n\n") for answer in answers)
    assert engine.finished == 16


async def test_a_stop_during_a_stream_is_an_event(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.script = [GenerationChunk("Hel"), EngineStoppedError("Preheat is shutting down")]
    answer = await wire.post("/v1/chat/completions", json=BODY)
    assert '"code": "engine_stopped"' in answer.text
    assert "[DONE]" not in answer.text


async def test_an_answer_that_is_cancelled_before_its_output_is_sent_still_ends() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    writer = streams.StreamWriter(PlainForm(), send, lambda _: False, TIMEOUT_S)

    async def answer() -> None:
        writer.write(b"one")
        await writer.drain()

    task = asyncio.create_task(answer())
    await asyncio.sleep(0)  # the answer waits for a task that has not begun to send
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await writer.end(b"two")
    assert b"".join(message.get("body", b"") for message in sent) == b"onetwo"
    assert not sent[-1]["more_body"]
