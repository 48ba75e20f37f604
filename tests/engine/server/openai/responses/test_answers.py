"""Responses as clients see them: streams in the documented order, and whole objects."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import openai
import pytest

from preheat.errors import ContextLengthExceededError, InsufficientMemoryError, WorkerDiedError
from preheat.inference import FinishReason, GenerationChunk, PromptProgress, TokenLogprob, ToolCallDelta
from preheat.residency import State
from tests.engine.server.conftest import Sdk
from tests.engine.server.fake_engine import CHAT, FakeEngine, chunks_of
from tests.engine.server.openai.responses.conftest import Respond, call, last, parse_events

TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {"c": {}}}}

TEXT_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def deltas(events: list[dict[str, Any]], kind: str) -> str:
    return "".join(event["delta"] for event in events if event["type"] == f"response.{kind}.delta")


def stable(value: Any) -> Any:
    """Return an output without its ids, which differ between two responses."""
    if isinstance(value, list):
        return [stable(each) for each in value]
    return {name: stable(each) for name, each in value.items() if name != "id"} if isinstance(value, dict) else value


async def test_the_order_of_events(stream: Respond) -> None:
    events = await stream()
    assert kinds(events) == TEXT_EVENTS
    assert deltas(events, "output_text") == "Hello!"
    assert events[0]["response"]["status"] == "in_progress"
    response = events[-1]["response"]
    (item,) = response["output"]
    assert item == events[-2]["item"]
    assert item["content"] == [{"type": "output_text", "text": "Hello!", "annotations": [], "logprobs": []}]
    assert (response["status"], response["model"]) == ("completed", CHAT)
    assert response["usage"] == {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 9,
    }
    assert {event["response"]["id"] for event in events if "response" in event} == {response["id"]}


async def test_a_whole_response(engine: FakeEngine, sdk: Sdk) -> None:
    response = await sdk.responses.create(
        model="Tiny-Chat", input="hi", temperature=0.5, max_output_tokens=20, metadata={"a": "b"}, user="u"
    )
    assert (response.output_text, response.status, response.model) == ("Hello!", "completed", CHAT)
    assert (response.temperature, response.max_output_tokens, response.metadata) == (0.5, 20, {"a": "b"})
    (request,) = engine.requests
    assert (request.sampling.temperature, request.max_tokens) == (0.5, 20)


async def test_any_text_arrives_unchanged(engine: FakeEngine, stream: Respond, respond: Respond) -> None:
    texts = ['"\\', "\n\n", "data: x", "\u2028", "🙂", "", "\x00"]
    engine.script = list(chunks_of(*texts))
    events = await stream()
    assert deltas(events, "output_text") == "".join(texts)
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "".join(texts)
    assert (await respond())["output"][0]["content"][0]["text"] == "".join(texts)


async def test_an_answer_without_text_is_an_empty_message(
    engine: FakeEngine, stream: Respond, respond: Respond
) -> None:
    engine.script = [last()]
    events = await stream()
    assert kinds(events) == [kind for kind in TEXT_EVENTS if "delta" not in kind]
    assert events[0]["response"]["status"] == "in_progress"
    assert (await respond())["output"][0]["content"][0]["text"] == ""


async def test_an_answer_that_is_cut_off_is_incomplete(engine: FakeEngine, stream: Respond, respond: Respond) -> None:
    engine.script = [GenerationChunk(reasoning="Hm."), GenerationChunk("Hel"), last(FinishReason.LENGTH)]
    events = await stream()
    assert kinds(events)[-1] == "response.incomplete"
    for response in (events[-1]["response"], await respond()):
        assert response["status"] == "incomplete"
        assert response["incomplete_details"] == {"reason": "max_output_tokens"}
        assert [item["status"] for item in response["output"]] == ["completed", "incomplete"]


async def test_text_and_calls_keep_their_order(engine: FakeEngine, stream: Respond, respond: Respond) -> None:
    engine.script = [
        GenerationChunk("Look: "),
        *call(0, '{"c":', ' "Ulm"}'),
        GenerationChunk("\n"),
        *call(1, ""),
        GenerationChunk("\n"),
        GenerationChunk("\nDone."),
        last(FinishReason.TOOL_CALLS),
    ]
    events = await stream(tools=[TOOL])
    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "function_call", "message"]
    assert [item.get("arguments") for item in output] == [None, '{"c": "Ulm"}', "{}", None]
    assert [item["content"][0]["text"] for item in output[::3]] == ["Look: ", "Done."]
    assert (output[1]["call_id"], output[1]["name"], output[1]["status"]) == ("call_0", "weather", "completed")
    assert deltas(events, "function_call_arguments") == '{"c": "Ulm"}'
    ends = [event for event in events if event["type"] == "response.output_item.done"]
    assert [(event["output_index"], event["item"]) for event in ends] == list(enumerate(output))
    assert stable((await respond(tools=[TOOL]))["output"]) == stable(output)


async def test_a_call_without_an_id_gets_one(engine: FakeEngine, respond: Respond) -> None:
    engine.script = [GenerationChunk(tool_calls=(ToolCallDelta(0, "{}", "weather"),)), last(FinishReason.TOOL_CALLS)]
    (item,) = (await respond(tools=[TOOL]))["output"]
    assert item["call_id"].startswith("call_")


@pytest.mark.parametrize("summary", [None, "auto"])
async def test_thinking_is_an_item_of_its_own(
    summary: str | None, engine: FakeEngine, stream: Respond, respond: Respond
) -> None:
    engine.script = [GenerationChunk(reasoning="I "), GenerationChunk(reasoning="see."), GenerationChunk("4"), last()]
    reasoning = {"effort": "low", "summary": summary}
    events = await stream(reasoning=reasoning)
    name = "reasoning_summary_text" if summary else "reasoning_text"
    part = "reasoning_summary_part" if summary else "content_part"
    assert kinds(events)[2:9] == [
        "response.output_item.added",
        f"response.{part}.added",
        f"response.{name}.delta",
        f"response.{name}.delta",
        f"response.{name}.done",
        f"response.{part}.done",
        "response.output_item.done",
    ]
    assert deltas(events, name) == "I see."
    response = events[-1]["response"]
    thinking, message = response["output"]
    kind = "summary_text" if summary else "reasoning_text"
    assert thinking["summary" if summary else "content"] == [{"type": kind, "text": "I see."}]
    assert message["content"][0]["text"] == "4"
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": 2}
    assert stable((await respond(reasoning=reasoning))["output"]) == stable(response["output"])


async def test_thinking_comes_back_from_clients_that_store_nothing(engine: FakeEngine, respond: Respond) -> None:
    engine.script = [GenerationChunk(reasoning="I see. 🦊"), *call(0, "{}"), last(FinishReason.TOOL_CALLS)]
    response = await respond(tools=[TOOL], store=False, include=["reasoning.encrypted_content"])
    thinking, tool_call = response["output"]
    kept = {"type": "reasoning", "id": thinking["id"], "encrypted_content": thinking["encrypted_content"]}
    foreign = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABo"}
    await respond(input=[{"role": "user", "content": "hi"}, kept, foreign, tool_call])
    chat = engine.requests[-1].chat
    assert chat is not None
    assert [message.reasoning for message in chat.messages] == ["", "I see. 🦊"]
    assert [len(message.tool_calls) for message in chat.messages] == [0, 1]


async def test_log_probabilities(engine: FakeEngine, stream: Respond, respond: Respond) -> None:
    token = TokenLogprob("Hi", b"Hi", -0.5, (("Hi", b"Hi", -0.5), ("Ho", b"Ho", -1.0)))
    engine.script = [GenerationChunk("Hi", logprobs=(token,)), last()]
    wanted = {
        "token": "Hi",
        "logprob": -0.5,
        "bytes": [72, 105],
        "top_logprobs": [
            {"token": "Hi", "logprob": -0.5, "bytes": [72, 105]},
            {"token": "Ho", "logprob": -1.0, "bytes": [72, 111]},
        ],
    }
    events = await stream(top_logprobs=2, include=["message.output_text.logprobs"])
    assert events[3]["part"]["logprobs"] == []
    assert events[4]["logprobs"] == events[5]["logprobs"] == [wanted]
    response = await respond(include=["message.output_text.logprobs"])
    assert response["output"][0]["content"][0]["logprobs"] == [wanted]
    assert [request.top_logprobs for request in engine.requests] == [2, 0]


async def test_events_while_the_model_loads(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.set_model(CHAT, state=State.LOADING, progress=0.25)
    engine.load_gate = asyncio.Event()
    body = {"model": "tiny-chat", "input": "hi", "stream": True}
    async with wire.stream("POST", "/v1/responses", json=body) as answer:
        text = ""
        async for line in answer.aiter_lines():
            text += f"{line}\n"
            if '"progress"' in line:
                engine.load_gate.set()
    events = parse_events(text)
    assert kinds(events)[:3] == ["response.created", "response.in_progress", "response.in_progress"]
    assert events[2]["progress"] == {"stage": "loading", "share": 0.25, "remaining_s": None}
    assert kinds(events)[-1] == "response.completed"


async def test_events_while_the_prompt_is_computed(engine: FakeEngine, wire: httpx2.AsyncClient) -> None:
    engine.set_model(CHAT, state=State.LOADING)
    engine.load_gate, first_token = asyncio.Event(), asyncio.Event()
    engine.script = [GenerationChunk(progress=PromptProgress(5, 20)), first_token, *chunks_of("Hi")]
    body = {"model": "tiny-chat", "input": "hi", "stream": True}
    async with wire.stream("POST", "/v1/responses", json=body) as answer:
        text = ""
        async for line in answer.aiter_lines():
            text += f"{line}\n"
            if '"progress"' in line:
                engine.set_model(CHAT, state=State.HOT)
                engine.load_gate.set()
            if '"prefill"' in line:
                first_token.set()
    progress = [event["progress"] for event in parse_events(text) if "progress" in event]
    assert progress[-1] == {"stage": "prefill", "share": 0.25, "remaining_s": None}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (InsufficientMemoryError("No room"), "server_error"),
        (ContextLengthExceededError("Too long"), "context_length_exceeded"),
    ],
)
async def test_an_error_after_the_headers_is_a_failed_response(
    failure: InsufficientMemoryError, code: str, engine: FakeEngine, wire: httpx2.AsyncClient
) -> None:
    engine.set_model(CHAT, state=State.LOADING)
    engine.load_gate = asyncio.Event()
    engine.failure = failure
    body = {"model": "tiny-chat", "input": "hi", "stream": True}
    async with wire.stream("POST", "/v1/responses", json=body) as answer:
        text = ""
        async for line in answer.aiter_lines():
            text += f"{line}\n"
            engine.load_gate.set()
    kind, _, data = [event for event in text.split("\n\n") if event][-1].partition("\ndata: ")
    response = json.loads(data)["response"]
    assert kind == "event: response.failed"
    assert response["status"] == "failed"
    assert (response["error"]["code"], response["error"]["message"]) == (code, failure.title)


async def test_a_stream_that_breaks_off_keeps_what_was_finished(engine: FakeEngine, stream: Respond) -> None:
    engine.script = [GenerationChunk(reasoning="Hm."), GenerationChunk("He"), WorkerDiedError("It died")]
    events = await stream()
    assert kinds(events)[-1] == "response.failed"
    response = events[-1]["response"]
    assert [item["type"] for item in response["output"]] == ["reasoning"]
    assert response["error"]["message"] == "It died"


async def test_errors_before_the_headers_are_openais(engine: FakeEngine, sdk: Sdk) -> None:
    engine.failure = ContextLengthExceededError("Too long", param="messages")
    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.responses.create(model="tiny-chat", input="hi", stream=True)
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "input")
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.create(model="unknown", input="hi", stream=True)
    with pytest.raises(openai.BadRequestError):
        await sdk.responses.create(model="tiny-embed", input="hi")


async def test_a_client_that_goes_away_stops_the_work(engine: FakeEngine, sdk: Sdk) -> None:
    engine.script = [*chunks_of("Hello")[:1], asyncio.Event()]
    events = await sdk.responses.create(model="tiny-chat", input="hi", stream=True)
    async for event in events:
        if event.type == "response.output_text.delta":
            break
    await events.close()
    await engine.until(lambda: engine.leases == 0)
    assert (engine.closed, engine.finished) == (1, 0)
