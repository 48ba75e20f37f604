"""What the pool asks and tells the rest of the engine."""

from __future__ import annotations

from typing import Protocol

from preheat.residency.decisions import DecisionRecord
from preheat.residency.eviction import ResidentModel


class PoolObserver(Protocol):
    """The engine, as the pool sees it. Everything is called on the engine's loop and returns at once."""

    def is_favourite(self, model_id: str) -> bool:
        """Whether the user wants this model hot whenever it fits."""

    def eviction_view(self, tenants: list[ResidentModel]) -> list[ResidentModel]:
        """Return the tenants as ``plan_eviction`` should see them: popularity may speak for an unused preload."""

    def state_changed(self) -> None:
        """A model's state is another."""

    def progressed(self) -> None:
        """A load's progress or a measured size is another."""

    def decided(self, decision: DecisionRecord) -> None:
        """A model was loaded, or left, or failed."""
