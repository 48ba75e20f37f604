"""The last 24 hours for pictures: what was in memory, the requests, and what is planned."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from preheat.control import Day, LimitPoint, Outcome, PlannedStay, RecentRequest, RequestRecord
from preheat.messages import msg
from preheat.residency import DecisionRecord
from preheat.usage import day_lanes

_HOUR_S: Final = 3600.0
_HOURS: Final = 24
_AHEAD: Final = 12
_APPS: Final = ("Open WebUI", "VS Code", "notes", "Home Assistant")
_BUSY: Final = {8: 2, 9: 5, 10: 6, 11: 5, 12: 1, 13: 3, 14: 6, 15: 5, 16: 4, 17: 3, 19: 1, 20: 2, 21: 1}
_SHARES: Final = (0.42, 0.36, 0.22)


def timeline(
    now: float,
    decisions: list[DecisionRecord],
    more: list[DecisionRecord],
    requests: list[RequestRecord],
    hot: tuple[str, ...],
    evening: str,
) -> Day:
    """Return the day: the given records, and requests in office hours for what is hot.

    Args:
        more: Further decisions. Those of the last half hour are left out.
        evening: A model that is planned for this evening.
    """
    begin, until = now - _HOURS * _HOUR_S, now + _AHEAD * _HOUR_S
    dice = random.Random(11)
    waits = [request for request in requests if request.outcome is not Outcome.HIT]
    for hour in range(_HOURS):
        at = begin + hour * _HOUR_S
        for _ in range(_BUSY.get(datetime.fromtimestamp(at).hour, 0)):
            model = dice.choices(hot, _SHARES)[0]
            requests = [*requests, _request(model, at + dice.uniform(0, _HOUR_S), dice, missed=not waits)]
    decisions = [*(each for each in decisions if each.at < now - 1800), *more]
    in_memory = {lane.model_id: lane.stays for lane in day_lanes(decisions, (), begin, now, {*hot})}
    shown = [
        request
        for request in requests
        if any(stay.begins_at <= request.started_at <= stay.ends_at for stay in in_memory.get(request.model_id, ()))
    ]
    lanes = day_lanes(decisions, shown, begin, now, {*hot})
    at = datetime.fromtimestamp(now).replace(hour=19, minute=45, second=0).timestamp()
    why = msg("used_mostly", uses=12, part=msg("weekday_evenings"))
    planned = PlannedStay(evening, at, until, loads=True, why=why, usual_at=at + timedelta(minutes=15).total_seconds())
    return Day(begin, now, lanes, until, (*(PlannedStay(name, now, until) for name in hot), planned))


def outcomes(day: Day, limits: int) -> tuple[tuple[RecentRequest, ...], tuple[str, ...]]:
    """Return the requests of a day, and for each of some limits which of them would have been ready."""
    dice = random.Random(3)
    requests = sorted((request.at, lane.model_id, request.ready) for lane in day.lanes for request in lane.requests)
    needed = [dice.triangular(0.05, 0.5, 0.3) if ready else 0.55 for *_, ready in requests]
    marks = ("".join("01"[share <= step / limits] for share in needed) for step in range(1, limits + 1))
    return tuple(RecentRequest(model, at) for at, model, _ in requests), tuple(marks)


def with_outcomes(points: tuple[LimitPoint, ...], marks: tuple[str, ...]) -> tuple[LimitPoint, ...]:
    """Return the points with their marks."""
    return tuple(
        LimitPoint(point.limit_bytes, point.preload_hit_rate, point.waited_s, ready)
        for point, ready in zip(points, marks, strict=True)
    )


def _request(model: str, at: float, dice: random.Random, *, missed: bool) -> RequestRecord:
    found = Outcome.MISS if missed else Outcome.HIT
    return RequestRecord(model, at, found, client=dice.choice(_APPS), ttft_s=0.2, completion_tokens=80, decode_s=3.1)
