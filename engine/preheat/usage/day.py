"""A day as lanes, one for each model: when it was in memory, and which requests found it ready. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from preheat.residency import Action, DecisionRecord, Outcome
from preheat.units import natural_key
from preheat.usage.records import RequestRecord

_LOADS = (Action.LOAD, Action.PRELOAD)
_ENDS = (Action.UNLOAD, Action.EVICT)


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in memory."""

    begins_at: float  # Unix time; that of the lane's beginning if it was in memory before
    ends_at: float  # Unix time; that of the lane's end if it still is
    preloaded: bool = False  # it was loaded without a waiting request
    wasted: bool = False  # no request used that preload
    loaded: DecisionRecord | None = None  # how it began; None if it was in memory before
    ended: DecisionRecord | None = None  # how it ended; None if it did not, or Preheat was killed


@dataclass(frozen=True, slots=True)
class DayRequest:
    """A request on a lane."""

    at: float  # Unix time of its arrival
    ready: bool  # its model was hot
    wait_s: float  # seconds that it waited for its model
    client: str = ""  # client name; empty if unknown


@dataclass(frozen=True, slots=True)
class Lane:
    """A model's day."""

    model_id: str = field(metadata={"json": "model"})
    stays: tuple[Stay, ...] = ()  # the oldest first
    requests: tuple[DayRequest, ...] = ()  # the oldest first


@dataclass(slots=True)
class _Draft:
    stays: list[Stay] = field(default_factory=list)
    requests: list[DayRequest] = field(default_factory=list)
    since: float | None = None  # begin of the stay that has no end yet
    loaded: DecisionRecord | None = None
    seen_at: float = 0.0  # last sign of the model in memory

    def close(self, at: float, ended: DecisionRecord | None = None) -> None:
        if self.since is not None:
            preloaded = self.loaded is not None and self.loaded.action is Action.PRELOAD
            wasted = ended is not None and ended.wasted
            self.stays.append(Stay(self.since, max(at, self.since), preloaded, wasted, self.loaded, ended))
        self.since = self.loaded = None


def day_lanes(
    decisions: Iterable[DecisionRecord],
    requests: Iterable[RequestRecord],
    begin: float,
    end: float,
    hot: AbstractSet[str],
) -> tuple[Lane, ...]:
    """Return the lanes of all models that were in memory or requested, those with the most requests first.

    A stay without an end, such as after a crash, ends with its last request.

    Args:
        decisions: Those from ``begin`` to ``end``, in any order.
        requests: Likewise.
        begin: Unix time.
        end: Unix time.
        hot: Models that are in memory at ``end``.
    """
    drafts: dict[str, _Draft] = {}
    events: list[tuple[float, int, DecisionRecord | RequestRecord]] = [
        *((decision.at, 0, decision) for decision in decisions),
        *((request.started_at, 1, request) for request in requests),
    ]
    for at, _, event in sorted(events, key=lambda event: event[:2]):
        draft = drafts.setdefault(event.model_id, _Draft())
        if isinstance(event, RequestRecord):
            ready = event.outcome is Outcome.HIT
            draft.requests.append(DayRequest(at, ready, event.wait_s, event.client))
            if draft.since is not None:
                draft.seen_at = at
        elif event.action in _LOADS:
            draft.close(draft.seen_at)
            draft.since, draft.seen_at, draft.loaded = at, at, event
        elif event.action in _ENDS:
            if draft.since is None and not draft.stays:
                draft.since = begin  # it was there before
            draft.close(at, event)
    for name in hot:
        draft = drafts.setdefault(name, _Draft())
        if draft.since is None:
            draft.since = begin if not draft.stays else draft.stays[-1].ends_at
    for name, draft in drafts.items():
        draft.close(end if name in hot else draft.seen_at)
    lanes = (Lane(name, tuple(draft.stays), tuple(draft.requests)) for name, draft in drafts.items())
    found = [lane for lane in lanes if lane.stays or lane.requests]
    return tuple(sorted(found, key=lambda lane: (-len(lane.requests), natural_key(lane.model_id))))
