"""What the timeline shows: the engine's answer, with signs and the outcomes under another memory limit. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from preheat.control import Day, DayRequest, Lane, PlannedStay, Sign, SignBook, Stay

Outcomes = Mapping[tuple[str, float], bool]
"""By model and time of arrival: whether a request would have found its model ready."""


class ShownRequest(NamedTuple):
    """A request, as it was or would have been."""

    request: DayRequest
    ready: bool
    changed: bool  # it is not as it was


class LaneScene(NamedTuple):
    """A model's lane."""

    model_id: str
    sign: Sign
    stays: tuple[Stay, ...]
    requests: tuple[ShownRequest, ...]
    plan: tuple[PlannedStay, ...]

    def before(self, at: float) -> Stay | None:
        """Return the last time in memory that had ended at a Unix time."""
        return next((stay for stay in reversed(self.stays) if stay.ends_at <= at), None)


class DayScene(NamedTuple):
    """The whole timeline, from ``begin`` to ``until``, all in Unix time."""

    begin: float = 0.0
    now: float = 0.0
    until: float = 0.0
    lanes: tuple[LaneScene, ...] = ()

    @property
    def ready(self) -> tuple[int, int]:
        """The requests that found their model ready, and all."""
        shown = [each.ready for lane in self.lanes for each in lane.requests]
        return sum(shown), len(shown)


def gather(day: Day, signs: SignBook, outcomes: Outcomes | None = None) -> DayScene:
    """Return the scene of a day: models with requests first, then those in memory, then those that are planned."""
    plans: dict[str, list[PlannedStay]] = {}
    for stay in day.plan:
        plans.setdefault(stay.model_id, []).append(stay)
    known = {lane.model_id for lane in day.lanes}
    lanes = (*day.lanes, *(Lane(name) for name in plans if name not in known))
    shown = signs.signs(lane.model_id for lane in lanes)
    return DayScene(
        day.begin,
        day.now,
        max(day.until, day.now),
        tuple(
            LaneScene(
                lane.model_id,
                shown[lane.model_id],
                lane.stays,
                _requests(lane.model_id, lane.requests, outcomes),
                tuple(plans.get(lane.model_id, ())),
            )
            for lane in lanes
        ),
    )


def _requests(model_id: str, requests: Sequence[DayRequest], outcomes: Outcomes | None) -> tuple[ShownRequest, ...]:
    shown = []
    for request in requests:
        ready = request.ready if outcomes is None else outcomes.get((model_id, request.at), request.ready)
        shown.append(ShownRequest(request, ready, ready != request.ready))
    return tuple(shown)
