"""Parts of answers in OpenAI's formats: events of a stream, usage, timings and log probabilities."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from preheat._version import __version__
from preheat.inference import TokenLogprob, Usage

_encoded: Final = json.JSONEncoder().encode

FINGERPRINT: Final = f"preheat-{__version__}"

_LOWEST_LOGPROB: Final = -9999.0
"""OpenAI's value for an impossible token; JSON has no infinity."""


class EventWriter:
    """Writes the events of one stream. The constant parts are encoded once, so that a token costs one string.

    Args:
        fixed: The fields that all events share.
        choices: Answers to each prompt; ``total`` for all prompts.
        include_usage: End the stream with the usage.
    """

    def __init__(self, fixed: dict[str, Any], *, choices: int, total: int, include_usage: bool) -> None:
        self.usages = [Usage(0, 0)] * total
        self._choices = choices
        self._include_usage = include_usage
        self._head = f"data: {json.dumps(fixed, separators=(',', ':'))[:-1]},"
        self._tail = ',"usage":null}\n\n' if include_usage else "}\n\n"
        self._text_heads = [f'{self._head}"choices":[{{"index":{index},' for index in range(total)]
        self._text_tail = f',"logprobs":null,"finish_reason":null}}]{self._tail}'

    def text(self, index: int, opening: str, text: str, closing: str) -> str:
        """Return the event for plain text of one choice, between the JSON before and after it in the choice."""
        return f"{self._text_heads[index]}{opening}{_encoded(text)}{closing}{self._text_tail}"

    def choice(self, choice: dict[str, Any], extra: dict[str, Any] | None = None) -> str:
        """Return the event for any other change of a choice; ``extra`` are more fields next to ``choices``."""
        more = "".join(f",{json.dumps(name)}:{json.dumps(value)}" for name, value in (extra or {}).items())
        return f'{self._head}"choices":[{json.dumps(choice)}]{more}{self._tail}'

    def end(self) -> str:
        """Return the usage, if requested, and the end mark."""
        done = "data: [DONE]\n\n"
        if not self._include_usage:
            return done
        return f'{self._head}"choices":[],"usage":{json.dumps(usage_json(self.usages, self._choices))}}}\n\n{done}'


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
        "completion_tokens_details": {
            "reasoning_tokens": sum(usage.reasoning_tokens for usage in usages),
            "accepted_prediction_tokens": sum(usage.accepted_tokens for usage in usages),
            "rejected_prediction_tokens": sum(usage.draft_tokens - usage.accepted_tokens for usage in usages),
        },
    }


def timings_json(usage: Usage) -> dict[str, Any]:
    """Return llama-server's object ``timings``; its times are milliseconds."""
    computed = usage.prompt_tokens - usage.cached_tokens
    return {
        "cache_n": usage.cached_tokens,
        **_pace("prompt", computed, usage.prefill_s),
        **_pace("predicted", usage.completion_tokens, usage.decode_s),
        **({"draft_n": usage.draft_tokens, "draft_n_accepted": usage.accepted_tokens} if usage.draft_tokens else {}),
    }


def _pace(name: str, tokens: int, seconds: float) -> dict[str, Any]:
    return {
        f"{name}_n": tokens,
        f"{name}_ms": seconds * 1000,
        f"{name}_per_token_ms": seconds * 1000 / tokens if tokens else 0.0,
        f"{name}_per_second": tokens / seconds if seconds > 0 else 0.0,
    }


def chat_logprobs(tokens: Iterable[TokenLogprob]) -> dict[str, Any]:
    """Return the object ``logprobs`` of a chat's choice."""
    content = [
        {
            **_logprob_entry(token.token, token.token_bytes, token.logprob),
            "top_logprobs": [_logprob_entry(*entry) for entry in token.top],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


class CompletionLogprobs:
    """Writes the objects ``logprobs`` of one choice of a text completion, and counts the offsets of its tokens.

    Args:
        echo: The prompt that begins the text. Its start token is no part of it.
    """

    def __init__(self, echo: str = "") -> None:
        self._echo = echo.encode()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._offset = 0

    def write(self, prompt: Sequence[TokenLogprob], tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
        """Return the object for tokens of the prompt, whose first one has no probability, and of the answer."""
        offsets = [
            self._advance(token, in_text=bool(at) or not self._echo or self._echo.startswith(token.token_bytes))
            for at, token in enumerate(prompt)
        ]
        offsets += [self._advance(token) for token in tokens]
        logprobs: list[float | None] = [_finite(token.logprob) for token in (*prompt, *tokens)]
        tops: list[dict[str, float] | None] = [
            {text: _finite(logprob) for text, _, logprob in token.top} for token in (*prompt, *tokens)
        ]
        if prompt:
            logprobs[0] = tops[0] = None
        return {
            "tokens": [token.token for token in (*prompt, *tokens)],
            "token_logprobs": logprobs,
            "top_logprobs": tops,
            "text_offset": offsets,
        }

    def _advance(self, token: TokenLogprob, *, in_text: bool = True) -> int:
        offset = self._offset
        if in_text:
            self._offset += len(self._decoder.decode(token.token_bytes))
        return offset


def _logprob_entry(text: str, data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": _finite(logprob), "bytes": list(data)}


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else _LOWEST_LOGPROB
