"""Log probabilities in OpenAI's two forms: of chats, and of text completions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from preheat.inference import TokenLogprob

_LOWEST: Final = -9999.0
"""OpenAI's figure for "impossible"; JSON has no infinity."""


def chat_logprobs(tokens: Sequence[TokenLogprob]) -> dict[str, Any]:
    """Return the object ``logprobs`` of a chat's choice."""
    content = []
    for token in tokens:
        top = [_entry(text, data, logprob) for text, data, logprob in token.top]
        content.append({**_entry(token.token, token.token_bytes, token.logprob), "top_logprobs": top})
    return {"content": content, "refusal": None}


def completion_logprobs(tokens: Sequence[TokenLogprob], offset: int) -> dict[str, Any]:
    """Return the object ``logprobs`` of a text completion's choice; ``offset`` is where its first token starts."""
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


def _entry(text: str, data: bytes, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": _finite(logprob), "bytes": list(data)}


def _finite(logprob: float) -> float:
    return logprob if math.isfinite(logprob) else _LOWEST
