"""Replays a trace under other limits and settings, and compares strategies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

from preheat.replay.executor import Figures
from preheat.replay.machine import Machine
from preheat.replay.naive import NaivePlanner
from preheat.replay.simulation import Simulation, Strategy
from preheat.replay.trace import Kind, Trace
from preheat.usage import DAY_S, SETTLING_S

PREHEAT: Final = Strategy("preheat", preload=True, wake_ups=True, standby=True)
KEEP_ALIVE: Final = Strategy("keep-alive 5 min", keep_alive_s=300.0)
LRU: Final = Strategy("lru")
NAIVE: Final = Strategy("naive", preload=True, planner=NaivePlanner)
CLAIRVOYANT: Final = "clairvoyant"
SETTLING_DAYS: Final = round(SETTLING_S / DAY_S)
"""Days before the steady state."""


@dataclass(frozen=True, slots=True)
class Report:
    """Results of one strategy."""

    strategy: str
    limit_bytes: int
    overall: Figures  # over the whole trace
    steady: Figures  # after the first seven days

    def row(self) -> dict[str, str | int | float]:
        """Return the report as a flat row, for CSV and JSON."""
        row: dict[str, str | int | float] = {"strategy": self.strategy, "limit_bytes": self.limit_bytes}
        for prefix, figures in (("", self.overall), ("steady_", self.steady)):
            names = ("requests", *(field.name for field in fields(figures)), "preload_hit_rate", "waits")
            row |= {f"{prefix}{name}": getattr(figures, name) for name in names}
        return row


@dataclass(frozen=True, slots=True)
class Comparison:
    """Preheat compared with plain LRU and the same memory, in the steady state."""

    user: str
    preload_hit_rate: float
    lru_hit_rate: float  # share of requests that LRU finds hot
    of_bound: float  # ``preload_hit_rate`` ÷ that of the clairvoyant bound
    waits_ratio: float  # waits ÷ waits of LRU
    seconds_ratio: float  # seconds waited ÷ those of LRU
    wasted_share: float  # wasted preloads ÷ preloads

    def row(self) -> dict[str, str | float]:
        """Return the comparison as a flat row, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def lru_of(count: int) -> Strategy:
    """Return the baseline that keeps the last ``count`` models used."""
    return Strategy(f"lru, {count} model{'s' * (count != 1)}", max_models=count)


def replay(
    trace: Trace,
    machine: Machine,
    strategy: Strategy = PREHEAT,
    *,
    on_request: Callable[[float, str, bool], object] | None = None,
) -> Report:
    """Run a trace through a strategy.

    Args:
        on_request: Called with the time and the model of each request, and whether its model was hot.
    """
    simulation = Simulation(machine, strategy, trace.sizes, trace.favourites, trace.timezone)
    settled_at = _settled_at(trace)
    before: Figures | None = None
    for event in trace.events:
        if before is None and event.at >= settled_at:
            before = replace(simulation.figures)
        hits = simulation.figures.hits
        simulation.play(event)
        if on_request is not None and event.kind is Kind.REQUEST:
            on_request(event.at, event.model_id, simulation.figures.hits > hits)
    simulation.finish()
    return _report(strategy.name, machine, simulation.figures, before)


def clairvoyant(trace: Trace, machine: Machine) -> Report:
    """Return a bound that no strategy can beat on this machine.

    It knows the future, loads any number of models ahead at once, even on a busy machine, and ignores what other
    models need of the limit. A request waits only until one load's time has passed since the machine was switched on
    with nothing in memory. No strategy that keeps to the limit finds its model hot earlier.
    """
    found, before = Figures(), None
    settled_at = _settled_at(trace)
    booted_at: float | None = None
    ready: list[float] = []  # when the waiting requests get their models
    fetched: set[str] = set()  # models whose files are in the page cache already
    for at, kind, model_id, _ in trace.events:
        if before is None and at >= settled_at:
            before = replace(found)
        if kind in (Kind.BOOT, Kind.OFF):
            found.waited_s -= sum(max(0.0, ready_at - at) for ready_at in ready)
            ready.clear()
            fetched.clear()
            booted_at = at if kind is Kind.BOOT else None
        elif kind is Kind.RESUME:
            booted_at = at if booted_at is None else booted_at
        elif kind is Kind.ADDED:
            fetched.add(model_id)
        elif kind is Kind.REQUEST:
            booted_at = at if booted_at is None else booted_at
            size = trace.sizes[model_id]
            if size.resident_bytes > machine.limit_bytes:
                found.misses += 1
                found.refused += 1
                continue
            read_s = 0.0 if model_id in fetched else size.file_bytes / machine.disk_bytes_per_s
            ready_at = booted_at + min(machine.cold_s, machine.standby_s) + read_s
            found.hits += ready_at <= at
            found.late_hits += booted_at < at < ready_at
            found.misses += at <= booted_at
            found.waited_s += max(0.0, ready_at - at)
            if ready_at > at:
                ready.append(ready_at)
    return _report(CLAIRVOYANT, machine, found, before)


def compare(trace: Trace, machine: Machine, strategy: Strategy = PREHEAT) -> tuple[Report, ...]:
    """Run a trace through a strategy and the baselines."""
    fitting = (count for count in range(len(trace.sizes), 1, -1) if trace.room_for(count) <= machine.limit_bytes)
    strategies = (strategy, KEEP_ALIVE, lru_of(next(fitting, 1)), LRU)
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


def _settled_at(trace: Trace) -> float:
    return trace.events[0].at + SETTLING_S if trace.events else 0.0


def _report(name: str, machine: Machine, end: Figures, before: Figures | None) -> Report:
    return Report(name, machine.limit_bytes, end, end - (before or end))
