"""One estimate for all decisions: the chance of being needed next, times the seconds saved, less the cost. Pure.

A preload costs what is read in vain if its model leaves unused, and what the models that it displaces would have saved.
How long a model stays is estimated, too: it leaves when models that are not in memory are requested, and later the more
room and less used models there are before it. What is likely next depends on the moment, so it decides about the next
request only; after that, a model has its usual chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from heapq import nlargest
from types import MappingProxyType
from typing import Final, NamedTuple

from preheat.preload.foresight import Chances
from preheat.preload.outcomes import corrected
from preheat.preload.plan import DeviceNeeds
from preheat.residency import DevicePool, ResidentModel, Shortage, device_sums, is_small

_CANDIDATES: Final = 12
"""Number of models that are considered, the most promising ones."""

_LATER: Final = 0.5
"""What the usual chance of a model counts compared with that of being the next one, when it may have to leave."""

_TINY: Final = 1e-12

EVEN_ODDS: Final[Mapping[bool, float]] = MappingProxyType({False: 1.0, True: 1.0})
"""Preloads are in vain as often as is estimated, whether they displace models or not."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What is weighed against each other.

    Attributes:
        wait_s: What any wait costs in addition to its time, in seconds: it interrupts.
        load_s: Seconds of any load, in addition to reading.
        byte_s: Seconds of reading a byte.
        vain: Price of a load in vain ÷ that of the same load while a request waits.
        measured_s: Seconds of a load of each model, where that was measured on this computer.
    """

    wait_s: float = 1.5
    load_s: float = 0.5
    byte_s: float = 1 / 1.9e9
    vain: float = 1.0
    measured_s: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, model_id: str, size_bytes: int) -> float:
        """Return the time of a load of a model: the measured one, or else by its size."""
        measured = self.measured_s.get(model_id)
        return self.load_s + self.byte_s * size_bytes if measured is None else measured

    def cost(self, model_id: str, size_bytes: int) -> float:
        """Return what it costs if a request waits for a load of a model, in seconds."""
        return self.wait_s + self.seconds(model_id, size_bytes)

    def loss(self, model: ResidentModel) -> float:
        """Return what it costs, in seconds, if a model leaves and is needed: a wait, and a load in vain if unused."""
        return self.cost(model.model_id, model.size_bytes) * (1.0 + self.vain * model.speculative)


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
    odds: Mapping[bool, float] = EVEN_ODDS,
    *,
    only: str | None = None,
) -> Estimate | None:
    """Return the preload with the highest gain; None if none is worth it.

    Args:
        odds: The factor of the odds of a preload in vain, by whether it displaces models.
        only: The only model to consider.
    """
    ours = _Ours(chances, memory, prices)
    found = [ours.estimate(each, odds) for each in ours.candidates() if only in (None, each.model_id)]
    return max((each for each in found if each is not None), key=lambda each: each.gain, default=None)


def keeping_values(chances: Chances, residents: Sequence[ResidentModel], prices: Prices) -> dict[str, float]:
    """Return what it is worth to keep each model, by its memory: the order in which they make room for a request."""
    return {
        model.model_id: (chances.models.get(model.model_id, 0.0) + _LATER * chances.usual.get(model.model_id, 0.0))
        * prices.loss(model)
        / max(model.size_bytes, 1)
        for model in residents
    }


class _Absent(NamedTuple):
    """The chance that some model is needed that is not in memory: next, and usually.

    Attributes:
        next_bytes: What is expected to be needed for the next one: the sum over all, by their chances.
    """

    next: float
    usual: float
    next_bytes: float


class _Candidate(NamedTuple):
    """A model that may be preloaded.

    Attributes:
        whole_bytes: What a load needs of all memory together.
        cost_s: What it costs if a request waits for a load, in seconds.
    """

    model_id: str
    whole_bytes: int
    cost_s: float


class _Ours:
    """The memory as the estimate sees it."""

    def __init__(self, chances: Chances, memory: Memory, prices: Prices) -> None:
        self._memory, self._prices = memory, prices
        self._next, self._usual = chances.models, chances.usual
        known = [model_id for model_id in chances.models if model_id in memory.sizes]
        held = {model.model_id for model in memory.residents}
        uses = [(self._usual.get(name, 0.0), memory.sizes[name]) for name in known]
        self._typical_bytes = max(sum(use * size for use, size in uses) / (sum(use for use, _ in uses) or 1.0), 1.0)
        self._out = [name for name in known if name not in held]
        self._absent = _Absent(
            chances.unknown + sum(map(self._next.__getitem__, self._out)),
            chances.unknown + sum(self._usual.get(name, 0.0) for name in self._out),
            chances.unknown * self._typical_bytes + sum(self._next[name] * memory.sizes[name] for name in self._out),
        )
        self._free = memory.limit_bytes - sum(model.resident_bytes for model in memory.residents)
        movable = [m for m in memory.residents if not (m.leased or m.favourite or m.model_id in memory.kept)]
        self._densities = {
            m.model_id: self._density(m.model_id, m.size_bytes, prices.cost(m.model_id, m.size_bytes)) for m in movable
        }
        # The order in which they leave later on, when what is likely now does not matter any more.
        self._movable = sorted(movable, key=lambda model: self._densities[model.model_id])
        self._worth: dict[str, float] = {}
        before = self._free
        for model in self._movable:
            used = 1.0 - self._vain(model.model_id, self._absent, before)
            self._worth[model.model_id] = prices.loss(model) * used
            before += model.resident_bytes
        values = keeping_values(chances, self._movable, prices)
        self._least_first = sorted(self._movable, key=lambda model: values[model.model_id])

    def candidates(self) -> list[_Candidate]:
        """Return the models that may be preloaded, the most promising ones."""
        memory, prices = self._memory, self._prices
        best = nlargest(
            _CANDIDATES, self._out, key=lambda name: self._next[name] * prices.cost(name, self._whole_bytes(name))
        )
        return [
            _Candidate(name, whole_bytes := self._whole_bytes(name), prices.cost(name, whole_bytes))
            for name in best
            if memory.sizes[name] <= memory.limit_bytes
        ]

    def estimate(self, candidate: _Candidate, odds: Mapping[bool, float]) -> Estimate | None:
        """Return the estimate of a preload; None if it is not worth it, or there is no room."""
        model_id = candidate.model_id
        if not self._next[model_id]:
            return None
        displaced = self._displaced(candidate)
        if displaced is None:
            return None
        density = self._density(model_id, candidate.whole_bytes, candidate.cost_s)
        before = self._free - self._memory.sizes[model_id]
        for model in self._movable:
            if self._densities[model.model_id] < density or model in displaced:
                before += model.resident_bytes
        vain = self._vain(model_id, self._absent_after(displaced, model_id), before)
        likely = corrected(vain, odds[bool(displaced)])
        gain = candidate.cost_s * (1.0 - likely * (1.0 + self._prices.vain))
        gain -= sum(self._worth[model.model_id] for model in displaced)
        return Estimate(model_id, tuple(model.model_id for model in displaced), gain, vain) if gain > 0 else None

    def _absent_after(self, displaced: Sequence[ResidentModel], loaded: str) -> _Absent:
        """Return the chances of absent models once some have left and one is loaded."""
        after, usual, after_bytes = self._absent
        for name, change in (*((model.model_id, 1.0) for model in displaced), (loaded, -1.0)):
            chance = change * self._next.get(name, 0.0)
            after += chance
            after_bytes += chance * self._memory.sizes.get(name, 0)
            usual += change * self._usual.get(name, 0.0)
        return _Absent(max(after, 0.0), max(usual, 0.0), max(after_bytes, 0.0))

    def _displaced(self, candidate: _Candidate) -> list[ResidentModel] | None:
        """Return the models that make room for another, those that are worth least; None if they do not suffice.

        What is worth more for its memory than the other can ever be stays: for a large model, no small ones leave.
        """
        size_bytes = self._memory.sizes[candidate.model_id]
        free, limit = self._free, self._memory.limit_bytes
        if self._memory.small_bytes and not is_small(candidate.whole_bytes, limit):
            free -= min(self._memory.small_bytes, limit - size_bytes)
        shortage = Shortage((), size_bytes, free, self._pools(candidate.model_id))
        displaced: list[ResidentModel] = []
        if not shortage.exists:
            return displaced
        most = candidate.cost_s / max(candidate.whole_bytes, 1)
        for model in self._least_first:
            if self._worth[model.model_id] < most * model.size_bytes and shortage.is_eased_by(model):
                displaced.append(model)
                shortage.take(model)
                if not shortage.exists:
                    break
        else:
            return None
        # A large one chosen late may make a small one chosen early needless.
        needless = {model.model_id for model in reversed(displaced) if shortage.give_back(model)}
        return [model for model in displaced if model.model_id not in needless]

    def _whole_bytes(self, model_id: str) -> int:
        """Return what a load needs of all memory together."""
        size_bytes, on_devices = self._memory.sizes[model_id], self._memory.devices.sizes.get(model_id)
        return size_bytes + sum(on_devices.values()) if on_devices else size_bytes

    def _pools(self, model_id: str) -> list[DevicePool]:
        """Return what is free of the devices that a model uses."""
        pools = self._memory.devices.pools(model_id)
        if not pools:
            return pools
        held = device_sums(model.device_bytes for model in self._memory.residents)
        return [pool._replace(limit_bytes=pool.limit_bytes - held.get(pool.device, 0)) for pool in pools]

    def _density(self, model_id: str, size_bytes: int, cost_s: float) -> float:
        """Return what a model usually saves, by its memory."""
        return self._usual.get(model_id, 0.0) * cost_s / max(size_bytes, 1)

    def _vain(self, model_id: str, absent: _Absent, before_bytes: int) -> float:
        """Return the chance that a model leaves unused: it is not next, and later this much memory goes before its own.

        It leaves if absent models are requested before it. Of what is requested later, each takes the memory of a
        typical model.
        """
        chance, usual = self._next.get(model_id, 0.0), self._usual.get(model_id, 0.0)
        not_next = absent.next / (absent.next + chance + _TINY)
        not_later = absent.usual / (absent.usual + usual + _TINY)
        later = 1.0 + (before_bytes - absent.next_bytes / (absent.next + _TINY)) / self._typical_bytes
        return not_next * math.pow(not_later, max(later, 0.0))
