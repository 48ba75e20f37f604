"""The real ``anthropic`` client, and litellm's adapter for it, with a real Preheat."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, MessageParam, ToolParam

from running_preheat import CHAT, Preheat, running_preheat

COUNT: list[MessageParam] = [{"role": "user", "content": "Count from 1 to 100, separated by commas."}]
TOOLS: list[ToolParam] = [
    {
        "name": "get_weather",
        "description": "Tell the weather",
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
    {"name": "get_time", "input_schema": {"type": "object", "properties": {}}},
]
GREEDY = {"temperature": 0}
"""A field that newer clients do not have."""


def client_of(preheat: Preheat) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=preheat.url, api_key="unused", max_retries=0)


def blocks(message: Message) -> list[dict[str, object]]:
    """Return the content without the ids of calls, which are drawn."""
    content = [block.to_dict() for block in message.content]
    return [{name: value for name, value in block.items() if name != "id"} for block in content]


def test_a_stream_adds_up_to_the_whole_message(preheat: Preheat) -> None:
    with client_of(preheat) as client:
        preheat.empty_cache(CHAT)
        whole = client.messages.create(model=CHAT, messages=COUNT, max_tokens=20, extra_body=GREEDY)
        preheat.empty_cache(CHAT)
        with client.messages.stream(model=CHAT, messages=COUNT, max_tokens=20, extra_body=GREEDY) as stream:
            texts = list(stream.text_stream)
            streamed = stream.get_final_message()
    assert len(texts) > 5, "tokens came in one piece"
    assert blocks(streamed) == blocks(whole)
    assert (streamed.stop_reason, streamed.usage) == (whole.stop_reason, whole.usage)
    assert (whole.stop_reason, whole.usage.output_tokens) == ("max_tokens", 20)


async def test_the_asynchronous_client(preheat: Preheat) -> None:
    async with (
        anthropic.AsyncAnthropic(base_url=preheat.url, auth_token="unused", max_retries=0) as client,
        client.messages.stream(model=CHAT, messages=COUNT, max_tokens=5) as stream,
    ):
        message = await stream.get_final_message()
    assert message.usage.output_tokens == 5


def test_the_count_of_tokens_is_that_of_the_message(preheat: Preheat) -> None:
    with client_of(preheat) as client:
        counted = client.messages.count_tokens(model=CHAT, messages=COUNT, system="Be brief.", tools=TOOLS)
        used = client.messages.create(model=CHAT, messages=COUNT, system="Be brief.", tools=TOOLS, max_tokens=1).usage
    assert counted.input_tokens == used.input_tokens + (used.cache_read_input_tokens or 0)


def test_an_answer_follows_its_schema(preheat: Preheat) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    with client_of(preheat) as client:
        message = client.messages.create(
            model=CHAT,
            messages=[{"role": "user", "content": "Which colour?"}],
            max_tokens=30,
            output_config={"format": {"type": "json_schema", "schema": schema}},
        )
    assert json.loads(str(blocks(message)[0]["text"]))["colour"] in ("red", "green")


def agent_request(turn: int) -> dict[str, Any]:
    """Return a request as Claude Code sends it: its first block is different each time, and messages are added."""
    rules = "".join(f"{number}. Read the file before you change line {number} of it.\n" for number in range(600))
    header = f"x-anthropic-billing-header: cc_version=2.1.37.{turn}a{turn}; cc_entrypoint=cli; cch=0{turn}f{turn};"
    cached = {"cache_control": {"type": "ephemeral"}}
    messages: list[dict[str, Any]] = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "<system-reminder>\nThe list of tasks is empty.\n</system-reminder>"},
                {"type": "text", "text": "Fix the tests.", **cached},
            ],
        }
    ]
    if turn > 1:
        use = {"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {}}
        done = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "noon", **cached}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [done]}]
    return {
        "max_tokens": 4,
        "system": [{"type": "text", "text": header}, {"type": "text", "text": f"You are an agent.\n{rules}", **cached}],
        "messages": messages,
        "tools": TOOLS,
        "betas": ["claude-code-20250219", "made-up-2030-01-01"],
        "extra_body": {"context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]}},
    }


def test_an_agents_second_turn_reuses_the_prompt_of_the_first(tmp_path: Path, agent_model: Path) -> None:
    with (
        running_preheat(tmp_path, agent_model.parent, context_length="65536") as preheat,
        client_of(preheat) as client,
    ):
        model = agent_model.stem
        first = client.beta.messages.create(model=model, **agent_request(1)).usage
        start, *_ = client.beta.messages.create(model=model, **agent_request(2), stream=True)
        assert start.type == "message_start"
        second = start.message.usage
    prompt = first.input_tokens + (first.cache_read_input_tokens or 0)
    assert prompt > 10_000
    assert (second.cache_read_input_tokens or 0) > prompt - 100
    assert second.input_tokens < 200


def test_the_clients_own_loop_of_tools(scripted: anthropic.Anthropic) -> None:
    asked = []

    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """Tell the weather."""
        asked.append(city)
        return "warm"

    runner = scripted.beta.messages.tool_runner(
        model="scripted-tools",
        max_tokens=2000,
        tools=[get_weather],
        messages=[{"role": "user", "content": "play(call)"}],
        max_iterations=2,
    )
    assert [message.stop_reason for message in runner] == ["tool_use", "tool_use"]
    assert asked == ["Paris", "Paris"]


LITELLM = """
import asyncio, os
from litellm import anthropic, completion

def options(script, **more):
    hi = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": f"play({script})"}]
    model = {"model": "anthropic/scripted-" + more.pop("model", "tools"), "messages": hi, "max_tokens": 2000}
    return {**model, "api_base": os.environ["URL"], "api_key": "unused", **more}

parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
tools = [{"type": "function", "function": {"name": "get_weather", "parameters": parameters}}]
answer = completion(**options("call", tools=tools)).choices[0]
assert answer.finish_reason == "tool_calls"
assert answer.message.tool_calls[0].function.arguments == '{"city": "Paris"}'
chunks = list(completion(**options("call", tools=tools), stream=True))
deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
assert "".join(call.function.arguments or "" for call in deltas) == '{"city": "Paris"}'
answer = completion(**options("think", model="thinking")).choices[0].message
assert (answer.reasoning_content, answer.content) == ("Two and two.", "The answer is 4.")
hi = {"messages": [{"role": "user", "content": "hi"}]}
message = asyncio.run(anthropic.messages.acreate(**options("greeting") | hi))
assert message["content"][0]["text"] == "Good morning! How can I help?"
"""


def test_litellm(scripted: anthropic.Anthropic) -> None:
    """In a process of its own: it is slow to import, and warns."""
    environment = {**os.environ, "URL": str(scripted.base_url).rstrip("/"), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [sys.executable, "-c", LITELLM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory, scripted_folder: Path) -> Iterator[anthropic.Anthropic]:
    """A client of a Preheat with the scripted models."""
    with running_preheat(tmp_path_factory.mktemp("home"), scripted_folder) as preheat, client_of(preheat) as client:
        yield client


@pytest.mark.parametrize(
    ("model", "script", "options", "content", "reason"),
    [
        (
            "tools",
            "call_text",
            {"tools": TOOLS},
            [
                {"type": "text", "text": "I will look."},
                {"type": "tool_use", "name": "get_weather", "input": {"city": "Köln 🌧"}},
                {"type": "text", "text": "There."},
            ],
            "tool_use",
        ),
        (
            "tools",
            "call_two",
            {"tools": TOOLS},
            [
                {"type": "tool_use", "name": "get_weather", "input": {"city": "Oslo"}},
                {"type": "tool_use", "name": "get_time", "input": {}},
            ],
            "tool_use",
        ),
        (
            "thinking",
            "think",
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            [
                {"type": "thinking", "thinking": "Two and two.", "signature": "preheat"},
                {"type": "text", "text": "The answer is 4."},
            ],
            "end_turn",
        ),
        (
            "thinking",
            "think",
            {"thinking": {"type": "adaptive", "display": "omitted"}},
            [
                {"type": "thinking", "thinking": "", "signature": "preheat"},
                {"type": "text", "text": "The answer is 4."},
            ],
            "end_turn",
        ),
    ],
)
def test_calls_and_thinking_are_blocks(
    model: str,
    script: str,
    options: dict[str, Any],
    content: list[dict[str, object]],
    reason: str,
    scripted: anthropic.Anthropic,
) -> None:
    request = {
        "model": f"scripted-{model}",
        "messages": [{"role": "user", "content": f"play({script})"}],
        "max_tokens": 2000,
        **options,
    }
    whole = scripted.messages.create(**request)
    with scripted.messages.stream(**request) as stream:
        streamed = stream.get_final_message()
    assert blocks(whole) == blocks(streamed) == content
    assert whole.stop_reason == streamed.stop_reason == reason
