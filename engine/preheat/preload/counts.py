"""Decayed counts, and what experts conclude from them; see ``foresight``. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

_BACKOFF: Final = 1.5
"""What is used most counts like this number of an expert's own observations."""

_MOST_SCALE: Final = 1e100
_LEAST_SHARE: Final = 1e-9


class Counts:
    """Decayed counts of models. New counts grow instead of old ones shrinking: only ratios matter.

    Attributes:
        counts: Those of the models; a use now counts ``scale``.
        since: Time of the last one.
        total: Their sum.
        trust: For what follows a client: its weight ÷ that of all habits.
    """

    __slots__ = ("counts", "half_life", "scale", "since", "total", "trust")

    def __init__(self, half_life: float) -> None:
        self.counts: dict[str, float] = {}
        self.half_life = half_life
        self.scale = 1.0
        self.since = -math.inf
        self.total = 0.0
        self.trust = 1.0

    def add(self, model_id: str, at: float) -> None:
        """Count a model; ``at`` and the half-life have one unit. Times before the last one count as that."""
        if at > self.since:
            if self.counts:
                self.scale *= 2.0 ** min((at - self.since) / self.half_life, 100.0)
            self.since = at
        self.counts[model_id] = self.counts.get(model_id, 0.0) + self.scale
        self.total += self.scale
        if self.scale > _MOST_SCALE:
            self.counts = {name: count / self.scale for name, count in self.counts.items()}
            self.total /= self.scale
            self.scale = 1.0

    def opinion(self) -> Opinion:
        """Return the shares of what was counted."""
        whole = self.total + _BACKOFF * self.scale
        return Opinion({name: count / whole for name, count in self.counts.items()}, _BACKOFF * self.scale / whole)


class Opinion(NamedTuple):
    """An expert's chances: its ``shares``, and a ``rest`` for which it has no opinion.

    The rest is divided as what is used most; that of a sign, as habits say.
    """

    shares: Mapping[str, float]
    rest: float

    def chance(self, model_id: str, base: float) -> float:
        """Return the chance of a model, which is ``base`` as far as the expert has no opinion."""
        return self.shares.get(model_id, 0.0) + self.rest * base


class Ratio:
    """A decayed share of events that came true, with a first guess that counts like ``weight`` events."""

    __slots__ = ("all", "decay", "true")

    def __init__(self, guess: float, weight: float, decay: float) -> None:
        self.true, self.all, self.decay = guess * weight, weight, decay

    def add(self, true: bool) -> None:
        """Count an event."""
        self.true = self.true * self.decay + true
        self.all = self.all * self.decay + 1.0

    @property
    def value(self) -> float:
        """The share, up to 1. It never is 0: what was false a thousand times is still possible, and is divided by."""
        return max(self.true / self.all, _LEAST_SHARE)
