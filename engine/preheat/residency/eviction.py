"""Which models to unload to make room: a pure decision, also asked "what if?"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from preheat.errors import InsufficientMemoryError
from preheat.units import format_memory


@dataclass(frozen=True, slots=True)
class ResidentModel:
    """One model that holds memory, or has been promised some.

    Attributes:
        resident_bytes: What it holds, or is expected to hold once it is loaded.
        last_used_at: Time of its last request; 0 before one.
        leased: A request uses it or waits for it.
        speculative: It is being preloaded now, with nobody waiting.
    """

    model_id: str
    resident_bytes: int
    last_used_at: float
    leased: bool = False
    favourite: bool = False
    speculative: bool = False


def plan_eviction(
    tenants: Sequence[ResidentModel], needed_bytes: int, limit_bytes: int, *, for_request: bool
) -> tuple[str, ...]:
    """Return the model ids to unload so that ``needed_bytes`` more fit under ``limit_bytes``.

    Preloads that are still running go first, then the least recently used, favourites after all others. Leased models
    are never chosen. Only a request that someone waits for evicts anything; a preload takes the room that is there.

    Raises:
        InsufficientMemoryError: Not even that is enough, now.
    """
    missing = sum(tenant.resident_bytes for tenant in tenants) + needed_bytes - limit_bytes
    if missing <= 0:
        return ()
    candidates = [tenant for tenant in tenants if for_request and not tenant.leased]
    candidates.sort(key=lambda tenant: (not tenant.speculative, tenant.favourite, tenant.last_used_at, tenant.model_id))
    chosen: list[str] = []
    for tenant in candidates:
        chosen.append(tenant.model_id)
        missing -= tenant.resident_bytes
        if missing <= 0:
            return tuple(chosen)
    raise InsufficientMemoryError(
        f"It needs {format_memory(needed_bytes)}, and {format_memory(max(needed_bytes - missing, 0))} of the memory "
        f"limit of {format_memory(limit_bytes)} can be had",
        hint="Raise memory_limit, lower context_length, or choose a smaller quantization",
    )
