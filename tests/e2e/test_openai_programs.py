"""Tools, thinking and structured answers with OpenAI's client, and programs that are built on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx2
import pytest
from pydantic import BaseModel, Field

from running_preheat import CHAT, EMBEDDING, Preheat

Client = Any
"""OpenAI's client. Its types want a cast for each message."""

TOOLS_MODEL = "scripted-tools"
THINKING_MODEL = "scripted-thinking"
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Tell the weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
    {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}},
]


def play(script: str) -> list[dict[str, Any]]:
    """Return the messages that make a scripted model say this script."""
    return [{"role": "user", "content": f"play({script})"}]


@pytest.fixture
def client(serving: Preheat) -> Iterator[Client]:
    with serving.client() as client:
        yield client


def test_a_call_and_its_result(client: Client) -> None:
    first = client.chat.completions.create(model=TOOLS_MODEL, messages=play("call_text"), tools=TOOLS)
    message = first.choices[0].message
    (call,) = message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Köln 🌧"})
    assert message.content.startswith("I will look.")
    assert first.choices[0].finish_reason == "tool_calls"
    history = [
        *play("call_text"),
        message.model_dump(),
        {"role": "tool", "tool_call_id": call.id, "content": "rain"},
        *play("greeting"),
    ]
    second = client.chat.completions.create(model=TOOLS_MODEL, messages=history, tools=TOOLS)
    assert second.choices[0].message.content == "Good morning! How can I help?"


def test_streamed_calls_add_up_to_the_whole_ones(client: Client) -> None:
    with client.chat.completions.stream(model=TOOLS_MODEL, messages=play("call_two"), tools=TOOLS) as stream:
        events = [event.type for event in stream]
        message = stream.get_final_completion().choices[0].message
    assert events.count("tool_calls.function.arguments.done") == 2
    calls = [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]
    assert calls == [("get_weather", {"city": "Oslo"}), ("get_time", {})]
    assert len({call.id for call in message.tool_calls}) == 2


async def test_calls_of_the_asynchronous_client(serving: Preheat) -> None:
    pieces: list[Any] = []
    async with serving.async_client() as client:
        messages: Any = play("call")
        tools: Any = TOOLS
        stream = await client.chat.completions.create(model=TOOLS_MODEL, messages=messages, tools=tools, stream=True)
        async for chunk in stream:
            pieces += chunk.choices[0].delta.tool_calls or ()
    assert (pieces[0].function.name, pieces[0].index, bool(pieces[0].id)) == ("get_weather", 0, True)
    assert json.loads("".join(piece.function.arguments for piece in pieces)) == {"city": "Paris"}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_call_that_has_to_be_made(choice: object, client: Client) -> None:
    answer = client.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "Weather in Rome?"}],
        tools=TOOLS[:1],
        tool_choice=choice,
        max_tokens=80,
        temperature=0,
    )
    (call,) = answer.choices[0].message.tool_calls
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    assert answer.choices[0].finish_reason == "tool_calls"


def test_thinking_is_apart(client: Client) -> None:
    answer = client.chat.completions.create(model=THINKING_MODEL, messages=play("think"))
    message = answer.choices[0].message
    assert (message.reasoning_content.strip(), message.content.strip()) == ("Two and two.", "The answer is 4.")
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    stream = client.chat.completions.create(model=THINKING_MODEL, messages=play("think"), stream=True)
    deltas = [chunk.choices[0].delta.model_dump() for chunk in stream]
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == message.reasoning_content
    assert "".join(delta.get("content") or "" for delta in deltas) == message.content


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Part(BaseModel):
    name: Annotated[str, Field(max_length=10)]
    colour: Colour


class Toy(BaseModel):
    part: Part
    weight: Literal[1, 2] | None
    tags: Annotated[list[Colour], Field(max_length=2)]


@pytest.mark.parametrize("model", [Part, Toy])
def test_answers_become_pydantic_objects(model: type[BaseModel], client: Client) -> None:
    answer = client.chat.completions.parse(
        model=CHAT,
        messages=[{"role": "user", "content": "Describe a small red car."}],
        response_format=model,
        max_tokens=100,
        temperature=0,
    )
    assert isinstance(answer.choices[0].message.parsed, model)


def test_tokens_and_their_text(serving: Preheat) -> None:
    text = "<|im_start|>user Grüße 🦊"
    with httpx2.Client(base_url=serving.url, timeout=60) as http:
        found = http.post("/tokenize", json={"model": CHAT, "content": text}).json()
        plain = http.post("/tokenize", json={"model": CHAT, "content": text, "parse_special": False}).json()
        again = http.post("/detokenize", json={"model": CHAT, "tokens": found["tokens"]}).json()
    assert again["content"] == text
    assert found["count"] < plain["count"]


def test_documents_are_ranked_by_meaning(serving: Preheat) -> None:
    documents = ["My carburettor leaks oil.", "A queen reigns.", "It rains."]
    with httpx2.Client(base_url=serving.url, timeout=60) as http:
        body = {"model": EMBEDDING, "query": "The king rules.", "documents": documents, "top_n": 2}
        results = http.post("/v1/rerank", json=body).json()["results"]
    assert results[0]["index"] == 1
    assert results[0]["relevance_score"] > results[1]["relevance_score"]


NAMES = f"""
import os
chat, tools, embedding = {CHAT!r}, {TOOLS_MODEL!r}, {EMBEDDING!r}
hi, call_me = [{{"role": "user", "content": "hi"}}], [{{"role": "user", "content": "play(call)"}}]
url = os.environ["OPENAI_BASE_URL"]
"""

LANGCHAIN = """
from langchain_openai import ChatOpenAI, OpenAI, OpenAIEmbeddings
from pydantic import BaseModel, Field

def get_weather(city: str) -> str:
    "Tell the weather"

class Colour(BaseModel):
    name: str = Field(max_length=10)

model = ChatOpenAI(model=chat, max_tokens=30, temperature=0)
assert model.invoke("hi").usage_metadata["output_tokens"] <= 30
assert len([piece for piece in model.stream("hi") if piece.content]) >= 2
assert isinstance(model.with_structured_output(Colour).invoke("Name a colour."), Colour)
(call,) = ChatOpenAI(model=tools).bind_tools([get_weather]).invoke(call_me).tool_calls
assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"}), call
assert OpenAI(model=chat, max_tokens=3).invoke("hi")
vectors = OpenAIEmbeddings(model=embedding, check_embedding_ctx_length=False).embed_documents(["a", "b"])
assert len(vectors[1]) == 384
"""

LITELLM = """
from litellm import completion, embedding as embed, text_completion

assert completion(f"openai/{chat}", hi, api_base=url, max_tokens=3).usage.completion_tokens == 3
stream = completion(f"openai/{chat}", hi, api_base=url, max_tokens=3, stream=True)
assert "".join(part.choices[0].delta.content or "" for part in stream)
tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
answer = completion(f"openai/{tools}", call_me, tools=[tool], api_base=url)
assert answer.choices[0].message.tool_calls[0].function.name == "get_weather"
assert len(embed(f"openai/{embedding}", ["a"], api_base=url).data[0]["embedding"]) == 384
assert text_completion("hi", model=f"text-completion-openai/{chat}", api_base=url, max_tokens=3).choices[0].text
"""

LLM = """
import json, pathlib
pathlib.Path(os.environ["LLM_USER_PATH"], "extra-openai-models.yaml").write_text(json.dumps([
    {"model_id": "mine", "model_name": chat, "api_base": url, "supports_schema": True},
    {"model_id": "scripted", "model_name": tools, "api_base": url, "supports_tools": True},
]))
import llm

assert llm.get_model("mine").prompt("hi", max_tokens=3).text()
schema = {"type": "object", "properties": {"name": {"enum": ["red"]}}, "required": ["name"]}
assert json.loads(llm.get_model("mine").prompt("A colour?", schema=schema, max_tokens=30).text()) == {"name": "red"}
def get_weather(city: str) -> str:
    "Tell the weather"
    return "sunny"
(call,) = llm.get_model("scripted").prompt("play(call)", tools=[get_weather]).tool_calls()
assert call.arguments == {"city": "Paris"}
"""


@pytest.mark.parametrize("program", [LANGCHAIN, LITELLM, LLM], ids=["langchain", "litellm", "llm"])
def test_programs_that_use_openai(serving: Preheat, tmp_path: Path, program: str) -> None:
    """In a process of their own: they are slow to import, and warn."""
    environment = {**os.environ, "OPENAI_BASE_URL": f"{serving.url}/v1", "OPENAI_API_KEY": "none"}
    environment |= {"LLM_USER_PATH": str(tmp_path), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [sys.executable, "-c", NAMES + program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
