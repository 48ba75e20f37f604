"""Keeps a chat's own texts from becoming control tokens.

Where the text of a control token occurs in a message, a tool or an argument, it is replaced by an unguessable word
before the template sees it. The prompt is cut at these words, and the pieces between are tokenized apart.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

from preheat.inference import Chat, Message, Role, ToolCall, ToolDefinition
from preheat.inference.worker.chat.literal_texts import any_of, contained_in
from preheat.inference.worker.chat.traits import parse_arguments
from preheat.inference.worker.chat.values import to_json

Piece = tuple[str, bool]
"""A piece of a prompt, and whether it is literal: no control token, whatever it looks like."""

_THINKING_TAG: Final = re.compile(r"[<\[](\|?)/?(?:think|thinking|THINK)\1[>\]]")


class Guard:
    """Replaces texts in a chat, and finds them in the prompt. ``literal`` are the texts of control tokens."""

    def __init__(self, literal: Collection[str]) -> None:
        # Letters and digits survive trimming, quoting and escaping.
        self.nonce: Final = secrets.token_hex(6)
        self._texts = sorted(literal, key=len, reverse=True)
        self._numbers = {text: number for number, text in enumerate(self._texts)}
        # Templates cut the thinking out of the assistant's earlier answers by its tags.
        self._for_assistant = any_of(frozenset(text for text in literal if not _THINKING_TAG.fullmatch(text)))
        self._for_all = any_of(frozenset(literal))

    def chat(self, chat: Chat) -> Chat:
        """Return the chat with all texts replaced."""
        if self._for_all is None:
            return chat
        return replace(
            chat,
            messages=(*map(self._message, _guarded(chat)), *chat.messages[len(_guarded(chat)) :]),
            tools=tuple(map(self._tool, chat.tools)),
            template_arguments=self._value(chat.template_arguments),
        )

    def pieces(self, text: str) -> tuple[Piece, ...]:
        """Return a prompt in pieces, with the texts back in their places."""
        parts = re.split(f"g{self.nonce}n([0-9]+)g", text)
        pieces = ((self._texts[int(part)], True) if at % 2 else (part, False) for at, part in enumerate(parts))
        return tuple(piece for piece in pieces if piece[0])

    def _replace(self, text: str, pattern: re.Pattern[str] | None) -> str:
        if pattern is None:
            return text
        return pattern.sub(lambda match: f"g{self.nonce}n{self._numbers[match[0]]}g", text)

    def _message(self, message: Message) -> Message:
        pattern = self._for_assistant if message.role is Role.ASSISTANT else self._for_all
        return replace(
            message,
            content=tuple(replace(part, text=self._replace(part.text, pattern)) for part in message.content),
            name=self._replace(message.name, self._for_all),
            reasoning=self._replace(message.reasoning, self._for_all),
            tool_calls=tuple(map(self._call, message.tool_calls)),
            tool_call_id=self._replace(message.tool_call_id, self._for_all),
        )

    def _call(self, call: ToolCall) -> ToolCall:
        name, call_id = self._replace(call.name, self._for_all), self._replace(call.call_id, self._for_all)
        if "\\" in call.arguments:  # JSON can write a token's text with escapes
            return ToolCall(name, to_json(self._value(parse_arguments(call.arguments))), call_id)
        return ToolCall(name, self._replace(call.arguments, self._for_all), call_id)

    def _tool(self, tool: ToolDefinition) -> ToolDefinition:
        return replace(
            tool,
            name=self._replace(tool.name, self._for_all),
            description=self._replace(tool.description, self._for_all),
            parameters=self._value(tool.parameters),
        )

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self._replace(value, self._for_all)
            case dict():
                return {self._value(key): self._value(item) for key, item in value.items()}
            case list():
                return list(map(self._value, value))
        return value


def contained(chat: Chat, texts: frozenset[str]) -> frozenset[str]:
    """Return those of ``texts`` that occur in the chat's own texts."""
    return contained_in("\0".join(_strings(chat)), texts)


def _guarded(chat: Chat) -> tuple[Message, ...]:
    """Return the messages without the beginning of the answer: it stands for the model's own tokens."""
    begun = chat.continue_last and bool(chat.messages) and chat.messages[-1].role is Role.ASSISTANT
    return chat.messages[:-1] if begun else chat.messages


def _strings(chat: Chat) -> list[str]:
    found: list[str] = []

    def collect(value: Any) -> None:
        match value:
            case str():
                found.append(value)
            case dict():
                for key, item in value.items():
                    found.append(str(key))
                    collect(item)
            case list():
                for item in value:
                    collect(item)

    for message in _guarded(chat):
        found += (message.name, message.reasoning, message.tool_call_id)
        found += (part.text for part in message.content)
        for call in message.tool_calls:
            found += (call.name, call.arguments, call.call_id)
            collect(parse_arguments(call.arguments))
    for tool in chat.tools:
        found += (tool.name, tool.description)
        collect(tool.parameters)
    collect(chat.template_arguments)
    return found
