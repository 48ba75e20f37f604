"""Writes responses: events of a stream in the documented order, and whole objects.

The events are those of https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from preheat.errors import EngineError
from preheat.inference import FinishReason, GenerationChunk, JsonObject, Usage
from preheat.server.errors import responses_error_json
from preheat.server.generation import Answer, AnswerFormat, Wait
from preheat.server.openai.formatting import chat_logprobs
from preheat.server.openai.requests import tool_choice
from preheat.server.openai.responses.output import CallItem, MessageItem, OutputItem, ReasoningItem, event_json
from preheat.server.openai.responses.requests import token_limit
from preheat.server.openai.responses.schema import ResponseBody

MAX_REPEATED_CHARACTERS: Final = 1 << 18
"""Up to this length, instructions and tools are repeated in events that only show progress."""

_ERROR_CODES: Final = {"queue_full": "rate_limit_exceeded", "context_length_exceeded": "context_length_exceeded"}


class ResponseFormat(AnswerFormat):
    """One response.

    Args:
        on_finished: Called with a response that is complete, or was cut off by its limit.
    """

    def __init__(self, model_id: str, body: ResponseBody, on_finished: Callable[[JsonObject], None]) -> None:
        self._fields = self._response = response_fields(model_id, body)
        self._brief = self._fields  # repeated while the response waits
        self._on_finished = on_finished
        self._logprobs = body.logprobs is not None
        encoded = "reasoning.encrypted_content" in (body.include or ())
        self._new_reasoning = partial(ReasoningItem, summary=body.summary, encoded=encoded)
        self._sequence = 0
        self._output: list[JsonObject] = []  # finished items
        self._open: OutputItem | None = None
        self._cut_off = False
        self._usage: Usage | None = None
        self._call = -1  # index of the open or last call
        # Its numbers are the first ones, but a stream may ask for it after ``feed``.
        kinds = ("response.created", "response.in_progress")
        self._beginning = "".join(self._event({"type": kind, "response": self._fields}) for kind in kinds)
        if len(self._beginning) > MAX_REPEATED_CHARACTERS:
            self._brief = {**self._fields, "instructions": None, "tools": []}

    def begin(self) -> str:
        """Return the events before everything else."""
        return self._beginning

    def waiting(self, wait: Wait) -> str:
        """Return an event, since clients such as Codex ignore comments and give up."""
        progress = {"stage": wait.stage, "share": wait.share, "remaining_s": wait.remaining_s}
        return self._event({"type": "response.in_progress", "response": self._brief, "progress": progress})

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for one chunk."""
        events = []
        if chunk.reasoning:
            if not isinstance(self._open, ReasoningItem):
                events += self._start(self._new_reasoning)
            events.append(self._delta(chunk.reasoning))
        if chunk.text:
            events += self._text(chunk)
        for call in chunk.tool_calls:
            if not isinstance(self._open, CallItem) or call.index != self._call:
                self._call = call.index
                events += self._start(partial(CallItem, name=call.name, call_id=call.call_id))
            if call.arguments:
                events.append(self._delta(call.arguments))
        if chunk.finish_reason is not None:
            self._cut_off = chunk.finish_reason is FinishReason.LENGTH
            self._usage = chunk.usage
        return "".join(events)

    def end(self) -> str:
        """Return the events after the last chunk."""
        events = self._close()
        if not self._output:  # clients expect a message
            events += [*self._start(MessageItem), *self._close()]
        response = self._response = self._finished()
        events.append(self._event({"type": f"response.{response['status']}", "response": response}))
        self._on_finished(response)
        return "".join(events)

    def error(self, error: EngineError) -> str:
        """Return the event for an error after the headers."""
        content = responses_error_json(error)["error"]
        fallback = "server_error" if error.status >= 500 else "invalid_prompt"
        content["code"] = _ERROR_CODES.get(error.code, fallback)
        response = {**self._fields, "status": "failed", "error": content, "output": self._output}
        return self._event({"type": "response.failed", "response": response})

    def whole(self, answers: Sequence[Answer]) -> JsonObject:
        """Return the whole answer."""
        for chunk in answers[0].chunks:
            self.feed(0, chunk)
        self.end()
        return self._response

    def _text(self, chunk: GenerationChunk) -> list[str]:
        text, events = chunk.text, []
        if not isinstance(self._open, MessageItem):
            if self._open is not None:  # white space after thinking and calls belongs to the model's format
                text = text.lstrip()
            if not text:
                return []
            events = self._start(MessageItem)
        if self._logprobs and chunk.logprobs and isinstance(self._open, MessageItem):
            logprobs = chat_logprobs(chunk.logprobs)["content"]
            return [*events, self._numbered(self._open.delta(text, logprobs))]
        return [*events, self._delta(text)]

    def _start(self, make: Callable[[int], OutputItem]) -> list[str]:
        """Return the events that end the open item and begin another one."""
        events = self._close()
        self._open = make(len(self._output))
        return events + [self._event(event) for event in self._open.begin()]

    def _delta(self, text: str) -> str:
        assert self._open is not None
        return self._numbered(self._open.delta(text))

    def _close(self) -> list[str]:
        if self._open is None:
            return []
        item, self._open = self._open, None
        events = item.end("incomplete" if self._cut_off else "completed")
        self._output.append(events[-1]["item"])
        return [self._event(event) for event in events]

    def _finished(self) -> JsonObject:
        return {
            **self._fields,
            "status": "incomplete" if self._cut_off else "completed",
            "completed_at": None if self._cut_off else int(time.time()),
            "incomplete_details": {"reason": "max_output_tokens"} if self._cut_off else None,
            "output": self._output,
            "usage": usage_json(self._usage or Usage(0, 0)),
        }

    def _event(self, event: JsonObject) -> str:
        return self._numbered(f"event: {event['type']}\ndata: {event_json(event)}")

    def _numbered(self, event: str) -> str:
        """Return an event with the next sequence number."""
        number = self._sequence
        self._sequence += 1
        return f'{event},"sequence_number":{number}}}\n\n'


def new_id(prefix: str) -> str:
    """Return a new id, such as ``resp_…``."""
    return f"{prefix}_{uuid.uuid4().hex}"


def response_fields(model_id: str, body: ResponseBody) -> JsonObject:
    """Return a response that has just begun, with the request's fields."""
    sampling, form, reasoning = body.sampling(0), body.format, body.reasoning
    return {
        "id": new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "instructions": body.instructions if isinstance(body.instructions, str) else None,
        "max_output_tokens": token_limit(body),
        "max_tool_calls": None,
        "model": model_id,
        "output": [],
        "parallel_tool_calls": body.parallel_tool_calls is not False,
        "previous_response_id": body.previous_response_id,
        "prompt_cache_key": body.prompt_cache_key,
        "reasoning": {
            "effort": reasoning.effort if reasoning is not None else None,
            "summary": "detailed" if body.summary else None,
        },
        "safety_identifier": body.safety_identifier,
        "service_tier": "default",
        "store": body.store is not False,
        "temperature": sampling.temperature,
        "text": {
            "format": form.model_dump(by_alias=True, exclude_none=True),
            "verbosity": (body.text.verbosity if body.text is not None else None) or "medium",
        },
        "tool_choice": _tool_choice_json(body),
        "tools": [
            {
                "type": "function",
                "name": function.name,
                "description": function.description,
                "parameters": function.parameters,
                "strict": bool(function.strict),
            }
            for function in body.functions
        ],
        "top_logprobs": body.top_logprobs or 0,
        "top_p": sampling.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": body.user,
        "metadata": body.metadata or {},
    }


def usage_json(usage: Usage) -> JsonObject:
    """Return the usage of a response."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def _tool_choice_json(body: ResponseBody) -> Any:
    choice = tool_choice(body.tool_choice, [function.name for function in body.functions])
    if isinstance(body.tool_choice, dict) and body.tool_choice.get("type") == "allowed_tools":
        return body.tool_choice
    return {"type": "function", "name": choice.names[0]} if choice.names else choice.mode
