"""The least that foresight has to beat: fill the room with what was just used, then with what is used most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from preheat.preload import (
    PlanAction,
    PlanBasis,
    PolicySettings,
    PreloadPlan,
    PreloadPlanner,
    PreloadTarget,
    TargetKind,
)
from preheat.residency import ResidentModel
from preheat.usage import UsageTracker

_RECENT_S: Final = 900.0


class NaivePlanner(PreloadPlanner):
    """Ranks the models used in the last 15 minutes first, the last one first, then all others by decayed counts."""

    def __init__(self, usage: UsageTracker, policy: PolicySettings) -> None:
        super().__init__(usage, policy)
        self._used_at: dict[str, float] = {}
        self._usage_counts = usage.popularity
        self._ranking: list[str] = []
        self._ranked_for: set[str] | None = None  # the recent models; None if there was a request since

    def request_arrived(self, model_id: str, client: str, now: float) -> None:
        """Count a request, and learn nothing else from it."""
        self._usage.request_arrived(model_id, client, now)
        self._used_at[model_id] = now
        self._ranked_for = None

    def plan(self, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> PreloadPlan:
        """Return the models that fit together, best first."""
        ranking, sizes = self._ranked(now), basis.sizes
        held = {model.model_id: model for model in residents}
        room, wanted = basis.limit_bytes, []
        for model_id in ranking:
            if sizes[model_id] <= room:
                room -= sizes[model_id]
                wanted.append(model_id)
        missing = [model_id for model_id in wanted if model_id not in held]
        if not missing:
            return PreloadPlan((), ())
        movable = [held[name] for name in reversed(ranking) if name in held and name not in wanted]
        free, targets = basis.limit_bytes - sum(model.resident_bytes for model in residents), []
        for rank, model_id in enumerate(missing, 1):
            displaced = []
            while free < sizes[model_id] and movable:
                model = movable.pop(0)
                if not model.leased:
                    free += model.resident_bytes
                    displaced.append(model.model_id)
            if free < sizes[model_id]:
                break
            free -= sizes[model_id]
            target = PreloadTarget(model_id, TargetKind.LEARNED, rank, PlanAction.PRELOAD, tuple(displaced))
            targets.append(target)
        return PreloadPlan(tuple(targets), ())

    def small_bytes(self, sizes: Mapping[str, int], limit_bytes: int, now: float) -> int:
        """Return 0: small models count as all others."""
        return 0

    def eviction_view(self, residents: Sequence[ResidentModel], now: float) -> Sequence[ResidentModel]:
        """Return the models so that the last of the ranking makes room first."""
        places = {model_id: place for place, model_id in enumerate(self._ranked(now))}
        return [
            model._replace(speculative=False, last_used_at=float(-places.get(model.model_id, len(places))))
            for model in residents
        ]

    def _ranked(self, now: float) -> Sequence[str]:
        """Return the models, best first. All counts decay alike, so the order lasts while the same ones are recent."""
        recent = {model_id for model_id, at in self._used_at.items() if now - at <= _RECENT_S}
        if recent != self._ranked_for:

            def worth(model_id: str) -> tuple[float, float]:
                used_at = self._used_at[model_id] if model_id in recent else 0.0
                return used_at, self._usage_counts.score(model_id, now)

            self._ranking, self._ranked_for = sorted(self._used_at, key=worth, reverse=True), recent
        return self._ranking
