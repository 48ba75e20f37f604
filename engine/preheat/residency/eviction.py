"""Chooses the models to unload to make room. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes, DevicePool, Shortage


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

    Speculative models go first, then the least recently used, favourites last. Leased models are never chosen, nor
    those that hold nothing where memory is missing. Only a waiting request evicts anything; a preload takes the room
    that is there.
    """
    shortage = Shortage(residents, needed_bytes, limit_bytes, pools)
    if not shortage.exists:
        return EvictionPlan(())
    candidates = [resident for resident in residents if for_request and not resident.leased]
    candidates.sort(key=lambda each: (not each.speculative, each.favourite, each.last_used_at, each.model_id))
    chosen: list[ResidentModel] = []
    for resident in candidates:
        if shortage.is_eased_by(resident):
            chosen.append(resident)
            shortage.take(resident)
            if not shortage.exists:
                break
    if pools and not shortage.exists:
        # One that was chosen for its main memory may be needless once others have left a device.
        kept = {resident.model_id for resident in reversed(chosen) if shortage.give_back(resident)}
        chosen = [resident for resident in chosen if resident.model_id not in kept]
    return EvictionPlan(tuple(resident.model_id for resident in chosen), *shortage.worst)


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
