"""How many requests a model answers at the same time."""

from __future__ import annotations

from typing import Final

from preheat.models import ModelFile
from preheat.settings import AUTO, EffectiveModelSettings

_USUAL: Final = 4
_MOST: Final = 16
_TOKENS_EACH: Final = 512
"""Share of the common KV cache, in tokens, that a request has when all run. Those that find no room wait."""

_STATE_SHARE: Final = 4
_LOGITS_SHARE: Final = 16
"""States of all requests may take up to 1/4 of the weights' memory, and their logits up to 1/16."""

_F32_BYTES: Final = 4
_F16_BYTES: Final = 2


def parallel_requests(model: ModelFile, settings: EffectiveModelSettings) -> int:
    """Return the setting ``parallel``, or what is best for the model if it is ``auto``. Pure.

    Requests share a step's reading of the weights, so more of them are faster in total. In a unified KV cache, each
    costs only a row of logits. Recurrent states and sliding windows take memory for each.
    """
    if settings.parallel != AUTO:
        return settings.parallel
    shape = model.shape
    if shape.state_bytes or shape.window_kv_values:
        window = shape.window_tokens * shape.window_kv_values * _F16_BYTES
        return min(max(shape.weight_bytes // _STATE_SHARE // max(shape.state_bytes + window, 1), 1), _USUAL)
    context = min(model.context_length or settings.context_length, settings.context_length)
    affordable = shape.weight_bytes // _LOGITS_SHARE // max(shape.vocabulary * _F32_BYTES, 1)
    return min(max(min(context // _TOKENS_EACH, affordable), _USUAL), _MOST)
