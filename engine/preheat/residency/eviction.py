"""Chooses the models to unload to make room. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes, DevicePool, Shortage

_SMALL: Final = 16
"""A model is small if the memory limit has room for this number of them."""

_USUAL_SMALL: Final = 6
_USUAL_SMALL_BYTES: Final = 160_000_000
"""Up to this size, it is small if there is room for 6 of it: under a tight limit, the usual embedder would not be."""


class ResidentModel(NamedTuple):
    """One model that holds or reserves memory.

    Attributes:
        resident_bytes: What it holds of main memory, or is expected to hold once it is loaded.
        last_used_at: Time of its last request; 0 before one.
        leased: A request uses it or waits for it.
        speculative: It is preloaded, and no request has used it or waits for it.
        extra_bytes: The part of ``resident_bytes`` that it gives up before anything is evicted, see ``plan_room``.
        device_bytes: The same as ``resident_bytes`` for devices.
    """

    model_id: str
    resident_bytes: int
    last_used_at: float
    leased: bool = False
    favourite: bool = False
    speculative: bool = False
    extra_bytes: int = 0
    device_bytes: DeviceBytes = NO_DEVICE_BYTES

    @property
    def least_bytes(self) -> int:
        """What it holds after giving up its extra memory."""
        return self.resident_bytes - self.extra_bytes

    @property
    def size_bytes(self) -> int:
        """What it holds of all memory together."""
        return self.resident_bytes + sum(self.device_bytes.values()) if self.device_bytes else self.resident_bytes


class EvictionPlan(NamedTuple):
    """Models to unload, in order, and the bytes that are still missing then; 0 if there is room.

    ``device`` is where they are missing; None for main memory.
    """

    victims: tuple[str, ...]
    missing_bytes: int = 0
    device: str | None = None


class EvictionPolicy(Protocol):
    """Chooses the models to unload; ``plan_eviction`` is one."""

    def __call__(
        self,
        residents: Sequence[ResidentModel],
        needed_bytes: int,
        limit_bytes: int,
        pools: Sequence[DevicePool] = (),
        *,
        for_request: bool,
    ) -> EvictionPlan:
        """Return the models to unload so that ``needed_bytes`` more fit under ``limit_bytes``, and into all pools."""


def plan_eviction(
    residents: Sequence[ResidentModel],
    needed_bytes: int,
    limit_bytes: int,
    pools: Sequence[DevicePool] = (),
    *,
    for_request: bool,
) -> EvictionPlan:
    """Return the models to unload so that ``needed_bytes`` more fit under ``limit_bytes``, and into all pools.

    Speculative models go first, then the least recently used, favourites last; see ``_order`` for small and large
    models. Leased models are never chosen, nor those that hold nothing where memory is missing or that others make
    needless. Only a waiting request evicts anything; a preload takes the room that is there.
    """
    shortage = Shortage(residents, needed_bytes, limit_bytes, pools)
    if not shortage.exists:
        return EvictionPlan(())
    candidates = [resident for resident in residents if for_request and not resident.leased]
    candidates.sort(key=_order(_needed(needed_bytes, pools), limit_bytes))
    chosen: list[ResidentModel] = []
    for resident in candidates:
        if shortage.is_eased_by(resident):
            chosen.append(resident)
            shortage.take(resident)
            if not shortage.exists:
                break
    if not shortage.exists:
        # A large one chosen late may make small ones needless, or one on a device those chosen for their main memory.
        kept = {resident.model_id for resident in reversed(chosen) if shortage.give_back(resident)}
        chosen = [resident for resident in chosen if resident.model_id not in kept]
    return EvictionPlan(tuple(resident.model_id for resident in chosen), *shortage.worst)


def is_small(size_bytes: int, limit_bytes: int) -> bool:
    """Return whether a model of this size is small, as embedders and rerankers mostly are."""
    return size_bytes <= most_small_bytes(limit_bytes)


def most_small_bytes(limit_bytes: int) -> int:
    """Return the size of the largest models that are small."""
    return max(limit_bytes // _SMALL, min(limit_bytes // _USUAL_SMALL, _USUAL_SMALL_BYTES))


def kept_small_bytes(sizes: Iterable[int], limit_bytes: int) -> int:
    """Return the memory to keep for small models in use: what they take, but no more than one of the largest."""
    most, kept = most_small_bytes(limit_bytes), 0
    for size in sizes:
        if size <= most:
            kept += size
        if kept >= most:
            return most  # the sizes of others do not matter
    return kept


def unused_small_bytes(residents: Iterable[ResidentModel], small_bytes: int, limit_bytes: int) -> int:
    """Return the part of the memory kept for small models that none of them holds now."""
    if not small_bytes:
        return 0
    most = most_small_bytes(limit_bytes)
    held = sum(each.resident_bytes for each in residents if each.size_bytes <= most)
    return max(small_bytes - held, 0)


def plan_beside_small(
    residents: Sequence[ResidentModel],
    needed_bytes: int,
    limit_bytes: int,
    pools: Sequence[DevicePool] = (),
    *,
    small_bytes: int,
    for_request: bool,
) -> EvictionPlan:
    """Return ``plan_eviction`` so that a large model leaves ``small_bytes`` of main memory to small ones.

    Only large models make room for that, and no favourites: otherwise, a load takes all memory up to the limit.
    """
    unused = unused_small_bytes(residents, small_bytes, limit_bytes)
    if unused and not is_small(_needed(needed_bytes, pools), limit_bytes):
        plan = plan_eviction(residents, needed_bytes, limit_bytes - unused, pools, for_request=for_request)
        most = most_small_bytes(limit_bytes)
        kept = {each.model_id for each in residents if each.favourite or each.size_bytes <= most}
        if not plan.missing_bytes and kept.isdisjoint(plan.victims):
            return plan
    return plan_eviction(residents, needed_bytes, limit_bytes, pools, for_request=for_request)


def _needed(needed_bytes: int, pools: Iterable[DevicePool]) -> int:
    """Return what a load needs of all memory together."""
    return needed_bytes + sum(pool.needed_bytes for pool in pools)


def _order(needed_bytes: int, limit_bytes: int) -> Callable[[ResidentModel], tuple[object, ...]]:
    """Return the order of eviction.

    A small load evicts small models while they suffice: many of them are loaded in the time of one large model. A large
    load evicts large ones first, but favourites last. Where nothing is loaded, size does not count.
    """
    most = most_small_bytes(limit_bytes)
    small_load = needed_bytes <= most

    def order(model: ResidentModel) -> tuple[object, ...]:
        small = model.size_bytes <= most
        favoured = not model.speculative, model.favourite
        if not needed_bytes:
            return *favoured, model.last_used_at, model.model_id
        if small_load:
            return not small, *favoured, model.last_used_at, model.model_id
        return *favoured, small, model.last_used_at, model.model_id

    return order


class RoomPlan(NamedTuple):
    """How to make room: models to shrink, models to unload, and the bytes that are still missing then, and where."""

    shrunk: tuple[str, ...] = ()
    victims: tuple[str, ...] = ()
    missing_bytes: int = 0
    device: str | None = None


def plan_room(
    residents: Sequence[ResidentModel],
    needed_bytes: int,
    limit_bytes: int,
    policy: EvictionPolicy,
    pools: Sequence[DevicePool] = (),
    *,
    for_request: bool,
) -> RoomPlan:
    """Return how to make room: models give up their extra memory before anything is evicted, also for a preload.

    Favourites shrink last, as they are evicted last. Nothing shrinks in vain: not if evicting is necessary and enough.
    """
    least = [model._replace(resident_bytes=model.least_bytes, extra_bytes=0) for model in residents]
    victims, missing, device = policy(least, needed_bytes, limit_bytes, pools, for_request=for_request)
    if missing > 0:
        extra = (model.model_id for model in residents if model.extra_bytes and model.model_id not in victims)
        return RoomPlan(tuple(extra), victims, missing, device)
    staying = [model for model in residents if model.model_id not in victims]
    excess = sum(model.resident_bytes for model in staying) + needed_bytes - limit_bytes
    shrunk = []
    staying.sort(key=lambda each: (not each.speculative, each.favourite, each.last_used_at, each.model_id))
    for model in staying:
        if excess > 0 and model.extra_bytes:
            shrunk.append(model)
            excess -= model.extra_bytes
    # A large one chosen late may make small ones chosen early needless.
    for model in reversed(shrunk[:]):
        if excess + model.extra_bytes <= 0:
            excess += model.extra_bytes
            shrunk.remove(model)
    return RoomPlan(tuple(model.model_id for model in shrunk), victims)
