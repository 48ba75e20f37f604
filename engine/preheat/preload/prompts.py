"""Which stored prompts a load puts back. Pure.

The same estimate as for models, see ``estimate``: what a prompt saves if it is used before it leaves, less the cost of
putting it back in vain. A request puts back a stored prompt itself, so both are the time that this takes, and the
chance decides. It is that of the model to be used before it leaves, times that of the prompt to be used before others
take its room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from preheat.usage import KnownPrompt

MOST_RESTORED: Final = 8
"""Prompts that a load puts back at most."""

_LEAST_NEW: Final = 0.02
"""Chance of a prompt that is not known, at least: counts alone may say that there is none."""


def prompts_to_restore(
    prompts: Sequence[KnownPrompt], room_tokens: int, *, used: float, waste_price: float
) -> tuple[str, ...]:
    """Return the keys of the prompts that are worth being put back, in this order.

    Args:
        prompts: Those of the model, the likeliest first.
        room_tokens: Tokens that idle slots may hold.
        used: Chance that the model is used before it leaves.
        waste_price: See ``PolicySettings``.
    """
    least = waste_price / (1.0 + waste_price)
    known = sum(prompt.share for prompt in prompts) or 1.0
    typical_tokens = max(sum(prompt.share * prompt.tokens for prompt in prompts) / known, 1.0)
    room, absent = room_tokens, 1.0
    restored: list[str] = []
    for prompt in prompts:
        if prompt.tokens > room or len(restored) == MOST_RESTORED:
            continue
        others = max(absent - prompt.share, _LEAST_NEW)
        # Prompts that are not there take the free room before they take that of this one.
        vain = math.pow(others / (others + prompt.share), 1.0 + (room - prompt.tokens) / typical_tokens)
        if used * (1.0 - vain) > least:
            restored.append(prompt.key)
            room, absent = room - prompt.tokens, others
    return tuple(restored)
