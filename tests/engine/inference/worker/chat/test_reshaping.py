"""Changes of a chat for strict templates."""

from __future__ import annotations

import pytest

from preheat.inference import ContentPart, Message, Role, ToolCall, ToolDefinition, text_message
from preheat.inference.worker.chat.reshaping import reshape, with_call_ids, with_names_as_text, with_tool_prompt
from preheat.inference.worker.chat.traits import Step, short_id

ROLES = {"s": Role.SYSTEM, "u": Role.USER, "a": Role.ASSISTANT, "t": Role.TOOL}


def chat(text: str) -> tuple[Message, ...]:
    """Return a chat from a text such as ``s:one u:two``. ``c`` is a call with id and name, ``c:x,y`` two calls."""
    messages = []
    for item in text.split():
        kind, _, content = item.partition(":")
        if kind == "c":
            content, _, names = content.rpartition("/")
            calls = tuple(ToolCall(name, "{}", name) for name in names.split(","))
            messages.append(Message(role=Role.ASSISTANT, content=_content(content), tool_calls=calls))
        elif kind == "t":
            messages.append(Message(role=Role.TOOL, content=_content(content), tool_call_id=content))
        else:
            messages.append(Message(role=ROLES[kind], content=_content(content)))
    return tuple(messages)


def _content(text: str) -> tuple[ContentPart, ...]:
    return text_message(Role.USER, text.replace("+", "\n\n")).content if text else ()


def shown(messages: tuple[Message, ...]) -> str:
    """Return the text of a chat, as ``chat`` takes it."""
    items = []
    for message in messages:
        text = message.text.replace("\n\n", "+")
        names = ",".join(call.name for call in message.tool_calls)
        letter = next(letter for letter, role in ROLES.items() if role is message.role)
        items.append(f"c:{text}/{names}".replace(":/", ":") if names else f"{letter}:{text}")
    return " ".join(items)


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (Step.JOIN_FIRST_SYSTEM, "s:1 s:2 u:3 s:4", "s:1+2 u:3 s:4"),
        (Step.JOIN_FIRST_SYSTEM, "u:1", "u:1"),
        (Step.FOLD_LATER_SYSTEM, "s:1 u:2 a:3 s:4 u:5", "s:1 u:2 a:3 u:4+5"),
        (Step.FOLD_LATER_SYSTEM, "s:1 u:2 s:3 a:4", "s:1 u:2+3 a:4"),
        (Step.FOLD_LATER_SYSTEM, "u:1 a:2 s:3 a:4", "u:1 a:2 u:3 a:4"),
        (Step.FOLD_LATER_SYSTEM, "u:1 a:2 s:3 s:4 u:5 u:6", "u:1 a:2 u:3+4+5 u:6"),
        (Step.FOLD_LATER_SYSTEM, "u:1 c:/f t:2 s:3", "u:1 c:f t:2 u:3"),
        (Step.SYSTEM_INTO_LAST_USER, "s:1 s:2 u:3 a:4 u:5 a:6", "u:3 a:4 u:1+2+5 a:6"),
        (Step.SYSTEM_INTO_LAST_USER, "s:1 a:2", "s:1 a:2"),
        (Step.SYSTEM_INTO_LAST_USER, "u:1", "u:1"),
        (Step.FOLD_FIRST_SYSTEM, "s:1 s:2 u:3 u:4", "u:1+2+3 u:4"),
        (Step.FOLD_FIRST_SYSTEM, "s:1", "u:1"),
        (Step.FOLD_FIRST_SYSTEM, "s:1 a:2", "u:1 a:2"),
        (Step.JOIN_NEIGHBOURS, "u:1 u:2 a:3 a:4 c:5/f t:6 t:7", "u:1+2 c:3+4+5/f t:6 t:7"),
        (Step.USER_FIRST, "s:1 a:2 u:3", "s:1 u: a:2 u:3"),
        (Step.USER_FIRST, "s:1", "s:1"),
        (Step.USER_FIRST, "s:1 u:2", "s:1 u:2"),
        (Step.ANSWER_RESULTS, "u:1 c:/f t:2 u:3", "u:1 c:f t:2 a: u:3"),
        (Step.ACKNOWLEDGE_RESULTS, "c:/f t:2 t:3 u:4 a:5", "c:f t:2 t:3 a:OK. u:4 a:5"),
        (Step.DROP_EMPTY_ANSWERS, "u:1 a: c:/f u:", "u:1 c:f u:"),
        (Step.CALLS_APART, "c:1/f,g c:/h", "a:1 c:f,g c:h"),
        (Step.ONE_CALL_A_MESSAGE, "c:1/f,g t:g t:f t:x u:2", "c:1/f t:f c:g t:g t:x u:2"),
        (Step.ONE_CALL_A_MESSAGE, "c:/f t:f", "c:f t:f"),
        (Step.CALLS_AS_TEXT, "c:/f", 'a:<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'),
        (Step.CALLS_AS_LIST, "c:1/f", 'a:1\n<|tool_call|>[{"name": "f", "arguments": {}}]'),
        (Step.RESULTS_AS_USER, "t:1", "u:<tool_response>\n1\n</tool_response>"),
    ],
)
def test_a_step(step: Step, before: str, after: str) -> None:
    assert shown(reshape(chat(before), {step})) == after


def test_steps_are_made_in_their_own_order() -> None:
    steps = [Step.USER_FIRST, Step.JOIN_NEIGHBOURS, Step.FOLD_FIRST_SYSTEM]
    assert shown(reshape(chat("s:1 u:2 u:3 a:4"), steps)) == "u:1+2+3 a:4"


def test_missing_ids_and_names_are_found_by_order() -> None:
    calls = (ToolCall("f"), ToolCall("g", call_id="mine"), ToolCall("h"))
    results = [Message(role=Role.TOOL, tool_call_id=given) for given in ("", "mine", "", "strange")]
    messages = with_call_ids([Message(role=Role.ASSISTANT, tool_calls=calls), *results])
    assert [call.call_id for call in messages[0].tool_calls] == ["call00001", "mine", "call00003"]
    assert [(message.tool_call_id, message.name) for message in messages[1:]] == [
        ("call00001", "f"),
        ("mine", "g"),
        ("call00003", "h"),
        ("strange", ""),
    ]


def test_a_result_without_any_call_has_an_id() -> None:
    assert with_call_ids([Message(role=Role.TOOL)])[0].tool_call_id == "call00000"


def test_short_ids_are_stable() -> None:
    assert short_id("abcDEF123") == "abcDEF123"
    assert short_id("call_1") == short_id("call_1") != short_id("call_2")
    assert all(short_id(text).isalnum() and len(short_id(text)) == 9 for text in ("", "é", "call_1", "abcdefghij"))


def test_tools_are_described_in_the_system_message() -> None:
    tools = (ToolDefinition("weather", "Tell it"), ToolDefinition("time"))
    (system, user) = with_tool_prompt(chat("s:1 u:2"), tools)
    assert system.text.startswith("1\n\n# Tools\n")
    assert '"description": "Tell it"' in system.text
    assert '{"type": "function", "function": {"name": "time", "parameters": {' in system.text
    assert '\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>' in system.text
    assert user == chat("u:2")[0]
    assert [message.role for message in with_tool_prompt(chat("u:2"), tools)] == [Role.SYSTEM, Role.USER]


def test_names_of_users_become_text() -> None:
    ada = Message(role=Role.USER, content=chat("u:Hi")[0].content, name="Ada")
    assert [message.text for message in with_names_as_text((ada, *chat("u:Hi a:Hi")))] == ["Ada: Hi", "Hi", "Hi"]
