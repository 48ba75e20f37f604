"""Which models should be hot, and which of them to load next: a pure decision, also asked "what if?".

Favourites come first, in the user's order, then the models that are used most. Nothing is displaced that a request
used in the last minutes, nor a favourite, nor anything that is nearly as much used: what is hot stays, unless
something is clearly better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from preheat.residency.eviction import ResidentModel
from preheat.usage.popularity import Popularity, Weights

MAX_TOP: Final = 5

_LONG_AGO_S: Final = 1e12

_TICK_S: Final = 1e-6
"""Orders what was used at the same time; Unix time is no finer."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What the user may turn.

    Attributes:
        top: So many models are preloaded besides the favourites (``preload_top``).
        min_uses: A model with fewer recent uses is not (``preload_min_uses``).
        protected_s: What a request used in so many seconds is never displaced by a preload.
        margin: A newcomer must be used so many times as much as all that it displaces.
        min_share: A learned model is preloaded if at least so much of all use is its. Below, it is more likely to be
            pushed out again by what is asked for than to be asked for itself. Where all that is used fits together,
            nothing is pushed out, and the share does not matter.
        weights: What makes a use count more than once.
    """

    top: int = 3
    min_uses: int = 2
    protected_s: float = 900.0
    margin: float = 3.0
    min_share: float = 0.18
    weights: Weights = field(default_factory=Weights)


class Wish(StrEnum):
    """Why a model should be hot."""

    EXPECTED = "expected"
    """A client has woken up that nearly always uses it next."""

    FAVOURITE = "favourite"
    LEARNED = "learned"


class Verdict(StrEnum):
    """What becomes of a wish."""

    KEEP = "keep"
    """It is hot, or being loaded."""

    PRELOAD = "preload"
    NO_ROOM = "no room"
    """It fits only if something hotter, just used, or a favourite went."""

    TOO_LARGE = "too large"
    """It does not even fit into an empty limit."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one model that should be hot.

    Attributes:
        rank: Its place among those of its kind, from 1.
        displaces: Models to unload first, the least used first.
        missing_bytes: What it needs more than could be freed for it, for ``NO_ROOM``, or than the limit, for
            ``TOO_LARGE``.
    """

    model_id: str
    wish: Wish
    rank: int
    verdict: Verdict
    displaces: tuple[str, ...] = ()
    missing_bytes: int = 0


@dataclass(frozen=True, slots=True)
class PreloadPlan:
    """What should be hot, best first, and whose files should be in the page cache.

    Attributes:
        decisions: One for each model that should be hot.
        standby: Models whose files are worth having in memory, best first; the plan does not know how much is free.
    """

    decisions: tuple[Decision, ...]
    standby: tuple[str, ...]

    @property
    def preloads(self) -> tuple[Decision, ...]:
        """What to load, in this order. Ask for a new plan after each: much may have happened."""
        return tuple(decision for decision in self.decisions if decision.verdict is Verdict.PRELOAD)


def plan_preloads(
    popularity: Popularity,
    tenants: Sequence[ResidentModel],
    sizes: Mapping[str, int],
    limit_bytes: int,
    now: float,
    *,
    favourites: Sequence[str] = (),
    expected: str | None = None,
    likely: Sequence[str] = (),
    settings: PolicySettings | None = None,
) -> PreloadPlan:
    """Return what should be hot and what to do about it.

    Args:
        tenants: The models that hold memory or have been promised some; ``speculative`` are those that no request has
            used since they were loaded.
        sizes: What each model on disk takes or would take, in bytes; those in no list but ``popularity`` are ignored.
        limit_bytes: What all may hold together; less than the memory limit when the system itself is short.
        now: Unix time.
        expected: The model that a client that has just woken up nearly always uses next.
        likely: The models that it uses at all, most often first. They come first on standby: if it is none of those
            that are hot, it is one of these. To load them would be wasted most of the time.
    """
    settings = settings or PolicySettings()
    heat = popularity.heat(now, settings.weights)
    ranking = sorted((model_id for model_id in heat if model_id in sizes), key=lambda name: (-heat[name], name))
    wishes = _wishes(heat, popularity, ranking, sizes, favourites, expected, settings, limit_bytes, now)
    room = _Room(tenants, heat, limit_bytes, now, settings, protected=frozenset(favourites))
    decisions = tuple(room.decide(model_id, wish, rank, sizes[model_id]) for model_id, wish, rank in wishes)
    unused = sorted(model_id for model_id in sizes if model_id not in heat)
    first = [model_id for model_id, _, _ in wishes]
    soon = [*first[:1], *likely] if expected in first else likely
    order = dict.fromkeys([*soon, *first, *ranking, *unused])
    standby = tuple(name for name in order if name in sizes and name not in room.present)
    return PreloadPlan(decisions, standby)


def eviction_view(
    tenants: Iterable[ResidentModel], popularity: Popularity, now: float, settings: PolicySettings | None = None
) -> list[ResidentModel]:
    """Return the tenants as ``plan_eviction`` should see them, when a request needs room.

    It lets speculative ones go first and then the least recently used. A preload that nobody has used has no last use:

    - Several of them go in the order of their popularity, the least used first.
    - One that is used more than the model that has rested longest, and for ``protected_s`` at least, counts as if it
      had itself been used so long ago: what is stale goes before what is likely to be needed.
    - Favourites are never second class.
    """
    settings = settings or PolicySettings()
    tenants = list(tenants)
    heat = popularity.heat(now, settings.weights)
    rested_at = now - settings.protected_s
    stale = min(
        (
            tenant
            for tenant in tenants
            if not (tenant.leased or tenant.favourite or tenant.speculative) and tenant.last_used_at <= rested_at
        ),
        key=lambda tenant: (tenant.last_used_at, tenant.model_id),
        default=None,
    )
    bar = heat.get(stale.model_id, 0.0) if stale else math.inf
    preloads = [tenant for tenant in tenants if tenant.speculative]
    preloads.sort(key=lambda tenant: (-heat.get(tenant.model_id, 0.0), tenant.model_id))
    places = {tenant.model_id: place for place, tenant in enumerate(preloads)}
    return [
        _as_used(tenant, places[tenant.model_id], heat.get(tenant.model_id, 0.0) < bar, rested_at)
        if tenant.speculative
        else tenant
        for tenant in tenants
    ]


def _as_used(preload: ResidentModel, place: int, second_class: bool, rested_at: float) -> ResidentModel:
    """Return a preload with the last use that it counts for; the most used has the first place."""
    if preload.favourite or second_class:
        # Far earlier than any real last use; only the order among themselves counts.
        return replace(preload, speculative=not preload.favourite, last_used_at=-_LONG_AGO_S - place)
    return replace(preload, speculative=False, last_used_at=rested_at - place * _TICK_S)


def _wishes(
    heat: Mapping[str, float],
    popularity: Popularity,
    ranking: Sequence[str],
    sizes: Mapping[str, int],
    favourites: Sequence[str],
    expected: str | None,
    settings: PolicySettings,
    limit_bytes: int,
    now: float,
) -> list[tuple[str, Wish, int]]:
    """Return the models that should be hot, with the reason and the place among those of the same reason."""
    wishes: dict[str, tuple[str, Wish, int]] = {}
    if expected is not None and expected in sizes:
        wishes[expected] = expected, Wish.EXPECTED, 1
    for rank, model_id in enumerate(dict.fromkeys(favourites), 1):
        if model_id in sizes:
            wishes.setdefault(model_id, (model_id, Wish.FAVOURITE, rank))
    known = [name for name in ranking if enough_uses(popularity.score(name, now), settings)]
    least = 0.0
    if sum(sizes[name] for name in {*known, *favourites} & sizes.keys()) > limit_bytes:
        least = settings.min_share * sum(heat[name] for name in ranking)
    learned = [name for name in known if name not in favourites][: min(settings.top, MAX_TOP)]
    for rank, model_id in enumerate(learned, 1):
        if heat[model_id] >= least:
            wishes.setdefault(model_id, (model_id, Wish.LEARNED, rank))
    return list(wishes.values())


def enough_uses(score: float, settings: PolicySettings) -> bool:
    """Return whether a model has been used often enough to be preloaded.

    Uses fade: ``min_uses`` of them just now are a little less than ``min_uses``; but fewer never come to so much.
    """
    return score > settings.min_uses - 1


class _Room:
    """The memory as it will be, decision by decision."""

    def __init__(
        self,
        tenants: Sequence[ResidentModel],
        heat: Mapping[str, float],
        limit_bytes: int,
        now: float,
        settings: PolicySettings,
        protected: frozenset[str],
    ) -> None:
        self._heat = heat
        self._limit_bytes = limit_bytes
        self._free_bytes = limit_bytes - sum(tenant.resident_bytes for tenant in tenants)
        self._margin = settings.margin
        self.present = {tenant.model_id for tenant in tenants}
        self._movable = [
            tenant
            for tenant in tenants
            if not tenant.leased
            and not tenant.favourite
            and tenant.model_id not in protected
            and (tenant.speculative or now - tenant.last_used_at >= settings.protected_s)
        ]
        # Second class goes first; then what is used least.
        self._movable.sort(key=lambda tenant: (not tenant.speculative, heat.get(tenant.model_id, 0.0), tenant.model_id))

    def decide(self, model_id: str, wish: Wish, rank: int, needed_bytes: int) -> Decision:
        """Find room for a model, and take it."""
        if model_id in self.present:
            self._movable = [tenant for tenant in self._movable if tenant.model_id != model_id]
            return Decision(model_id, wish, rank, Verdict.KEEP)
        if needed_bytes > self._limit_bytes:
            return Decision(model_id, wish, rank, Verdict.TOO_LARGE, missing_bytes=needed_bytes - self._limit_bytes)
        displaced, missing_bytes = self._displaced(wish, model_id, needed_bytes - self._free_bytes)
        if missing_bytes > 0:
            return Decision(model_id, wish, rank, Verdict.NO_ROOM, missing_bytes=missing_bytes)
        gone = {tenant.model_id for tenant in displaced}
        self._movable = [tenant for tenant in self._movable if tenant.model_id not in gone]
        self._free_bytes += sum(tenant.resident_bytes for tenant in displaced) - needed_bytes
        self.present = self.present - gone | {model_id}
        return Decision(model_id, wish, rank, Verdict.PRELOAD, tuple(tenant.model_id for tenant in displaced))

    def _displaced(self, wish: Wish, model_id: str, missing_bytes: int) -> tuple[list[ResidentModel], int]:
        """Return the models that make way, and what is missing still, in bytes; 0 or less if they are enough."""
        budget = self._heat.get(model_id, 0.0) / self._margin if wish is Wish.LEARNED else math.inf
        chosen: list[ResidentModel] = []
        for tenant in self._movable:
            cost = self._heat.get(tenant.model_id, 0.0)
            if missing_bytes > 0 and cost <= budget:
                budget -= cost
                missing_bytes -= tenant.resident_bytes
                chosen.append(tenant)
        # A small one chosen early may be needless beside a large one chosen late; spare the most used first.
        for tenant in reversed(chosen[:]):
            if missing_bytes + tenant.resident_bytes <= 0:
                missing_bytes += tenant.resident_bytes
                chosen.remove(tenant)
        return chosen, missing_bytes
