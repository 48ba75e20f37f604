"""Plans by ``estimate`` and ``foresight`` instead of the constants of ``policy``; for comparison in replays so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from preheat.preload.estimate import Estimate, Memory, Prices, best_preload, keeping_values
from preheat.preload.foresight import Foresight
from preheat.preload.outcomes import Outcomes
from preheat.preload.planner import PreloadPlanner
from preheat.preload.policy import DeviceNeeds, PlanAction, PolicySettings, PreloadPlan, PreloadTarget, TargetKind
from preheat.residency import DevicePool, EvictionPlan, ResidentModel, plan_eviction
from preheat.usage import UsageTracker


class EstimatingPlanner(PreloadPlanner):
    """Decides by the chance of each model to be needed next.

    Attributes:
        prices: What is weighed against each other.
    """

    def __init__(self, usage: UsageTracker, policy: PolicySettings, prices: Prices | None = None) -> None:
        super().__init__(usage, policy)
        self.prices = prices or Prices()
        self._foresight = Foresight(usage.timezone)
        self._outcomes = Outcomes()
        self._used_at: dict[str, float] = {}
        self._proposed: Estimate | None = None
        self._started: set[str] = set()

    def request_arrived(self, model_id: str, client: str, now: float) -> None:
        """Count a request; its model may be preloaded again."""
        super().request_arrived(model_id, client, now)
        self._foresight.used(model_id, client, now)
        self._began(model_id)
        self._proposed = None
        self._outcomes.used(model_id)
        self._started.discard(model_id)
        self._used_at[model_id] = now

    def client_woke(self, client: str, model_id: str, now: float) -> str | None:
        """Note that a client woke; return the model it is expected to use."""
        self._foresight.client_woke(client, model_id, now)
        return super().client_woke(client, model_id, now)

    def model_added(self, model_id: str, now: float) -> None:
        """Note that a model was downloaded or imported."""
        self._foresight.added(model_id, now)

    def plan(
        self,
        residents: Sequence[ResidentModel],
        sizes: Mapping[str, int],
        limit_bytes: int,
        now: float,
        devices: DeviceNeeds | None = None,
    ) -> PreloadPlan:
        """Return the best preload, and the files to read ahead, the most likely one first."""
        self._look(residents)
        chances = self._foresight.chances(now)
        held = {model.model_id for model in residents}
        used_lately = {model_id for model_id in held if now - self._used_at.get(model_id, -1e12) <= self.prices.kept_s}
        memory = Memory(residents, sizes, limit_bytes, frozenset(used_lately))
        best = best_preload(chances, memory, self.prices, self._outcomes.odds)
        self._proposed = best
        targets: tuple[PreloadTarget, ...] = ()
        if best is not None:
            targets = (PreloadTarget(best.model_id, TargetKind.LEARNED, 1, PlanAction.PRELOAD, best.displaces),)
        ahead = sorted(chances.models, key=chances.models.__getitem__, reverse=True)
        return PreloadPlan(targets, tuple(name for name in ahead if name in sizes and name not in held))

    def _began(self, model_id: str) -> None:
        if (proposed := self._proposed) is not None and proposed.model_id == model_id:
            self._outcomes.started(model_id, bool(proposed.displaces), proposed.vain)
            self._started.add(model_id)
            self._proposed = None

    def _look(self, residents: Sequence[ResidentModel]) -> None:
        """Find out which preloads were carried out, and which ones have left unused."""
        held = {model.model_id for model in residents}
        if not held:
            self._outcomes.lost()
            self._started.clear()
        for model_id in self._started - held:
            self._outcomes.left(model_id)
        self._started &= held
        for model in residents:
            if model.speculative:
                self._began(model.model_id)
        self._proposed = None

    def plan_eviction(
        self,
        residents: Sequence[ResidentModel],
        needed_bytes: int,
        limit_bytes: int,
        pools: Sequence[DevicePool] = (),
        *,
        now: float,
        for_request: bool,
        sizes: Mapping[str, int] | None = None,
    ) -> EvictionPlan:
        """Return the models to unload: those that are worth least for their memory."""
        free = limit_bytes - sum(model.resident_bytes for model in residents)
        if not for_request or needed_bytes <= free:
            return plan_eviction(residents, needed_bytes, limit_bytes, pools, for_request=for_request)
        values = keeping_values(self._foresight.chances(now), residents, self.prices)
        view = [model._replace(speculative=False, last_used_at=values[model.model_id]) for model in residents]
        return plan_eviction(view, needed_bytes, limit_bytes, pools, for_request=True)
