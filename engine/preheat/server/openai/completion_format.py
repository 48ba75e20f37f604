"""Answers to text completions in OpenAI's format."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from preheat.inference import FinishReason, GenerationChunk, PromptProgress, TokenLogprob
from preheat.server.generation import Answer, AnswerFormat
from preheat.server.openai.formatting import (
    FINGERPRINT,
    CompletionLogprobs,
    EventWriter,
    timings_json,
    usage_json,
)


class CompletionFormat(AnswerFormat):
    """One answer to text completions.

    Args:
        prompts: The prompt of each generation, as text or tokens.
        choices: Answers to each prompt, the best of ``generated``.
        include_usage: End a stream with the usage.
        logprobs: Report log probabilities.
        echo: Begin each text with its prompt.
        progress: Report the progress of the prompts in a stream.
    """

    def __init__(
        self,
        model_id: str,
        prompts: Sequence[str | Sequence[int]],
        *,
        choices: int = 1,
        generated: int = 1,
        include_usage: bool = False,
        logprobs: bool = False,
        echo: bool = False,
        progress: bool = False,
    ) -> None:
        self._fixed = {
            "id": f"cmpl-{uuid.uuid4().hex}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model_id,
            "system_fingerprint": FINGERPRINT,
        }
        self._writer = EventWriter(self._fixed, choices=generated, total=len(prompts), include_usage=include_usage)
        self._choices, self._generated = choices, generated
        self._with_logprobs = logprobs
        self._progress = progress
        self._began_at = time.monotonic()
        self._prompts = prompts
        self._unechoed = set(range(len(prompts))) if echo else set()
        self._logprobs = [CompletionLogprobs(prompt if isinstance(prompt, str) else "") for prompt in prompts]

    def progress(self, index: int, progress: PromptProgress) -> str:
        """Return a chunk for a part of a prompt, if requested."""
        if not self._progress:
            return ""
        content = {
            "total": progress.total_tokens,
            "cache": progress.cached_tokens,
            "processed": progress.done_tokens,
            "time_ms": round((time.monotonic() - self._began_at) * 1000),
        }
        return self._writer.choice({"index": index, "text": "", "finish_reason": None}, {"prompt_progress": content})

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the event for one chunk."""
        text = self._echo(index, chunk.prompt_logprobs) + chunk.text
        if chunk.finish_reason is None and not chunk.logprobs and not chunk.prompt_logprobs:
            return self._writer.text(index, '"text":', text, "") if text else ""
        choice = self._choice(index, text, chunk.prompt_logprobs, chunk.logprobs)
        if chunk.finish_reason is None:
            return self._writer.choice({**choice, "finish_reason": None})
        usage = self._writer.usages[index] = chunk.usage or self._writer.usages[index]
        choice |= _ending(chunk.finish_reason, chunk.stop_text)
        return self._writer.choice(choice, {"timings": timings_json(usage)})

    def end(self) -> str:
        """Return the usage, if requested, and the end mark."""
        return self._writer.end()

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole answer."""
        chosen: list[int] = []
        for first in range(0, len(answers), self._generated):
            group = list(range(first, first + self._generated))
            if self._generated > self._choices:
                group.sort(key=lambda at: _mean_logprob(answers[at]), reverse=True)
            chosen += group[: self._choices]
        choices = [self._whole_choice(at, answers[at]) for at in chosen]
        return {
            **self._fixed,
            "choices": [{**choice, "index": index} for index, choice in enumerate(choices)],
            "usage": usage_json([answer.usage for answer in answers], self._generated),
            "timings": timings_json(answers[0].usage),
        }

    def _whole_choice(self, index: int, answer: Answer) -> dict[str, Any]:
        text = self._echo(index, answer.prompt_logprobs) + answer.text
        choice = self._choice(index, text, answer.prompt_logprobs, answer.logprobs)
        return {**choice, **_ending(answer.finish_reason, answer.stop_text)}

    def _echo(self, index: int, prompt: Sequence[TokenLogprob]) -> str:
        """Return the prompt if it is still to be echoed; the text of tokens comes with their log probabilities."""
        if index not in self._unechoed:
            return ""
        self._unechoed.remove(index)
        given = self._prompts[index]
        if isinstance(given, str):
            return given
        return b"".join(token.token_bytes for token in prompt).decode(errors="replace")

    def _choice(
        self, index: int, text: str, prompt: Sequence[TokenLogprob], tokens: Sequence[TokenLogprob]
    ) -> dict[str, Any]:
        logprobs = None
        if self._with_logprobs and (prompt or tokens):
            logprobs = self._logprobs[index].write(prompt, tokens)
        return {"index": index, "text": text, "logprobs": logprobs}


def _mean_logprob(answer: Answer) -> float:
    return sum(token.logprob for token in answer.logprobs) / max(len(answer.logprobs), 1)


def _ending(reason: FinishReason, stop_text: str | None) -> dict[str, Any]:
    ending: dict[str, Any] = {"finish_reason": reason.value}
    return ending if stop_text is None else {**ending, "stop_reason": stop_text}
