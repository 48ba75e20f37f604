"""Chooses the models to unload to make room. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ResidentModel(NamedTuple):
    """One model that holds or reserves memory.

    Attributes:
        resident_bytes: What it holds, or is expected to hold once it is loaded.
        last_used_at: Time of its last request; 0 before one.
        leased: A request uses it or waits for it.
        speculative: It is preloaded, and no request has used it or waits for it.
    """

    model_id: str
    resident_bytes: int
    last_used_at: float
    leased: bool = False
    favourite: bool = False
    speculative: bool = False


class EvictionPlan(NamedTuple):
    """Models to unload, in order, and the bytes that are still missing then; 0 if there is room."""

    victims: tuple[str, ...]
    missing_bytes: int = 0


class EvictionPolicy(Protocol):
    """Chooses the models to unload; ``plan_eviction`` is one."""

    def __call__(
        self, residents: Sequence[ResidentModel], needed_bytes: int, limit_bytes: int, *, for_request: bool
    ) -> EvictionPlan:
        """Return the models to unload so that ``needed_bytes`` more fit under ``limit_bytes``."""


def plan_eviction(
    residents: Sequence[ResidentModel], needed_bytes: int, limit_bytes: int, *, for_request: bool
) -> EvictionPlan:
    """Return the models to unload so that ``needed_bytes`` more fit under ``limit_bytes``.

    Speculative models go first, then the least recently used, favourites last. Leased models are never chosen. Only a
    waiting request evicts anything; a preload takes the room that is there.
    """
    missing = sum(resident.resident_bytes for resident in residents) + needed_bytes - limit_bytes
    if missing <= 0:
        return EvictionPlan(())
    candidates = [resident for resident in residents if for_request and not resident.leased]
    candidates.sort(key=lambda each: (not each.speculative, each.favourite, each.last_used_at, each.model_id))
    chosen: list[str] = []
    for resident in candidates:
        chosen.append(resident.model_id)
        missing -= resident.resident_bytes
        if missing <= 0:
            return EvictionPlan(tuple(chosen))
    return EvictionPlan(tuple(chosen), missing)
