"""Runs a log through the policy under other limits and settings, beside what other ways would have done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, tzinfo
from typing import Final

from preheat.replay.simulation import Machine, Simulation, Strategy, Tally
from preheat.replay.trace import Kind, Trace
from preheat.usage.popularity import DAY_S

SETTLING_S: Final = 7 * DAY_S
"""The steady state begins so long after a log does."""

PREHEAT: Final = Strategy("preheat", preload=True, wake_ups=True, standby=True)
KEEP_ALIVE: Final = Strategy("keep-alive 5 min", keep_alive_s=300.0)
LRU: Final = Strategy("lru")
CLAIRVOYANT: Final = "clairvoyant"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a stretch of a log came to.

    Attributes:
        requests: All of them: hits, late hits and misses.
        refused: Of the misses, those whose model is larger than the limit; they wait for nothing.
        waited_s: Time that requests waited for their models, in seconds.
        preloads: Loads that began with nobody waiting.
        wasted: Of these, evicted before any request used them.
        lost: Of these, switched off with the machine before any request used them.
        cancelled: Of these, given up while loading, for a request's sake.
        bytes_read: From disk.
    """

    requests: int
    hits: int
    late_hits: int
    misses: int
    refused: int
    waited_s: float
    preloads: int
    wasted: int
    lost: int
    cancelled: int
    bytes_read: int

    @property
    def preload_hit_rate(self) -> float:
        """Hits ÷ requests; 0 without requests."""
        return self.hits / self.requests if self.requests else 0.0

    @property
    def waits(self) -> int:
        """Requests that waited for a load."""
        return self.late_hits + self.misses - self.refused

    @property
    def wasted_share(self) -> float:
        """Wasted preloads ÷ preloads; 0 without preloads."""
        return self.wasted / self.preloads if self.preloads else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """One strategy's run over a log.

    Attributes:
        overall: From the log's beginning.
        steady: After the first seven days.
    """

    strategy: str
    limit_bytes: int
    overall: Figures
    steady: Figures

    def row(self) -> dict[str, str | int | float]:
        """Return the report as one row of a table, for CSV and JSON."""
        row: dict[str, str | int | float] = {"strategy": self.strategy, "limit_bytes": self.limit_bytes}
        for prefix, figures in (("", self.overall), ("steady_", self.steady)):
            row |= {f"{prefix}{field.name}": getattr(figures, field.name) for field in fields(figures)}
            row[f"{prefix}preload_hit_rate"] = figures.preload_hit_rate
            row[f"{prefix}waits"] = figures.waits
        return row


@dataclass(frozen=True, slots=True)
class Comparison:
    """What Preheat brings a user beside plain least-recently-used with the same memory, in the steady state.

    Attributes:
        lru_hit_rate: The share of requests that LRU finds hot.
        of_bound: ``preload_hit_rate`` ÷ the clairvoyant bound's.
        waits_ratio: Waits ÷ LRU's.
        seconds_ratio: Seconds waited ÷ LRU's.
        wasted_share: Wasted preloads ÷ preloads.
    """

    user: str
    preload_hit_rate: float
    lru_hit_rate: float
    of_bound: float
    waits_ratio: float
    seconds_ratio: float
    wasted_share: float

    def row(self) -> dict[str, str | float]:
        """Return the comparison as one row of a table, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def lru_of(count: int) -> Strategy:
    """Return the baseline that keeps at most ``count`` models, the last used."""
    return Strategy(f"lru, {count} models", max_models=count)


def replay(trace: Trace, machine: Machine, strategy: Strategy = PREHEAT, *, timezone: tzinfo = UTC) -> Report:
    """Run a log through a strategy.

    Args:
        timezone: Whose hours and weekends count.
    """
    simulation = Simulation(machine, strategy, trace.sizes, trace.favourites, timezone)
    settled_at = trace.events[0].at + SETTLING_S if trace.events else 0.0
    before: Tally | None = None
    for at, kind, model_id, client in trace.events:
        if before is None and at >= settled_at:
            before = replace(simulation.tally)
        if kind is Kind.REQUEST:
            simulation.request(model_id, client, at)
        elif kind is Kind.WAKE:
            simulation.wake(client, at, model_id)
        elif kind is Kind.BOOT:
            simulation.boot(at)
        else:
            simulation.switch_off(at)
    end = simulation.tally
    return Report(strategy.name, machine.limit_bytes, _figures(end, Tally()), _figures(end, before or end))


def clairvoyant(trace: Trace, machine: Machine) -> Report:
    """Return a bound that no strategy can beat on this machine.

    It knows the future and may load ahead, any number of models at once, on a busy machine too, and forgets for each
    request what the others need of the limit. So a request waits only for what no foresight helps against: its model
    cannot be hot before one cold load's time has passed since the machine was switched on, when nothing is in memory.
    Whatever keeps to the limit and loads one by one finds each request's model hot at most as early.
    """
    tally, before = Tally(), None
    settled_at = trace.events[0].at + SETTLING_S if trace.events else 0.0
    booted_at: float | None = None
    for at, kind, model_id, _ in trace.events:
        if before is None and at >= settled_at:
            before = replace(tally)
        if kind is Kind.BOOT:
            booted_at = at
        elif kind is Kind.OFF:
            booted_at = None
        elif kind is Kind.REQUEST:
            booted_at = at if booted_at is None else booted_at
            if trace.sizes[model_id].resident_bytes > machine.limit_bytes:
                tally.misses += 1
                tally.refused += 1
                continue
            ready_at = booted_at + machine.cold_s + trace.sizes[model_id].file_bytes / machine.disk_bytes_per_s
            tally.hits += ready_at <= at
            tally.late_hits += booted_at < at < ready_at
            tally.misses += at <= booted_at
            tally.waited_s += max(0.0, ready_at - at)
    return Report(CLAIRVOYANT, machine.limit_bytes, _figures(tally, Tally()), _figures(tally, before or tally))


def compare(trace: Trace, machine: Machine, *, models: int = 3, strategy: Strategy = PREHEAT) -> tuple[Report, ...]:
    """Run a log through a strategy and the baselines; ``models`` is how many the counting one keeps."""
    strategies = (strategy, KEEP_ALIVE, lru_of(models), LRU)
    return (*(replay(trace, machine, each) for each in strategies), clairvoyant(trace, machine))


def compare_with_lru(user: str, trace: Trace, machine: Machine, strategy: Strategy = PREHEAT) -> Comparison:
    """Run a log through a strategy and through plain LRU; a ratio to nothing is 0."""
    ours, lru = replay(trace, machine, strategy).steady, replay(trace, machine, LRU).steady
    bound = clairvoyant(trace, machine).steady.preload_hit_rate
    return Comparison(
        user=user,
        preload_hit_rate=ours.preload_hit_rate,
        lru_hit_rate=lru.preload_hit_rate,
        of_bound=ours.preload_hit_rate / bound if bound else 0.0,
        waits_ratio=ours.waits / lru.waits if lru.waits else 0.0,
        seconds_ratio=ours.waited_s / lru.waited_s if lru.waited_s else 0.0,
        wasted_share=ours.wasted_share,
    )


def mean_of(comparisons: Sequence[Comparison]) -> Comparison:
    """Return the mean of each figure, every user counting alike."""
    names = [field.name for field in fields(Comparison) if field.name != "user"]
    means = {name: sum(getattr(each, name) for each in comparisons) / len(comparisons) for name in names}
    return Comparison("mean", **means)


def curve(trace: Trace, limits: Iterable[int], machine: Machine, strategy: Strategy = PREHEAT) -> Sequence[Report]:
    """Return what each limit would have brought."""
    return [replay(trace, replace(machine, limit_bytes=limit), strategy) for limit in limits]


def _figures(end: Tally, start: Tally) -> Figures:
    hits, late_hits, misses = end.hits - start.hits, end.late_hits - start.late_hits, end.misses - start.misses
    return Figures(
        requests=hits + late_hits + misses,
        hits=hits,
        late_hits=late_hits,
        misses=misses,
        refused=end.refused - start.refused,
        waited_s=end.waited_s - start.waited_s,
        preloads=end.preloads - start.preloads,
        wasted=end.wasted - start.wasted,
        lost=end.lost - start.lost,
        cancelled=end.cancelled - start.cancelled,
        bytes_read=end.bytes_read - start.bytes_read,
    )
