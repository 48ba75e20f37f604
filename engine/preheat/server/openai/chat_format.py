"""Answers to chats in OpenAI's format, with llama-server's and vLLM's extensions."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from preheat.inference import FinishReason, GenerationChunk, PromptProgress, TokenLogprob, ToolCallDelta
from preheat.server.generation import Answer, AnswerFormat
from preheat.server.openai.formatting import FINGERPRINT, EventWriter, chat_logprobs, timings_json, usage_json


class ChatFormat(AnswerFormat):
    """One chat answer.

    Args:
        choices: Number of answers.
        include_usage: End a stream with the usage.
        logprobs: Report log probabilities.
        reasoning: Report thinking.
        legacy: Write a call as ``function_call``, OpenAI's form before tools.
        progress: Report the progress of the prompt in a stream.
    """

    def __init__(
        self,
        model_id: str,
        *,
        choices: int = 1,
        include_usage: bool = False,
        logprobs: bool = False,
        reasoning: bool = True,
        legacy: bool = False,
        progress: bool = False,
    ) -> None:
        self._fixed = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model_id,
            "system_fingerprint": FINGERPRINT,
        }
        self._writer = EventWriter(self._fixed, choices=choices, total=choices, include_usage=include_usage)
        self._choices = choices
        self._logprobs = logprobs
        self._reasoning = reasoning
        self._legacy = legacy
        self._progress = progress
        self._started = [False] * choices
        self._began_at = time.monotonic()

    def progress(self, index: int, progress: PromptProgress) -> str:
        """Return llama-server's chunk for a part of the prompt, if requested."""
        if not self._progress:
            return ""
        content = {
            "total": progress.total_tokens,
            "cache": progress.cached_tokens,
            "processed": progress.done_tokens,
            "time_ms": round((time.monotonic() - self._began_at) * 1000),
        }
        choice = {"index": index, "delta": {}, "finish_reason": None}
        return self._writer.choice(choice, {"prompt_progress": content})

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for one chunk."""
        if not self._started[index] or chunk.logprobs or chunk.tool_calls or chunk.finish_reason is not None:
            return "".join(self._events(index, chunk))
        event = ""
        if chunk.reasoning and self._reasoning:
            event = self._writer.text(index, '"delta":{"reasoning_content":', chunk.reasoning, "}")
        if chunk.text:
            event += self._writer.text(index, '"delta":{"content":', chunk.text, "}")
        return event

    def _events(self, index: int, chunk: GenerationChunk) -> list[str]:
        events = []
        if not self._started[index]:
            self._started[index] = True
            events.append(self._event(index, {"role": "assistant", "content": ""}))
        deltas: list[dict[str, Any]] = []
        if chunk.reasoning and self._reasoning:
            deltas.append({"reasoning_content": chunk.reasoning})
        if chunk.text:
            deltas.append({"content": chunk.text})
        deltas.extend(map(self._call_delta, chunk.tool_calls))
        logprobs = chunk.logprobs if self._logprobs else ()
        if logprobs and not deltas:
            deltas.append({})  # tokens of text that is held back
        for delta in deltas:
            events.append(self._event(index, delta, logprobs))
            logprobs = ()
        if chunk.finish_reason is not None:
            events.append(self._last_event(index, chunk, chunk.finish_reason))
        return events

    def _last_event(self, index: int, chunk: GenerationChunk, reason: FinishReason) -> str:
        usage = self._writer.usages[index] = chunk.usage or self._writer.usages[index]
        choice = {"index": index, "delta": {}, "logprobs": None, **self._ending(reason, chunk.stop_text)}
        return self._writer.choice(choice, {"timings": timings_json(usage)})

    def _event(self, index: int, delta: dict[str, Any], logprobs: Sequence[TokenLogprob] = ()) -> str:
        content = chat_logprobs(logprobs) if logprobs else None
        return self._writer.choice({"index": index, "delta": delta, "logprobs": content, "finish_reason": None})

    def _call_delta(self, piece: ToolCallDelta) -> dict[str, Any]:
        function = {"name": piece.name} if piece.name else {}
        function["arguments"] = piece.arguments
        if self._legacy:
            return {"function_call": function}
        head = {"id": piece.call_id, "type": "function"} if piece.name else {}
        return {"tool_calls": [{"index": piece.index, **head, "function": function}]}

    def _ending(self, reason: FinishReason, stop_text: str | None) -> dict[str, Any]:
        legacy_call = self._legacy and reason is FinishReason.TOOL_CALLS
        ending: dict[str, Any] = {"finish_reason": "function_call" if legacy_call else reason.value}
        # vLLM's field for the stop string that ended the answer.
        return ending if stop_text is None else {**ending, "stop_reason": stop_text}

    def end(self) -> str:
        """Return the usage, if requested, and the end mark."""
        return self._writer.end()

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole answer."""
        return {
            **self._fixed,
            "object": "chat.completion",
            "choices": [self._choice(index, answer) for index, answer in enumerate(answers)],
            "usage": usage_json([answer.usage for answer in answers], self._choices),
            "timings": timings_json(answers[0].usage),
        }

    def _choice(self, index: int, answer: Answer) -> dict[str, Any]:
        calls = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.tool_calls
        ]
        message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
        if answer.reasoning and self._reasoning:
            message["reasoning_content"] = answer.reasoning
        if calls:
            message["content"] = answer.text or None
            message |= {"function_call": calls[0]["function"]} if self._legacy else {"tool_calls": calls}
        return {
            "index": index,
            "message": message,
            "logprobs": chat_logprobs(answer.logprobs) if self._logprobs else None,
            **self._ending(answer.finish_reason, answer.stop_text),
        }
