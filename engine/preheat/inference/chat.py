"""A chat, independent of the protocol it came in: messages, tools, and how the model may answer."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import Any, Literal

JsonObject = dict[str, Any]


class Role(StrEnum):
    """Author of a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ContentPart:
    """Text, or an image. ``image`` is the bytes of a PNG, JPEG or similar file; the worker decodes it."""

    text: str = ""
    image: bytes | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call of the assistant. ``arguments`` is JSON as the client sent it, and may be broken."""

    name: str
    arguments: str = "{}"
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat."""

    role: Role
    content: tuple[ContentPart, ...] = ()
    name: str = ""  # of the author, or of the function that a tool message answers
    reasoning: str = ""  # the assistant's thinking before the content
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""  # the call that a tool message answers

    @property
    def text(self) -> str:
        """The text parts, joined by line breaks, as llama.cpp and vLLM do."""
        return "\n".join(part.text for part in self.content if part.image is None)


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A function that the model may call; ``parameters`` is a JSON schema."""

    name: str
    description: str = ""
    parameters: JsonObject = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool = False  # the arguments must follow the schema even if the call is optional


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model may, must or must not call tools, and which. No ``names`` means all."""

    mode: Literal["auto", "none", "required"] = "auto"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A chat to continue with the assistant's next message."""

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel_tool_calls: bool = True
    thinking: bool | None = None  # None leaves it to the model's template
    thinking_budget: int | None = None  # maximum tokens of thinking; None is no limit
    template_arguments: JsonObject = field(default_factory=dict)  # further variables for the chat template
    continue_last: bool = False  # the last message is the assistant's, and the answer continues it


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call in an answer. Name and id come with its first piece, the arguments in pieces of JSON."""

    index: int  # of the call in the answer, from 0
    arguments: str = ""
    name: str = ""
    call_id: str = ""


def text_message(role: Role, text: str) -> Message:
    """Return a message of one text."""
    return Message(role=role, content=(ContentPart(text),))


def with_joined_texts(chat: Chat) -> Chat:
    """Return the chat with neighbouring texts of each message as one: there can be a hundred thousand."""
    if all(len(message.content) < 2 for message in chat.messages):
        return chat
    return replace(chat, messages=tuple(map(_with_joined_texts, chat.messages)))


def _with_joined_texts(message: Message) -> Message:
    parts: list[ContentPart] = []
    for is_text, run in groupby(message.content, lambda part: part.image is None):
        neighbours = list(run)
        parts += [ContentPart("\n".join(part.text for part in neighbours))] if is_text else neighbours
    return replace(message, content=tuple(parts))


def message_from_json(value: Mapping[str, Any]) -> Message:
    """Return a message from OpenAI's form, with text content. The role ``developer`` is the system's newer name.

    Raises:
        KeyError, TypeError, ValueError: It is not a message with text.
    """
    role = "system" if value["role"] == "developer" else value["role"]
    calls = tuple(
        ToolCall(call["function"]["name"], call["function"]["arguments"], call.get("id", ""))
        for call in value.get("tool_calls") or ()
    )
    content = value.get("content") or ""
    parts = [content] if isinstance(content, str) else [part["text"] for part in content]
    return Message(
        role=Role(role),
        content=tuple(map(ContentPart, parts)),
        name=value.get("name", ""),
        reasoning=value.get("reasoning_content") or "",
        tool_calls=calls,
        tool_call_id=value.get("tool_call_id", ""),
    )


def chat_from_json(messages: Iterable[Mapping[str, Any]]) -> Chat:
    """Return a chat of messages in OpenAI's form; raises what ``message_from_json`` raises."""
    return Chat(messages=tuple(map(message_from_json, messages)))


def message_to_json(message: Message) -> JsonObject:
    """Return a message in OpenAI's form."""
    result: JsonObject = {"role": message.role.value, "content": message.text}
    if any(part.image is not None for part in message.content):
        result["content"] = [_part_to_json(part) for part in message.content]
    optional = {
        "name": message.name,
        "reasoning_content": message.reasoning,
        "tool_call_id": message.tool_call_id,
        "tool_calls": [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ],
    }
    return {**result, **{name: value for name, value in optional.items() if value}}


def _part_to_json(part: ContentPart) -> JsonObject:
    if part.image is None:
        return {"type": "text", "text": part.text}
    url = f"data:application/octet-stream;base64,{base64.b64encode(part.image).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
