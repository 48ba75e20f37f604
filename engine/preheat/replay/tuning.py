"""Finds better values of two settings on recorded use: how long use counts, and how long a model stays after it.

Values that are best on some weeks by chance are not better in others. So each week is judged with the values that are
best on all other weeks, and only a gain over those weeks counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import fsum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from preheat.errors import InvalidRequestError
from preheat.messages import msg
from preheat.replay.executor import Figures
from preheat.replay.simulation import Simulation
from preheat.usage import DAY_S

if TYPE_CHECKING:
    from preheat.replay.machine import Machine
    from preheat.replay.simulation import Strategy
    from preheat.replay.trace import Trace
    from preheat.settings import Settings

LEAST_WEEKS: Final = 3
LEAST_REQUESTS: Final = 200
"""Weeks with use and their requests, after the first week. With fewer, all that is found is chance."""

_HALF_LIFE: Final = "popularity_half_life"
_KEEP: Final = "keep_after_use"
_HALF_LIFE_FACTORS: Final = (0.25, 0.5, 2.0, 4.0)
_KEEP_S: Final = (0.0, 20.0, 60.0, 300.0)

_WEEK_S: Final = 7 * DAY_S
_LEAST_GAIN: Final = 0.03
"""Share of the present cost; below it, a gain is not worth a change of settings."""

Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class WeeklyFigures:
    """Means of a week.

    Attributes:
        ready: Share of requests that find their model hot.
        waited_s: Seconds that requests wait for their models.
        wasted_s: Seconds of loading models that leave unused.
    """

    ready: float
    waited_s: float
    wasted_s: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """What other values of the tuned settings would bring.

    Attributes:
        weeks: Weeks that were measured: those with use after the first one.
        better_weeks: Weeks that are better with the values that are best on the other weeks.
        present: The settings as they are.
        proposed: Better ones; only those that differ, none if the present ones are as good.
        before: Figures with the present settings.
        after: Figures of each week with the values that are best on the other weeks.
    """

    weeks: int
    requests: int
    better_weeks: int
    present: Values
    proposed: Values
    before: WeeklyFigures
    after: WeeklyFigures

    def row(self) -> dict[str, Any]:
        """Return the result for JSON."""
        figures = {
            name: {each: getattr(value, each) for each in ("ready", "waited_s", "wasted_s")}
            for name, value in (("before", self.before), ("after", self.after))
        }
        counts = {"weeks": self.weeks, "better_weeks": self.better_weeks, "requests": self.requests}
        return {**counts, "present": dict(self.present), "proposed": dict(self.proposed), **figures}


class Candidate(NamedTuple):
    """Values of the tuned settings, and what they bring in each week."""

    values: Values
    weeks: Sequence[Figures]


def tune(
    trace: Trace,
    machine: Machine,
    settings: Settings,
    *,
    tried: Callable[[int, int], object] = lambda done, total: None,
) -> Tuning:
    """Replay a trace with values around those of the settings; takes a replay for each combination.

    What counts is the time that requests wait, and that of loading in vain at ``waste_price``.

    Args:
        tried: Called with the number of combinations that were replayed, and of all.

    Raises:
        InvalidRequestError: There is too little use to learn from.
    """
    from preheat.replay.own_use import strategy_under

    grid = list(_around(settings))
    candidates = list[Candidate]()
    for values in grid:
        weeks = _weeks(trace, machine, strategy_under(settings.model_copy(update=values)))
        if not candidates:
            _check_enough(weeks)
        candidates.append(Candidate(values, weeks))
        tried(len(candidates), len(grid))
    return choose(candidates, settings.waste_price)


def _around(settings: Settings) -> Iterator[Values]:
    """Yield combinations of values, the present ones first."""
    from preheat.settings import FIELDS, bounds_of

    half_life, keep_s = settings.popularity_half_life, settings.keep_after_use
    most = bounds_of(FIELDS[_HALF_LIFE])["le"]
    half_lives = (half_life, *(min(float(f"{half_life * factor:.2g}"), most) for factor in _HALF_LIFE_FACTORS))
    for days, seconds in product(dict.fromkeys(half_lives), dict.fromkeys((keep_s, *_KEEP_S))):
        yield {_HALF_LIFE: days, _KEEP: seconds}


def _weeks(trace: Trace, machine: Machine, strategy: Strategy) -> list[Figures]:
    """Return the figures of each week with use, after the first."""
    simulation = Simulation(machine, strategy, trace.sizes, trace.favourites, trace.timezone)
    ends_at = trace.events[0].at + _WEEK_S
    totals = []
    for event in trace.events:
        while event.at >= ends_at:
            totals.append(replace(simulation.figures))
            ends_at += _WEEK_S
        simulation.play(event)
    simulation.finish()
    totals.append(simulation.figures)
    weeks = [end - begin for begin, end in pairwise(totals)]
    return [week for week in weeks if week.requests]


def _check_enough(weeks: Sequence[Figures]) -> None:
    requests = sum(week.requests for week in weeks)
    if len(weeks) < LEAST_WEEKS or requests < LEAST_REQUESTS:
        found = {"weeks": len(weeks), "requests": requests}
        raise InvalidRequestError(
            msg("tune_too_little", **found, least_weeks=LEAST_WEEKS, least_requests=LEAST_REQUESTS)
        )


def choose(candidates: Sequence[Candidate], price: float) -> Tuning:
    """Return what the best candidate brings; it is proposed if the best ones of the other weeks pay in each week.

    Args:
        candidates: The first one has the present values.
        price: Price of a second of loading in vain ÷ that of a second in which a request waits.
    """
    present, numbers = candidates[0], range(len(candidates[0].weeks))

    def cost(candidate: Candidate, week: int) -> float:
        return candidate.weeks[week].waited_s + price * candidate.weeks[week].wasted_s

    def best_without(left_out: int | None) -> Candidate:
        return min(candidates, key=lambda each: fsum(cost(each, week) for week in numbers if week != left_out))

    judged = [best_without(week) for week in numbers]
    gains = [cost(present, week) - cost(judged[week], week) for week in numbers]
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    pays = better > worse and fsum(gains) > _LEAST_GAIN * fsum(cost(present, week) for week in numbers)
    best = best_without(None).values if pays else present.values
    return Tuning(
        weeks=len(numbers),
        requests=sum(week.requests for week in present.weeks),
        better_weeks=better,
        present=present.values,
        proposed={name: value for name, value in best.items() if value != present.values[name]},
        before=_mean(present.weeks),
        after=_mean([judged[week].weeks[week] for week in numbers]),
    )


def _mean(weeks: Sequence[Figures]) -> WeeklyFigures:
    return WeeklyFigures(
        sum(week.hits for week in weeks) / sum(week.requests for week in weeks),
        fsum(week.waited_s for week in weeks) / len(weeks),
        fsum(week.wasted_s for week in weeks) / len(weeks),
    )
