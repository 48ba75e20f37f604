"""Writes answers in OpenAI's formats: events of a stream, whole objects, usage and log probabilities."""

from __future__ import annotations

import base64
import json
import math
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from preheat._version import __version__
from preheat.inference import FinishReason, GenerationChunk, TokenLogprob, Usage
from preheat.server.generation import Answer, AnswerFormat
from preheat.server.openai.tool_calls import ToolCall, ToolCallParser, parse_call

FINGERPRINT: Final = f"preheat-{__version__}"

_LOWEST_LOGPROB: Final = -9999.0
"""OpenAI's value for an impossible token; JSON has no infinity."""


class EventWriter:
    """Writes the events of one stream. The constant parts are encoded once, so that a token costs one string.

    Args:
        fixed: The fields that all events share.
        opening: The JSON before the text in a choice; ``closing`` is the JSON after it.
        choices: Answers to each prompt; ``total`` for all prompts.
        include_usage: End the stream with the usage.
    """

    def __init__(
        self, fixed: dict[str, Any], *, opening: str, closing: str, choices: int, total: int, include_usage: bool
    ) -> None:
        self.usages = [Usage(0, 0)] * total
        self._choices = choices
        self._include_usage = include_usage
        self._head = f"data: {json.dumps(fixed, separators=(',', ':'))[:-1]},"
        self._tail = ',"usage":null}\n\n' if include_usage else "}\n\n"
        self._text_heads = [f'{self._head}"choices":[{{"index":{index},{opening}' for index in range(total)]
        self._text_tail = f'{closing},"logprobs":null,"finish_reason":null}}]{self._tail}'

    def text(self, index: int, text: str) -> str:
        """Return the event for plain text of one choice."""
        return f"{self._text_heads[index]}{json.dumps(text)}{self._text_tail}"

    def choice(self, choice: dict[str, Any]) -> str:
        """Return the event for any other change of a choice."""
        return f'{self._head}"choices":[{json.dumps(choice)}]{self._tail}'

    def end(self) -> str:
        """Return the usage, if requested, and the end mark."""
        done = "data: [DONE]\n\n"
        if not self._include_usage:
            return done
        return f'{self._head}"choices":[],"usage":{json.dumps(usage_json(self.usages, self._choices))}}}\n\n{done}'


class ChatFormat(AnswerFormat):
    """One chat answer.

    Args:
        tools: Look for tool calls in the text.
        forced: The whole text is one tool call, as a JSON object.
    """

    def __init__(
        self,
        model_id: str,
        *,
        choices: int,
        logprobs: bool,
        tools: bool,
        forced: bool,
        include_usage: bool,
    ) -> None:
        self._fixed = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model_id,
            "system_fingerprint": FINGERPRINT,
        }
        self._writer = EventWriter(
            self._fixed,
            opening='"delta":{"content":',
            closing="}",
            choices=choices,
            total=choices,
            include_usage=include_usage,
        )
        self._logprobs = logprobs
        self._forced = forced
        self._parsers = [ToolCallParser() if tools and not forced else None for _ in range(choices)]
        self._started = [False] * choices
        self._calls = [0] * choices
        self._forced_texts = [""] * choices
        self._choices = choices

    def end(self) -> str:
        """Return the usage, if requested, and the end mark."""
        return self._writer.end()

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for one chunk."""
        plain = chunk.finish_reason is None and not chunk.logprobs and not self._forced
        if plain and self._started[index] and self._parsers[index] is None:
            return self._writer.text(index, chunk.text) if chunk.text else ""
        return "".join(self._events(index, chunk))

    def _events(self, index: int, chunk: GenerationChunk) -> list[str]:
        events = []
        if not self._started[index]:
            self._started[index] = True
            events.append(self._event(index, {"role": "assistant", "content": ""}))
        logprobs = chunk.logprobs if self._logprobs else ()
        for part in self._parts(index, chunk):
            if isinstance(part, str):
                events.append(self._event(index, {"content": part}, logprobs))
                logprobs = ()
            else:
                events.append(self._event(index, {"tool_calls": [{"index": self._calls[index], **part.to_json()}]}))
                self._calls[index] += 1
        if logprobs:
            # Tokens of text that is held back or belongs to a tool call.
            events.append(self._event(index, {"content": ""}, logprobs))
        if chunk.finish_reason is not None:
            self._writer.usages[index] = chunk.usage or self._writer.usages[index]
            events.append(self._event(index, {}, reason=_finish_reason(chunk.finish_reason, self._calls[index])))
        return events

    def _parts(self, index: int, chunk: GenerationChunk) -> list[str | ToolCall]:
        """Return a chunk's text, separated from its tool calls."""
        last, parser = chunk.finish_reason is not None, self._parsers[index]
        if self._forced:
            self._forced_texts[index] += chunk.text
            return _forced_parts(self._forced_texts[index]) if last else []
        if parser is None:
            return [chunk.text] if chunk.text else []
        return [*parser.feed(chunk.text), *(parser.finish() if last else ())]

    def _event(
        self, index: int, delta: dict[str, Any], logprobs: Sequence[TokenLogprob] = (), reason: str | None = None
    ) -> str:
        content = chat_logprobs(logprobs) if logprobs else None
        return self._writer.choice({"index": index, "delta": delta, "logprobs": content, "finish_reason": reason})

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole answer."""
        return {
            **self._fixed,
            "object": "chat.completion",
            "choices": [self._choice(index, answer) for index, answer in enumerate(answers)],
            "usage": usage_json([answer.usage for answer in answers], self._choices),
        }

    def _choice(self, index: int, answer: Answer) -> dict[str, Any]:
        parts = self._parts(index, GenerationChunk(answer.text, finish_reason=answer.finish_reason))
        calls = [part.to_json() for part in parts if isinstance(part, ToolCall)]
        content = "".join(part for part in parts if isinstance(part, str))
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if calls:
            message |= {"content": content or None, "tool_calls": calls}
        return {
            "index": index,
            "message": message,
            "logprobs": chat_logprobs(answer.logprobs) if self._logprobs else None,
            "finish_reason": _finish_reason(answer.finish_reason, len(calls)),
        }


class CompletionFormat(AnswerFormat):
    """One answer to text completions. ``echoes`` begin the choices' texts: the prompt, or nothing."""

    def __init__(
        self, model_id: str, echoes: Sequence[str], *, choices: int, logprobs: bool, include_usage: bool
    ) -> None:
        self._fixed = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model_id,
        }
        self._writer = EventWriter(
            self._fixed,
            opening='"text":',
            closing="",
            choices=choices,
            total=len(echoes),
            include_usage=include_usage,
        )
        self._echoes = list(echoes)
        self._choices = choices
        self._logprobs = logprobs
        self._lengths = [0] * len(echoes)

    def end(self) -> str:
        """Return the usage, if requested, and the end mark."""
        return self._writer.end()

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the event for one chunk."""
        text, self._echoes[index] = self._echoes[index] + chunk.text, ""
        if chunk.finish_reason is None and not chunk.logprobs:
            return self._writer.text(index, text) if text else ""
        self._writer.usages[index] = chunk.usage or self._writer.usages[index]
        return self._writer.choice(self._choice(index, text, chunk.logprobs, chunk.finish_reason))

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole answer."""
        choices = [
            self._choice(index, self._echoes[index] + answer.text, answer.logprobs, answer.finish_reason)
            for index, answer in enumerate(answers)
        ]
        return {
            **self._fixed,
            "choices": choices,
            "usage": usage_json([answer.usage for answer in answers], self._choices),
        }

    def _choice(
        self, index: int, text: str, tokens: Sequence[TokenLogprob], reason: FinishReason | None
    ) -> dict[str, Any]:
        logprobs = completion_logprobs(tokens, self._lengths[index]) if self._logprobs else None
        self._lengths[index] += sum(len(token.token) for token in tokens)
        return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason}


def usage_json(usages: Sequence[Usage], choices: int = 1) -> dict[str, Any]:
    """Return the usage of all answers; a prompt with several choices counts once."""
    prompts = usages[::choices]
    prompt_tokens = sum(usage.prompt_tokens for usage in prompts)
    completion_tokens = sum(usage.completion_tokens for usage in usages)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": sum(usage.cached_tokens for usage in prompts)},
    }


def chat_logprobs(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    """Return the object ``logprobs`` of a chat's choice."""
    content = [
        {
            **_logprob_entry(token.token, token.token_bytes, token.logprob),
            "top_logprobs": [_logprob_entry(*entry) for entry in token.top],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def completion_logprobs(tokens: Sequence[TokenLogprob], offset: int) -> dict[str, Any]:
    """Return the object ``logprobs`` of a text completion's choice; ``offset`` is the start of its first token."""
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.token)
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [_finite(token.logprob) for token in tokens],
        "top_logprobs": [{text: _finite(logprob) for text, _, logprob in token.top} for token in tokens],
        "text_offset": offsets,
    }


def embeddings_json(
    model_id: str, vectors: Sequence[bytes], prompt_tokens: int, encoding_format: str | None
) -> dict[str, Any]:
    """Return OpenAI's answer. base64 holds the vector's own bytes, which is much cheaper."""
    embeddings: list[Any]
    if encoding_format == "base64":
        embeddings = [base64.b64encode(vector).decode() for vector in vectors]
    else:
        embeddings = [memoryview(vector).cast("f").tolist() for vector in vectors]
    data = [{"object": "embedding", "index": index, "embedding": each} for index, each in enumerate(embeddings)]
    usage = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
    return {"object": "list", "data": data, "model": model_id, "usage": usage}


def _logprob_entry(text: str, data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": _finite(logprob), "bytes": list(data)}


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else _LOWEST_LOGPROB


def _forced_parts(text: str) -> list[str | ToolCall]:
    """Return the call that the text is, or the text itself if it was cut off."""
    return [parse_call(text) or text] if text else []


def _finish_reason(reason: FinishReason, calls: int) -> str:
    return "tool_calls" if calls and reason is FinishReason.STOP else reason.value
