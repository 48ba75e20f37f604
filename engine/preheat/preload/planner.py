"""Says whether something may be preloaded now, and what: the engine's knowledge, brought together for the preloader."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import Final

from preheat.models import ModelFile
from preheat.preload.gate import Conditions, Hold, why_not_now
from preheat.preload.policy import PreloadPlan
from preheat.preload.power import on_battery
from preheat.preload.preloader import Wanted
from preheat.preload.reasons import describe_wish
from preheat.preload.tracker import UsageTracker
from preheat.residency import MemoryWatch, Pool
from preheat.residency.sizes import SizeTable
from preheat.residency.standby import Standby
from preheat.settings import Settings

_STANDBY_END_S: Final = 5.0


class PreloadPlanner:
    """Plans preloads. Runs on the engine's loop.

    Args:
        models: Gives the models on disk.
        favourites: Gives the ids of the models to keep hot, in the user's order.
        clock: Gives Unix time.
    """

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        sizes: SizeTable,
        advisor: UsageTracker,
        watch: MemoryWatch,
        *,
        models: Callable[[], Sequence[ModelFile]],
        favourites: Callable[[], Sequence[str]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._sizes = sizes
        self._advisor = advisor
        self._watch = watch
        self._models = models
        self._favourites = favourites
        self._clock = clock
        self._standby = Standby()
        self._answered_at = -math.inf
        self._dismissed: set[str] = set()
        self.awaits_use = False
        """Nothing is preloaded before something is asked of Preheat, which the login has started."""
        self.paused_until: float | None = None
        """Unix time until which the user paused preloading; infinite until told; None when not paused."""
        self.pressure = ""
        """Why memory is short; empty when it is not."""

    def apply_settings(self, settings: Settings) -> None:
        """Use these settings from now on."""
        self._settings = settings

    def dismiss(self, model_id: str) -> None:
        """The model was told to go: it is not to come back before it is used again."""
        self._dismissed.add(model_id)

    def welcome(self, model_id: str) -> None:
        """The model is used, or wanted as a favourite: it may be preloaded again."""
        self.awaits_use = False
        self._dismissed.discard(model_id)

    def note_answer(self) -> None:
        """An answer has ended just now."""
        self._answered_at = time.monotonic()

    @property
    def active_requests(self) -> int:
        """Requests being answered or waiting."""
        return sum(resident.leases + resident.waiters for resident in self._pool.residents.values())

    def hold(self) -> Hold | None:
        """Return what speaks against preloading now."""
        conditions = Conditions(
            enabled=self._settings.preload,
            paused_until=self.paused_until,
            awaits_use=self.awaits_use,
            active_requests=self.active_requests,
            idle_s=time.monotonic() - self._answered_at,
            on_battery=not self._settings.preload_on_battery and on_battery(),
            pressure=self.pressure,
        )
        return why_not_now(conditions, self._clock())

    def plan(self) -> PreloadPlan:
        """Return what should be hot, as of now."""
        return self._plan(without=self._dismissed)

    def dismissed(self) -> tuple[str, ...]:
        """Return the models that should be hot, had they not been told to go, best first."""
        if not self._dismissed:
            return ()
        return tuple(
            decision.model_id
            for decision in self._plan(without=frozenset()).decisions
            if decision.model_id in self._dismissed
        )

    def _plan(self, without: Set[str]) -> PreloadPlan:
        models = [model for model in self._models() if model.model_id not in without]
        sizes = {model.model_id: self._sizes.expected_bytes(model) for model in models}
        return self._advisor.plan(self._pool.tenants(), sizes, self._pool.reachable_bytes, self._favourites())

    def wanted(self, plan: PreloadPlan, skip: Mapping[str, float]) -> tuple[Wanted, ...]:
        """Return the preloads of the plan, the first one first, but for the models in ``skip``."""
        models = {model.model_id: model for model in self._models()}
        return tuple(
            Wanted(
                models[decision.model_id],
                describe_wish(decision, self._advisor.popularity, self._clock()),
                decision.displaces,
                self._sizes.expected_bytes(models[decision.model_id]),
            )
            for decision in plan.preloads
            if decision.model_id not in skip
        )

    def start_standby(self, plan: PreloadPlan) -> None:
        """Begin to read the files of the next best models into the page cache, into memory that is free anyway."""
        models = {model.model_id: model for model in self._models()}
        # The workers as of now: the budget is asked in another thread, and reading stops before others are loaded.
        budget = partial(self._watch.standby_budget, self._pool.worker_pids)
        self._standby.want([models[model_id] for model_id in plan.standby if model_id in models], budget)

    def stop_standby(self) -> None:
        """Stop reading ahead; returns at once."""
        self._standby.stop()

    def wait_for_standby(self) -> None:
        """Wait until nothing is being read ahead any more. Blocks, for a megabyte's time."""
        self._standby.wait(_STANDBY_END_S)

    def is_standby(self, model_id: str) -> bool:
        """Whether the model's file was last seen in the page cache."""
        return self._standby.holds(model_id)

    def why(self, model_id: str) -> str:
        """Return in words why the model is in memory or not."""
        plan = self.plan()
        resident = self._pool.residents.get(model_id)
        said = self._advisor.explain(model_id, plan)
        if resident is not None and resident.worker is not None:
            known = said.removeprefix("kept: ") == resident.reason
            return f"in memory: {resident.reason}" + ("" if known else f"; {said}")
        if model_id in self._dismissed:
            return "not in memory: it was unloaded as asked, and is not preloaded before it is used again"
        if resident is not None and resident.error:
            return f"not in memory: {resident.error}; {said}"
        return said
