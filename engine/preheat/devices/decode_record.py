"""Whether a model on a device has become much slower than it was: answers in, a judgement out. Pure.

A driver that runs out of graphics memory moves some of it to the system's without saying so, and tokens then take
several times as long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import Final

LEAST_TOKENS: Final = 16
"""Fewer tokens say little about the speed."""

MOST_CONTEXT_TOKENS: Final = 8192
"""With more in the KV cache, attention makes each token slower."""

_ANSWERS: Final = 5
"""Answers whose median counts: single ones are slow for many reasons."""

_FALLEN: Final = 0.5


@dataclass(frozen=True, slots=True)
class DecodeRecord:
    """The decode speeds of a model's answers on one device, in tokens per second."""

    latest: tuple[float, ...] = ()
    best: float = 0.0  # the highest median of some answers in a row; 0 before the first

    def after(self, tokens_per_s: float) -> DecodeRecord:
        """Return the record with one more answer, which had the device for itself."""
        latest = (*self.latest, tokens_per_s)[-_ANSWERS:]
        best = max(self.best, median(latest)) if len(latest) == _ANSWERS else self.best
        return replace(self, latest=latest, best=best)

    @property
    def speed(self) -> float:
        """The speed now."""
        return median(self.latest)

    @property
    def fallen(self) -> bool:
        """Whether the model decodes at less than half of its own record."""
        return len(self.latest) == _ANSWERS and self.speed < _FALLEN * self.best


def decode_speed(*, tokens: int, accepted: int, context_tokens: int, decode_s: float, shared: bool) -> float | None:
    """Return the speed that an answer shows, in steps per second; None if it shows none.

    Args:
        tokens: Tokens of the answer.
        accepted: Those of them that were drafted, which take no steps of their own.
        context_tokens: Tokens of prompt and answer together.
        decode_s: Seconds from the first token to the last one.
        shared: Other requests ran at the same time.
    """
    steps = tokens - accepted - 1
    if shared or tokens < LEAST_TOKENS or context_tokens > MOST_CONTEXT_TOKENS or steps <= 0 or decode_s <= 0:
        return None
    return steps / decode_s
