"""Writes answers in Anthropic's format: blocks of content, the events of a stream, and usage.

The format of streams: https://docs.anthropic.com/en/docs/build-with-claude/streaming.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from preheat.errors import EngineError
from preheat.inference import FinishReason, GenerationChunk, JsonObject, PromptProgress, ToolCallDelta, Usage
from preheat.server.call_arguments import partial_arguments
from preheat.server.errors import REQUEST_ID, anthropic_error_json, new_request_id
from preheat.server.generation import Answer, AnswerFormat, Wait

SIGNATURE: Final = "preheat"
"""Of thinking blocks. Clients send it back unread; some drop blocks without one."""


class BlockEvents:
    """Turns chunks into the events of content blocks, without empty blocks.

    Args:
        show_thinking: Whether thinking blocks have their text.
    """

    def __init__(self, *, show_thinking: bool = True) -> None:
        self._show_thinking = show_thinking
        self._count = 0  # of the blocks so far
        self._open: str | None = None  # type of the open block
        self._space = ""  # white space before a block of text; a part of the first block only
        self.calls = 0  # number of tool calls

    def feed(self, chunk: GenerationChunk) -> list[JsonObject]:
        """Return the events for a chunk."""
        events: list[JsonObject] = []
        if chunk.reasoning:
            self._think(events, chunk.reasoning)
        if chunk.text:
            self._write(events, chunk.text)
        for call in chunk.tool_calls:
            self._call(events, call)
        return events

    def finish(self) -> list[JsonObject]:
        """Return the events after the last chunk. An answer of white space alone is a text."""
        events: list[JsonObject] = []
        if not self._count and (text := self._space):
            self._start(events, {"type": "text", "text": ""})
            self._delta(events, {"type": "text_delta", "text": text})
        self._stop(events)
        return events

    def _think(self, events: list[JsonObject], text: str) -> None:
        if self._open != "thinking":
            self._start(events, {"type": "thinking", "thinking": "", "signature": ""})
        if self._show_thinking:
            self._delta(events, {"type": "thinking_delta", "thinking": text})

    def _write(self, events: list[JsonObject], text: str) -> None:
        if self._open != "text":
            text = self._space + text
            if text.isspace():
                self._space = text
                return
            text = text.lstrip() if self._count else text
            self._start(events, {"type": "text", "text": ""})
        self._delta(events, {"type": "text_delta", "text": text})

    def _call(self, events: list[JsonObject], call: ToolCallDelta) -> None:
        if call.index == self.calls:
            self.calls += 1
            block = {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex[:24]}", "name": call.name, "input": {}}
            self._start(events, block)
        if call.arguments:
            self._delta(events, {"type": "input_json_delta", "partial_json": call.arguments})

    def _start(self, events: list[JsonObject], block: JsonObject) -> None:
        self._stop(events)
        events.append({"type": "content_block_start", "index": self._count, "content_block": block})
        self._count += 1
        self._open = block["type"]
        self._space = ""

    def _delta(self, events: list[JsonObject], delta: JsonObject) -> None:
        events.append({"type": "content_block_delta", "index": self._count - 1, "delta": delta})

    def _stop(self, events: list[JsonObject]) -> None:
        if self._open == "thinking":
            self._delta(events, {"type": "signature_delta", "signature": SIGNATURE})
        if self._open is not None:
            events.append({"type": "content_block_stop", "index": self._count - 1})
        self._open = None


class MessageFormat(AnswerFormat):
    """One message.

    Args:
        max_tokens: The limit in the request; None if there is none.
        show_thinking: Whether thinking blocks have their text.
        finished: Called with the message's id and content.
    """

    def __init__(
        self,
        model_id: str,
        *,
        max_tokens: int | None,
        show_thinking: bool,
        finished: Callable[[str, list[JsonObject]], None] | None = None,
    ) -> None:
        self._head: JsonObject = {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": model_id,
        }
        self.headers = {REQUEST_ID: new_request_id()}
        self._max_tokens = max_tokens
        self._blocks = BlockEvents(show_thinking=show_thinking)
        self._usage = Usage(0, 0)  # so far
        self._finished = finished
        self._events: list[JsonObject] = []  # of a stream's blocks, for ``finished``

    def begin(self) -> str:
        """Return the start of the message, with the prompt's tokens if they are known already."""
        return _events([{"type": "message_start", "message": self._message([], {}, self._usage)}, {"type": "ping"}])

    def waiting(self, wait: Wait) -> str:
        """Return a ping. Its further fields, and a comment, describe what the request waits for."""
        remaining_s = None if wait.remaining_s is None else round(wait.remaining_s, 1)
        ping = {"type": "ping", "stage": wait.stage, "share": wait.share, "remaining_s": remaining_s}
        return f": {wait}\n{_events([ping])}"

    def progress(self, index: int, progress: PromptProgress) -> str:
        """Return a ping for a part of the prompt."""
        self._usage = Usage(progress.total_tokens, 0, progress.cached_tokens)
        share = round(progress.done_tokens / progress.total_tokens, 3)
        return _events([{"type": "ping", "stage": "prefill", "share": share}])

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for a chunk."""
        last = chunk.finish_reason is not None
        events = [*self._blocks.feed(chunk), *(self._blocks.finish() if last else ())]
        if self._finished is not None:
            self._events += events
            if last:
                self._finished(self._head["id"], content_of(self._events))
        if chunk.finish_reason is not None:
            usage = chunk.usage or self._usage
            delta = self._ending(chunk.finish_reason, chunk.stop_text, usage)
            events.append({"type": "message_delta", "delta": delta, "usage": usage_json(usage)})
            events.append({"type": "message_stop"})
        return _events(events)

    def end(self) -> str:
        """Return nothing: the last chunk ends the message."""
        return ""

    def error(self, error: EngineError) -> str:
        """Return the event for an error."""
        return _events([anthropic_error_json(error, self.headers[REQUEST_ID])])

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole message: the sum of a stream's events."""
        (answer,) = answers
        events = [event for chunk in answer.chunks for event in self._blocks.feed(chunk)]
        content = content_of([*events, *self._blocks.finish()])
        if self._finished is not None:
            self._finished(self._head["id"], content)
        return self._message(content, self._ending(answer.finish_reason, answer.stop_text, answer.usage), answer.usage)

    def _message(self, content: list[JsonObject], ending: JsonObject, usage: Usage) -> JsonObject:
        return {**self._head, "content": content, "stop_reason": None, "stop_sequence": None, **ending} | {
            "usage": usage_json(usage)
        }

    def _ending(self, reason: FinishReason, stop_text: str | None, usage: Usage) -> JsonObject:
        if reason is FinishReason.LENGTH:
            limited = self._max_tokens is not None and usage.completion_tokens >= self._max_tokens
            name = "max_tokens" if limited else "model_context_window_exceeded"
        elif self._blocks.calls:
            name = "tool_use"
        else:
            name = "end_turn" if stop_text is None else "stop_sequence"
        return {"stop_reason": name, "stop_sequence": stop_text}


def content_of(events: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the blocks that a stream's events add up to."""
    blocks: list[JsonObject] = []
    arguments = ""
    for event in events:
        if event["type"] == "content_block_start":
            blocks.append(dict(event["content_block"]))
            arguments = ""
        elif event["type"] == "content_block_delta":
            delta: JsonObject = event["delta"]
            if delta["type"] == "input_json_delta":
                arguments += delta["partial_json"]
            else:
                name = delta["type"].removesuffix("_delta")  # text, thinking, signature
                blocks[-1][name] += delta[name]
        elif arguments:
            # A call that max_tokens cuts off has a part of its input, as in Anthropic's clients.
            blocks[-1]["input"] = partial_arguments(arguments)
    return blocks


def usage_json(usage: Usage) -> JsonObject:
    """Return the token counts; ``input_tokens`` does not include the cached ones."""
    return {
        "input_tokens": usage.prompt_tokens - usage.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _events(events: Iterable[JsonObject]) -> str:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
