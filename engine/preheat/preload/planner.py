"""Plans preloads by an estimate of what is needed next. Engine and replay run the same planner."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from preheat.messages import Message, msg
from preheat.preload.foresight import PAUSE_S, Chances, Foresight, Outlook, Voice
from preheat.preload.outcomes import Circumstances, Outcomes
from preheat.preload.plan import (
    NO_DEVICES,
    DeviceNeeds,
    LimitOutlook,
    PlanAction,
    PolicySettings,
    PreloadPlan,
    PreloadTarget,
    TargetKind,
)
from preheat.preload.policy import (
    LEAST_CHANCE,
    PlanBasis,
    eviction_view,
    expected_model,
    plan_preloads,
    prices_of,
    what_counts,
)
from preheat.preload.reasons import describe_reason, describe_target, describe_usage, describe_voices, with_estimate
from preheat.residency import (
    EXCHANGE,
    Action,
    DecisionRecord,
    DevicePool,
    EvictionPlan,
    EvictionReason,
    ResidentModel,
    Shortage,
    kept_small_bytes,
    most_small_bytes,
    plan_beside_small,
    plan_room,
)
from preheat.usage import DAY_S, HOUR_S, OutcomeRow, Popularity, Usage, UsageTracker, Use, UseKind

_USED: Final = 1.0
"""Decayed uses above which a model counts as used: two of today, for example. This decides what lasts for days:
whether weights are repacked, who gets room for its context, and room for small models. The estimate cannot, since
chances change with each request, and each change of these costs a load.
"""

_ENDS: Final = frozenset({Action.UNLOAD, Action.EVICT, Action.CANCEL, Action.FAIL})
"""Actions after which a model is not in memory, except a failed exchange of its form."""

_MOST_LIKELY: Final = 3
"""Models, besides favourites, for which contexts leave room."""

_LATEST: Final = 100
"""Last uses that are kept besides the log: requests are written there only when they have ended."""

_RECALLED: Final = 2000
"""Changes that are recalled: of several weeks, in less than half a second for a thousand models."""


class Recalled(NamedTuple):
    """What the log says about what is needed next, and about the preloads before.

    Attributes:
        known: The uses that it knows, or that do not count.
        outcomes: How the last preloads turned out, the oldest first.
    """

    foresight: Foresight
    known: Set[Use]
    outcomes: tuple[OutcomeRow, ...] = ()


class PreloadPlanner:
    """Decides what to preload, what to evict, and why. Reads no clock and does no I/O, except in ``recall``.

    Attributes:
        policy: Policy settings.
        favourites: Ids of the models to keep hot, in the user's order.
    """

    def __init__(self, usage: UsageTracker, policy: PolicySettings) -> None:
        self._usage = usage
        self._foresight = self._empty_foresight()
        self._latest: deque[Use] = deque(maxlen=_LATEST)
        self._planned: tuple[tuple[object, ...], PreloadPlan] | None = None
        self._outcomes = Outcomes(usage.save_outcomes)
        self._suppressed: set[str] = set()
        self.policy = policy
        self.favourites: tuple[str, ...] = ()

    # What happens

    def request_arrived(self, model_id: str, client: str, now: float) -> None:
        """Count a request; its model may be preloaded again."""
        self._usage.request_arrived(model_id, client, now)
        self._note(Use(now, client, model_id, UseKind.REQUEST))
        self._outcomes.used(model_id)
        self.allow(model_id)

    def client_woke(self, client: str, model_id: str, now: float) -> str | None:
        """Note that a client woke; return the model it is expected to use, which may be preloaded again."""
        if not self._usage.client_woke(client, model_id, now):
            return None
        self._note(Use(now, client, model_id, UseKind.WAKE))
        return self._allow_expected(now)

    def model_chosen(self, model_id: str, now: float) -> str | None:
        """Note that the user chose a model in a window; return the one that is expected to be used, as above."""
        self._usage.model_chosen(model_id, now)
        self._note(Use(now, "", model_id, UseKind.CHOICE))
        return self._allow_expected(now)

    def model_added(self, model_id: str, now: float) -> None:
        """Note that a model was downloaded, imported or found."""
        self._usage.model_added(model_id, now)
        self._note(Use(now, "", model_id, UseKind.ADDITION))

    def _note(self, use: Use) -> None:
        if self._latest and self._latest[-1][1:] == use[1:]:  # all but the time
            self._latest.pop()  # clients may ask each second
        self._latest.append(use)
        _teach(self._foresight, use)

    def preload_started(self, target: PreloadTarget, now: float) -> None:
        """Note that a target of a plan is being loaded."""
        if target.kind is TargetKind.FAVOURITE:
            return
        # Signs have a record of their own.
        learned = target.kind is TargetKind.LEARNED
        kind = Circumstances(bool(target.displaces), self._foresight.paused(now)) if learned else None
        self._outcomes.started(target.model_id, kind, target.vain)

    def preload_failed(self, model_id: str) -> None:
        """Note that a preload has ended without its model in memory. Not every such end is a decision."""
        self._outcomes.forget(model_id)

    def decided(self, decision: DecisionRecord) -> None:
        """Note what a decision says about preloads."""
        # That the user lowers the limit says nothing about what was likely.
        if decision.wasted and decision.cause != EvictionReason.LIMIT:
            self._outcomes.left(decision.model_id)
        elif decision.action in _ENDS and decision.cause != EXCHANGE:
            self._outcomes.forget(decision.model_id)

    def memory_lost(self) -> None:
        """Note that no model is in memory any more, for a reason that says nothing about preloads."""
        self._outcomes.lost()

    @property
    def latest(self) -> tuple[Use, ...]:
        """The last uses, for ``recall``."""
        return tuple(self._latest)

    def recall(self, latest: Sequence[Use] = ()) -> Recalled:
        """Return what the log of the last weeks says about what is needed next, for ``remember``.

        Blocks on the disk, for up to half a second. Any thread.

        Args:
            latest: ``latest`` of the planner; some of them may not be in the log yet.
        """
        foresight, uses = self._empty_foresight(), self._usage.recent(latest)
        for use in _last_changes(uses):
            _teach(foresight, use)
        return Recalled(foresight, frozenset((*uses, *latest)), self._usage.outcomes())

    def remember(self, recalled: Recalled) -> None:
        """Go on with what the log says, and what has happened since."""
        for use in self._latest:
            if use not in recalled.known:
                _teach(recalled.foresight, use)
        self._foresight = recalled.foresight
        self._outcomes.recall(recalled.outcomes)

    # Models that were unloaded on purpose

    def suppress(self, model_id: str) -> None:
        """Do not preload a model that was unloaded on purpose, until ``allow``."""
        self._suppressed.add(model_id)

    def allow(self, model_id: str) -> None:
        """Preload the model again: it was used, is expected, or became a favourite."""
        self._suppressed.discard(model_id)

    def _allow_expected(self, now: float) -> str | None:
        expected = expected_model(self.chances(now))
        if expected is not None:
            self.allow(expected)
        return expected

    def is_suppressed(self, model_id: str) -> bool:
        """Return whether the model was unloaded on purpose and not used since."""
        return model_id in self._suppressed

    # Decisions

    def basis(
        self,
        sizes: Mapping[str, int],
        limit_bytes: int,
        now: float,
        devices: DeviceNeeds = NO_DEVICES,
        *,
        requested: bool = True,
    ) -> PlanBasis:
        """Return what a plan depends on.

        Args:
            requested: Requests go on; otherwise, the plan is for a time in which nothing is requested any more.
        """
        paused = self._foresight.paused(now) or not requested
        return PlanBasis(
            sizes,
            limit_bytes,
            self.favourites,
            self.policy,
            devices,
            self.small_bytes(sizes, limit_bytes, now),
            self.load_s,
            {displaces: self._outcomes.odds(Circumstances(displaces, paused)) for displaces in (False, True)},
        )

    def plan(self, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> PreloadPlan:
        """Return which models should be hot; see ``plan_preloads``. Changes nothing."""
        if self._suppressed:
            sizes = {name: size for name, size in basis.sizes.items() if name not in self._suppressed}
            basis = replace(basis, sizes=sizes)
        return self._plan(residents, basis, now)

    def suppressed(self, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> tuple[str, ...]:
        """Return the suppressed models that should be hot otherwise, best first."""
        if not self._suppressed:
            return ()
        plan = self._plan(residents, basis, now)
        return tuple(target.model_id for target in plan.targets if target.model_id in self._suppressed)

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
        """Return the models to unload to make room; ``eviction_view`` decides about their order.

        Args:
            sizes: Expected bytes of each model on disk; room is kept for the small ones in use.
        """
        small_bytes = self.small_bytes(sizes or {}, limit_bytes, now)
        if for_request and (small_bytes or Shortage(residents, needed_bytes, limit_bytes, pools).exists):
            residents = self.eviction_view(residents, now)
        return plan_beside_small(
            residents, needed_bytes, limit_bytes, pools, small_bytes=small_bytes, for_request=for_request
        )

    def eviction_view(self, residents: Sequence[ResidentModel], now: float) -> Sequence[ResidentModel]:
        """Return the models as ``plan_eviction`` should see them when a request needs room: this is their order."""
        return eviction_view(residents, self.chances(now), self.policy, self.load_s)

    def leaving(self, residents: Sequence[ResidentModel], limit_bytes: int, now: float) -> tuple[str, ...]:
        """Return the models in the order in which requests would unload them; those in use now come last."""
        idle = self.plan_eviction(residents, limit_bytes, 0, now=now, for_request=True).victims
        used = [model._replace(leased=False) for model in residents if model.leased]
        return (*idle, *self.plan_eviction(used, limit_bytes, 0, now=now, for_request=True).victims)

    def under_limit(self, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> LimitOutlook:
        """Return what a change of the memory limit to that of ``basis`` would do."""
        room = plan_room(residents, 0, basis.limit_bytes, partial(self.plan_eviction, now=now), for_request=True)
        staying = [
            model._replace(resident_bytes=model.least_bytes, extra_bytes=0) if model.model_id in room.shrunk else model
            for model in residents
            if model.model_id not in room.victims
        ]
        plan = self.plan(staying, basis, now)
        displaced = [name for target in plan.preloads for name in target.displaces]
        leaves = tuple(dict.fromkeys([*room.victims, *displaced]))
        lacks_room = (PlanAction.NO_ROOM, PlanAction.TOO_LARGE)
        return LimitOutlook(
            tuple(model.model_id for model in staying if model.model_id not in displaced),
            room.shrunk,
            leaves,
            tuple(target.model_id for target in plan.preloads),
            tuple(target.model_id for target in plan.targets if target.action in lacks_room),
        )

    def chances(self, now: float) -> Chances:
        """Return what is likely to be needed next."""
        return self._foresight.chances(now)

    def chance(self, model_id: str, now: float) -> float:
        """Return the chance of a model to be needed next."""
        return self.chances(now).models.get(model_id, 0.0)

    def outlooks(self, now: float, until: float) -> tuple[Outlook, ...]:
        """Return what will be likely from ``now`` and from each full hour up to ``until``, if nothing happens."""
        hours = range(math.floor(now / HOUR_S) + 1, math.ceil(until / HOUR_S))
        return tuple(self._foresight.outlook(at) for at in (now, *(hour * HOUR_S for hour in hours)))

    def vain(self, model_id: str) -> float:
        """Return the chance that a model which was preloaded leaves unused; 0 for one that was used, or a favourite."""
        return self._outcomes.vain(model_id)

    @property
    def load_s(self) -> Mapping[str, float]:
        """Seconds of a load of each model, where that was measured."""
        return self._usage.load_s

    def small_bytes(self, sizes: Mapping[str, int], limit_bytes: int, now: float) -> int:
        """Return the memory to keep for small models: those that are used, and favourites."""
        popularity, most = self._usage.popularity, most_small_bytes(limit_bytes)
        small = (
            size
            for name, size in sizes.items()
            if size <= most and (name in self.favourites or popularity.score(name, now) > _USED)
        )
        return kept_small_bytes(small, limit_bytes)

    def likely(self, now: float) -> tuple[str, ...]:
        """Return the most used models besides the favourites; see ``_MOST_LIKELY``."""
        if not self.policy.learned:
            return ()
        scores = self._usage.popularity.scores(now)
        used = [name for name, score in scores.items() if score > _USED and name not in self.favourites]
        return tuple(sorted(used, key=lambda name: (-scores[name], name))[:_MOST_LIKELY])

    def used_enough(self, model_id: str, now: float) -> bool:
        """Return whether a model is used often enough to be worth more memory: a favourite needs one use in a week."""
        popularity = self._usage.popularity
        if popularity.score(model_id, now) > _USED:
            return True
        return model_id in self.favourites and popularity.usage(model_id, now).last_week > 0

    # Reasons

    def reason(self, target: PreloadTarget, now: float) -> Message:
        """Return why the target should be hot."""
        model_id = target.model_id
        return describe_reason(target, self.voices(model_id, now), describe_usage(self.usage(model_id, now), now))

    def voices(self, model_id: str, now: float) -> tuple[Voice, ...]:
        """Return the experts that speak for a model, the one that matters most first."""
        return self._foresight.voices(model_id, now)

    def explain(self, model_id: str, plan: PreloadPlan, now: float, load_bytes: int = 0) -> Message:
        """Return what the plan does about any model, and why.

        Args:
            load_bytes: What a load of the model reads, to tell what that is worth; 0 leaves this out.
        """
        target = next((target for target in plan.targets if target.model_id == model_id), None)
        if target is not None:
            what = describe_target(target, self.reason(target, now))
            estimated = target.kind is TargetKind.LEARNED and target.action in (PlanAction.PRELOAD, PlanAction.NO_ROOM)
        elif not self.policy.learned:
            return msg("plan_favourites_only", reason=describe_usage(self.usage(model_id, now), now))
        elif self.chance(model_id, now) < LEAST_CHANCE:
            return msg("plan_unlikely", reason=describe_usage(self.usage(model_id, now), now))
        else:
            what, estimated = msg("plan_in_vain", reason=self._why_likely(model_id, now)), True
        if not estimated or not load_bytes:
            return what
        prices = prices_of(self.policy, self.load_s)
        return with_estimate(what, self.chance(model_id, now), prices.seconds(model_id, load_bytes), load_bytes)

    def _why_likely(self, model_id: str, now: float) -> Message:
        return describe_voices(self.voices(model_id, now), describe_usage(self.usage(model_id, now), now))

    def usage(self, model_id: str, now: float) -> Usage:
        """Return how much a model is used."""
        return self._usage.popularity.usage(model_id, now)

    def popularity(self) -> Popularity:
        """Return a copy of the usage counters, for another thread."""
        return self._usage.popularity.copy()

    def _empty_foresight(self) -> Foresight:
        return Foresight(self._usage.timezone, self._usage.half_life_s / DAY_S)

    def _plan(self, residents: Sequence[ResidentModel], basis: PlanBasis, now: float) -> PreloadPlan:
        chances = self.chances(now)
        # All that a plan depends on. Mostly, only time has passed since the last one, or the same model was used again.
        situation = chances, basis, what_counts(residents, now, basis.settings)
        if self._planned is None or self._planned[0] != situation:
            self._planned = situation, plan_preloads(chances, residents, basis, now)
        return self._planned[1]


def _teach(foresight: Foresight, use: Use) -> None:
    """Let foresight learn what has happened."""
    match use.kind:
        case UseKind.REQUEST:
            foresight.used(use.model_id, use.client, use.at)
        case UseKind.WAKE:
            foresight.client_woke(use.client, use.model_id, use.at)
        case UseKind.CHOICE:
            foresight.chosen(use.model_id, use.at)
        case _:  # ADDITION
            foresight.added(use.model_id, use.at)


def _last_changes(uses: Sequence[Use]) -> Sequence[Use]:
    """Return the uses from the last ``_RECALLED`` changes on: only these take time to learn from."""
    changes, after = 0, None
    for place in range(len(uses) - 1, -1, -1):
        use = uses[place]
        if use.kind is not UseKind.REQUEST:
            continue
        if after is not None and (use.model_id != after.model_id or after.at - use.at > PAUSE_S):
            changes += 1
            if changes == _RECALLED:
                return uses[place + 1 :]
        after = use
    return uses
