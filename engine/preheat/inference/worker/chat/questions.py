"""Questions to the process that renders templates, and its answers.

A question is JSON: the template's key with its source to be learned, or with a chat to be rendered. Texts may have lone
surrogates, which JSON's own escapes allow.
"""

from __future__ import annotations

import json
from typing import Any, Final

from preheat.inference import Chat, ContentPart, JsonObject, Message, Role, ToolCall, ToolChoice, ToolDefinition

MAX_PROMPT_BYTES: Final = 16 << 20
"""Longest prompt for any context length."""

# Each answer begins with one of these bytes.
DONE: Final = b"d"  # the template was learned
TEXT: Final = b"t"  # the prompt follows
TEXT_WITH_TOOLS: Final = b"w"  # the prompt follows; the tools are described in its system message
FAULT: Final = b"f"  # the reason follows
LEFT_OUT: Final = b"l"  # the template leaves out texts of the chat
UNKNOWN: Final = b"u"  # the template has to be learned first


def learn_question(key: int, source: str, bos: str, eos: str) -> bytes:
    """Return the question that makes the process learn a template."""
    return encoded({"key": key, "learn": [source, bos, eos]})


def render_question(key: int, chat: Chat, nonce: str, max_bytes: int) -> bytes:
    """Return the question for a chat's prompt.

    Args:
        key: The template's.
        chat: The chat.
        nonce: A word that the chat does not contain.
        max_bytes: A longer prompt is a fault of the template.
    """
    return encoded({"key": key, "nonce": nonce, "max_bytes": max_bytes, "chat": chat_to_json(chat)})


def encoded(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decoded(content: bytes) -> Any:
    """Return the value of JSON from ``encoded``."""
    return json.loads(content.decode("utf-8", "surrogatepass"))


def chat_to_json(chat: Chat) -> JsonObject:
    """Return what of a chat decides its prompt. Images are left out."""
    return {
        "messages": [
            (
                message.role,
                [part.text for part in message.content],
                message.name,
                message.reasoning,
                [(call.name, call.arguments, call.call_id) for call in message.tool_calls],
                message.tool_call_id,
            )
            for message in chat.messages
        ],
        "tools": [(tool.name, tool.description, tool.parameters) for tool in chat.tools],
        "choice": (chat.tool_choice.mode, chat.tool_choice.names),
        "thinking": chat.thinking,
        "arguments": chat.template_arguments,
        "continue": chat.continue_last,
    }


def chat_from_json(value: JsonObject) -> Chat:
    """Return the chat of ``chat_to_json``."""
    mode, names = value["choice"]
    return Chat(
        messages=tuple(
            Message(
                role=Role(role),
                content=tuple(map(ContentPart, texts)),
                name=name,
                reasoning=reasoning,
                tool_calls=tuple(ToolCall(*call) for call in calls),
                tool_call_id=call_id,
            )
            for role, texts, name, reasoning, calls, call_id in value["messages"]
        ),
        tools=tuple(ToolDefinition(*tool) for tool in value["tools"]),
        tool_choice=ToolChoice(mode, tuple(names)),
        thinking=value["thinking"],
        template_arguments=value["arguments"],
        continue_last=value["continue"],
    )
