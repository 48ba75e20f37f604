"""Turns Anthropic's messages and their blocks into messages of a chat."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from preheat.errors import InvalidRequestError
from preheat.inference import ContentPart, Message, Role, ToolCall
from preheat.messages import msg
from preheat.server.anthropic.schema import Block, Content, MessageBody, Source
from preheat.server.bodies import image_bytes

# Claude Code's first system block changes with every request: as a part of the prompt, it would make everything after
# it new each time.
_BILLING: Final = re.compile(r"(?:x-anthropic-billing-header:[^\n]*(?:\n|\Z))+", re.IGNORECASE)


def chat_messages(system: Content, messages: Sequence[MessageBody]) -> tuple[Message, ...]:
    """Return the messages of a chat; raises InvalidRequestError for an image or document that is not in the request."""
    names: dict[str, str] = {}  # of the called functions, by the id of the call
    found = list(_system_message(system, "system"))
    for index, message in enumerate(messages):
        at = f"messages[{index}].content"
        if message.role == "system":
            found.extend(_system_message(message.content, at))
        else:
            found.extend(list(_turn(message, at, names)) or [Message(role=Role(message.role))])
    return tuple(found)


def _system_message(content: Content, at: str) -> Iterator[Message]:
    parts = tuple(filter(None, map(_without_billing, _parts(content, at))))
    if parts:
        yield Message(role=Role.SYSTEM, content=parts)


def _without_billing(part: ContentPart) -> ContentPart | None:
    match = _BILLING.match(part.text)
    if match is None:
        return part
    return ContentPart(part.text[match.end() :]) if match.end() < len(part.text) else None


def _turn(message: MessageBody, at: str, names: dict[str, str]) -> Iterator[Message]:
    """Yield the messages of one turn: results of tools are messages of their own."""
    role = Role(message.role)
    blocks = list(enumerate(_blocks(message.content)))
    if role is Role.USER:  # a result follows its call directly
        blocks.sort(key=lambda numbered: numbered[1].type != "tool_result")
    gathered = _Gathered(role)
    for index, block in blocks:
        if block.type.endswith("_result") and block.type != "search_result":
            yield from gathered.flush()
            yield _tool_message(block, f"{at}[{index}]", names)
        elif block.type.endswith("tool_use"):
            call = ToolCall(block.name or "", _json(block.input), block.id or "")
            names[call.call_id] = call.name
            gathered.calls.append(call)
        elif block.type == "thinking":
            gathered.reasoning.append(block.thinking or "")
        else:
            gathered.parts.extend(_block_parts(block, f"{at}[{index}]"))
    yield from gathered.flush()


class _Gathered:
    """What has been found of one message."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self.parts: list[ContentPart] = []
        self.calls: list[ToolCall] = []
        self.reasoning: list[str] = []

    def flush(self) -> Iterator[Message]:
        """Yield the message, if it has content, and begin another."""
        if self.parts or self.calls or self.reasoning:
            yield Message(
                role=self._role,
                content=tuple(self.parts),
                tool_calls=tuple(self.calls),
                reasoning="\n".join(filter(None, self.reasoning)),
            )
        self.parts, self.calls, self.reasoning = [], [], []


def _blocks(content: Content) -> list[Block]:
    if isinstance(content, str):
        content = [content]
    return [Block(type="text", text=each) if isinstance(each, str) else each for each in content or ()]


def _parts(content: Content, at: str) -> list[ContentPart]:
    return [part for i, block in enumerate(_blocks(content)) for part in _block_parts(block, f"{at}[{i}]")]


def _block_parts(block: Block, at: str) -> list[ContentPart]:
    """Return a block's texts and images; none is empty."""
    match block.type:
        case "image":
            return [ContentPart(image=_image(block.source, f"{at}.source"))]
        case "document":
            texts = [block.title, block.context, *_document(block.source, f"{at}.source")]
        case "search_result" | "compaction":
            source = block.source if isinstance(block.source, str) else None
            texts = [block.title, source, *_texts(block.content, at)]
        case _:
            texts = [block.text or block.tool_name, *_texts(block.content, at)]
    joined = "\n".join(filter(None, texts))
    return [ContentPart(joined)] if joined else []


def _texts(content: Content | dict[str, Any], at: str) -> list[str]:
    if isinstance(content, dict):
        return [_json(content)]
    return [part.text for part in _parts(content, at)]


def _document(source: Source | str | None, at: str) -> list[str]:
    if isinstance(source, Source):
        if source.type == "text" and source.data is not None:
            return [source.data]
        if source.type == "content" and source.content is not None:
            return _texts(source.content, f"{at}.content")
    raise InvalidRequestError(msg("document_not_text", field=at), param=at)


def _image(source: Source | str | None, at: str) -> bytes:
    if isinstance(source, Source):
        if source.type == "base64":
            return image_bytes(source.data or "", f"{at}.data")
        if source.type == "url":
            return image_bytes(source.url or "", f"{at}.url")
    raise InvalidRequestError(msg("image_not_inline", field=at), param=at)


def _tool_message(block: Block, at: str, names: dict[str, str]) -> Message:
    call_id = block.tool_use_id or ""
    parts = _result_parts(block.content, f"{at}.content")
    text = "".join(part.text for part in parts)
    if block.is_error and "error" not in text[:40].lower():
        parts = [ContentPart("Error:" if text else "Error"), *parts]
    return Message(role=Role.TOOL, content=tuple(parts), name=names.get(call_id, ""), tool_call_id=call_id)


def _result_parts(content: str | list[Block | str] | dict[str, Any] | None, at: str) -> list[ContentPart]:
    """Return what a tool has found. Results of Anthropic's own tools are objects, or blocks with title and address."""
    if isinstance(content, dict):
        return [ContentPart(_json(content))]
    parts = _parts(content, at)
    links = [block for block in _blocks(content) if block.url is not None and block.text is None]
    return [*parts, *(ContentPart(" ".join(filter(None, (block.title, block.url)))) for block in links)]


def _json(value: Any) -> str:
    return json.dumps({} if value is None else value, ensure_ascii=False)
