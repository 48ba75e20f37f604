"""Anthropic's bodies as requests to the engine."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.errors import InvalidRequestError
from preheat.inference import Chat, ContentPart, Message, Role, ToolCall, ToolChoice, text_message
from preheat.server.anthropic.requests import chat_of, generate_request
from preheat.server.anthropic.schema import Block, MessagesBody, TokenCountBody
from preheat.server.bodies import parse_body

PNG = b"\x89PNG\r\n"
IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()},
}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Köln"}}
TOOL = {"name": "weather", "description": "Tell it", "input_schema": {"type": "object"}, "strict": True}
TEXT = {"type": "text", "text": "a"}
USER = {"role": "user", "content": "hi"}


def body(**fields: Any) -> MessagesBody:
    value = {"model": "m", "max_tokens": 5, "messages": [USER], **fields}
    return parse_body(MessagesBody, json.dumps(value).encode())


def chat(*messages: dict[str, Any], **fields: Any) -> Chat:
    return chat_of(body(messages=list(messages), **fields))


def text(role: Role, *texts: str, **fields: Any) -> Message:
    return Message(role=role, content=tuple(map(ContentPart, texts)), **fields)


def result(*texts: str, name: str = "weather") -> Message:
    return text(Role.TOOL, *texts, name=name, tool_call_id="toolu_1")


def blocks(*content: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "content": list(content)}


def test_system_and_messages_stay_in_order() -> None:
    reminder = "<system-reminder>\nBe quick.\n</system-reminder>"
    system = [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": ""},
    ]
    later = {"role": "system", "content": [{"type": "text", "text": "Be kind."}]}
    found = chat(USER, blocks("Hello", role="assistant"), later, blocks(reminder, "So?"), system=system)
    assert found.messages == (
        text(Role.SYSTEM, "Be brief."),
        text(Role.USER, "hi"),
        text(Role.ASSISTANT, "Hello"),
        text(Role.SYSTEM, "Be kind."),
        text(Role.USER, reminder, "So?"),
    )
    assert not found.continue_last


def test_an_image_in_the_system_prompt_is_kept() -> None:
    assert chat(USER, system=[IMAGE]).messages[0].content == (ContentPart(image=PNG),)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("apart", [False, True])
def test_the_billing_header_is_not_a_part_of_the_prompt(number: int, apart: bool) -> None:
    header = f"x-anthropic-billing-header: cc_version=2.1.{number}; cc_entrypoint=cli; cch=0{number};"
    system: Any = f"{header}\nYou are an agent."
    if apart:
        system = [{"type": "text", "text": header}, {"type": "text", "text": "You are an agent."}]
    assert chat(USER, system=system).messages == (text(Role.SYSTEM, "You are an agent."), text(Role.USER, "hi"))


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("warm", ["warm"]),
        ([{"type": "text", "text": "warm"}, {"type": "text", "text": "sunny"}], ["warm", "sunny"]),
        ([], []),
        (None, []),
        ("", []),
        ([{"type": "tool_reference", "tool_name": "time"}], ["time"]),
        ([{"type": "tool_result", "tool_use_id": "toolu_2", "content": "inner"}], ["inner"]),
    ],
)
def test_results_of_tools(content: Any, texts: list[str]) -> None:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    found = chat(USER, blocks("Look:", USE, role="assistant"), blocks({"type": "text", "text": "So?"}, block))
    call = ToolCall("weather", '{"city": "Köln"}', "toolu_1")
    assert found.messages[1:] == (
        text(Role.ASSISTANT, "Look:", tool_calls=(call,)),
        result(*texts),
        text(Role.USER, "So?"),
    )


def test_a_result_without_content_and_one_with_an_image() -> None:
    image = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [IMAGE, {"type": "text", "text": "a map"}]}
    found = chat(blocks(USE, role="assistant"), blocks({"type": "tool_result", "tool_use_id": "toolu_1"}, image))
    assert found.messages[1] == result()
    assert found.messages[2].content == (ContentPart(image=PNG), ContentPart("a map"))


@pytest.mark.parametrize(
    ("content", "texts"),
    [("no such city", ["Error:", "no such city"]), ("Error: 404", ["Error: 404"]), ("", ["Error"])],
)
def test_a_failed_call_is_marked(content: str, texts: list[str]) -> None:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, "is_error": True}
    assert chat(blocks(USE, role="assistant"), blocks(block)).messages[1] == result(*texts)


def test_results_of_anthropics_own_tools_come_between_the_texts() -> None:
    use = {"type": "server_tool_use", "id": "toolu_1", "name": "web_search", "input": {"query": "tea"}}
    found = {"type": "web_search_result", "title": "Tea", "url": "https://tea.example", "encrypted_content": "xx"}
    turn = blocks(
        "Look:",
        use,
        {"type": "web_search_tool_result", "tool_use_id": "toolu_1", "content": [found]},
        "Tea.",
        role="assistant",
    )
    assert chat(USER, turn, USER).messages[1:4] == (
        text(Role.ASSISTANT, "Look:", tool_calls=(ToolCall("web_search", '{"query": "tea"}', "toolu_1"),)),
        result("Tea https://tea.example", name="web_search"),
        text(Role.ASSISTANT, "Tea."),
    )
    error = {"type": "web_search_tool_result", "tool_use_id": "toolu_1", "content": {"error_code": "unavailable"}}
    assert chat(USER, blocks(use, error, role="assistant")).messages[2] == result(
        '{"error_code": "unavailable"}', name="web_search"
    )


def test_thinking_is_sent_back() -> None:
    turn = blocks(
        {"type": "thinking", "thinking": "Hm", "signature": ""},
        {"type": "redacted_thinking", "data": "xx"},
        "b",
        role="assistant",
    )
    assert chat(USER, turn, USER).messages[1] == text(Role.ASSISTANT, "b", reasoning="Hm")


@pytest.mark.parametrize(
    ("block", "parts"),
    [
        (IMAGE, [ContentPart(image=PNG)]),
        ({"type": "image", "source": {"type": "url", "url": "data:;base64,iVBORw0K"}}, [ContentPart(image=PNG)]),
        ({"type": "document", "source": {"type": "text", "data": "a"}, "title": "T"}, [ContentPart("T\na")]),
        ({"type": "document", "source": {"type": "content", "content": [TEXT]}, "context": "C"}, [ContentPart("C\na")]),
        ({"type": "search_result", "source": "s", "title": "T", "content": [TEXT]}, [ContentPart("T\ns\na")]),
        ({"type": "compaction", "content": "So far: a."}, [ContentPart("So far: a.")]),
        ({"type": "something_new", "text": "a"}, [ContentPart("a")]),
        ({"type": "text", "text": ""}, []),
    ],
)
def test_blocks(block: dict[str, Any], parts: list[ContentPart]) -> None:
    assert chat(blocks(block)).messages == (Message(role=Role.USER, content=tuple(parts)),)


@pytest.mark.parametrize(
    ("block", "param"),
    [
        ({"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}, "source.url"),
        ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "source"),
        ({"type": "image", "source": {"type": "base64", "data": "!"}}, "source.data"),
        ({"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aa"}}, "source"),
        ({"type": "image"}, ""),
        ({"type": "text"}, ""),
        ({"type": "tool_use", "id": "a"}, ""),
    ],
)
def test_what_a_block_lacks_is_named(block: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        chat(blocks("a", block))
    assert caught.value.param == ".".join(filter(None, ("messages[0].content[1]", param)))


def test_unknown_blocks_are_refused_by_name() -> None:
    with pytest.raises(InvalidRequestError, match="container_upload"):
        chat(blocks({"type": "container_upload", "file_id": "f"}))


@pytest.mark.parametrize("content", ["", [], None, [{"type": "text", "text": ""}]])
def test_an_empty_last_message_is_answered(content: Any) -> None:
    assert chat(USER, {"role": "assistant", "content": content}).messages == (text_message(Role.USER, "hi"),)


def test_the_assistants_last_message_is_continued() -> None:
    found = chat(USER, {"role": "assistant", "content": "The answer is ("})
    assert (found.messages[-1].text, found.continue_last) == ("The answer is (", True)
    assert not chat(USER, blocks(USE, role="assistant")).continue_last


def test_tools_of_the_client_are_offered() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
    (tool,) = chat(USER, tools=[search, TOOL]).tools
    assert (tool.name, tool.description, tool.parameters, tool.strict) == (
        "weather",
        "Tell it",
        {"type": "object"},
        True,
    )
    assert chat(USER, tools=[{"name": "a"}]).tools[0].parameters == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("kind", "name", "parameter"),
    [
        ("bash_20250124", "bash", "command"),
        ("text_editor_20250728", "str_replace_based_edit_tool", "view_range"),
        ("memory_20250818", "memory", "old_path"),
    ],
)
def test_anthropics_tools_of_the_client_get_their_parameters(kind: str, name: str, parameter: str) -> None:
    (tool,) = chat(USER, tools=[{"type": kind, "name": name}]).tools
    assert tool.name == name
    assert tool.description
    assert parameter in tool.parameters["properties"]


@pytest.mark.parametrize("kind", ["web_search_20250305", "code_execution_20260521", "mcp_toolset", "computer_20250124"])
def test_other_tools_of_anthropic_are_left_out(kind: str) -> None:
    assert not chat(USER, tools=[{"type": kind, "name": "a"}]).tools


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice()),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "tool", "name": "weather"}, ToolChoice("required", ("weather",))),
        ({"type": "none"}, ToolChoice("none")),
    ],
)
def test_tool_choice(choice: Any, expected: ToolChoice) -> None:
    found = chat(USER, tools=[TOOL], tool_choice=choice)
    assert (found.tool_choice, found.parallel_tool_calls) == (expected, True)


def test_parallel_calls_can_be_switched_off() -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    assert not chat(USER, tools=[TOOL], tool_choice=choice).parallel_tool_calls


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (None, None)),
        ({"type": "enabled", "budget_tokens": 1024.0}, (True, 1024)),
        ({"type": "disabled"}, (False, None)),
        ({"type": "adaptive"}, (None, None)),
    ],
)
def test_thinking(fields: Any, expected: tuple[bool | None, int | None]) -> None:
    found = chat(USER, thinking=fields or None)
    assert (found.thinking, found.thinking_budget) == expected


@pytest.mark.parametrize("name", ["output_config", "output_format"])
def test_a_schema_of_the_answer(name: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    form = {"type": "json_schema", "schema": schema}
    request = generate_request(body(**{name: {"format": form, "effort": "max"} if name == "output_config" else form}))
    assert request.constraint is not None
    assert json.loads(request.constraint.text) == schema
    assert request.chat is not None
    assert request.chat.template_arguments == ({"reasoning_effort": "high"} if name == "output_config" else {})


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "messages[0].role"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ({"tool_choice": {"type": "tool"}, "tools": [TOOL]}, "tool_choice"),
        ({"tool_choice": {"type": "tool", "name": "other"}, "tools": [TOOL]}, "tool_choice"),
        ({"tools": [{"type": "function", "function": {"name": "a"}}]}, "tools[0]"),
        ({"tools": [{"description": "a"}]}, "tools[0]"),
        ({"thinking": {"type": "sometimes"}}, "thinking.type"),
        ({"output_config": {"format": {"type": "json_object"}}}, "output_config.format.type"),
        *(({name: ["a"]}, name) for name in MessagesBody.REFUSED),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        body(**fields)
    assert caught.value.param == param


def test_fields_without_effect_are_accepted() -> None:
    found = body(
        **{name: {"anything": [1]} for name in MessagesBody.IGNORED},
        **dict.fromkeys(MessagesBody.REFUSED),
        made_up=True,
        max_tokens=3.0,
    )
    assert (found, found.max_tokens) == (body(max_tokens=3), 3)


NAMES = sorted({*MessagesBody.model_fields, *Block.model_fields, "role", "schema", "format", "budget_tokens"})
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["text", "user", "tool", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6), st.sampled_from([MessagesBody, TokenCountBody]))
def test_any_body_is_taken_or_refused(values: dict[str, Any], kind: type[MessagesBody] | type[TokenCountBody]) -> None:
    with suppress(InvalidRequestError):
        chat_of(parse_body(kind, json.dumps({"model": "m", "messages": [USER], **values}).encode()))
