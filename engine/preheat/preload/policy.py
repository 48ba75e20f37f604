"""Which models should be hot, and which to load next. Pure, so it can also be asked "what if?".

Favourites come first, in the user's order, then the models used most. A preload never displaces a favourite, a model
that a request used in the last minutes, or one that is used nearly as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from preheat.residency import (
    NO_DEVICE_BYTES,
    DeviceBytes,
    DevicePool,
    ResidentModel,
    Shortage,
    is_small,
    kept_small_bytes,
    unused_small_bytes,
)
from preheat.usage import Popularity, Weights

MAX_TOP: Final = 5

_LONG_AGO_S: Final = 1e12

_TICK_S: Final = 1e-6
"""Orders models used at the same time; Unix time is no finer."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """User-tunable policy settings.

    Attributes:
        top: Number of learned models preloaded besides the favourites (``preload_top``).
        min_uses: Recent uses a learned model needs (``preload_min_uses``).
        protected_s: Time since its last request in which a model is never displaced by a preload, in seconds.
        margin: How many times more a model must be used than all models it displaces.
        min_share: Share of all use a learned model needs. Below it, the model is more likely to be evicted for another
            request than to be requested. Ignored where all used models fit together.
        weights: Extra weight of recent uses.
        read_ahead: Models to read into the page cache: ``used`` before, and favourites; ``all``; or none (``off``).
        learned: Preload what the estimate is for, not only favourites and the models of clients that wake.
        waste_price: Price of a second of loading in vain ÷ that of a second in which a request waits.
        keep_after_use_s: Time since its last request in which no preload displaces a model, in seconds.
        eviction: What makes room for a request: what is worth least by the ``foresight``, or the least recently used.
    """

    top: int = 3
    min_uses: int = 2
    protected_s: float = 900.0
    margin: float = 3.0
    min_share: float = 0.18
    weights: Weights = field(default_factory=Weights)
    read_ahead: Literal["used", "all", "off"] = "used"
    learned: bool = True
    waste_price: float = 1.0
    keep_after_use_s: float = 60.0
    eviction: Literal["foresight", "lru"] = "foresight"


class TargetKind(StrEnum):
    """Why a model should be hot."""

    EXPECTED = "expected"
    """A client woke that nearly always uses it next."""

    FAVOURITE = "favourite"
    LEARNED = "learned"


class PlanAction(StrEnum):
    """What to do about a target."""

    KEEP = "keep"
    """It is hot, or loading."""

    PRELOAD = "preload"
    NO_ROOM = "no room"
    """It fits only without a favourite or a model that is used more or was just used."""

    TOO_LARGE = "too large"
    """It exceeds the limit on its own."""


class PreloadTarget(NamedTuple):
    """One model that should be hot.

    Attributes:
        rank: Its place among targets of its kind, from 1.
        displaces: Models to unload first, least used first.
        missing_bytes: Bytes missing after freeing all it may displace (``NO_ROOM``) or above the limit (``TOO_LARGE``).
        device: Where they are missing; None for main memory.
    """

    model_id: str
    kind: TargetKind
    rank: int
    action: PlanAction
    displaces: tuple[str, ...] = ()
    missing_bytes: int = 0
    device: str | None = None


class PreloadPlan(NamedTuple):
    """The models that should be hot, and the files that should be in the page cache.

    Attributes:
        targets: Best first.
        standby: Models worth reading into the page cache, best first, whatever memory is free.
    """

    targets: tuple[PreloadTarget, ...]
    standby: tuple[str, ...]

    @property
    def preloads(self) -> tuple[PreloadTarget, ...]:
        """Targets to load, in order. Make a new plan after each."""
        return tuple(target for target in self.targets if target.action is PlanAction.PRELOAD)


class LimitOutlook(NamedTuple):
    """The effect of another memory limit on what is in memory.

    Attributes:
        stays: Models that stay in memory; ``shrinks`` are those of them that give up their repacked form.
        leaves: Models that would be unloaded, at once or for one of ``loads``.
        loads: Models that would be preloaded, in order.
        left_out: Models that should be hot and would have no room.
    """

    stays: tuple[str, ...]
    shrinks: tuple[str, ...]
    leaves: tuple[str, ...]
    loads: tuple[str, ...]
    left_out: tuple[str, ...]


class DeviceNeeds(NamedTuple):
    """What models need of devices: the limits of these, and the expected bytes of each model that uses some."""

    limits: DeviceBytes = NO_DEVICE_BYTES
    sizes: Mapping[str, DeviceBytes] = MappingProxyType({})

    def pools(self, model_id: str) -> list[DevicePool]:
        """Return the devices that a model uses."""
        needed = self.sizes.get(model_id, NO_DEVICE_BYTES)
        return [DevicePool(device, size, self.limits.get(device, 0)) for device, size in needed.items()]


def plan_preloads(
    popularity: Popularity,
    residents: Sequence[ResidentModel],
    sizes: Mapping[str, int],
    limit_bytes: int,
    now: float,
    *,
    favourites: Sequence[str] = (),
    expected: str | None = None,
    likely: Sequence[str] = (),
    settings: PolicySettings | None = None,
    devices: DeviceNeeds | None = None,
) -> PreloadPlan:
    """Return which models should be hot and what to do about each.

    Args:
        residents: Models that hold or have reserved memory; ``speculative`` ones were not used since they were loaded.
        sizes: Expected bytes of each model on disk; other models are ignored.
        limit_bytes: Memory for all models; below the memory limit while the system is short.
        now: Unix time.
        expected: The model that a client which just woke nearly always uses next.
        likely: All models it uses, most frequent first. They come first on standby, since preloading them would be
            wasted most of the time.
        devices: What models need of devices.
    """
    settings = settings or PolicySettings()
    scores, heat = popularity.scores_and_heat(now, settings.weights)
    ranking = sorted(filter(sizes.__contains__, heat))
    ranking.sort(key=heat.__getitem__, reverse=True)
    kinds: dict[str, tuple[TargetKind, int]] = {}
    if expected is not None and expected in sizes:
        kinds[expected] = TargetKind.EXPECTED, 1
    for rank, model_id in enumerate(dict.fromkeys(favourites), 1):
        if model_id in sizes:
            kinds.setdefault(model_id, (TargetKind.FAVOURITE, rank))
    too_few = settings.min_uses - 1  # as in enough_uses
    known = [name for name in ranking if scores[name] > too_few]
    wanted = {*known, *favourites}.intersection(sizes) if favourites else known
    least = 0.0
    if sum(map(sizes.__getitem__, wanted)) > limit_bytes:
        least = settings.min_share * sum(map(heat.__getitem__, ranking))
    learned = [name for name in known if name not in favourites] if favourites else known
    for rank, model_id in enumerate(learned[: min(settings.top, MAX_TOP)], 1):
        if heat[model_id] >= least:
            kinds.setdefault(model_id, (TargetKind.LEARNED, rank))
    small_bytes = kept_small_bytes([sizes[name] for name in wanted], limit_bytes)
    room = _Room(residents, heat, limit_bytes, now, settings, favourites, devices or DeviceNeeds(), small_bytes)
    targets = tuple([room.place(model_id, kind, rank, sizes[model_id]) for model_id, (kind, rank) in kinds.items()])
    if settings.read_ahead == "off":
        return PreloadPlan(targets, ())
    unused = sorted(sizes.keys() - heat.keys()) if settings.read_ahead == "all" else []
    soon = [expected, *likely] if expected is not None else likely
    order = dict.fromkeys([*filter(sizes.__contains__, soon), *kinds, *ranking, *unused])
    return PreloadPlan(targets, tuple([name for name in order if name not in room.present]))


def enough_uses(score: float, settings: PolicySettings) -> bool:
    """Return whether a model was used often enough to be preloaded.

    Uses decay, so the score of ``min_uses`` recent ones is just below ``min_uses``.
    """
    return score > settings.min_uses - 1


def small_bytes_in_use(
    popularity: Popularity,
    sizes: Mapping[str, int],
    favourites: Sequence[str],
    limit_bytes: int,
    now: float,
    settings: PolicySettings,
) -> int:
    """Return the memory to keep for small models, as ``plan_preloads`` does: those used enough, and favourites."""
    known = (name for name in sizes if name in favourites or enough_uses(popularity.score(name, now), settings))
    return kept_small_bytes((sizes[name] for name in known), limit_bytes)


def eviction_view(
    residents: Iterable[ResidentModel], popularity: Popularity, now: float, settings: PolicySettings | None = None
) -> list[ResidentModel]:
    """Return the models as ``plan_eviction`` should see them when a request needs room.

    ``plan_eviction`` evicts speculative models first and then the least recently used. An unused preload has no last
    use, so this decides its place:

    - Several unused preloads go in the order of their popularity, least used first.
    - One that is used more than the model idle for longest, if that was idle for ``protected_s`` or more, counts as
      last used ``protected_s`` ago: stale models go before models likely to be needed.
    - Favourites are never speculative.
    """
    settings = settings or PolicySettings()
    residents = list(residents)
    heat = popularity.heat(now, settings.weights)
    idle_since = now - settings.protected_s
    stale = min(
        (
            model
            for model in residents
            if not (model.leased or model.favourite or model.speculative) and model.last_used_at <= idle_since
        ),
        key=lambda model: (model.last_used_at, model.model_id),
        default=None,
    )
    bar = heat.get(stale.model_id, 0.0) if stale else math.inf
    unused = sorted(
        (model for model in residents if model.speculative),
        key=lambda model: (-heat.get(model.model_id, 0.0), model.model_id),
    )
    view = {model.model_id: model for model in residents}
    for place, model in enumerate(unused):
        if model.favourite or heat.get(model.model_id, 0.0) < bar:
            # Far earlier than any real last use; only the order among unused preloads counts.
            last_used_at = -_LONG_AGO_S - place
            view[model.model_id] = model._replace(speculative=not model.favourite, last_used_at=last_used_at)
        else:
            view[model.model_id] = model._replace(speculative=False, last_used_at=idle_since - place * _TICK_S)
    return list(view.values())


class _Room:
    """The memory after each target of the plan.

    Attributes:
        present: Models in memory, including the planned ones.
    """

    def __init__(
        self,
        residents: Sequence[ResidentModel],
        heat: Mapping[str, float],
        limit_bytes: int,
        now: float,
        settings: PolicySettings,
        favourites: Sequence[str],
        devices: DeviceNeeds,
        small_bytes: int,
    ) -> None:
        self._devices = devices
        self._small_bytes = small_bytes
        self._residents = list(residents)
        self._heat = heat
        self._limit_bytes = limit_bytes
        self._now = now
        self._settings = settings
        self._kept = set(favourites)
        self.present = {model.model_id for model in residents}

    @cached_property
    def _movable(self) -> list[ResidentModel]:
        """Models that may be displaced: unused preloads first, then the least used ones."""
        movable = [
            model
            for model in self._residents
            if not (model.leased or model.favourite or model.model_id in self._kept)
            and (model.speculative or self._now - model.last_used_at >= self._settings.protected_s)
        ]
        movable.sort(key=lambda each: (not each.speculative, self._heat.get(each.model_id, 0.0), each.model_id))
        return movable

    def place(self, model_id: str, kind: TargetKind, rank: int, needed_bytes: int) -> PreloadTarget:
        """Find room for a model, and reserve it."""
        if model_id in self.present:
            self._kept.add(model_id)
            return PreloadTarget(model_id, kind, rank, PlanAction.KEEP)
        pools = self._devices.pools(model_id)
        alone = Shortage((), needed_bytes, self._limit_bytes, pools)
        if alone.exists:
            return PreloadTarget(model_id, kind, rank, PlanAction.TOO_LARGE, (), *alone.worst)
        shortage = Shortage(self._residents, needed_bytes, self._limit_for(kind, needed_bytes, pools), pools)
        displaced = self._displaced(kind, model_id, shortage) if shortage.exists else []
        if shortage.exists:
            return PreloadTarget(model_id, kind, rank, PlanAction.NO_ROOM, (), *shortage.worst)
        self._movable = [model for model in self._movable if model not in displaced]
        names = tuple(model.model_id for model in displaced)
        needed = self._devices.sizes.get(model_id, NO_DEVICE_BYTES)
        self._residents = [model for model in self._residents if model.model_id not in names]
        self._residents.append(ResidentModel(model_id, needed_bytes, self._now, device_bytes=needed))
        self.present = self.present.difference(names) | {model_id}
        return PreloadTarget(model_id, kind, rank, PlanAction.PRELOAD, names)

    def _limit_for(self, kind: TargetKind, needed_bytes: int, pools: Sequence[DevicePool]) -> int:
        """Return the limit of main memory for a target.

        What small models in use need is not worth filling with a large one that only may be used.
        """
        size = needed_bytes + sum(pool.needed_bytes for pool in pools)
        if kind is not TargetKind.LEARNED or is_small(size, self._limit_bytes):
            return self._limit_bytes
        unused = unused_small_bytes(self._residents, self._small_bytes, self._limit_bytes)
        return max(self._limit_bytes - unused, needed_bytes)

    def _displaced(self, kind: TargetKind, model_id: str, shortage: Shortage) -> list[ResidentModel]:
        """Return the models to displace to end a shortage, as far as that is possible."""
        budget = self._heat.get(model_id, 0.0) / self._settings.margin if kind is TargetKind.LEARNED else math.inf
        chosen: list[ResidentModel] = []
        for model in self._movable:
            cost = self._heat.get(model.model_id, 0.0)
            if shortage.is_eased_by(model) and cost <= budget and model.model_id not in self._kept:
                budget -= cost
                shortage.take(model)
                chosen.append(model)
        if not shortage.exists:
            # A large model chosen late may make a small one chosen early needless; spare the most used ones first.
            for model in reversed(chosen[:]):
                if shortage.give_back(model):
                    chosen.remove(model)
        return chosen
