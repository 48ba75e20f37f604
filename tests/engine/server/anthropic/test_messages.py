"""Answers through Anthropic's own client, and the events that it validates."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from preheat.errors import ContextLengthExceededError, QueueFullError, WorkerDiedError
from preheat.inference import FinishReason, GenerationChunk, PromptProgress, ToolCallDelta, Usage
from preheat.residency import State
from preheat.server import streams
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import CHAT, FakeEngine, chunks_of

USER = [{"role": "user", "content": "hi"}]
BODY: dict[str, Any] = {"model": "tiny-chat", "max_tokens": 100, "messages": USER}
WEATHER = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)


def call(index: int, arguments: str, name: str = "") -> GenerationChunk:
    return GenerationChunk(tool_calls=(ToolCallDelta(index, arguments, name, f"call_{index}" if name else ""),))


def last(reason: FinishReason = FinishReason.STOP, completion_tokens: int = 5, **fields: Any) -> GenerationChunk:
    return GenerationChunk(finish_reason=reason, usage=Usage(7, completion_tokens, 3, 2), **fields)


EVERYTHING = [
    GenerationChunk(reasoning="Hm"),
    GenerationChunk(reasoning=", hm."),
    GenerationChunk("\n\n"),
    GenerationChunk("I will "),
    GenerationChunk("look."),
    call(0, '{"city":', "weather"),
    call(0, ' "Ulm"}'),
    GenerationChunk("\n"),
    call(1, "", "time"),
    call(1, "{}"),
    GenerationChunk("Done."),
    last(FinishReason.TOOL_CALLS),
]


def blocks(message: Message) -> list[dict[str, Any]]:
    """Return the content without the ids of calls, which are drawn."""
    content = [block.to_dict() for block in message.content]
    return [{name: value for name, value in block.items() if name != "id"} for block in content]


async def read(response: httpx2.Response) -> list[dict[str, Any]]:
    """Return the data of a stream's events; each has its type as its name."""
    found = []
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: ")))
            assert found[-1]["type"] == name
    return found


async def events(wire: httpx2.AsyncClient, **fields: Any) -> list[dict[str, Any]]:
    async with wire.stream("POST", "/v1/messages", json={**BODY, "stream": True, **fields}) as response:
        assert response.status_code == 200
        return await read(response)


async def test_a_whole_message(engine: FakeEngine, claude: Sdk) -> None:
    sampling = {"temperature": 0.5, "top_k": -1, "top_p": 0.9}  # newer clients do not have them
    response = await claude.messages.with_raw_response.create(**BODY, stop_sequences=["x", ""], extra_body=sampling)
    message = await response.parse()
    assert (message.model, message.role, message.type) == (CHAT, "assistant", "message")
    assert blocks(message) == [{"type": "text", "text": "Hello!"}]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (4, 3, 2)
    assert str(response.request_id).startswith("req_")
    (request,) = engine.requests
    assert (request.max_tokens, request.stop) == (100, ("x",))
    assert (request.sampling.temperature, request.sampling.top_k, request.sampling.top_p) == (0.5, 0, 0.9)


async def test_a_streams_events_have_anthropics_order(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.script = list(EVERYTHING)
    found = await events(wire)
    assert [event["type"] for event in found[:2]] == ["message_start", "ping"]
    for event in found[:1] + found[2:]:
        EVENT.validate_python(event, strict=True)
    kinds = [(event["type"], event.get("index")) for event in found[2:-2]]
    assert kinds == [
        *(("content_block_start", 0), *[("content_block_delta", 0)] * 3, ("content_block_stop", 0)),
        *(("content_block_start", 1), *[("content_block_delta", 1)] * 2, ("content_block_stop", 1)),
        *(("content_block_start", 2), *[("content_block_delta", 2)] * 2, ("content_block_stop", 2)),
        *(("content_block_start", 3), ("content_block_delta", 3), ("content_block_stop", 3)),
        *(("content_block_start", 4), ("content_block_delta", 4), ("content_block_stop", 4)),
    ]
    assert [event["type"] for event in found[-2:]] == ["message_delta", "message_stop"]
    assert found[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert found[-2]["usage"]["output_tokens_details"] == {"thinking_tokens": 2}


@pytest.mark.parametrize("options", [{}, {"thinking": {"type": "adaptive", "display": "omitted"}}])
async def test_a_streams_events_add_up_to_the_whole_message(
    options: dict[str, Any], engine: FakeEngine, claude: Sdk
) -> None:
    engine.script = list(EVERYTHING)
    whole = await claude.messages.create(**BODY, **options)
    async with claude.messages.stream(**BODY, **options) as stream:
        streamed = await stream.get_final_message()
    assert blocks(streamed) == blocks(whole)
    assert (streamed.stop_reason, streamed.usage) == (whole.stop_reason, whole.usage)
    thinking = {"type": "thinking", "thinking": "" if options else "Hm, hm.", "signature": "preheat"}
    assert blocks(whole) == [
        thinking,
        {"type": "text", "text": "I will look."},
        {"type": "tool_use", "name": "weather", "input": {"city": "Ulm"}},
        {"type": "tool_use", "name": "time", "input": {}},
        {"type": "text", "text": "Done."},
    ]
    assert whole.content[2].id != whole.content[3].id


@pytest.mark.parametrize(
    ("chunks", "content"),
    [
        ([], []),
        ([GenerationChunk(" \n")], [{"type": "text", "text": " \n"}]),
        ([GenerationChunk(" "), GenerationChunk("\n"), GenerationChunk(" a ")], [{"type": "text", "text": " \n a "}]),
        (
            [GenerationChunk(reasoning="Hm"), GenerationChunk("\n")],
            [{"type": "thinking", "thinking": "Hm", "signature": "preheat"}],
        ),
    ],
)
async def test_no_block_is_empty(
    chunks: list[GenerationChunk], content: list[dict[str, Any]], engine: FakeEngine, claude: Sdk
) -> None:
    engine.script = [*chunks, last()]
    assert blocks(await claude.messages.create(**BODY)) == content
    async with claude.messages.stream(**BODY) as stream:
        assert blocks(await stream.get_final_message()) == content


@pytest.mark.parametrize(
    ("chunk", "reason", "stop"),
    [
        (last(), "end_turn", None),
        (last(stop_text="END"), "stop_sequence", "END"),
        (last(FinishReason.LENGTH, 100), "max_tokens", None),
        (last(FinishReason.LENGTH, 99), "model_context_window_exceeded", None),
        (last(FinishReason.TOOL_CALLS, tool_calls=(ToolCallDelta(0, "{}", "weather"),)), "tool_use", None),
    ],
)
async def test_stop_reasons(
    chunk: GenerationChunk, reason: str, stop: str | None, engine: FakeEngine, claude: Sdk
) -> None:
    engine.script = [GenerationChunk("a"), chunk]
    message = await claude.messages.create(**BODY)
    assert (message.stop_reason, message.stop_sequence) == (reason, stop)
    async with claude.messages.stream(**BODY) as stream:
        message = await stream.get_final_message()
    assert (message.stop_reason, message.stop_sequence) == (reason, stop)


async def test_a_call_that_is_cut_off_has_a_part_of_its_input(engine: FakeEngine, claude: Sdk) -> None:
    engine.script = [call(0, '{"city": "Ulm", "da', "weather"), last(FinishReason.LENGTH, 100)]
    whole = await claude.messages.create(**BODY)
    async with claude.messages.stream(**BODY) as stream:
        streamed = await stream.get_final_message()
    assert blocks(whole) == blocks(streamed) == [{"type": "tool_use", "name": "weather", "input": {"city": "Ulm"}}]


async def test_a_loading_model_gets_pings_with_the_stage(
    engine: FakeEngine, wire: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "WAITING_PAUSE_S", 0.01)
    engine.load_gate = asyncio.Event()
    engine.set_model(CHAT, state=State.LOADING, progress=0.37)
    async with wire.stream("POST", "/v1/messages", json={**BODY, "stream": True}) as response:
        lines = response.aiter_lines()
        while not (line := await anext(lines)).startswith(": loading"):
            pass
        assert line == f": loading {CHAT} 37 %"
        assert await anext(lines) == "event: ping"
        ping = json.loads((await anext(lines)).removeprefix("data: "))
        assert (ping["type"], ping["stage"], ping["share"]) == ("ping", "loading", 0.37)
        engine.load_gate.set()
        assert "data: " + json.dumps({"type": "message_stop"}) in [line async for line in lines]


async def test_the_prompts_progress_gives_pings_and_the_first_usage(
    engine: FakeEngine, wire: httpx2.AsyncClient
) -> None:
    progress = [GenerationChunk(progress=PromptProgress(done, 7, 3)) for done in (3, 7)]
    engine.script = [*progress, *chunks_of("a")]
    found = await events(wire)
    assert [event["type"] for event in found[:5]] == ["message_start", "ping", "ping", "ping", "content_block_start"]
    usage = found[0]["message"]["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"], usage["output_tokens"]) == (4, 3, 0)
    assert found[2] == {"type": "ping", "stage": "prefill", "share": 0.429}


async def test_errors_are_in_anthropics_envelope(engine: FakeEngine, claude: Sdk, client: httpx2.AsyncClient) -> None:
    with pytest.raises(anthropic.NotFoundError, match=CHAT) as missing:
        await claude.messages.create(**{**BODY, "model": "claude-haiku-4-5"})
    body = missing.value.response.json()
    assert (body["type"], body["error"]["type"], body["error"]["code"]) == (
        "error",
        "not_found_error",
        "model_not_found",
    )
    assert missing.value.request_id == body["request_id"]
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        await claude.messages.create(**BODY, extra_body={"temperature": 7})
    engine.failure = QueueFullError("Full", retry_after_s=0.4)
    with pytest.raises(anthropic.InternalServerError) as full:
        await claude.messages.create(**BODY)
    assert full.value.response.json()["error"]["type"] == "overloaded_error"
    assert full.value.response.headers["retry-after"] == "1"
    missing_endpoint = await client.post("/v1/messages/batches", json={})
    assert (missing_endpoint.status_code, missing_endpoint.json()["error"]["type"]) == (404, "not_found_error")
    assert "/v1/messages/count_tokens" in missing_endpoint.json()["error"]["message"]


async def test_agents_recognize_a_prompt_that_is_too_long(engine: FakeEngine, claude: Sdk) -> None:
    engine.script = [ContextLengthExceededError("The prompt has 9 tokens", hint="Shorten it")]
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long: The prompt has 9 tokens"):
        await claude.messages.create(**BODY, stream=True)


async def test_an_error_in_a_stream_is_an_event(engine: FakeEngine, claude: Sdk, wire: httpx2.AsyncClient) -> None:
    engine.script = [GenerationChunk("Hel"), WorkerDiedError("The worker died")]
    found = await events(wire)
    assert [event["type"] for event in found[-2:]] == ["content_block_delta", "error"]
    with pytest.raises(anthropic.APIStatusError, match="The worker died"):
        async with claude.messages.stream(**BODY) as stream:
            await stream.get_final_message()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_vanished_client_ends_the_generation(
    stream: bool, engine: FakeEngine, wire: httpx2.AsyncClient
) -> None:
    engine.script = [GenerationChunk("Hello"), asyncio.Event()]
    request = asyncio.create_task(wire.post("/v1/messages", json={**BODY, "stream": stream}))
    await engine.until(lambda: bool(engine.requests))
    request.cancel()
    await asyncio.wait([request])
    await engine.until(lambda: engine.closed == 1 and engine.leases == 0)
    assert engine.finished == 0


@pytest.mark.parametrize("path", ["/v1/messages?beta=true", "/v1/messages/", "/messages"])
async def test_other_forms_of_the_path_and_unknown_betas(path: str, client: httpx2.AsyncClient) -> None:
    headers = {"anthropic-version": "2099-01-01", "anthropic-beta": "made-up-2030-01-01,other"}
    answer = await client.post(path, json=BODY, headers=headers)
    assert answer.json()["content"] == [{"type": "text", "text": "Hello!"}]


async def test_tokens_are_counted(claude: Sdk) -> None:
    count = await claude.messages.count_tokens(model="tiny-chat", messages=USER, system="Be kind.")
    assert count.input_tokens == len("Be kind.\nhi") + 1
    count = await claude.beta.messages.count_tokens(model="tiny-chat", messages=USER)
    assert count.input_tokens == len("hi") + 1


async def test_models_are_listed_for_anthropics_clients(
    engine: FakeEngine, claude: Sdk, client: httpx2.AsyncClient
) -> None:
    assert [model.id async for model in claude.models.list()] == [CHAT, "tiny-embed"]
    assert [model.id async for model in claude.models.list(limit=1)] == [CHAT, "tiny-embed"]
    back = await claude.models.list(limit=1, before_id="tiny-embed")
    assert ([model.id for model in back.data], back.has_more) == ([CHAT], False)
    model = await claude.models.retrieve("tiny-chat")
    assert (model.id, model.type, model.display_name, model.max_input_tokens) == (CHAT, "model", "Tiny", 512)
    assert model.created_at.year == 2023
    with pytest.raises(anthropic.NotFoundError, match=CHAT):
        await claude.models.retrieve("none")
    with pytest.raises(anthropic.BadRequestError, match="limit"):
        await claude.models.list(limit=0)
    assert (await client.get("/v1/models")).json()["object"] == "list"
    assert CHAT in {model_id for _, model_id in engine.woken}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_continues_by_the_id_of_its_answer(
    stream: bool, engine: FakeEngine, client: httpx2.AsyncClient, wire: httpx2.AsyncClient
) -> None:
    engine.script = list(EVERYTHING)
    first = {**BODY, "system": "Be kind.", "tools": [WEATHER], "stream": stream, "thread": {"type": "create"}}
    answer = await wire.post("/v1/messages", json=first)
    message_id = answer.text.partition('"id": "')[2].partition('"')[0]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "warm"}
    again = {"thread": {"type": "continue", "previous_message_id": message_id}, "tool_choice": {"type": "any"}}
    body = {**BODY, **again, "messages": [{"role": "user", "content": [result]}]}
    assert (await wire.post("/v1/messages", json=body)).status_code == 200
    chat = engine.requests[1].chat
    assert chat is not None
    assert [message.role.value for message in chat.messages] == ["system", "user", "assistant", "tool"]
    assert chat.messages[2].reasoning == "Hm, hm."
    assert [call.arguments for call in chat.messages[2].tool_calls] == ['{"city": "Ulm"}', "{}"]
    assert [tool.name for tool in chat.tools] == ["weather"]


async def test_an_unknown_conversation_is_sent_again(engine: FakeEngine, claude: Sdk) -> None:
    thread = {"type": "continue", "previous_message_id": "msg_0"}
    with pytest.raises(anthropic.NotFoundError) as caught:
        await claude.beta.messages.create(**BODY, thread=thread)
    assert caught.value.response.json()["error"]["details"] == {"error_code": "thread_not_found"}
    conversation = claude.beta.messages.thread(model="tiny-chat", max_tokens=5)
    await conversation.send(*USER)
    await conversation.send(*USER)
    chat = engine.requests[-1].chat
    assert chat is not None
    assert [message.text for message in chat.messages] == ["hi", "Hello!", "hi"]
