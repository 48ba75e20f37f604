"""A chat's messages from OpenAI's many forms into the one that chat templates understand."""

from __future__ import annotations

import json
from collections.abc import Sequence

from preheat.inference import JsonObject
from preheat.server.openai.schema import ContentPart, Message, ToolCallBody


def template_messages(messages: Sequence[Message]) -> tuple[JsonObject, ...]:
    """Return the messages as chat templates expect them.

    Content is one text (parts are joined by line breaks, as llama.cpp and vLLM do), ``developer`` is ``system``, and
    the arguments of tool calls are objects.
    """
    return tuple(_template_message(message) for message in messages)


def _template_message(message: Message) -> JsonObject:
    result: JsonObject = {
        "role": "system" if message.role == "developer" else message.role,
        "content": _text(message.content),
    }
    if message.name is not None:
        result["name"] = message.name
    if message.tool_call_id is not None:
        result["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        result["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    return result


def _text(content: str | list[ContentPart] | None) -> str:
    if content is None:
        return ""  # templates add it to other text
    if isinstance(content, str):
        return content
    return "\n".join(part.text if part.text is not None else part.refusal or "" for part in content)


def _tool_call(call: ToolCallBody) -> JsonObject:
    function = {"name": call.function.name, "arguments": _arguments(call.function.arguments)}
    result: JsonObject = {"type": "function", "function": function}
    if call.id is not None:
        result["id"] = call.id
    return result


def _arguments(text: str) -> object:
    """Return the arguments as an object: templates write them as JSON, and text would be quoted twice."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else text
