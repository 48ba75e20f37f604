"""One estimate for all decisions: the chance of being needed next, times the seconds saved, less the cost. Pure.

A preload costs what is read in vain if its model leaves unused, and what the models that it displaces would have saved.
How long a model stays is estimated, too: it leaves when models that are not in memory are requested, and later the more
room and less likely models there are before it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple

from preheat.preload.foresight import Chances
from preheat.preload.outcomes import corrected
from preheat.preload.plan import DeviceNeeds
from preheat.residency import NO_DEVICE_BYTES, DevicePool, ResidentModel, Shortage, device_sums, is_small

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
        measured_s: Seconds of a load of each model, where that was measured on this computer.
    """

    load_s: float = 0.5
    byte_s: float = 1 / 1.9e9
    vain: float = 1.0
    measured_s: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, model_id: str, size_bytes: int) -> float:
        """Return the time of a load of a model: the measured one, or else by its size."""
        measured = self.measured_s.get(model_id)
        return self.load_s + self.byte_s * size_bytes if measured is None else measured


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
        devices: What models need of devices.
        small_bytes: The part of the free memory that only small models may take.
    """

    residents: Sequence[ResidentModel]
    sizes: Mapping[str, int]
    limit_bytes: int
    kept: Set[str]
    devices: DeviceNeeds = DeviceNeeds()
    small_bytes: int = 0


def best_preload(
    chances: Chances,
    memory: Memory,
    prices: Prices,
    odds: Callable[[bool], float] = lambda displaces: 1.0,
    *,
    only: str | None = None,
) -> Estimate | None:
    """Return the preload with the highest gain; None if none is worth it.

    Args:
        odds: Returns the factor of the odds of a preload in vain, by whether it displaces models.
        only: The only model to consider.
    """
    ours = _Ours(chances, memory, prices)
    found = [ours.estimate(model_id, odds) for model_id in ours.candidates() if only in (None, model_id)]
    return max((each for each in found if each is not None), key=lambda each: each.gain, default=None)


def keeping_values(chances: Chances, residents: Sequence[ResidentModel], prices: Prices) -> dict[str, float]:
    """Return what it is worth to keep each model, by its memory: the order in which they make room for a request."""
    return {
        model.model_id: chances.models.get(model.model_id, 0.0)
        * prices.seconds(model.model_id, model.size_bytes)
        / max(model.size_bytes, 1)
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
        worth = sorted(
            ((self._density(model.model_id, model.size_bytes), model) for model in movable), key=itemgetter(0)
        )
        self._densities = [density for density, _ in worth]
        self._movable = [model for _, model in worth]
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
        absent.sort(key=lambda name: self._chances[name] * self._prices.seconds(name, self._whole(name)), reverse=True)
        return [name for name in absent[:_CANDIDATES] if self._memory.sizes[name] <= self._memory.limit_bytes]

    def estimate(self, model_id: str, odds: Callable[[bool], float]) -> Estimate | None:
        """Return the estimate of a preload; None if it is not worth it, or there is no room."""
        size, chance = self._memory.sizes[model_id], self._chances[model_id]
        lesser = self._movable[: bisect_left(self._densities, self._density(model_id, self._whole(model_id)))]
        displaced = self._displaced(model_id, size, lesser)
        if displaced is None or not chance:
            return None
        room = self._free + sum(model.resident_bytes for model in displaced)
        leaving = {model.model_id for model in displaced}
        absent = self._absent - chance + sum(self._chances.get(name, 0.0) for name in leaving)
        before = room - size + sum(model.resident_bytes for model in lesser if model.model_id not in leaving)
        vain = self._vain(chance, max(absent, 0.0), before)
        likely = corrected(vain, odds(bool(displaced)))
        gain = self._prices.seconds(model_id, self._whole(model_id)) * (1.0 - likely * (1.0 + self._prices.vain))
        for model in displaced:
            lost = self._prices.seconds(model.model_id, model.size_bytes) * self._lasting[model.model_id]
            gain -= lost * (1.0 + self._prices.vain * model.speculative)
        return Estimate(model_id, tuple(model.model_id for model in displaced), gain, vain) if gain > 0 else None

    def _displaced(self, model_id: str, size_bytes: int, lesser: Sequence[ResidentModel]) -> list[ResidentModel] | None:
        """Return the models that make room for another, of those that are worth less; None if they do not suffice."""
        pools = self._pools(model_id)
        free, limit = self._free, self._memory.limit_bytes
        if self._memory.small_bytes and not is_small(self._whole(model_id), limit):
            free -= min(self._memory.small_bytes, limit - size_bytes)
        shortage = Shortage((), size_bytes, free, pools)
        displaced: list[ResidentModel] = []
        for model in lesser:
            if not shortage.exists:
                break
            if shortage.is_eased_by(model):
                shortage.take(model)
                displaced.append(model)
        if shortage.exists:
            return None
        # A large one chosen late may make a small one chosen early needless.
        needless = {model.model_id for model in reversed(displaced) if shortage.give_back(model)}
        return [model for model in displaced if model.model_id not in needless]

    def _whole(self, model_id: str) -> int:
        """Return what a load needs of all memory together."""
        return self._memory.sizes[model_id] + sum(self._memory.devices.sizes.get(model_id, NO_DEVICE_BYTES).values())

    def _pools(self, model_id: str) -> list[DevicePool]:
        """Return what is free of the devices that a model uses."""
        pools = self._memory.devices.pools(model_id)
        if not pools:
            return pools
        held = device_sums(model.device_bytes for model in self._memory.residents)
        return [pool._replace(limit_bytes=pool.limit_bytes - held.get(pool.device, 0)) for pool in pools]

    def _density(self, model_id: str, size_bytes: int) -> float:
        return self._chances.get(model_id, 0.0) * self._prices.seconds(model_id, size_bytes) / max(size_bytes, 1)

    def _vain(self, chance: float, absent: float, before_bytes: int) -> float:
        """Return the chance that a model leaves unused, with this much memory to be taken before its own."""
        return math.pow(absent / (absent + chance + _TINY), 1.0 + before_bytes / self._typical_bytes)
