"""The items of a response's output, with the events that announce, fill and end them."""

from __future__ import annotations

import base64
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, Literal

from preheat.inference import JsonObject

Status = Literal["in_progress", "completed", "incomplete"]


def event_json(event: JsonObject) -> str:
    """Return an event as JSON, without its end: a stream adds the sequence number last."""
    return json.dumps(event, separators=(",", ":"))[:-1]


class OutputItem(ABC):
    """One item. Events lack their ``sequence_number``.

    Args:
        index: The item's place in the output.
        delta: The type of events that add text, without ``response.``, and their fields.
    """

    prefix: ClassVar[str]

    def __init__(self, index: int, delta: str, **fields: int) -> None:
        self.item_id = f"{self.prefix}_{uuid.uuid4().hex}"
        self._index = index
        self._pieces: list[str] = []
        event = self._event(delta, **fields)
        # Encoded once, so that a token costs one string.
        self._delta_head = f'event: {event["type"]}\ndata: {event_json(event)},"delta":'

    def begin(self) -> list[JsonObject]:
        """Return the events that announce the item."""
        return [self._place("output_item.added", item=self.to_json("in_progress")), *self._begin_part()]

    def delta(self, text: str) -> str:
        """Add text, and return its event up to the sequence number."""
        self._pieces.append(text)
        return self._delta_head + json.dumps(text)

    def end(self, status: Status) -> list[JsonObject]:
        """Return the events that end the item; the last one has the whole item."""
        return [*self._end_part(), self._place("output_item.done", item=self.to_json(status))]

    @property
    def text(self) -> str:
        """The whole text so far."""
        return "".join(self._pieces)

    @abstractmethod
    def to_json(self, status: Status) -> JsonObject:
        """Return the item; without content while it is in progress."""

    @abstractmethod
    def _begin_part(self) -> list[JsonObject]: ...

    @abstractmethod
    def _end_part(self) -> list[JsonObject]: ...

    def _place(self, name: str, /, **fields: object) -> JsonObject:
        return {"type": f"response.{name}", "output_index": self._index, **fields}

    def _event(self, name: str, /, **fields: object) -> JsonObject:
        return self._place(name, item_id=self.item_id, **fields)


class MessageItem(OutputItem):
    """The assistant's text."""

    prefix = "msg"

    def __init__(self, index: int) -> None:
        super().__init__(index, "output_text.delta", content_index=0)
        self._logprobs: list[JsonObject] = []

    def delta(self, text: str, logprobs: Sequence[JsonObject] = ()) -> str:
        """Add text and the log probabilities of its tokens, and return its event up to the sequence number."""
        self._logprobs.extend(logprobs)
        encoded = json.dumps(logprobs) if logprobs else "[]"
        return f'{super().delta(text)},"logprobs":{encoded}'

    def to_json(self, status: Status) -> JsonObject:
        """Return the item."""
        content = [] if status == "in_progress" else [self._part(self.text, self._logprobs)]
        return {"id": self.item_id, "type": "message", "status": status, "role": "assistant", "content": content}

    def _part(self, text: str, logprobs: Sequence[JsonObject]) -> JsonObject:
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}

    def _begin_part(self) -> list[JsonObject]:
        return [self._event("content_part.added", content_index=0, part=self._part("", []))]

    def _end_part(self) -> list[JsonObject]:
        return [
            self._event("output_text.done", content_index=0, text=self.text, logprobs=self._logprobs),
            self._event("content_part.done", content_index=0, part=self._part(self.text, self._logprobs)),
        ]


_ENCODED: Final = "preheat:"


def encoded_thinking(text: str) -> str:
    """Return thinking for ``encrypted_content``. It only has to come back unchanged, and is no secret."""
    return _ENCODED + base64.b64encode(text.encode(errors="surrogatepass")).decode()


def decoded_thinking(encoded: str) -> str:
    """Return the thinking that was encoded; empty for another server's."""
    try:
        data = base64.b64decode(encoded.removeprefix(_ENCODED)) if encoded.startswith(_ENCODED) else b""
        return data.decode(errors="replace")
    except ValueError:
        return ""


class ReasoningItem(OutputItem):
    """The assistant's thinking, as content or as a summary, whose text it is in full.

    Args:
        encoded: Also as ``encrypted_content``, which clients that store nothing send back.
    """

    prefix = "rs"

    def __init__(self, index: int, summary: bool, encoded: bool) -> None:
        self._summary = summary
        self._encoded = encoded
        self._name = "reasoning_summary_text" if summary else "reasoning_text"
        self._part_name = "reasoning_summary_part" if summary else "content_part"
        self._at = {"summary_index" if summary else "content_index": 0}
        super().__init__(index, f"{self._name}.delta", **self._at)

    def to_json(self, status: Status) -> JsonObject:
        """Return the item."""
        parts = [] if status == "in_progress" else [self._part(self.text)]
        content = {"summary": parts} if self._summary else {"summary": [], "content": parts}
        encrypted = encoded_thinking(self.text) if self._encoded and parts else None
        return {"id": self.item_id, "type": "reasoning", "status": status, **content, "encrypted_content": encrypted}

    def _part(self, text: str) -> JsonObject:
        return {"type": "summary_text" if self._summary else "reasoning_text", "text": text}

    def _begin_part(self) -> list[JsonObject]:
        return [self._event(f"{self._part_name}.added", **self._at, part=self._part(""))]

    def _end_part(self) -> list[JsonObject]:
        return [
            self._event(f"{self._name}.done", **self._at, text=self.text),
            self._event(f"{self._part_name}.done", **self._at, part=self._part(self.text)),
        ]


class CallItem(OutputItem):
    """A function call."""

    prefix = "fc"

    def __init__(self, index: int, name: str, call_id: str) -> None:
        super().__init__(index, "function_call_arguments.delta")
        self._function = name
        self._call_id = call_id or f"call_{uuid.uuid4().hex[:24]}"

    def to_json(self, status: Status) -> JsonObject:
        """Return the item."""
        return {
            "id": self.item_id,
            "type": "function_call",
            "status": status,
            "arguments": "" if status == "in_progress" else self._arguments,
            "call_id": self._call_id,
            "name": self._function,
        }

    @property
    def _arguments(self) -> str:
        return self.text or "{}"

    def _begin_part(self) -> list[JsonObject]:
        return []

    def _end_part(self) -> list[JsonObject]:
        return [self._event("function_call_arguments.done", arguments=self._arguments, name=self._function)]
