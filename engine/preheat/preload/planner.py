"""Plans preloads from usage. Engine and replay run the same planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import partial
from itertools import islice

from preheat.messages import Message, msg
from preheat.preload.policy import (
    DeviceNeeds,
    LimitOutlook,
    PlanAction,
    PolicySettings,
    PreloadPlan,
    PreloadTarget,
    TargetKind,
    enough_uses,
    eviction_view,
    plan_preloads,
    small_bytes_in_use,
)
from preheat.residency import DevicePool, EvictionPlan, ResidentModel, plan_beside_small, plan_room
from preheat.usage import Popularity, Usage, UsageTracker


class PreloadPlanner:
    """Decides what to preload, what to evict, and why. Reads no clock and does no I/O.

    Attributes:
        policy: Policy settings.
        favourites: Ids of the models to keep hot, in the user's order.
    """

    def __init__(self, usage: UsageTracker, policy: PolicySettings) -> None:
        self._usage = usage
        self._suppressed: set[str] = set()
        self.policy = policy
        self.favourites: tuple[str, ...] = ()

    def request_arrived(self, model_id: str, client: str, now: float) -> None:
        """Count a request; its model may be preloaded again."""
        self._usage.request_arrived(model_id, client, now)
        self.allow(model_id)

    def client_woke(self, client: str, model_id: str, now: float) -> str | None:
        """Note that a client woke; return the model it is expected to use, which may be preloaded again."""
        expected = self._usage.client_woke(client, model_id, now)
        if expected is not None:
            self.allow(expected)
        return expected

    def model_added(self, model_id: str, now: float) -> None:
        """Note that a model was downloaded or imported."""

    def suppress(self, model_id: str) -> None:
        """Do not preload a model that was unloaded on purpose, until ``allow``."""
        self._suppressed.add(model_id)

    def allow(self, model_id: str) -> None:
        """Preload the model again: it was used, is expected, or became a favourite."""
        self._suppressed.discard(model_id)

    def is_suppressed(self, model_id: str) -> bool:
        """Return whether the model was unloaded on purpose and not used since."""
        return model_id in self._suppressed

    def plan(
        self,
        residents: Sequence[ResidentModel],
        sizes: Mapping[str, int],
        limit_bytes: int,
        now: float,
        devices: DeviceNeeds | None = None,
    ) -> PreloadPlan:
        """Return which models should be hot; see ``plan_preloads``."""
        return self._plan(residents, sizes, limit_bytes, now, devices, self._suppressed)

    def suppressed(
        self,
        residents: Sequence[ResidentModel],
        sizes: Mapping[str, int],
        limit_bytes: int,
        now: float,
        devices: DeviceNeeds | None = None,
    ) -> tuple[str, ...]:
        """Return the suppressed models that should be hot otherwise, best first."""
        if not self._suppressed:
            return ()
        plan = self._plan(residents, sizes, limit_bytes, now, devices, frozenset())
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
        """Return the models to unload to make room; see ``policy.eviction_view`` for the place of unused preloads.

        Args:
            sizes: Expected bytes of each model on disk; room is kept for the small ones in use.
        """
        popularity = self._usage.popularity
        view = eviction_view(residents, popularity, now, self.policy)
        small_bytes = small_bytes_in_use(popularity, sizes or {}, self.favourites, limit_bytes, now, self.policy)
        return plan_beside_small(
            view, needed_bytes, limit_bytes, pools, small_bytes=small_bytes, for_request=for_request
        )

    def leaving(self, residents: Sequence[ResidentModel], limit_bytes: int, now: float) -> tuple[str, ...]:
        """Return the models in the order in which requests would unload them; those in use now come last."""
        idle = self.plan_eviction(residents, limit_bytes, 0, now=now, for_request=True).victims
        used = [model._replace(leased=False) for model in residents if model.leased]
        return (*idle, *self.plan_eviction(used, limit_bytes, 0, now=now, for_request=True).victims)

    def under_limit(
        self,
        residents: Sequence[ResidentModel],
        sizes: Mapping[str, int],
        limit_bytes: int,
        now: float,
        devices: DeviceNeeds | None = None,
    ) -> LimitOutlook:
        """Return what a change of the memory limit to ``limit_bytes`` would do."""
        room = plan_room(residents, 0, limit_bytes, partial(self.plan_eviction, now=now), for_request=True)
        staying = [
            model._replace(resident_bytes=model.least_bytes, extra_bytes=0) if model.model_id in room.shrunk else model
            for model in residents
            if model.model_id not in room.victims
        ]
        plan = self.plan(staying, sizes, limit_bytes, now, devices)
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

    def reason(self, target: PreloadTarget, now: float) -> Message:
        """Return why the target should be hot."""
        if target.kind is TargetKind.FAVOURITE:
            return msg("favourite", rank=target.rank)
        if target.kind is TargetKind.EXPECTED:
            return msg("expected")
        return describe_usage(self._usage.popularity.usage(target.model_id, now), now)

    def explain(self, model_id: str, plan: PreloadPlan, now: float) -> Message:
        """Return what the plan does about any model, and why."""
        for target in plan.targets:
            if target.model_id == model_id:
                return _describe(target, self.reason(target, now))
        usage = self._usage.popularity.usage(model_id, now)
        reason = describe_usage(usage, now)
        if not self.policy.top:
            return msg("plan_favourites_only", reason=reason)
        if not enough_uses(usage.score, self.policy):
            return msg("plan_too_few_uses", reason=reason)
        if sum(target.kind is TargetKind.LEARNED for target in plan.targets) >= self.policy.top:
            return msg("plan_not_in_top", reason=reason)
        return msg("plan_small_share", reason=reason)

    def popularity(self) -> Popularity:
        """Return a copy of the usage counters, for another thread."""
        return self._usage.popularity.copy()

    def usage(self, model_id: str, now: float) -> Usage:
        """Return how much a model is used."""
        return self._usage.popularity.usage(model_id, now)

    def likely(self, now: float) -> tuple[str, ...]:
        """Return as many models as are preloaded besides the favourites, the most used first."""
        if not self.policy.top:
            return ()
        heat = self._usage.popularity.heat(now, self.policy.weights)
        ranked = (each for each in sorted(heat, key=heat.__getitem__, reverse=True) if each not in self.favourites)
        enough = (each for each in ranked if enough_uses(self.usage(each, now).score, self.policy))
        return tuple(islice(enough, self.policy.top))

    def used_enough(self, model_id: str, usage: Usage) -> bool:
        """Return whether a model is used often enough to be worth more memory: a favourite needs one use in a week."""
        return enough_uses(usage.score, self.policy) or (model_id in self.favourites and usage.last_week > 0)

    def _plan(
        self,
        residents: Sequence[ResidentModel],
        sizes: Mapping[str, int],
        limit_bytes: int,
        now: float,
        devices: DeviceNeeds | None,
        without: Set[str],
    ) -> PreloadPlan:
        return plan_preloads(
            self._usage.popularity,
            residents,
            {name: size for name, size in sizes.items() if name not in without} if without else sizes,
            limit_bytes,
            now,
            favourites=self.favourites,
            expected=self._usage.expected(now),
            likely=self._usage.likely(now),
            settings=self.policy,
            devices=devices,
        )


def describe_usage(usage: Usage, now: float) -> Message:
    """Return how much a model is used: ``used 12 times in the last week, mostly on weekday mornings``."""
    if usage.last_used_at is None:
        return msg("never_used")
    if not usage.last_week:
        return msg("not_used_lately", idle_s=now - usage.last_used_at)
    if usage.last_week == 1:
        return msg("used_once")
    if usage.part_of_day:
        return msg("used_mostly", uses=usage.last_week, part=msg(usage.part_of_day))
    return msg("used", uses=usage.last_week)


def _describe(target: PreloadTarget, reason: Message) -> Message:
    if target.action is PlanAction.KEEP:
        return msg("plan_keep", reason=reason)
    if target.action in (PlanAction.TOO_LARGE, PlanAction.NO_ROOM):
        code = "plan_too_large" if target.action is PlanAction.TOO_LARGE else "plan_no_room"
        if target.device is None:
            return msg(code, missing=target.missing_bytes, reason=reason)
        code += "_for_device" if target.action is PlanAction.TOO_LARGE else "_on_device"
        return msg(code, missing=target.missing_bytes, device=target.device, reason=reason)
    if target.displaces:
        return msg("plan_replace", displaced=target.displaces, reason=reason)
    return msg("plan_preload", reason=reason)
