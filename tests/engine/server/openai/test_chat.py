from __future__ import annotations

import json

import pytest

from preheat.inference import (
    ANY_JSON_OBJECT,
    Chat,
    Constraint,
    ContentPart,
    FinishReason,
    GenerationChunk,
    JsonObject,
    PromptProgress,
    Role,
    TokenLogprob,
    ToolCallDelta,
    Usage,
    message_to_json,
)
from tests.engine.server.conftest import Post, Sdk
from tests.engine.server.fake_engine import CHAT, FakeEngine, chunks_of

USER = [{"role": "user", "content": "hi"}]
TOOLS: list[JsonObject] = [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"c": {}}}}}
]
CALLS = (
    GenerationChunk("It is"),
    GenerationChunk(tool_calls=(ToolCallDelta(0, name="weather", call_id="c0"),)),
    GenerationChunk(tool_calls=(ToolCallDelta(0, '{"c":"Ulm"}'),)),
    GenerationChunk(tool_calls=(ToolCallDelta(1, "{}", "weather", "c1"),)),
    GenerationChunk(finish_reason=FinishReason.TOOL_CALLS, usage=Usage(7, 9)),
)


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
    engine.script = list(CALLS)
    answer = await sdk.chat.completions.create(model="tiny-chat", messages=USER, tools=TOOLS, stream=stream)
    if stream:
        choices = [chunk.choices[0] async for chunk in answer]
        pieces = [call for choice in choices for call in choice.delta.tool_calls or ()]
        assert [(piece.index, piece.id, piece.function.name) for piece in pieces] == [
            (0, "c0", "weather"),
            (0, None, None),
            (1, "c1", "weather"),
        ]
        assert "".join(piece.function.arguments for piece in pieces if piece.index == 0) == '{"c":"Ulm"}'
        assert "".join(choice.delta.content or "" for choice in choices) == "It is"
    else:
        choices = answer.choices
        calls = [(call.id, call.function.name, call.function.arguments) for call in choices[0].message.tool_calls]
        assert calls == [("c0", "weather", '{"c":"Ulm"}'), ("c1", "weather", "{}")]
        assert choices[0].message.content == "It is"
    assert choices[-1].finish_reason == "tool_calls"
    assert sent(engine).tools[0].name == "weather"


async def test_an_answer_of_calls_alone_has_no_content(engine: FakeEngine, chat: Post) -> None:
    engine.script = list(CALLS[1:])
    assert (await chat(tools=TOOLS)).json()["choices"][0]["message"]["content"] is None


@pytest.mark.parametrize("stream", [False, True])
async def test_functions_are_answered_in_their_own_form(stream: bool, engine: FakeEngine, sdk: Sdk) -> None:
    engine.script = [CALLS[1], CALLS[2], CALLS[-1]]
    answer = await sdk.chat.completions.create(
        model="tiny-chat", messages=USER, functions=[TOOLS[0]["function"]], function_call="auto", stream=stream
    )
    if stream:
        choices = [chunk.choices[0] async for chunk in answer]
        pieces = [choice.delta.function_call for choice in choices if choice.delta.function_call]
        assert (pieces[0].name, "".join(piece.arguments for piece in pieces)) == ("weather", '{"c":"Ulm"}')
    else:
        choices = answer.choices
        assert choices[0].message.function_call.arguments == '{"c":"Ulm"}'
    assert choices[-1].finish_reason == "function_call"
    assert sent(engine).parallel_tool_calls is False


@pytest.mark.parametrize(
    ("choice", "mode", "names"),
    [
        (None, "auto", ()),
        ("auto", "auto", ()),
        ("none", "none", ()),
        ("required", "required", ()),
        ("any", "required", ()),
        ({"type": "any"}, "required", ()),
        ({"type": "function", "function": {"name": "weather"}}, "required", ("weather",)),
        ({"type": "function", "name": "weather"}, "required", ("weather",)),
        ({"type": "tool", "name": "weather"}, "required", ("weather",)),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]},
            },
            "auto",
            ("weather",),
        ),
    ],
)
async def test_tool_choices(choice: object, mode: str, names: tuple[str, ...], engine: FakeEngine, chat: Post) -> None:
    assert (await chat(tools=TOOLS, tool_choice=choice, parallel_tool_calls=False)).status_code == 200
    assert (sent(engine).tool_choice.mode, sent(engine).tool_choice.names) == (mode, names)
    assert sent(engine).parallel_tool_calls is False


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "name": "f", "parameters": {"type": "object"}},
        {"name": "f", "input_schema": {"type": "object"}},
        {"function": {"name": "f", "parameters": {"type": "object"}}},
    ],
)
async def test_flat_tools(tool: dict[str, object], engine: FakeEngine, chat: Post) -> None:
    assert (await chat(tools=[tool])).status_code == 200
    assert (sent(engine).tools[0].name, sent(engine).tools[0].parameters) == ("f", {"type": "object"})


async def test_history_of_calls_in_all_their_forms(engine: FakeEngine, chat: Post) -> None:
    def call(arguments: object) -> dict[str, object]:
        return {"id": "c", "function": {"name": "f", "arguments": arguments}}

    messages = [
        {"role": "assistant", "tool_calls": [call({"a": "é"}), call(None), call(""), call("{bro")]},
        {"role": "tool", "tool_call_id": "c", "content": None},
        {"role": "assistant", "content": "", "function_call": {"name": "g", "arguments": "{}"}},
        {"role": "function", "name": "g", "content": "42"},
    ]
    assert (await chat(messages=messages)).status_code == 200
    first, result, second, older = sent(engine).messages
    assert [each.arguments for each in first.tool_calls] == ['{"a": "é"}', "{}", "", "{bro"]
    assert (result.role, result.text) == (Role.TOOL, "")
    assert (older.role, older.name, older.text) == (Role.TOOL, "g", "42")
    assert older.tool_call_id == second.tool_calls[0].call_id != ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"t": "é"}, '{"t": "é"}'),
        ([1, 2], "[1, 2]"),
        (4.5, "4.5"),
        ([{"type": "text", "text": "a"}, "b"], "a\nb"),
        ([], ""),
    ],
)
async def test_results_of_any_kind(content: object, text: str, engine: FakeEngine, chat: Post) -> None:
    assert (await chat(messages=[*USER, {"role": "tool", "content": content}])).status_code == 200
    assert sent(engine).messages[1].text == text


async def test_thinking_in_history(engine: FakeEngine, chat: Post) -> None:
    messages = [
        {"role": "assistant", "content": "a", "reasoning_content": "hm"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"text": "so"}]}, {"text": "b"}]},
    ]
    assert (await chat(messages=messages)).status_code == 200
    assert [(message.reasoning, message.text) for message in sent(engine).messages] == [("hm", "a"), ("so", "b")]


@pytest.mark.parametrize("url", ["data:image/png;base64,aGk=", "aGk=", {"url": "data:image/png;base64,aGk="}])
async def test_images(url: object, engine: FakeEngine, chat: Post) -> None:
    content = [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": url}]
    assert (await chat(messages=[{"role": "user", "content": content}])).status_code == 200
    assert sent(engine).messages[0].content == (ContentPart("see"), ContentPart(image=b"hi"))


@pytest.mark.parametrize("url", ["https://example.org/a.png", "file:///a.png", "data:image/png;base64,", "?!"])
async def test_images_that_are_not_in_the_request(url: str, chat: Post) -> None:
    content = [{"type": "image_url", "image_url": {"url": url}}]
    answer = await chat(messages=[{"role": "user", "content": content}])
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages[0].content[0].image_url")


@pytest.mark.parametrize("stream", [False, True])
async def test_thinking_is_separate(stream: bool, engine: FakeEngine, sdk: Sdk) -> None:
    usage = Usage(7, 3, reasoning_tokens=2, prefill_s=0.5, decode_s=0.1)
    engine.script = [
        GenerationChunk(reasoning="Two "),
        GenerationChunk(reasoning="and"),
        GenerationChunk("4", finish_reason=FinishReason.STOP, usage=usage, stop_text="END"),
    ]
    options = {"stream_options": {"include_usage": True}} if stream else {}
    answer = await sdk.chat.completions.create(model="tiny-chat", messages=USER, stream=stream, **options)
    if stream:
        chunks = [chunk async for chunk in answer]
        choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
        deltas = [choice.delta.model_dump() for choice in choices]
        assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "Two and"
        assert "".join(delta.get("content") or "" for delta in deltas) == "4"
        timings = chunks[-2].timings
        answer = chunks[-1]
    else:
        choices, timings = answer.choices, answer.timings
        assert (choices[0].message.reasoning_content, choices[0].message.content) == ("Two and", "4")
    assert choices[-1].stop_reason == "END"
    assert answer.usage.completion_tokens_details.reasoning_tokens == 2
    assert (timings["prompt_ms"], timings["predicted_per_second"]) == (500, 30)


@pytest.mark.parametrize(
    ("prediction", "text"),
    [
        (None, ""),
        ({"type": "content", "content": "def f():"}, "def f():"),
        ({"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
    ],
)
async def test_a_predicted_answer(prediction: object, text: str, engine: FakeEngine, chat: Post) -> None:
    usage = Usage(7, 9, draft_tokens=8, accepted_tokens=6)
    engine.script = [GenerationChunk("x", finish_reason=FinishReason.STOP, usage=usage)]
    answer = await chat(prediction=prediction)
    assert engine.requests[-1].prediction == text
    details = answer.json()["usage"]["completion_tokens_details"]
    assert (details["accepted_prediction_tokens"], details["rejected_prediction_tokens"]) == (6, 2)
    assert (answer.json()["timings"]["draft_n"], answer.json()["timings"]["draft_n_accepted"]) == (8, 6)


@pytest.mark.parametrize("stream", [False, True])
async def test_thinking_can_be_left_out(stream: bool, engine: FakeEngine, chat: Post) -> None:
    engine.script = [GenerationChunk(reasoning="hm"), *chunks_of("4")]
    answer = await chat(include_reasoning=False, stream=stream)
    assert "hm" not in answer.text
    assert "4" in answer.text


@pytest.mark.parametrize(
    ("fields", "thinking", "budget"),
    [
        ({}, None, None),
        ({"reasoning_effort": "none"}, False, None),
        ({"reasoning_effort": "low"}, True, 1024),
        ({"reasoning_effort": "high"}, True, None),
        ({"enable_thinking": False}, False, None),
        ({"enable_thinking": False, "reasoning_effort": "high"}, False, None),
        ({"chat_template_kwargs": {"enable_thinking": False}}, False, None),
        ({"thinking": {"type": "disabled"}}, False, None),
        ({"thinking": {"type": "enabled", "budget_tokens": 50}}, True, 50),
        ({"reasoning": {"effort": "minimal"}}, False, None),
        ({"reasoning": {"max_tokens": 9}}, True, 9),
        ({"thinking_budget": 0}, False, None),
        ({"reasoning_budget": -1}, True, None),
    ],
)
async def test_how_much_to_think(
    fields: dict[str, object], thinking: bool | None, budget: int | None, engine: FakeEngine, chat: Post
) -> None:
    assert (await chat(**fields)).status_code == 200
    assert (sent(engine).thinking, sent(engine).thinking_budget) == (thinking, budget)


async def test_template_variables(engine: FakeEngine, chat: Post) -> None:
    answer = await chat(reasoning_effort="low", chat_template_kwargs={"enable_thinking": True, "tone": "dry"})
    assert answer.status_code == 200
    assert sent(engine).template_arguments == {"reasoning_effort": "low", "tone": "dry"}


@pytest.mark.parametrize("field", [{"prefix": True}, {}])
async def test_a_message_of_the_assistant_is_continued_when_asked(
    field: dict[str, object], engine: FakeEngine, chat: Post
) -> None:
    options = {} if field else {"continue_final_message": True, "add_generation_prompt": False}
    answer = await chat(messages=[*USER, {"role": "assistant", "content": "So", **field}], **options)
    assert answer.status_code == 200
    assert sent(engine).continue_last


async def test_progress_of_the_prompt(engine: FakeEngine, chat: Post) -> None:
    progress = GenerationChunk(progress=PromptProgress(3, 9, 1))
    engine.script = [progress, *chunks_of("a")]
    assert "prompt_progress" not in (await chat(stream=True)).text
    answer = await chat(stream=True, return_progress=True)
    data = json.loads(answer.text.split("\n")[0].removeprefix("data: "))
    assert data["prompt_progress"].items() >= {"total": 9, "cache": 1, "processed": 3}.items()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"json_schema": {"type": "array"}}, Constraint("json_schema", '{"type": "array"}')),
        ({"guided_json": '{"type": "array"}'}, Constraint("json_schema", '{"type": "array"}')),
        ({"guided_regex": "a+"}, Constraint("regex", "a+")),
        ({"guided_choice": ["a.b", "c"]}, Constraint("regex", r"a\.b|c")),
        ({"guided_grammar": 'start: "a"'}, Constraint("lark", 'start: "a"')),
        ({"grammar": 'root ::= "a"'}, Constraint("gbnf", 'root ::= "a"')),
        ({"grammar": ""}, None),
        ({"structured_outputs": {"regex": "a"}}, Constraint("regex", "a")),
        ({"structured_outputs": {"json_object": True}}, ANY_JSON_OBJECT),
        ({"response_format": {"type": "regex", "pattern": "a"}}, Constraint("regex", "a")),
        ({"response_format": {"type": "grammar", "grammar": 'root ::= "a"'}}, Constraint("gbnf", 'root ::= "a"')),
        (
            {"response_format": {"type": "json", "value": {"type": "array"}}},
            Constraint("json_schema", '{"type": "array"}'),
        ),
    ],
)
async def test_forms_of_answers(
    fields: dict[str, object], constraint: Constraint | None, engine: FakeEngine, chat: Post
) -> None:
    assert (await chat(**fields)).status_code == 200
    assert engine.requests[0].constraint == constraint


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"guided_regex": "a"}, "guided_regex"),
        ({"structured_outputs": {"regex": "a"}}, "structured_outputs.regex"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
    ],
)
async def test_errors_of_a_form_name_its_field(
    fields: dict[str, object], param: str, engine: FakeEngine, chat: Post
) -> None:
    assert (await chat(**fields)).status_code == 200
    constraint = engine.requests[0].constraint
    assert constraint is not None
    assert constraint.param == param


async def test_a_structural_tag_is_a_grammar(engine: FakeEngine, chat: Post) -> None:
    structures = [{"begin": "<f=a>", "schema": {"type": "object"}, "end": "</f>"}]
    form = {"type": "structural_tag", "structures": structures, "triggers": ["<f="]}
    assert (await chat(response_format=form)).status_code == 200
    constraint = engine.requests[0].constraint
    assert constraint is not None
    assert 'trigger_0[lazy]: TEXT "<f="\ntag_0: trigger_0 "a>" %json {"type": "object"} "</f>"' in constraint.text


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
