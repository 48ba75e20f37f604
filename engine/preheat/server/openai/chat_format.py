"""Answers to chats in OpenAI's form: a stream of events, or one object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from preheat._version import __version__
from preheat.inference import FinishReason, GenerationChunk, TokenLogprob, Usage
from preheat.server.generation import Answer, usage_json
from preheat.server.openai.logprobs import chat_logprobs
from preheat.server.openai.tool_calls import ToolCall, ToolCallParser, parse_call

FINGERPRINT = f"preheat-{__version__}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatForm:
    """What all events of one answer share.

    Attributes:
        created: Unix time, in whole seconds.
        choices: How many answers.
        logprobs: The client asked for them.
        tools: Look for tool calls in the text.
        forced: The whole text is one tool call, as a JSON object.
        include_usage: A stream ends with the usage.
    """

    answer_id: str
    created: int
    model_id: str
    choices: int = 1
    logprobs: bool = False
    tools: bool = False
    forced: bool = False
    include_usage: bool = False


class _Choice:
    """One choice of a stream."""

    def __init__(self, form: ChatForm) -> None:
        self.started = False
        self.calls = 0
        self.forced_text: list[str] = []
        self.parser = ToolCallParser() if form.tools else None
        self.usage = Usage(0, 0)

    def split(self, chunk: GenerationChunk, *, forced: bool) -> list[str | ToolCall]:
        """Return the chunk's text, its tool calls taken out."""
        last = chunk.finish_reason is not None
        if forced:
            self.forced_text.append(chunk.text)
            return _forced_parts("".join(self.forced_text)) if last else []
        if self.parser is None:
            return [chunk.text] if chunk.text else []
        parts = self.parser.feed(chunk.text)
        return [*parts, *self.parser.finish()] if last else parts


class ChatStream:
    """Turns chunks into events. Everything but the text itself is made once; a token costs one string."""

    def __init__(self, form: ChatForm) -> None:
        self._form = form
        self._choices = [_Choice(form) for _ in range(form.choices)]
        fixed = {
            "id": form.answer_id,
            "object": "chat.completion.chunk",
            "created": form.created,
            "model": form.model_id,
            "system_fingerprint": FINGERPRINT,
        }
        self._head = f"data: {json.dumps(fixed, separators=(',', ':'))[:-1]},"
        self._tail = ',"usage":null}\n\n' if form.include_usage else "}\n\n"
        self._text_heads = [
            f'{self._head}"choices":[{{"index":{index},"delta":{{"content":' for index in range(form.choices)
        ]
        self._text_tail = f'}},"logprobs":null,"finish_reason":null}}]{self._tail}'

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for one chunk; see ``StreamFormat``."""
        choice = self._choices[index]
        if choice.started and chunk.finish_reason is None and choice.parser is None and not self._special(chunk):
            return f"{self._text_heads[index]}{json.dumps(chunk.text)}{self._text_tail}" if chunk.text else ""
        return "".join(self._events(index, choice, chunk))

    def end(self) -> str:
        """Return the usage, if it was asked for, and the end mark."""
        if not self._form.include_usage:
            return "data: [DONE]\n\n"
        usage = usage_json([choice.usage for choice in self._choices], self._form.choices)
        return f'{self._head}"choices":[],"usage":{json.dumps(usage)}}}\n\ndata: [DONE]\n\n'

    def _special(self, chunk: GenerationChunk) -> bool:
        return self._form.forced or bool(chunk.logprobs)

    def _events(self, index: int, choice: _Choice, chunk: GenerationChunk) -> list[str]:
        events = []
        if not choice.started:
            choice.started = True
            events.append(self._event(index, {"role": "assistant", "content": ""}))
        logprobs = chunk.logprobs if self._form.logprobs else ()
        for part in choice.split(chunk, forced=self._form.forced):
            if isinstance(part, str):
                events.append(self._event(index, {"content": part}, logprobs))
                logprobs = ()
            else:
                events.append(self._event(index, {"tool_calls": [{"index": choice.calls, **part.to_json()}]}))
                choice.calls += 1
        if logprobs:
            # Tokens whose text is held back, or went into a tool call.
            events.append(self._event(index, {"content": ""}, logprobs))
        if chunk.finish_reason is not None:
            choice.usage = chunk.usage or choice.usage
            reason = _finish_reason(chunk.finish_reason, choice.calls)
            events.append(self._event(index, {}, finish_reason=reason))
        return events

    def _event(
        self,
        index: int,
        delta: dict[str, Any],
        logprobs: Sequence[TokenLogprob] = (),
        finish_reason: str | None = None,
    ) -> str:
        choice = {
            "index": index,
            "delta": delta,
            "logprobs": chat_logprobs(logprobs) if logprobs else None,
            "finish_reason": finish_reason,
        }
        return f'{self._head}"choices":[{json.dumps(choice)}]{self._tail}'


def chat_json(form: ChatForm, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the whole answer."""
    return {
        "id": form.answer_id,
        "object": "chat.completion",
        "created": form.created,
        "model": form.model_id,
        "system_fingerprint": FINGERPRINT,
        "choices": [_choice_json(form, index, answer) for index, answer in enumerate(answers)],
        "usage": usage_json([answer.usage for answer in answers], form.choices),
    }


def _choice_json(form: ChatForm, index: int, answer: Answer) -> dict[str, Any]:
    text = answer.text
    parts: list[str | ToolCall] = [text]
    if form.forced:
        parts = _forced_parts(text)
    elif form.tools:
        parser = ToolCallParser()
        parts = [*parser.feed(text), *parser.finish()]
    calls = [part.to_json() for part in parts if isinstance(part, ToolCall)]
    content = "".join(part for part in parts if isinstance(part, str))
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    if calls:
        message["content"] = content or None
        message["tool_calls"] = calls
    return {
        "index": index,
        "message": message,
        "logprobs": chat_logprobs(answer.logprobs) if form.logprobs else None,
        "finish_reason": _finish_reason(answer.finish_reason, len(calls)),
    }


def _forced_parts(text: str) -> list[str | ToolCall]:
    """Return the call that the text is; the text itself if it was cut off before its end."""
    call = parse_call(text)
    if call is not None:
        return [call]
    return [text] if text else []


def _finish_reason(reason: FinishReason, calls: int) -> str:
    return "tool_calls" if calls and reason is FinishReason.STOP else reason.value
