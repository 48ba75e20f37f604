"""Turns the items of a conversation into messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from preheat.inference import ContentPart, Message, Role, ToolCall
from preheat.server.bodies import image_bytes
from preheat.server.openai.requests import tool_call
from preheat.server.openai.responses.output import decoded_thinking
from preheat.server.openai.responses.schema import (
    CallOutputItem,
    CustomToolCallItem,
    FunctionCallItem,
    InputItem,
    MessageItem,
    Part,
    ReasoningItem,
)

_ROLES: Final = {"developer": Role.SYSTEM}


def chat_messages(items: Sequence[InputItem], earlier: int = 0) -> tuple[Message, ...]:
    """Return the messages of a conversation, of which ``earlier`` items were not in the request's input.

    Thinking, text and calls that follow each other are one message of the assistant. Items of unknown types are passed
    over.

    Raises:
        InvalidRequestError: An image cannot be read.
    """
    transcript = _Transcript()
    for position, item in enumerate(items, -earlier):
        transcript.add(item, f"input[{position}]")
    # Thinking without what it led to, as of an answer that was cut off, is not repeated.
    return tuple(each for each in transcript.messages if not each.reasoning or each.content or each.tool_calls)


@dataclass(slots=True)
class _Transcript:
    """The messages so far."""

    messages: list[Message] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # of the called functions, by the id of the call

    def add(self, item: InputItem, param: str) -> None:
        """Add an item; ``param`` is its place in the request, for errors."""
        match item:
            case MessageItem(role="assistant"):
                calls = [
                    tool_call(call.function, call.id or "", f"{param}.tool_calls") for call in item.tool_calls or ()
                ]
                self._add_assistant(content=_parts(item.content, param), calls=calls)
            case MessageItem():
                role = _ROLES.get(item.role) or Role(item.role)
                self.messages.append(Message(role=role, content=_parts(item.content, param)))
            case FunctionCallItem():
                self._add_assistant(calls=[tool_call(item, item.call_id or item.id or "", f"{param}.arguments")])
            case CustomToolCallItem():
                arguments = json.dumps({"input": item.input}, ensure_ascii=False)
                self._add_assistant(calls=[ToolCall(item.name, arguments, item.call_id or item.id or "")])
            case CallOutputItem():
                self._add_output(item, param)
            case ReasoningItem():
                text = "\n".join(part.text for part in item.content or item.summary or () if part.text)
                if text := text or decoded_thinking(item.encrypted_content or ""):
                    self._add_assistant(reasoning=text)

    def _add_assistant(
        self, *, reasoning: str = "", content: tuple[ContentPart, ...] = (), calls: Sequence[ToolCall] = ()
    ) -> None:
        """Continue the assistant's message if thinking, text and calls follow in this order; else begin another."""
        self.names.update((call.call_id, call.name) for call in calls)
        message = Message(role=Role.ASSISTANT, reasoning=reasoning, content=content, tool_calls=tuple(calls))
        last = self.messages[-1] if self.messages else None
        only_calls = not reasoning and not content and bool(calls)
        if last is None or last.role is not Role.ASSISTANT or (not only_calls and (last.content or last.tool_calls)):
            self.messages.append(message)
            return
        self.messages[-1] = replace(
            last,
            reasoning="\n".join(filter(None, (last.reasoning, reasoning))),
            content=last.content + content,
            tool_calls=last.tool_calls + message.tool_calls,
        )

    def _add_output(self, item: CallOutputItem, param: str) -> None:
        call_id = item.call_id or ""
        output = json.dumps(item.output, ensure_ascii=False) if isinstance(item.output, dict) else item.output
        content = _parts(output, param, "output")
        self.messages.append(
            Message(role=Role.TOOL, content=content, tool_call_id=call_id, name=self.names.get(call_id, ""))
        )


def _parts(content: str | Sequence[Part] | None, param: str, field_name: str = "content") -> tuple[ContentPart, ...]:
    if isinstance(content, str):
        return (ContentPart(content),) if content else ()
    parts = []
    for index, part in enumerate(content or ()):
        if part.image is None:
            parts.append(ContentPart(part.text if part.text is not None else part.refusal or ""))
        else:
            place = f"{param}.{field_name}[{index}].image_url"
            parts.append(ContentPart(image=image_bytes(part.image, place)))
    return tuple(parts)
