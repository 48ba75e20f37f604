from __future__ import annotations

import json

import pytest

from preheat.inference import (
    ANY_JSON_OBJECT,
    Chat,
    Constraint,
    FinishReason,
    GenerationChunk,
    JsonObject,
    TokenLogprob,
    Usage,
    message_to_json,
)
from tests.engine.server.conftest import Post, Sdk
from tests.engine.server.fake_engine import CHAT, FakeEngine, chunks_of

USER = [{"role": "user", "content": "hi"}]
TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"c": {}}}}}
]
CALL = ["It is", "\n<tool", '_call>{"name":"weather",', '"arguments":{"c":"Ulm"}}</tool', "_call>", "\n"]


def sent(engine: FakeEngine) -> Chat:
    chat = engine.requests[0].chat
    assert chat is not None
    return chat


def sent_messages(engine: FakeEngine) -> list[JsonObject]:
    return [message_to_json(message) for message in sent(engine).messages]


async def test_a_whole_answer(engine: FakeEngine, sdk: Sdk) -> None:
    answer = await sdk.chat.completions.create(model="Tiny-Chat", messages=USER, max_tokens=9, stop="x", seed=1)
    assert answer.model == CHAT
    assert answer.choices[0].message.content == "Hello!"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 2, 9)
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 3
    (request,) = engine.requests
    assert sent_messages(engine) == [{"role": "user", "content": "hi"}]
    assert (request.max_tokens, request.stop, request.sampling.seed) == (9, ("x",), 1)


async def test_a_stream(sdk: Sdk) -> None:
    stream = await sdk.chat.completions.create(
        model="tiny-chat", messages=USER, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "Hello!"
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * 3 + ["stop"]
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 9)
    assert len({chunk.id for chunk in chunks}) == 1


async def test_a_stream_has_no_usage_unless_asked(sdk: Sdk) -> None:
    stream = await sdk.chat.completions.create(model="tiny-chat", messages=USER, stream=True)
    assert all([chunk.usage is None and chunk.choices async for chunk in stream])


@pytest.mark.parametrize("stream", [False, True])
async def test_any_text_arrives_unchanged(stream: bool, engine: FakeEngine, sdk: Sdk) -> None:
    texts = ['"\\', "\n\n", "data: x", "\u2028", "🙂", "", "\x00"]
    engine.script = list(chunks_of(*texts, reason=FinishReason.LENGTH))
    answer = await sdk.chat.completions.create(model="tiny-chat", messages=USER, stream=stream)
    if stream:
        choices = [chunk.choices[0] async for chunk in answer]
        assert "".join(choice.delta.content or "" for choice in choices) == "".join(texts)
        assert choices[-1].finish_reason == "length"
    else:
        assert answer.choices[0].message.content == "".join(texts)
        assert answer.choices[0].finish_reason == "length"


async def test_several_choices(engine: FakeEngine, sdk: Sdk) -> None:
    answer = await sdk.chat.completions.create(model="tiny-chat", messages=USER, n=3, seed=4)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert [request.sampling.seed for request in engine.requests] == [4, 5, 6]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 6)
    stream = await sdk.chat.completions.create(model="tiny-chat", messages=USER, n=3, stream=True)
    texts = ["", "", ""]
    async for chunk in stream:
        texts[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert texts == ["Hello!"] * 3


async def test_messages_in_all_their_forms(engine: FakeEngine, chat: Post) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": "Jo"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ]
    assert (await chat(messages=messages)).status_code == 200
    assert sent_messages(engine) == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "a\nb", "name": "Jo"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "42", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_tool_calls(stream: bool, engine: FakeEngine, sdk: Sdk) -> None:
    engine.script = list(chunks_of(*CALL))
    answer = await sdk.chat.completions.create(model="tiny-chat", messages=USER, tools=TOOLS, stream=stream)
    if stream:
        choices = [chunk.choices[0] async for chunk in answer]
        calls = [call for choice in choices for call in choice.delta.tool_calls or ()]
        content = "".join(choice.delta.content or "" for choice in choices)
        assert calls[0].index == 0
    else:
        choices = answer.choices
        calls = choices[0].message.tool_calls
        content = choices[0].message.content
    assert content == "It is"
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [("weather", {"c": "Ulm"})]
    assert calls[0].id.startswith("call_")
    assert choices[-1].finish_reason == "tool_calls"
    assert sent(engine).tools[0].name == "weather"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "weather"}}])
async def test_forced_tool_calls(stream: bool, choice: object, engine: FakeEngine, sdk: Sdk) -> None:
    engine.script = list(chunks_of('{"name": "wea', 'ther", "arguments": {"c": 1}}'))
    answer = await sdk.chat.completions.create(
        model="tiny-chat", messages=USER, tools=TOOLS, tool_choice=choice, stream=stream
    )
    if stream:
        choices = [chunk.choices[0] async for chunk in answer]
        calls = [call for found in choices for call in found.delta.tool_calls or ()]
        assert not any(found.delta.content for found in choices)
    else:
        choices = answer.choices
        calls = choices[0].message.tool_calls
        assert choices[0].message.content is None
    assert calls[0].function.arguments == '{"c": 1}'
    assert choices[-1].finish_reason == "tool_calls"
    constraint = engine.requests[0].constraint
    assert constraint is not None
    assert json.loads(constraint.text)["properties"]["name"] == {"const": "weather"}


async def test_a_forced_call_that_was_cut_off_is_text(engine: FakeEngine, chat: Post) -> None:
    engine.script = list(chunks_of('{"name": "wea', reason=FinishReason.LENGTH))
    choice = (await chat(tools=TOOLS, tool_choice="required")).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ('{"name": "wea', "length")


async def test_tool_choice_none_drops_the_tools(engine: FakeEngine, chat: Post) -> None:
    engine.script = list(chunks_of(*CALL))
    choice = (await chat(tools=TOOLS, tool_choice="none")).json()["choices"][0]
    assert choice["message"]["content"] == "".join(CALL)
    assert sent(engine).tools == ()


@pytest.mark.parametrize(
    ("response_format", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, ANY_JSON_OBJECT.text),
        ({"type": "json_object", "schema": {"type": "array"}}, '{"type": "array"}'),
        ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}, '{"type": "object"}'),
    ],
)
async def test_response_formats(
    response_format: dict[str, object], schema: str | None, engine: FakeEngine, chat: Post
) -> None:
    assert (await chat(response_format=response_format)).status_code == 200
    assert engine.requests[0].constraint == (None if schema is None else Constraint("json_schema", schema))


@pytest.mark.parametrize("stream", [False, True])
async def test_logprobs(stream: bool, engine: FakeEngine, sdk: Sdk) -> None:
    token = TokenLogprob("é", b"\xc3\xa9", -0.5, (("é", b"\xc3\xa9", -0.5), ("x", b"x", float("-inf"))))
    engine.script = [
        GenerationChunk("", (token,)),
        GenerationChunk("éé", (token,), FinishReason.STOP, Usage(1, 2)),
    ]
    answer = await sdk.chat.completions.create(
        model="tiny-chat", messages=USER, logprobs=True, top_logprobs=2, stream=stream
    )
    choices = [chunk.choices[0] async for chunk in answer] if stream else answer.choices
    tokens = [token for choice in choices if choice.logprobs for token in choice.logprobs.content]
    assert [(token.token, token.logprob, token.bytes) for token in tokens] == [("é", -0.5, [0xC3, 0xA9])] * 2
    assert [top.logprob for top in tokens[0].top_logprobs] == [-0.5, -9999.0]
    assert engine.requests[0].top_logprobs == 2


async def test_an_embedding_model_is_refused_before_it_is_loaded(engine: FakeEngine, chat: Post) -> None:
    answer = await chat(model="tiny-embed")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_operation")
    assert engine.requests == []


async def test_an_unknown_model_is_404_with_a_hint(chat: Post) -> None:
    answer = await chat(model="gpt")
    assert (answer.status_code, answer.json()["error"]["param"]) == (404, "model")
    assert CHAT in answer.json()["error"]["message"]
