"""OpenAI's Responses through the real ``openai`` client and litellm, with a real Preheat."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from openai import OpenAI
from openai.types.responses import (
    FunctionToolParam,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from pydantic import BaseModel

from running_preheat import CHAT, Preheat, running_preheat

TOOLS: list[FunctionToolParam] = [
    {
        "type": "function",
        "name": "get_weather",
        "description": "Tell the weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "strict": False,
    },
    {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}, "strict": False},
]
COUNT = "Count from 1 to 100, separated by commas."

LITELLM = """
import litellm, sys
response = litellm.responses(
    model=f"openai/{sys.argv[2]}", api_base=f"{sys.argv[1]}/v1", api_key="unused", input="play(call)",
    tools=[{"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}],
)
events = list(litellm.responses(
    model=f"openai/{sys.argv[2]}", api_base=f"{sys.argv[1]}/v1", api_key="unused", input="play(greeting)", stream=True
))
print(response.output[0].name, response.output[0].arguments, events[-1].response.output[0].content[0].text)
"""


class City(BaseModel):
    name: Literal["Paris", "Rome"]
    weather: Literal["warm", "cold"] | None


class Trip(BaseModel):
    first: City
    is_far: bool


@pytest.fixture
def client(preheat: Preheat) -> Iterator[OpenAI]:
    """A client of the starter models."""
    with preheat.client() as client:
        yield client


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory, scripted_folder: Path) -> Iterator[Preheat]:
    """A Preheat with the scripted models."""
    with running_preheat(tmp_path_factory.mktemp("home"), scripted_folder) as running:
        yield running


@pytest.fixture
def scripted_client(scripted: Preheat) -> Iterator[OpenAI]:
    """A client of the scripted models."""
    with scripted.client() as client:
        yield client


def test_a_stream_adds_up_to_the_whole_response(preheat: Preheat, client: OpenAI) -> None:
    preheat.empty_cache(CHAT)
    whole = client.responses.create(model=CHAT, input=COUNT, max_output_tokens=20, temperature=0)
    preheat.empty_cache(CHAT)
    events = list(client.responses.create(model=CHAT, input=COUNT, max_output_tokens=20, temperature=0, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 5, "tokens came in one piece"
    assert "".join(deltas) == whole.output_text
    last = events[-1]
    assert last.type == "response.incomplete"
    assert last.response.usage == whole.usage
    assert last.response.incomplete_details == whole.incomplete_details
    assert whole.usage is not None
    assert whole.usage.output_tokens == 20


def test_a_conversation_goes_on_and_its_prefix_is_not_computed_again(client: OpenAI) -> None:
    first = client.responses.create(model=CHAT, input="What is tea?", max_output_tokens=12, temperature=0)
    second = client.responses.create(
        model=CHAT, input="And coffee?", previous_response_id=first.id, max_output_tokens=4, temperature=0
    )
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.total_tokens
    assert second.usage.input_tokens_details.cached_tokens >= first.usage.input_tokens
    items = client.responses.input_items.list(second.id, order="asc").data
    assert [item.type for item in items] == ["message"] * 3
    client.responses.delete(first.id)


def test_an_answer_is_parsed(client: OpenAI) -> None:
    response = client.responses.parse(model=CHAT, input="Plan a trip.", text_format=Trip)
    with client.responses.stream(model=CHAT, input="Plan a trip.", text_format=Trip) as stream:
        streamed = stream.get_final_response()
    assert isinstance(response.output_parsed, Trip)
    assert isinstance(streamed.output_parsed, Trip)


def test_input_tokens_are_those_of_the_response(client: OpenAI) -> None:
    count = client.responses.input_tokens.count(model=CHAT, input=COUNT, instructions="Be brief.")
    used = client.responses.create(model=CHAT, input=COUNT, instructions="Be brief.", max_output_tokens=1).usage
    assert used is not None
    assert count.input_tokens == used.input_tokens


def test_calls_are_made_and_answered(scripted_client: OpenAI) -> None:
    first = scripted_client.responses.create(model="scripted-tools", input="play(call_two)", tools=TOOLS)
    calls = [item for item in first.output if isinstance(item, ResponseFunctionToolCall)]
    assert [(call.name, call.arguments) for call in calls] == [("get_weather", '{"city": "Oslo"}'), ("get_time", "{}")]
    second = scripted_client.responses.create(
        model="scripted-tools",
        previous_response_id=first.id,
        tools=TOOLS,
        input=[
            {"type": "function_call_output", "call_id": calls[0].call_id, "output": "fine"},
            {"type": "function_call_output", "call_id": calls[1].call_id, "output": "noon"},
            {"role": "user", "content": "play(greeting)"},
        ],
    )
    assert second.output_text == "Good morning! How can I help?"


def test_text_before_and_after_a_call_stays_two_texts(scripted_client: OpenAI) -> None:
    with scripted_client.responses.stream(model="scripted-tools", input="play(call_text)", tools=TOOLS) as stream:
        response = stream.get_final_response()
    assert [item.type for item in response.output] == ["message", "function_call", "message"]
    texts = [item.content[0].to_dict()["text"] for item in response.output if isinstance(item, ResponseOutputMessage)]
    assert texts == ["I will look.", "There."]


async def test_thinking_is_apart(scripted: Preheat) -> None:
    async with scripted.async_client() as client:
        stream = await client.responses.create(
            model="scripted-thinking", input="play(think)", reasoning={"summary": "auto"}, stream=True
        )
        events = [event async for event in stream]
    thinking = "".join(event.delta for event in events if event.type == "response.reasoning_summary_text.delta")
    last = events[-1]
    assert isinstance(last, ResponseCompletedEvent)
    reasoning, _ = last.response.output
    assert isinstance(reasoning, ResponseReasoningItem)
    assert reasoning.summary[0].text == thinking == "Two and two."
    assert last.response.output_text == "The answer is 4."
    assert last.response.usage is not None
    assert last.response.usage.output_tokens_details.reasoning_tokens > 0


def test_litellm(scripted: Preheat) -> None:
    command = [sys.executable, "-c", LITELLM, scripted.url, "scripted-tools"]  # it warns, and takes seconds to import
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1:] == ['get_weather {"city": "Paris"} Good morning! How can I help?'], done.stderr
