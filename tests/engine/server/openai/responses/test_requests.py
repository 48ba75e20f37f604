"""Inputs, tools and fields of requests for responses, as the engine gets them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from preheat.inference import (
    ANY_JSON_OBJECT,
    Chat,
    Constraint,
    ContentPart,
    JsonObject,
    Message,
    Role,
    ToolChoice,
    message_to_json,
)
from tests.engine.server.fake_engine import FakeEngine
from tests.engine.server.openai.responses.conftest import Respond

FUNCTION = {"type": "function", "name": "shell", "description": "Run", "parameters": {"type": "object"}, "strict": True}
OTHERS = [
    {"type": "web_search"},
    {"type": "custom", "name": "apply_patch", "format": {"type": "text"}},
    {"type": "namespace", "name": "m", "tools": [FUNCTION]},
    {"type": "image_generation"},
]
PNG = b"\x89PNG\r\n"
PNG_URI = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def sent(engine: FakeEngine) -> Chat:
    chat = engine.requests[-1].chat
    assert chat is not None
    return chat


def sent_messages(engine: FakeEngine) -> list[JsonObject]:
    return [message_to_json(message) for message in sent(engine).messages]


def call_json(name: str, arguments: str, call_id: str) -> JsonObject:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def call_item(call_id: str, arguments: object = "{}") -> JsonObject:
    return {"type": "function_call", "call_id": call_id, "name": "shell", "arguments": arguments}


def text_item(role: str, text: str) -> JsonObject:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


async def test_messages_in_all_their_forms(engine: FakeEngine, respond: Respond) -> None:
    items = [
        text_item("developer", "a"),
        {"role": "system", "content": "b"},
        {"role": "user", "content": [{"type": "input_text", "text": "c"}, {"type": "text", "text": "d"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}], "phase": "x"},
        {"role": "user", "content": "e", "id": "msg_1", "status": "completed"},
    ]
    await respond(instructions="Be brief.", input=items)
    assert sent_messages(engine) == [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "user", "content": "c\nd"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": "e"},
    ]


async def test_thinking_text_and_calls_are_one_message(engine: FakeEngine, respond: Respond) -> None:
    items = [
        {"role": "user", "content": "list"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        text_item("assistant", "I look."),
        call_item("call_1", '{"a": 1}'),
        call_item("call_2", {"ä": 2}),
        {"type": "function_call_output", "call_id": "call_1", "output": "x"},
        {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "y"}]},
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Oh."}], "summary": []},
        call_item("call_3"),
        {"type": "function_call_output", "call_id": "call_3", "output": {"error": None}},
        text_item("assistant", "Done."),
        text_item("assistant", "Really."),
    ]
    await respond(input=items)
    calls = [call_json("shell", '{"a": 1}', "call_1"), call_json("shell", '{"ä": 2}', "call_2")]
    assert sent_messages(engine) == [
        {"role": "user", "content": "list"},
        {"role": "assistant", "content": "I look.", "reasoning_content": "Hm.", "tool_calls": calls},
        {"role": "tool", "name": "shell", "content": "x", "tool_call_id": "call_1"},
        {"role": "tool", "name": "shell", "content": "y", "tool_call_id": "call_2"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "Oh.",
            "tool_calls": [call_json("shell", "{}", "call_3")],
        },
        {"role": "tool", "name": "shell", "content": '{"error": null}', "tool_call_id": "call_3"},
        {"role": "assistant", "content": "Done."},
        {"role": "assistant", "content": "Really."},
    ]


async def test_messages_in_the_form_of_chats(engine: FakeEngine, respond: Respond) -> None:
    calls = [call_json("shell", "{}", "call_1"), call_json("shell", '{"a": 1}', "call_2")]
    items = [
        {"role": "user", "content": "list"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "x"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "y"}]},
    ]
    response = await respond(input=items)
    await respond(input="And?", previous_response_id=response["id"])
    messages = sent_messages(engine)
    assert messages[1:4] == [
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "name": "shell", "content": "x", "tool_call_id": "call_1"},
        {"role": "tool", "name": "shell", "content": "y", "tool_call_id": "call_2"},
    ]


async def test_items_without_meaning_are_passed_over(engine: FakeEngine, respond: Respond) -> None:
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "tool_search_call", "id": "t", "arguments": {}},
        {"role": "user", "content": "hi"},
        {"type": "web_search_call", "id": "w", "status": "completed"},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "cut off"}]},
    ]
    await respond(input=items)
    assert sent_messages(engine) == [{"role": "user", "content": "hi"}]


async def test_calls_of_tools_that_take_text(engine: FakeEngine, respond: Respond) -> None:
    items = [
        {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"},
    ]
    await respond(input=items)
    assert sent_messages(engine) == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [call_json("apply_patch", '{"input": "*** Begin"}', "c")],
        },
        {"role": "tool", "name": "apply_patch", "content": "ok", "tool_call_id": "c"},
    ]


@pytest.mark.parametrize("image_url", [PNG_URI, {"url": PNG_URI}])
async def test_images(image_url: object, engine: FakeEngine, respond: Respond) -> None:
    image = {"type": "input_image", "image_url": image_url, "detail": "auto"}
    await respond(input=[{"role": "user", "content": [{"type": "input_text", "text": "See"}, image]}])
    parts = (ContentPart("See"), ContentPart(image=PNG))
    assert sent(engine).messages == (Message(role=Role.USER, content=parts),)


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ([{"type": "input_image", "image_url": "https://example.com/a.png"}], "input[1].content[0].image_url"),
        ([{"type": "input_image", "file_id": "file_1"}], "input[1].content[0]"),
        ([{"type": "input_file", "file_id": "file_1"}], "input[1].content[0]"),
        ([{"type": "input_text"}], "input[1].content[0]"),
        (3, "input[1].content"),
    ],
)
async def test_content_that_cannot_be_used(content: Any, param: str, refuse: Respond) -> None:
    error = await refuse(input=[{"role": "user", "content": "a"}, {"role": "user", "content": content}])
    assert error["param"] == param
    with_history = await refuse(instructions="Be brief.", input=[{"role": "user", "content": content}])
    assert with_history["param"] == param.replace("[1]", "[0]", 1)


async def test_only_functions_are_offered(engine: FakeEngine, respond: Respond) -> None:
    response = await respond(tools=[FUNCTION, *OTHERS], parallel_tool_calls=False)
    (tool,) = sent(engine).tools
    assert (tool.name, tool.description, tool.parameters, tool.strict) == ("shell", "Run", {"type": "object"}, True)
    assert sent(engine).parallel_tool_calls is False
    assert response["tools"] == [FUNCTION]
    assert response["parallel_tool_calls"] is False


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (None, ToolChoice()),
        ("auto", ToolChoice()),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ("any", ToolChoice("required")),
        ({"type": "function", "name": "shell"}, ToolChoice("required", ("shell",))),
        ({"type": "function", "function": {"name": "shell"}}, ToolChoice("required", ("shell",))),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "shell"}, OTHERS[0]]},
            ToolChoice("auto", ("shell",)),
        ),
        (
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "shell"}]},
            ToolChoice("required", ("shell",)),
        ),
        ({"type": "allowed_tools", "mode": "auto", "tools": [OTHERS[0]]}, ToolChoice("none")),
    ],
)
async def test_tool_choice(choice: object, wanted: ToolChoice, engine: FakeEngine, respond: Respond) -> None:
    await respond(tools=[FUNCTION, {**FUNCTION, "name": "other"}], tool_choice=choice)
    assert sent(engine).tool_choice == wanted


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "web_search"},
        {"type": "mcp", "server_label": "x"},
        {"type": "function", "name": "unknown"},
        {"type": "allowed_tools", "mode": "required", "tools": [OTHERS[0]]},
        "sometimes",
    ],
)
async def test_tool_choices_that_cannot_be_made(choice: object, refuse: Respond) -> None:
    assert (await refuse(tools=[FUNCTION, *OTHERS], tool_choice=choice))["param"] == "tool_choice"


async def test_a_call_cannot_be_forced_without_a_function(refuse: Respond) -> None:
    assert (await refuse(tools=OTHERS, tool_choice="required"))["param"] == "tool_choice"


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, ANY_JSON_OBJECT),
        (
            {"type": "json_schema", "name": "n", "schema": {"type": "array"}, "strict": True},
            Constraint("json_schema", '{"type": "array"}'),
        ),
    ],
)
async def test_formats(form: JsonObject, wanted: Constraint | None, engine: FakeEngine, respond: Respond) -> None:
    response = await respond(text={"format": form, "verbosity": "low"})
    assert engine.requests[-1].constraint == wanted
    assert response["text"] == {"format": form, "verbosity": "low"}


@pytest.mark.parametrize(
    ("effort", "thinking"), [(None, None), ("none", False), ("minimal", False), ("low", True), ("xhigh", True)]
)
async def test_effort(effort: str | None, thinking: bool | None, engine: FakeEngine, respond: Respond) -> None:
    response = await respond(reasoning={"effort": effort, "summary": "auto"})
    assert sent(engine).thinking is thinking
    assert response["reasoning"]["effort"] == effort


async def test_everything_that_codex_sends(engine: FakeEngine, respond: Respond) -> None:
    response = await respond(
        instructions="You are a coding agent.",
        input=[text_item("developer", "Be brief."), text_item("user", "hi")],
        tools=[FUNCTION, *OTHERS],
        tool_choice="auto",
        parallel_tool_calls=False,
        reasoning={"effort": "low", "summary": "auto"},
        store=False,
        include=["reasoning.encrypted_content"],
        prompt_cache_key="k",
        client_metadata={"a": "b"},
        service_tier="flex",
        truncation="auto",
        context_management=None,
    )
    assert (response["store"], response["prompt_cache_key"]) == (False, "k")
    assert len(sent_messages(engine)) == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("background", True),
        ("conversation", "conv_1"),
        ("prompt", {"id": "pmpt_1"}),
        ("moderation", {"model": "m"}),
        ("n", 2),
        ("mirostat", 2),
        ("temperature", "hot"),
        ("text", {"format": {"type": "json_schema"}}),
        ("text", {"format": {"type": "yaml"}}),
        ("input", 3),
        ("input", []),
        ("input", [{"role": "king", "content": "x"}]),
        ("input", [{"type": "function_call", "arguments": "{}"}]),
        ("tools", [{"type": "function"}]),
    ],
)
async def test_fields_are_refused_by_name(field: str, value: object, refuse: Respond) -> None:
    error = await refuse(**{field: value})
    assert error["param"].startswith(field)
    assert error["message"].startswith(field)


async def test_harmless_values_of_refused_fields(respond: Respond) -> None:
    await respond(background=False, conversation=None, prompt=None, n=1)


async def test_fields_of_other_servers(engine: FakeEngine, respond: Respond) -> None:
    response = await respond(
        max_output_tokens=30.0,
        max_tokens=5,
        stop=["END"],
        seed=3,
        top_k=7,
        guided_regex="a+",
        chat_template_kwargs={"enable_thinking": False, "x": 1},
    )
    (request,) = engine.requests
    assert (request.max_tokens, response["max_output_tokens"]) == (30, 30)
    assert (request.stop, request.sampling.seed, request.sampling.top_k) == (("END",), 3, 7)
    assert request.constraint == Constraint("regex", "a+")
    assert (sent(engine).thinking, sent(engine).template_arguments) == (False, {"x": 1})


async def test_an_answer_has_one_form(refuse: Respond) -> None:
    error = await refuse(text={"format": {"type": "json_object"}}, response_format={"type": "json_object"})
    assert error["param"] == "text.format"


async def test_no_limit(engine: FakeEngine, respond: Respond) -> None:
    response = await respond(max_output_tokens=-1)
    assert (engine.requests[0].max_tokens, response["max_output_tokens"]) == (None, None)


@pytest.mark.parametrize("kind", [{"a": 1}, [[1]], 1])
async def test_the_type_of_an_item_is_a_text(kind: object, refuse: Respond) -> None:
    error = await refuse(input=[{"type": kind, "role": "user", "content": "hi"}])
    assert error["code"] == "invalid_request"
