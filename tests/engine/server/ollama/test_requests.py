"""What the engine gets, for what clients send."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest

from preheat.inference import ANY_JSON_OBJECT, Chat, Constraint, ContentPart, Message, Role, Sampling, ToolCall
from preheat.server.ollama.schema import LOAD_OPTIONS
from tests.engine.server.fake_engine import FakeEngine

HI = [{"role": "user", "content": "hi"}]
PNG = b"\x89PNG\r\n\x1a\n..."
PNG_TEXT = base64.b64encode(PNG).decode()
TOOL = {
    "type": "function",
    "function": {"name": "weather", "description": "Tell it", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
def send(client: httpx2.AsyncClient) -> Any:
    """Post a request without a stream."""

    async def post(path: str, **fields: object) -> httpx2.Response:
        body = {"model": "tiny-chat", "stream": False, **fields}
        return await client.post(f"/api/{path}", json=body)

    return post


def chat_of(engine: FakeEngine) -> Chat:
    (request,) = engine.requests
    assert request.chat is not None
    return request.chat


async def test_options(engine: FakeEngine, send: Any) -> None:
    options = {
        "temperature": 0,
        "top_k": 20.0,
        "top_p": 0.5,
        "min_p": 0.0,
        "repeat_last_n": 32,
        "repeat_penalty": 1.2,
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "seed": 7,
        "num_predict": 9,
        "num_ctx": 4096,
        "stop": ["a", ""],
    }
    assert (await send("chat", messages=HI, options=options, keep_alive="2m")).status_code == 200
    (request,) = engine.requests
    assert request.sampling == Sampling(
        temperature=0,
        top_k=20,
        top_p=0.5,
        min_p=0.0,
        penalty_last_n=32,
        repetition_penalty=1.2,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        seed=7,
    )
    assert (request.max_tokens, request.stop) == (9, ("a",))
    assert engine.lease_options == [(120.0, 4096)]


@pytest.mark.parametrize(
    "options",
    [
        None,
        {},
        {"seed": -1, "num_predict": -1, "num_ctx": 0, "repeat_penalty": 0, "stop": []},
        {"num_predict": -2, "mirostat": 0, "tfs_z": 1.0, "typical_p": 1.0, "penalize_newline": True, "stop": None},
        {"something_new": 1, **dict.fromkeys(LOAD_OPTIONS, None)},
        {"num_gpu": 99, "use_mmap": True, "num_thread": 4, "num_keep": 24},
    ],
)
async def test_options_without_effect(engine: FakeEngine, send: Any, options: object) -> None:
    assert (await send("chat", messages=HI, options=options)).status_code == 200
    (request,) = engine.requests
    assert (request.sampling, request.max_tokens, request.stop) == (Sampling(), None, ())
    assert engine.lease_options == [(None, None)]


async def test_options_out_of_range_mean_the_nearest_in_range(engine: FakeEngine, send: Any) -> None:
    await send("chat", messages=HI, options={"temperature": -1, "top_k": -5, "top_p": 1.5, "min_p": -1})
    assert engine.requests[0].sampling == Sampling(temperature=0, top_k=0, top_p=1.0, min_p=0.0)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"options": {"mirostat": 2}}, "mirostat"),
        ({"options": {"typical_p": 0.5}}, "typical_p"),
        ({"options": {"temperature": "hot"}}, "options.temperature"),
        ({"options": {"num_ctx": 0.5}}, "options.num_ctx"),
        ({"format": "xml"}, "format"),
        ({"think": "a bit"}, "think"),
        ({"keep_alive": "soon"}, "keep_alive"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "images": ["https://example.org/a.png"]}]}, "messages[0].images[0]"),
        ({"messages": [{"role": "user", "images": ["/etc/passwd.png"]}]}, "messages[0].images[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        ({"model": ""}, "model"),
    ],
)
async def test_what_cannot_be_served_is_named(send: Any, fields: dict[str, object], named: str) -> None:
    answer = await send("chat", **{"messages": HI, **fields})
    assert answer.status_code == 400
    assert named in answer.json()["error"]


async def test_messages(engine: FakeEngine, send: Any) -> None:
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "look", "images": [PNG_TEXT, f"data:image/png;base64,{PNG_TEXT}"]},
        {
            "role": "assistant",
            "thinking": "hm",
            "tool_calls": [
                {"id": "a1", "function": {"name": "weather", "arguments": {"city": "Köln"}}},
                {"function": {"name": "weather", "arguments": '{"city": '}},
                {"function": {"name": "clock"}},
            ],
        },
        {"role": "tool", "tool_name": "weather", "tool_call_id": "a1", "content": "warm"},
        {"role": "tool", "name": "clock", "content": None},
    ]
    await send("chat", messages=messages, tools=[TOOL])
    chat = chat_of(engine)
    text, image = ContentPart("look"), ContentPart(image=PNG)
    assert chat.messages == (
        Message(role=Role.SYSTEM, content=(ContentPart("s"),)),
        Message(role=Role.USER, content=(text, image, image)),
        Message(
            role=Role.ASSISTANT,
            content=(ContentPart(""),),
            reasoning="hm",
            tool_calls=(
                ToolCall("weather", '{"city": "Köln"}', "a1"),
                ToolCall("weather", '{"city": '),
                ToolCall("clock", "{}"),
            ),
        ),
        Message(role=Role.TOOL, content=(ContentPart("warm"),), name="weather", tool_call_id="a1"),
        Message(role=Role.TOOL, content=(ContentPart(""),), name="clock"),
    )
    assert [tool.name for tool in chat.tools] == ["weather"]
    assert not chat.continue_last


async def test_the_assistants_last_message_is_continued(engine: FakeEngine, send: Any) -> None:
    await send("chat", messages=[*HI, {"role": "assistant", "content": "Sure, "}])
    assert chat_of(engine).continue_last


@pytest.mark.parametrize(
    ("think", "thinking", "arguments"),
    [
        (None, None, {}),
        (True, True, {}),
        (False, False, {}),
        ("", None, {}),
        ("low", True, {"reasoning_effort": "low"}),
    ],
)
async def test_thinking(engine: FakeEngine, send: Any, think: object, thinking: object, arguments: object) -> None:
    await send("chat", messages=HI, think=think)
    chat = chat_of(engine)
    assert (chat.thinking, chat.template_arguments) == (thinking, arguments)


@pytest.mark.parametrize(
    ("value", "constraint"),
    [
        (None, None),
        ("", None),
        ("json", ANY_JSON_OBJECT),
        ({"type": "object"}, Constraint("json_schema", '{"type": "object"}')),
        ({}, Constraint("json_schema", "{}")),
    ],
)
async def test_formats(engine: FakeEngine, send: Any, value: object, constraint: Constraint | None) -> None:
    await send("generate", prompt="hi", format=value)
    assert engine.requests[0].constraint == constraint


async def test_a_prompt_is_the_users_message(engine: FakeEngine, send: Any) -> None:
    await send("generate", prompt="hi", system="s", images=[PNG_TEXT], suffix="", template="")
    roles = [(message.role, message.text) for message in chat_of(engine).messages]
    assert roles == [(Role.SYSTEM, "s"), (Role.USER, "hi")]
    assert chat_of(engine).messages[1].content[1].image == PNG


async def test_a_raw_prompt_is_left_alone(engine: FakeEngine, send: Any) -> None:
    answer = await send("generate", prompt="<|im_start|>", raw=True)
    assert engine.requests[0].prompt == "<|im_start|>"
    assert "context" not in answer.json()


async def test_a_suffix_makes_a_gap(engine: FakeEngine, send: Any) -> None:
    await send("generate", prompt="def f(", suffix="return 1")
    assert (engine.requests[0].prompt, engine.requests[0].suffix) == ("def f(", "return 1")


@pytest.mark.parametrize(
    "fields",
    [
        {"raw": True, "system": "s"},
        {"raw": True, "context": [1]},
        {"raw": True, "images": [PNG_TEXT]},
        {"suffix": "x", "system": "s"},
        {"template": "{{ .Prompt }}"},
        {"width": 512},
        {"context": [1, 2, 3]},
        {"context": [6648432, -1]},
        {"context": [6648432, 5987106]},
        {"context": [6648432]},
        {"context": [6648432, 2105467]},
    ],
)
async def test_generate_refuses_what_it_cannot_do(send: Any, fields: dict[str, object]) -> None:
    answer = await send("generate", prompt="hi", **fields)
    assert answer.status_code == 400
    assert next(reversed(fields)) in answer.json()["error"]


async def test_a_context_continues_the_conversation(engine: FakeEngine, send: Any) -> None:
    first = await send("generate", prompt="My name is Zoë.", system="Be brief.")
    await send("generate", prompt="What is it?", context=first.json()["context"])
    chat = engine.requests[1].chat
    assert chat is not None
    assert [(message.role, message.text) for message in chat.messages] == [
        (Role.SYSTEM, "Be brief."),
        (Role.USER, "My name is Zoë."),
        (Role.ASSISTANT, "Hello!"),
        (Role.USER, "What is it?"),
    ]


async def test_a_new_system_prompt_replaces_that_of_the_context(engine: FakeEngine, send: Any) -> None:
    first = await send("generate", prompt="a", system="old")
    await send("generate", prompt="b", system="new", context=first.json()["context"])
    chat = engine.requests[1].chat
    assert chat is not None
    assert [message.text for message in chat.messages] == ["new", "a", "Hello!", "b"]


async def test_a_body_that_is_not_json(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/chat", content=b"{")
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


async def test_prompts_reach_no_error(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/api/generate", content=json.dumps({"model": "tiny-chat", "prompt": ["secret"]}))
    assert answer.status_code == 400
    assert "secret" not in answer.text
