"""One estimate for all decisions: the chance of being needed next, times the seconds saved, less the cost. Pure.

A preload costs what is read in vain if its model leaves unused, and what the models that it displaces would have saved.
How long a model stays is estimated, too: it leaves when models that are not in memory are requested, and later the more
room and less likely models there are before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from preheat.preload.foresight import Chances
from preheat.preload.outcomes import corrected
from preheat.residency import ResidentModel

_CANDIDATES: Final = 12
"""Number of models that are considered, the most promising ones."""

_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Prices:
    """What is weighed against each other.

    Attributes:
        load_s: Seconds of any load, in addition to reading.
        byte_s: Seconds of reading a byte.
        vain: Price of a load in vain ÷ that of the same load while a request waits.
        kept_s: Time since its last request in which a model is not displaced by a preload, in seconds.
    """

    load_s: float = 0.5
    byte_s: float = 1 / 1.9e9
    vain: float = 1.0
    kept_s: float = 60.0

    def seconds(self, size_bytes: int) -> float:
        """Return the time of a load."""
        return self.load_s + self.byte_s * size_bytes


class Estimate(NamedTuple):
    """A preload that is worth it.

    Attributes:
        displaces: Models to unload first, those that are worth least first.
        gain: Expected seconds saved, less the cost.
        vain: Chance that its model leaves unused, as estimated before the outcomes of earlier preloads counted.
    """

    model_id: str
    displaces: tuple[str, ...]
    gain: float
    vain: float


class Memory(NamedTuple):
    """What is in memory, and what may be.

    Attributes:
        residents: Models that hold or have reserved memory.
        sizes: Expected bytes of each model on disk; other models are ignored.
        limit_bytes: Memory for all models.
        kept: Models that no preload displaces.
    """

    residents: Sequence[ResidentModel]
    sizes: Mapping[str, int]
    limit_bytes: int
    kept: frozenset[str]


def best_preload(
    chances: Chances, memory: Memory, prices: Prices, odds: Callable[[bool], float] = lambda displaces: 1.0
) -> Estimate | None:
    """Return the preload with the highest gain; None if none is worth it.

    Args:
        odds: Returns the factor of the odds of a preload in vain, by whether it displaces models.
    """
    ours = _Ours(chances, memory, prices)
    found = [ours.estimate(model_id, odds) for model_id in ours.candidates()]
    return max((each for each in found if each is not None), key=lambda each: each.gain, default=None)


def keeping_values(chances: Chances, residents: Sequence[ResidentModel], prices: Prices) -> dict[str, float]:
    """Return what it is worth to keep each model, by its memory: the order in which they make room for a request."""
    return {
        model.model_id: chances.models.get(model.model_id, 0.0)
        * prices.seconds(model.resident_bytes)
        / max(model.resident_bytes, 1)
        * (1.0 + prices.vain * model.speculative)
        for model in residents
    }


class _Ours:
    """The memory as the estimate sees it."""

    def __init__(self, chances: Chances, memory: Memory, prices: Prices) -> None:
        self._chances, self._memory, self._prices = chances.models, memory, prices
        held = {model.model_id for model in memory.residents}
        known = [model_id for model_id in chances.models if model_id in memory.sizes]
        self._held = held
        self._known = known
        self._absent = chances.unknown + sum(chances.models[name] for name in known if name not in held)
        needed = sum(chances.models[name] * memory.sizes[name] for name in known)
        self._typical_bytes = max(needed / (sum(chances.models[name] for name in known) or 1.0), 1.0)
        self._free = memory.limit_bytes - sum(model.resident_bytes for model in memory.residents)
        movable = [
            model
            for model in memory.residents
            if not (model.leased or model.favourite or model.model_id in memory.kept)
        ]
        self._movable = sorted(movable, key=lambda model: self._density(model.model_id, model.resident_bytes))
        self._lasting: dict[str, float] = {}
        before = self._free
        for model in self._movable:
            self._lasting[model.model_id] = 1.0 - self._vain(
                chances.models.get(model.model_id, 0.0), self._absent, before
            )
            before += model.resident_bytes

    def candidates(self) -> list[str]:
        """Return the models that may be preloaded, the most promising ones."""
        absent = [name for name in self._known if name not in self._held]
        absent.sort(key=lambda name: self._chances[name] * self._prices.seconds(self._memory.sizes[name]), reverse=True)
        return [name for name in absent[:_CANDIDATES] if self._memory.sizes[name] <= self._memory.limit_bytes]

    def estimate(self, model_id: str, odds: Callable[[bool], float]) -> Estimate | None:
        """Return the estimate of a preload; None if it is not worth it, or there is no room."""
        size, chance = self._memory.sizes[model_id], self._chances[model_id]
        lesser = [
            each
            for each in self._movable
            if self._density(each.model_id, each.resident_bytes) < self._density(model_id, size)
        ]
        room, displaced = self._free, list[ResidentModel]()
        for model in lesser:
            if room >= size:
                break
            displaced.append(model)
            room += model.resident_bytes
        if room < size or not chance:
            return None
        for model in reversed(displaced[:]):
            if room - model.resident_bytes >= size:
                # A large one chosen late makes a small one chosen early needless.
                room -= model.resident_bytes
                displaced.remove(model)
        leaving = {model.model_id for model in displaced}
        absent = self._absent - chance + sum(self._chances.get(name, 0.0) for name in leaving)
        before = room - size + sum(model.resident_bytes for model in lesser if model.model_id not in leaving)
        vain = self._vain(chance, max(absent, 0.0), before)
        likely = corrected(vain, odds(bool(displaced)))
        gain = self._prices.seconds(size) * (1.0 - likely * (1.0 + self._prices.vain))
        for model in displaced:
            lost = self._prices.seconds(model.resident_bytes) * self._lasting[model.model_id]
            gain -= lost * (1.0 + self._prices.vain * model.speculative)
        return Estimate(model_id, tuple(model.model_id for model in displaced), gain, vain) if gain > 0 else None

    def _density(self, model_id: str, size_bytes: int) -> float:
        return self._chances.get(model_id, 0.0) * self._prices.seconds(size_bytes) / max(size_bytes, 1)

    def _vain(self, chance: float, absent: float, before_bytes: int) -> float:
        """Return the chance that a model leaves unused, with this much memory to be taken before its own."""
        return math.pow(absent / (absent + chance + _TINY), 1.0 + before_bytes / self._typical_bytes)
