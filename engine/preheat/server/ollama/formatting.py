"""Writes Ollama's answers: lines of JSON while text is generated, and whole objects."""

from __future__ import annotations

import json
import math
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from preheat.errors import EngineError, UnsupportedOperationError
from preheat.inference import FinishReason, GenerationChunk, TokenLogprob, ToolCall, ToolCallDelta, Usage
from preheat.messages import msg
from preheat.server.call_arguments import whole_arguments
from preheat.server.errors import ollama_error_json
from preheat.server.generation import Answer, AnswerFormat, Wait
from preheat.server.ollama.durations import nanoseconds, time_text
from preheat.server.streams import NDJSON

if TYPE_CHECKING:
    from preheat.core import Lease

_LOWEST_LOGPROB: Final = -9999.0
"""JSON has no infinity."""


class Stopwatch:
    """The times of one request: its arrival, and when its model was hot."""

    def __init__(self) -> None:
        self._arrived_at = time.perf_counter()
        self._leased_at = self._arrived_at

    def leased(self) -> None:
        """Note that the model is hot."""
        self._leased_at = time.perf_counter()

    def durations(self) -> dict[str, int]:
        """Return the time since the arrival, and that of the wait for the model, in nanoseconds."""
        return {
            "total_duration": nanoseconds(time.perf_counter() - self._arrived_at),
            "load_duration": nanoseconds(self._leased_at - self._arrived_at),
        }


class _LineFormat(AnswerFormat):
    """What chat and generate share.

    Args:
        model: The name that the client used.
        needs_thinking: The client asks for thinking.
    """

    media_type = NDJSON

    def __init__(self, model: str, *, needs_thinking: bool = False) -> None:
        self._model = model
        self._needs_thinking = needs_thinking
        self._watch = Stopwatch()
        self._calls = CallCollector()

    @abstractmethod
    def _content(self, text: str, thinking: str, calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return the fields with a piece of the answer."""

    def _last_fields(self) -> dict[str, Any]:
        """Return further fields of the last line."""
        return {}

    def leased(self, lease: Lease) -> None:
        """See ``AnswerFormat``; raises UnsupportedOperationError if the model does not think, as Ollama does."""
        self._watch.leased()
        if self._needs_thinking and not lease.info.thinking:
            raise UnsupportedOperationError(msg("thinking_unsupported", model=lease.model_id), param="think")

    def waiting(self, wait: Wait) -> str:
        """Return a line without text. NDJSON has no comments, and clients fail on an empty line."""
        progress = {"stage": wait.stage, "share": wait.share, "remaining_s": wait.remaining_s}
        return self._line({**self._content("", "", ()), "progress": progress, "done": False})

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """See ``AnswerFormat``."""
        last = chunk.finish_reason is not None
        calls = [*self._calls.feed(chunk.tool_calls), *(self._calls.finish() if last else ())]
        line = ""
        if chunk.text or chunk.reasoning or calls or chunk.logprobs:
            logprobs = {"logprobs": logprobs_json(chunk.logprobs)} if chunk.logprobs else {}
            line = self._line({**self._content(chunk.text, chunk.reasoning, calls), "done": False, **logprobs})
        if chunk.finish_reason is None:
            return line
        end = self._end(chunk.finish_reason, chunk.usage or Usage(0, 0))
        return line + self._line({**self._content("", "", ()), **end})

    def end(self) -> str:
        """See ``AnswerFormat``; ``feed`` has written the last line."""
        return ""

    def error(self, error: EngineError) -> str:
        """Return the line that Ollama's clients raise."""
        return f"{json.dumps(ollama_error_json(error))}\n"

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """See ``AnswerFormat``."""
        answer = answers[0]
        calls = [call for index, each in enumerate(answer.tool_calls) if (call := call_json(each, index))]
        logprobs = {"logprobs": logprobs_json(answer.logprobs)} if answer.logprobs else {}
        return {
            "model": self._model,
            "created_at": time_text(time.time()),
            **self._content(answer.text, answer.reasoning, calls),
            **logprobs,
            **self._end(answer.finish_reason, answer.usage),
        }

    def _end(self, reason: FinishReason, usage: Usage) -> dict[str, Any]:
        return {
            "done": True,
            "done_reason": "length" if reason is FinishReason.LENGTH else "stop",
            **self._last_fields(),
            **self._watch.durations(),
            "prompt_eval_count": usage.prompt_tokens,
            # Never 0: clients divide by them.
            "prompt_eval_duration": nanoseconds(usage.prefill_s) or 1,
            "eval_count": usage.completion_tokens,
            "eval_duration": nanoseconds(usage.decode_s) or 1,
        }

    def _line(self, fields: Mapping[str, Any]) -> str:
        return f"{json.dumps({'model': self._model, 'created_at': time_text(time.time()), **fields})}\n"


class ChatFormat(_LineFormat):
    """One answer of /api/chat."""

    def _content(self, text: str, thinking: str, calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if thinking:
            message["thinking"] = thinking
        if calls:
            message["tool_calls"] = list(calls)
        return {"message": message}


class GenerateFormat(_LineFormat):
    """One answer of /api/generate.

    Args:
        context: Returns the answer's ``context`` for its text; None to leave it out.
    """

    def __init__(self, model: str, context: Callable[[str], list[int]] | None, *, needs_thinking: bool = False) -> None:
        super().__init__(model, needs_thinking=needs_thinking)
        self._context = context
        self._texts: list[str] = []

    def _content(self, text: str, thinking: str, calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
        self._texts.append(text)
        return {"response": text, **({"thinking": thinking} if thinking else {})}

    def _last_fields(self) -> dict[str, Any]:
        return {"context": self._context("".join(self._texts))} if self._context is not None else {}


class CallCollector:
    """Collects pieces of tool calls: Ollama's clients get a call as a whole."""

    def __init__(self) -> None:
        self._call: ToolCall | None = None
        self._index = 0

    def feed(self, deltas: Sequence[ToolCallDelta]) -> list[dict[str, Any]]:
        """Return the calls that are complete now, since another one begins."""
        complete: list[dict[str, Any]] = []
        for delta in deltas:
            if self._call is not None and delta.index != self._index:
                complete += self.finish()
            if self._call is None:
                self._call, self._index = ToolCall(delta.name, delta.arguments, delta.call_id), delta.index
            else:
                arguments = self._call.arguments + delta.arguments
                self._call = ToolCall(self._call.name, arguments, self._call.call_id)
        return complete

    def finish(self) -> list[dict[str, Any]]:
        """Return the last call."""
        call, self._call = self._call, None
        json_form = call_json(call, self._index) if call is not None else None
        return [json_form] if json_form is not None else []


def call_json(call: ToolCall, index: int) -> dict[str, Any] | None:
    """Return a tool call with its arguments as an object; None if the answer's end has cut it off."""
    arguments = whole_arguments(call.arguments)
    if arguments is None:
        return None
    return {"id": call.call_id, "function": {"index": index, "name": call.name, "arguments": arguments}}


def logprobs_json(logprobs: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    """Return log probabilities in Ollama's form."""
    return [
        {
            **_logprob(each.token, each.token_bytes, each.logprob),
            **({"top_logprobs": [_logprob(*top) for top in each.top]} if each.top else {}),
        }
        for each in logprobs
    ]


def _logprob(token: str, data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob if math.isfinite(logprob) else _LOWEST_LOGPROB, "bytes": list(data)}


def loaded_json(model: str, fields: Mapping[str, Any], *, unloaded: bool) -> dict[str, Any]:
    """Return the answer to a request without a prompt."""
    reason = "unload" if unloaded else "load"
    return {
        "model": model,
        "created_at": time_text(time.time()),
        **fields,
        "done": True,
        "done_reason": reason,
    }
