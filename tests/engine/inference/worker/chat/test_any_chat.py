"""Any chat, by the template of any family: it renders, and nothing of it is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preheat.inference import Chat, ContentPart, Message, Role, ToolCall, ToolDefinition
from preheat.inference.worker.chat import ChatTemplate
from tests.engine.inference.worker.chat.local_rendering import local_template
from tests.engine.inference.worker.chat.styles import BOS, EOS, STYLES

ODD_TEXTS = st.sampled_from(
    ["", " ", "\n\n", "é<&>\"'", "{}", "{{ x }}", "{% raw %}", "<tool_call>", "None", "🦊", "[INST]"]
)
ARGUMENTS = st.one_of(
    st.sampled_from(["", "{}", "null", "{", '{"a": ', "[]", "7", '"x"', "not json", "true"]),
    st.dictionaries(
        st.sampled_from(["city", "é", "a b"]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text("aé<\"'", max_size=5), st.lists, max_leaves=4),
        max_size=3,
    ).map(json.dumps),
)
IDS = st.sampled_from(["", "call_0123456789abcdef01234567", "abcdefghi", "toolu_01", "functions.f:0", "1", "é"])
TOOLS = st.sampled_from(
    [
        (),
        (ToolDefinition("first_tool", "Does 'it'"),),
        (
            ToolDefinition("first_tool"),
            ToolDefinition("second_tool", "", {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}),
        ),
    ]
)
CALLS = st.lists(st.builds(ToolCall, st.sampled_from(["first_tool", "gone_tool"]), ARGUMENTS, IDS), max_size=3)


@st.composite
def messages(draw: st.DrawFn) -> tuple[Message, ...]:
    """Messages in any order, with one word in each text that is in no other."""
    roles = draw(st.lists(st.sampled_from(Role), min_size=1, max_size=7))
    return tuple(draw(_message(role, at)) for at, role in enumerate(roles))


@st.composite
def _message(draw: st.DrawFn, role: Role, at: int) -> Message:
    is_empty = draw(st.booleans()) and draw(st.booleans())
    texts = [] if is_empty else [f"{draw(ODD_TEXTS)}w{at}x{part}w" for part in range(draw(st.integers(1, 2)))]
    message = Message(role=role, content=tuple(map(ContentPart, texts)))
    if role is Role.ASSISTANT:
        thought = draw(st.sampled_from(["", "because"]))
        return replace(message, tool_calls=tuple(draw(CALLS)), reasoning=thought)
    if role is Role.TOOL:
        return replace(message, tool_call_id=draw(IDS), name=draw(st.sampled_from(["", "first_tool"])))
    return replace(message, name=draw(st.sampled_from(["", "Ada"])) if role is Role.USER else "")


@cache
def template(style: str) -> ChatTemplate:
    return local_template(STYLES[style], bos=BOS, eos=EOS)


@pytest.mark.parametrize("style", STYLES)
@given(messages(), TOOLS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_text_is_in_the_prompt(style: str, chat: tuple[Message, ...], tools: tuple[ToolDefinition, ...]) -> None:
    text = template(style).render(Chat(messages=chat, tools=tools)).text
    at = 0
    leading = True
    for message in chat:
        leading = leading and message.role is Role.SYSTEM
        for part in message.content:
            word = part.text[part.text.rindex("w", 0, -1) :]
            found = text.find(word)
            assert found >= 0
            # Templates have a place of their own for the first system message, and results follow their calls.
            if not leading and message.role is not Role.TOOL:
                assert found >= at
                at = found
        assert all(call.name in text for call in message.tool_calls)
        assert "Ada" in text or message.name != "Ada" or not message.text.strip()
    assert all(tool.name in text for tool in tools)
    assert not any(python in text.replace("wNone", "") for python in ("': ", "True", "False"))
