"""Replays a trace under other limits and settings, and compares strategies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, tzinfo
from typing import Final

from preheat.replay.executor import Tally
from preheat.replay.machine import Machine
from preheat.replay.simulation import Simulation, Strategy
from preheat.replay.trace import Kind, Trace
from preheat.usage import SETTLING_S

PREHEAT: Final = Strategy("preheat", preload=True, wake_ups=True, standby=True)
KEEP_ALIVE: Final = Strategy("keep-alive 5 min", keep_alive_s=300.0)
LRU: Final = Strategy("lru")
CLAIRVOYANT: Final = "clairvoyant"


@dataclass(frozen=True, slots=True)
class Figures:
    """Results over a part of a trace.

    Attributes:
        requests: Hits, late hits and misses.
        refused: Misses of models larger than the limit, which wait for nothing.
        waited_s: Time that requests waited for their models, in seconds.
        preloads: Loads started without a waiting request.
        wasted: Preloads evicted unused.
        lost: Preloads unused when the machine was switched off.
        cancelled: Preloads cancelled for a request.
        bytes_read: Bytes read from disk.
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
    """Results of one strategy.

    Attributes:
        overall: Over the whole trace.
        steady: After the first seven days.
    """

    strategy: str
    limit_bytes: int
    overall: Figures
    steady: Figures

    def row(self) -> dict[str, str | int | float]:
        """Return the report as a flat row, for CSV and JSON."""
        row: dict[str, str | int | float] = {"strategy": self.strategy, "limit_bytes": self.limit_bytes}
        for prefix, figures in (("", self.overall), ("steady_", self.steady)):
            row |= {f"{prefix}{field.name}": getattr(figures, field.name) for field in fields(figures)}
            row[f"{prefix}preload_hit_rate"] = figures.preload_hit_rate
            row[f"{prefix}waits"] = figures.waits
        return row


@dataclass(frozen=True, slots=True)
class Comparison:
    """Preheat compared with plain LRU and the same memory, in the steady state.

    Attributes:
        lru_hit_rate: Share of requests that LRU finds hot.
        of_bound: ``preload_hit_rate`` ÷ that of the clairvoyant bound.
        waits_ratio: Waits ÷ waits of LRU.
        seconds_ratio: Seconds waited ÷ those of LRU.
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
        """Return the comparison as a flat row, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def lru_of(count: int) -> Strategy:
    """Return the baseline that keeps the last ``count`` models used."""
    return Strategy(f"lru, {count} models", max_models=count)


def replay(trace: Trace, machine: Machine, strategy: Strategy = PREHEAT, *, timezone: tzinfo = UTC) -> Report:
    """Run a trace through a strategy.

    Args:
        timezone: Time zone of hours and weekends.
    """
    simulation = Simulation(machine, strategy, trace.sizes, trace.favourites, timezone)
    settled_at = _settled_at(trace)
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
    simulation.finish()
    return _report(strategy.name, machine, simulation.tally, before)


def clairvoyant(trace: Trace, machine: Machine) -> Report:
    """Return a bound that no strategy can beat on this machine.

    It knows the future, loads any number of models ahead at once, even on a busy machine, and ignores what other
    models need of the limit. A request waits only until one load's time has passed since the machine was switched on
    with nothing in memory. No strategy that keeps to the limit finds its model hot earlier.
    """
    tally, before = Tally(), None
    settled_at = _settled_at(trace)
    booted_at: float | None = None
    ready: list[float] = []  # when the waiting requests get their models
    for at, kind, model_id, _ in trace.events:
        if before is None and at >= settled_at:
            before = replace(tally)
        if kind in (Kind.BOOT, Kind.OFF):
            tally.waited_s -= sum(max(0.0, ready_at - at) for ready_at in ready)
            ready.clear()
            booted_at = at if kind is Kind.BOOT else None
        elif kind is Kind.REQUEST:
            booted_at = at if booted_at is None else booted_at
            size = trace.sizes[model_id]
            if size.resident_bytes > machine.limit_bytes:
                tally.misses += 1
                tally.refused += 1
                continue
            read_s = size.file_bytes / machine.disk_bytes_per_s
            ready_at = booted_at + min(machine.cold_s, machine.standby_s) + read_s
            tally.hits += ready_at <= at
            tally.late_hits += booted_at < at < ready_at
            tally.misses += at <= booted_at
            tally.waited_s += max(0.0, ready_at - at)
            if ready_at > at:
                ready.append(ready_at)
    return _report(CLAIRVOYANT, machine, tally, before)


def compare(trace: Trace, machine: Machine, *, models: int = 3, strategy: Strategy = PREHEAT) -> tuple[Report, ...]:
    """Run a trace through a strategy and the baselines; ``models`` is the count of the counting baseline."""
    strategies = (strategy, KEEP_ALIVE, lru_of(models), LRU)
    return (*(replay(trace, machine, each) for each in strategies), clairvoyant(trace, machine))


def compare_with_lru(user: str, trace: Trace, machine: Machine, strategy: Strategy = PREHEAT) -> Comparison:
    """Run a trace through a strategy and through plain LRU; ratios to 0 are 0."""
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
    """Return the unweighted mean of each figure."""
    names = [field.name for field in fields(Comparison) if field.name != "user"]
    means = {name: sum(getattr(each, name) for each in comparisons) / len(comparisons) for name in names}
    return Comparison("mean", **means)


def curve(trace: Trace, limits: Iterable[int], machine: Machine, strategy: Strategy = PREHEAT) -> Sequence[Report]:
    """Return the results under each limit."""
    return [replay(trace, replace(machine, limit_bytes=limit), strategy) for limit in limits]


def _settled_at(trace: Trace) -> float:
    return trace.events[0].at + SETTLING_S if trace.events else 0.0


def _report(name: str, machine: Machine, end: Tally, before: Tally | None) -> Report:
    return Report(name, machine.limit_bytes, _figures(end, Tally()), _figures(end, before or end))


def _figures(end: Tally, start: Tally) -> Figures:
    sums = Tally(*(after - before for after, before in zip(astuple(end), astuple(start), strict=True)))
    requests = sums.hits + sums.late_hits + sums.misses
    return Figures(requests, *astuple(sums))
