"""Tool calls: parsed from a model's text while it is generated, or forced by a JSON schema."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from preheat.errors import InvalidRequestError
from preheat.messages import msg

OPEN: Final = "<tool_call>"
CLOSE: Final = "</tool_call>"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call; ``arguments`` is a JSON object as text."""

    name: str
    arguments: str
    call_id: str = field(default_factory=lambda: f"call_{uuid.uuid4().hex[:24]}", compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return OpenAI's form."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.call_id, "type": "function", "function": function}


def parse_call(text: str) -> ToolCall | None:
    """Return the call in a block's text, ``{"name": …, "arguments": {…}}``; None if it is malformed."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
            return None
        arguments = value.get("arguments", value.get("parameters", {}))
        if isinstance(arguments, str):  # some models quote the object again
            arguments = json.loads(arguments, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(arguments, dict):
        return None
    return ToolCall(value["name"], json.dumps(arguments, ensure_ascii=False))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class ToolCallParser:
    """Splits a text that arrives in pieces into plain text and calls. The result does not depend on the pieces.

    ``<tool_call>`` … ``</tool_call>`` (Hermes, Qwen, SmolLM2) becomes a call. Text that may begin a tag is held back.
    White space around calls is dropped, and a malformed block is text.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._gap = ""  # white space before the current block; dropped if that is a call
        self._in_block = False
        self._after_call = False

    def feed(self, text: str) -> list[str | ToolCall]:
        """Return the text and calls that this piece completes."""
        self._pending += text
        found: list[str | ToolCall] = []
        while self._step(found):
            pass
        return found

    def finish(self) -> list[str | ToolCall]:
        """Return the rest. A block without its closing tag is still a call."""
        rest, self._pending = self._pending, ""
        if self._in_block:
            call = parse_call(rest.removeprefix(OPEN))
            if call is not None:
                return [call]
            rest = self._gap + rest
        elif self._after_call:
            rest = rest.lstrip()
        return [rest] if rest else []

    def _step(self, found: list[str | ToolCall]) -> bool:
        """Process the beginning of the pending text; return False if more input is needed."""
        if self._in_block:
            return self._close_block(found)
        if self._after_call:
            self._pending = self._pending.lstrip()
        start = self._pending.find(OPEN)
        if start >= 0:
            text = self._pending[:start].rstrip()
            self._gap = self._pending[len(text) : start]
            self._give_text(found, text)
            self._pending = self._pending[start:]
            self._in_block = True
            return True
        clear = _clear_length(self._pending)
        self._give_text(found, self._pending[:clear])
        self._pending = self._pending[clear:]
        return False

    def _close_block(self, found: list[str | ToolCall]) -> bool:
        end = self._pending.find(CLOSE)
        if end < 0:
            return False
        block, self._pending = self._pending[: end + len(CLOSE)], self._pending[end + len(CLOSE) :]
        call = parse_call(block[len(OPEN) : -len(CLOSE)])
        self._in_block = False
        if call is None:
            self._give_text(found, self._gap + block)
        else:
            found.append(call)
            self._after_call = True
        return True

    def _give_text(self, found: list[str | ToolCall], text: str) -> None:
        if text:
            found.append(text)
            self._after_call = False


def _clear_length(text: str) -> int:
    """Return the length of the text that is neither part of a tag nor white space before one."""
    length = len(text)
    for size in range(min(len(OPEN) - 1, length), 0, -1):
        if OPEN.startswith(text[length - size :]):
            length -= size
            break
    return len(text[:length].rstrip())


def forcing_schema(tools: Sequence[Mapping[str, Any]]) -> str:
    """Return a JSON schema, as text, that only allows calls of these tools, which must agree on their ``$defs``."""
    definitions: dict[str, Any] = {}
    calls = []
    for tool in tools:
        function = tool["function"]
        parameters = dict(function.get("parameters") or {"type": "object"})
        # References are relative to the schema's root: definitions have to move there.
        for keyword in ("$defs", "definitions"):
            for name, definition in parameters.pop(keyword, {}).items():
                if definitions.setdefault(keyword, {}).setdefault(name, definition) != definition:
                    raise InvalidRequestError(msg("tool_definitions_differ", name=name), param="tools")
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": function["name"]}, "arguments": parameters},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    schema = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return json.dumps({**schema, **definitions})
