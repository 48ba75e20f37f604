"""What a chat template accepts, and messages in the form that it accepts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, Final

from preheat.inference import JsonObject, Message, Role, ToolCall, ToolDefinition
from preheat.inference.worker.chat.values import JsonList, JsonMapping, to_json, wrap

_SHORT_ID: Final = re.compile("[a-zA-Z0-9]{9}")


class Step(IntEnum):
    """A change of a chat that a template may need, in the order in which they are made."""

    CALLS_AS_TEXT = 1  # tool calls are written into the assistant's text
    CALLS_AS_LIST = 2  # the same in the form of Granite 3, which its template shows only in its instructions
    RESULTS_AS_USER = 3  # tool results are the user's
    ONE_CALL_A_MESSAGE = 4  # parallel calls become consecutive ones, each with its result
    CALLS_APART = 5  # text and calls of one message become two messages
    DROP_EMPTY_ANSWERS = 6  # messages of the assistant without text and calls
    JOIN_FIRST_SYSTEM = 7  # several system messages at the beginning become one
    SYSTEM_INTO_LAST_USER = 8  # the one at the beginning becomes part of the user's last message
    FOLD_LATER_SYSTEM = 9  # system messages after the beginning are the user's, where they stand
    FOLD_FIRST_SYSTEM = 10  # the one at the beginning, too
    JOIN_NEIGHBOURS = 11  # messages in a row by the user, or by the assistant, become one
    USER_FIRST = 12  # an empty message of the user precedes the assistant's greeting
    ANSWER_RESULTS = 13  # an empty message of the assistant stands between a tool's result and the user
    ACKNOWLEDGE_RESULTS = 14  # the same with a short text


class EmptyContent(Enum):
    """How a template takes the content of a message that only has tool calls."""

    TEXT = "text"
    NULL = "null"
    ABSENT = "absent"


class ArgumentsForm(Enum):
    """How a template takes a call's arguments."""

    MAPPING = "mapping"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class TemplateTraits:
    """What one template accepts. The defaults are Hugging Face's conventions."""

    typed_parts: frozenset[Role] = frozenset()  # roles whose content is a list of typed parts, not a text
    arguments: ArgumentsForm = ArgumentsForm.MAPPING
    empty_content: EmptyContent = EmptyContent.TEXT
    moves_system: bool = False  # shows the system message in the user's last one (Mistral)
    short_ids: bool = False  # call ids are nine letters and digits (Mistral)
    reasoning_key: str = "reasoning_content"  # the field of the assistant's thinking
    names: bool = False  # shows the names of the messages' authors
    tools_variable: str = "tools"  # empty if it has no place for tools
    needs_tools: bool = False  # fails without a list of tools, which may be empty
    flat_tools: bool = False  # a tool is the function itself, without ``{"type": "function", "function": ...}``
    steps: frozenset[Step] = field(default_factory=frozenset)


def parse_arguments(text: str) -> JsonObject:
    """Return a call's arguments as an object, whatever a client or model wrote.

    Nothing and ``null`` are no arguments. JSON that was quoted once more is read. Anything else, such as broken JSON,
    is kept as one argument, so that the model sees what it wrote.
    """
    value: Any = text
    for _ in range(2):
        if isinstance(value, str):
            if not value.strip():
                return {}
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                break
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"arguments": value}


def short_id(call_id: str) -> str:
    """Return nine letters and digits for a call id: always the same ones, and an id of that form unchanged."""
    return call_id if _SHORT_ID.fullmatch(call_id) else hashlib.sha256(call_id.encode()).hexdigest()[:9]


def template_messages(messages: Iterable[Message], traits: TemplateTraits) -> JsonList:
    """Return the messages in the template's form."""
    return JsonList(_template_message(message, traits) for message in messages)


def template_tools(tools: Sequence[ToolDefinition], *, flat: bool = False) -> JsonList:
    """Return the tools in Hugging Face's form, or ``flat``: only the functions."""
    functions = [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        if tool.description
        else {"name": tool.name, "parameters": tool.parameters}
        for tool in tools
    ]
    return JsonList(wrap(value if flat else {"type": "function", "function": value}) for value in functions)


def _template_message(message: Message, traits: TemplateTraits) -> JsonMapping:
    value = JsonMapping(role=message.role.value)
    if message.text or not message.tool_calls or traits.empty_content is EmptyContent.TEXT:
        value["content"] = _content(message, traits)
    elif traits.empty_content is EmptyContent.NULL:
        value["content"] = None
    if message.name:
        value["name"] = message.name
    if message.reasoning:
        value[traits.reasoning_key] = message.reasoning
    if message.tool_call_id:
        value["tool_call_id"] = _call_id(message.tool_call_id, traits)
    if message.tool_calls:
        value["tool_calls"] = JsonList(_template_call(call, traits) for call in message.tool_calls)
    return value


def _content(message: Message, traits: TemplateTraits) -> str | JsonList:
    if message.role not in traits.typed_parts:
        return message.text
    # One part: templates print parts without anything between them.
    return JsonList([JsonMapping(type="text", text=message.text)])


def _template_call(call: ToolCall, traits: TemplateTraits) -> JsonMapping:
    value = parse_arguments(call.arguments)
    arguments = wrap(value) if traits.arguments is ArgumentsForm.MAPPING else _arguments_text(call.arguments, value)
    function = JsonMapping(name=call.name, arguments=arguments)
    return JsonMapping(id=_call_id(call.call_id, traits), type="function", function=function)


def _arguments_text(text: str, value: JsonObject) -> str:
    """Return the text as the model wrote it if it is JSON."""
    try:
        is_object = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_object = False
    return text if is_object else to_json(value)


def _call_id(call_id: str, traits: TemplateTraits) -> str:
    return short_id(call_id) if traits.short_ids else call_id
