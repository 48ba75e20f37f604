"""Which models should be hot, and which to load next. Pure, so it can also be asked "what if?".

The model that a sign announced comes first if the estimate finds a load worth it, then favourites in the user's order,
which only requests displace, then all other models of which a load pays. A preload never displaces a favourite or a
model that was just used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from preheat.preload.estimate import EVEN_ODDS, Memory, Prices, best_preload, keeping_values
from preheat.preload.foresight import PAUSE_S, Chances
from preheat.preload.plan import DeviceNeeds, PlanAction, PolicySettings, PreloadPlan, PreloadTarget, TargetKind
from preheat.residency import NO_DEVICE_BYTES, ResidentModel, Shortage, unused_small_bytes

LEAST_CHANCE: Final = 0.05
"""A model that is less likely to be needed next is no target, unless a load of it pays."""

_SURE: Final = 0.5
_MOST_LOADS: Final = 3
"""Learned models that one plan loads. A new plan is made after each; the others tell what follows."""


@dataclass(frozen=True, slots=True)
class PlanBasis:
    """What a plan depends on besides what is likely and what is in memory.

    Attributes:
        sizes: Expected bytes of each model that may be loaded; other models are ignored.
        limit_bytes: Memory for all models; below the memory limit while the system is short.
        favourites: Models to keep hot, in the user's order.
        devices: What models need of devices.
        small_bytes: Memory that no large learned model takes from small ones; see ``kept_small_bytes``.
        load_s: Seconds of a load of each model, where that was measured.
        odds: The factor of the odds of a learned preload in vain, by whether it displaces models.
    """

    sizes: Mapping[str, int]
    limit_bytes: int
    favourites: tuple[str, ...] = ()
    settings: PolicySettings = field(default_factory=PolicySettings)
    devices: DeviceNeeds = field(default_factory=DeviceNeeds)
    small_bytes: int = 0
    load_s: Mapping[str, float] = field(default_factory=dict)
    odds: Mapping[bool, float] = field(default_factory=lambda: EVEN_ODDS)


def plan_preloads(chances: Chances, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> PreloadPlan:
    """Return which models should be hot and what to do about each.

    Args:
        chances: What is likely to be needed next.
        residents: Models that hold or have reserved memory; ``speculative`` ones were not used since they were loaded.
        now: Unix time.
    """
    room, sizes, settings = _Room(chances, residents, basis, now), basis.sizes, basis.settings
    targets: dict[str, PreloadTarget] = {}
    expected = expected_model(chances)
    if expected is not None and expected in sizes and (target := room.expected(expected)) is not None:
        targets[expected] = target
    for rank, model_id in enumerate(dict.fromkeys(basis.favourites), 1):
        if model_id in sizes and model_id not in targets:
            targets[model_id] = room.favourite(model_id, rank)
    first = list(targets)
    if settings.learned:
        targets.update((target.model_id, target) for target in room.learned(targets))
    if settings.read_ahead == "off":
        return PreloadPlan(tuple(targets.values()), ())
    ranking = sorted(filter(sizes.__contains__, chances.models))
    ranking.sort(key=chances.models.__getitem__, reverse=True)
    unused = sorted(sizes.keys() - chances.models.keys()) if settings.read_ahead == "all" else []
    # A byte in the page cache saves the same time whichever model it is of, so the chance alone decides. It has no
    # price: it takes no memory from programs, nobody waits for it, and on battery nothing is read.
    order = dict.fromkeys([*first, *ranking, *unused])
    return PreloadPlan(tuple(targets.values()), tuple([name for name in order if name not in room.present]))


def prices_of(settings: PolicySettings, load_s: Mapping[str, float]) -> Prices:
    """Return what the settings weigh against each other; for ``load_s`` see ``PlanBasis``."""
    return Prices(vain=settings.waste_price, measured_s=load_s)


def expected_model(chances: Chances) -> str | None:
    """Return the model that is nearly sure to be needed next, if a client that woke or an announcement alone says so.

    What only the other experts expect is not expected, but learned.
    """
    best = max(chances.models, key=chances.models.__getitem__, default=None)
    if best is None or min(chances.models[best], chances.announced.get(best, 0.0)) < _SURE:
        return None
    return best


def just_used(model: ResidentModel, now: float, settings: PolicySettings) -> tuple[bool, bool]:
    """Return whether a model was just used: whether no learned target displaces it, and whether no favourite does.

    A session may go on: the estimate only knows what follows it.
    """
    idle_s = now - model.last_used_at
    if model.speculative or idle_s < 0:  # the clock has been set back
        return False, False
    kept = idle_s < settings.keep_after_use_s
    return kept, kept or idle_s < PAUSE_S


def what_counts(residents: Sequence[ResidentModel], now: float, settings: PolicySettings) -> tuple[object, object]:
    """Return all that a plan depends on of the models in memory.

    The time of a model's last use is no part of it: only whether the model was just used, and which one was used first.
    """
    models, uses = [], []
    for model in residents:
        model_id, resident_bytes, used_at, *others = model
        models.append((model_id, resident_bytes, *others, just_used(model, now, settings)))
        uses.append((used_at, model_id))
    return models, [model_id for _, model_id in sorted(uses)]


def eviction_view(
    residents: Sequence[ResidentModel], chances: Chances, settings: PolicySettings, load_s: Mapping[str, float]
) -> list[ResidentModel]:
    """Return the models as ``plan_eviction`` should see them when a request needs room.

    What is worth least for its memory goes first, and among equals the least recently used. With ``lru``, the least
    recently used goes first, but unused preloads before it. ``plan_eviction`` still decides about favourites, and about
    small models.
    """
    values = keeping_values(chances, residents, prices_of(settings, load_s))

    def by_value(model: ResidentModel) -> tuple[float, float, str]:
        return values[model.model_id], model.last_used_at, model.model_id

    def by_use(model: ResidentModel) -> tuple[bool, float, float, str]:
        return not model.speculative, model.last_used_at, values[model.model_id], model.model_id

    order = sorted(residents, key=by_value) if settings.eviction == "foresight" else sorted(residents, key=by_use)
    return [model._replace(speculative=False, last_used_at=float(place)) for place, model in enumerate(order)]


class _Room:
    """The memory after each target of the plan.

    Attributes:
        present: Models in memory, including the planned ones.
    """

    def __init__(self, chances: Chances, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> None:
        self._chances = chances
        self._basis = basis
        self._now = now
        self._prices = prices_of(basis.settings, basis.load_s)
        self._kept = set(basis.favourites)
        self.present = {model.model_id: model for model in residents}

    def expected(self, model_id: str) -> PreloadTarget | None:
        """Find room for a model that a sign announced, before all others; None if a load of it does not pay.

        The chance of such a model follows from how often such signs were right, so the outcomes of other preloads do
        not count.
        """
        if model_id in self.present:
            self._kept.add(model_id)
        elif (best := best_preload(self._chances, self._memory(), self._prices, only=model_id)) is not None:
            self._put(model_id, best.displaces)
            return PreloadTarget(model_id, TargetKind.EXPECTED, 1, PlanAction.PRELOAD, best.displaces, vain=best.vain)
        target = self._outlook(model_id)
        return None if target is None else target._replace(kind=TargetKind.EXPECTED, rank=1)

    def favourite(self, model_id: str, rank: int) -> PreloadTarget:
        """Find room for a model that should be hot whatever else is, and reserve it."""
        if model_id in self.present:
            self._kept.add(model_id)
            return PreloadTarget(model_id, TargetKind.FAVOURITE, rank, PlanAction.KEEP)
        if (missing := self._too_large(model_id)) is not None:
            return PreloadTarget(model_id, TargetKind.FAVOURITE, rank, PlanAction.TOO_LARGE, (), *missing)
        shortage = self._shortage(model_id, self.present.values())
        displaced = self._displaced(shortage, self._movable())
        if shortage.exists:
            return PreloadTarget(model_id, TargetKind.FAVOURITE, rank, PlanAction.NO_ROOM, (), *shortage.worst)
        self._put(model_id, displaced)
        return PreloadTarget(model_id, TargetKind.FAVOURITE, rank, PlanAction.PRELOAD, displaced)

    def learned(self, others: Mapping[str, PreloadTarget]) -> Iterator[PreloadTarget]:
        """Yield the likely models besides ``others``, the likeliest first; reserve room where a load pays."""
        loads: dict[str, PreloadTarget] = {}
        before = list(self.present.values())
        while len(loads) < _MOST_LOADS:
            best = best_preload(self._chances, self._memory(), self._prices, self._basis.odds)
            if best is None:
                break
            staying = (model for model in before if model.model_id not in best.displaces)
            loads[best.model_id] = PreloadTarget(
                best.model_id,
                TargetKind.LEARNED,
                0,
                PlanAction.PRELOAD,
                best.displaces,
                vain=best.vain,
                after_others=self._shortage(best.model_id, staying).exists,
            )
            self._put(best.model_id, best.displaces)
        chances, rank = self._chances.models, 0
        likely = (name for name, chance in chances.items() if chance >= LEAST_CHANCE and name in self._basis.sizes)
        for model_id in sorted({*likely, *loads}, key=lambda name: (-chances[name], name)):
            other, load = others.get(model_id), loads.get(model_id)
            if other is not None:
                if load is not None:  # it does not come before all else, but is worth it
                    yield load._replace(kind=other.kind, rank=other.rank)
            elif (target := load or self._outlook(model_id)) is not None:
                rank += 1
                yield target._replace(rank=rank)

    def _outlook(self, model_id: str) -> PreloadTarget | None:
        """Return what keeps a likely model from being loaded, or that it stays; None if a load of it does not pay."""
        if model_id in self.present:
            return PreloadTarget(model_id, TargetKind.LEARNED, 0, PlanAction.KEEP)
        if (missing := self._too_large(model_id)) is not None:
            return PreloadTarget(model_id, TargetKind.LEARNED, 0, PlanAction.TOO_LARGE, (), *missing)
        shortage = self._shortage(model_id, self.present.values())
        if not shortage.exists:
            return None
        return PreloadTarget(model_id, TargetKind.LEARNED, 0, PlanAction.NO_ROOM, (), *shortage.worst)

    def _memory(self) -> Memory:
        basis, residents = self._basis, list(self.present.values())
        kept = self._kept.union(model.model_id for model in residents if just_used(model, self._now, basis.settings)[0])
        unused_bytes = unused_small_bytes(residents, basis.small_bytes, basis.limit_bytes)
        return Memory(residents, basis.sizes, basis.limit_bytes, kept, basis.devices, unused_bytes)

    def _too_large(self, model_id: str) -> tuple[int, str | None] | None:
        """Return what a model exceeds the limit by, and where; None if it does not."""
        alone = self._shortage(model_id, ())
        return alone.worst if alone.exists else None

    def _shortage(self, model_id: str, others: Iterable[ResidentModel]) -> Shortage:
        basis = self._basis
        return Shortage(others, basis.sizes[model_id], basis.limit_bytes, basis.devices.pools(model_id))

    def _movable(self) -> list[ResidentModel]:
        """Return the models that may be displaced for a favourite, those that are worth least first."""
        movable = [
            model
            for model in self.present.values()
            if not (model.leased or model.favourite or model.model_id in self._kept)
            and not just_used(model, self._now, self._basis.settings)[1]
        ]
        values = keeping_values(self._chances, movable, self._prices)
        movable.sort(key=lambda model: (values[model.model_id], model.last_used_at, model.model_id))
        return movable

    def _displaced(self, shortage: Shortage, movable: Sequence[ResidentModel]) -> tuple[str, ...]:
        """Return the models to displace to end a shortage, as far as that is possible."""
        chosen: list[ResidentModel] = []
        for model in movable:
            if shortage.is_eased_by(model):
                shortage.take(model)
                chosen.append(model)
        if shortage.exists:
            return ()
        # A large model chosen late may make a small one chosen early needless; spare the likeliest ones first.
        kept = {model.model_id for model in reversed(chosen) if shortage.give_back(model)}
        return tuple(model.model_id for model in chosen if model.model_id not in kept)

    def _put(self, model_id: str, displaced: Sequence[str]) -> None:
        """Count on a load."""
        for name in displaced:
            del self.present[name]
        device_bytes = self._basis.devices.sizes.get(model_id, NO_DEVICE_BYTES)
        self.present[model_id] = ResidentModel(
            model_id, self._basis.sizes[model_id], self._now, speculative=True, device_bytes=device_bytes
        )
        self._kept.add(model_id)
