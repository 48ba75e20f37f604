from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, get_args

import httpx2
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel

from preheat.inference import FinishReason, GenerationChunk, ToolCallDelta, Usage

Respond = Callable[..., Awaitable[Any]]

EVENT_TYPES: dict[str, type[BaseModel]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(get_args(ResponseStreamEvent)[0])
}
"""The SDK's class of each event, by its type."""

USAGE = Usage(7, 5, 3, reasoning_tokens=2)


def last(reason: FinishReason = FinishReason.STOP) -> GenerationChunk:
    """Return a generation's last chunk."""
    return GenerationChunk(finish_reason=reason, usage=USAGE)


def call(index: int, *pieces: str, name: str = "weather", call_id: str = "") -> list[GenerationChunk]:
    """Return the chunks of a tool call whose arguments come in these pieces."""
    first = ToolCallDelta(index, pieces[0], name, call_id or f"call_{index}")
    return [
        GenerationChunk(tool_calls=(each,)) for each in (first, *(ToolCallDelta(index, text) for text in pieces[1:]))
    ]


def parse_events(text: str) -> list[dict[str, Any]]:
    """Return the events of a stream, each checked against the SDK's class, and their order."""
    events = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        first, _, second = block.partition("\n")
        data = json.loads(second.removeprefix("data: "))
        assert first == f"event: {data['type']}"
        EVENT_TYPES[data["type"]].model_validate(data)
        events.append(data)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return events


@pytest.fixture
def respond(client: httpx2.AsyncClient) -> Respond:
    """Post a request for a response with these fields, and return the response."""

    async def post(**fields: object) -> Any:
        answer = await client.post("/v1/responses", json={"model": "tiny-chat", "input": "hi", **fields})
        assert answer.status_code == 200, answer.text
        content = answer.json()
        Response.model_validate(content)
        return content

    return post


@pytest.fixture
def stream(client: httpx2.AsyncClient) -> Respond:
    """Post a request for a stream with these fields, and return its events."""

    async def post(**fields: object) -> list[dict[str, Any]]:
        body = {"model": "tiny-chat", "input": "hi", "stream": True, **fields}
        answer = await client.post("/v1/responses", json=body)
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
        return parse_events(answer.text)

    return post


@pytest.fixture
def refuse(client: httpx2.AsyncClient) -> Respond:
    """Post a request that is refused, and return the error."""

    async def post(**fields: object) -> Any:
        answer = await client.post("/v1/responses", json={"model": "tiny-chat", "input": "hi", **fields})
        assert answer.status_code == 400, answer.text
        return answer.json()["error"]

    return post
