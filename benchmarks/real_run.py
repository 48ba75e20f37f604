"""Synthetic users with a real engine and real models: the effect of preloading with real loads.

Run as ``python -m benchmarks.real_run [steady office-day tuning:7]``; the last one is a user of the family. Copies of
the starter model with different context lengths, and so different sizes, represent the user's models; the limit holds
three of them, or half of what a user of the family uses. The engine starts with two weeks of usage, and with
how preloads turned out in a simulation of them. It runs the next 300 requests, with a restart wherever the user's
machine is switched off. Time is skipped, not scaled: between two events the engine's clock runs in real time until
everything is loaded, at most for the user's pause, and then jumps to the engine's next plan, and to the next event. A
model that the user downloads appears in the models folder then.

The same requests are simulated with the sizes of these models; the share that is ready should be the same. Requests in
which they differ are listed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from benchmarks.mixed_requests import write_copies
from preheat import paths
from preheat.core import Engine
from preheat.inference import GenerateRequest, Sampling
from preheat.preload import REPLAN_S, PolicySettings, PreloadPlanner, TargetKind
from preheat.preload.outcomes import Outcomes
from preheat.replay import (
    FIRST_DAY,
    Draws,
    Kind,
    Machine,
    ModelSize,
    Trace,
    TraceEvent,
    family_trace,
    replay,
    room_for_half,
    strategy_under,
    synthetic_trace,
)
from preheat.residency import Action, DecisionRecord, Outcome, State
from preheat.settings import Settings, Size
from preheat.usage import OutcomeRow, RequestRecord, UsageLog, UsageTracker, WakeRecord

STARTER: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
REQUESTS: Final = 300
HISTORY_DAYS: Final = 14
DAYS: Final = 28
QUICK_S: Final = 0.5
_DAY_S: Final = 86_400.0
_ROOM_FOR: Final = 3
_CONTEXTS: Final = (2048, 6144, 4096, 8192, 3072, 5120)
_LEAST_CONTEXT: Final = 512
_DOUBLE: Final = 6500
"""Context length that takes as much memory as the starter model without a context."""
_ANSWER_S: Final = 1.0  # about the time of the short answers of a real run
_LOADS_S: Final = 60.0  # most real time for the loads between two plans
_REQUEST: Final = GenerateRequest(prompt="The capital of France is", max_tokens=8, sampling=Sampling(temperature=0))


@dataclass(frozen=True, slots=True)
class RealUser:
    """A user whose models are copies of the starter model, told apart by their context length.

    Attributes:
        contexts: Context length of each model.
        limit_of: Returns the memory limit for the sizes of a trace.
    """

    name: str
    trace: Trace
    contexts: Mapping[str, int]
    limit_of: Callable[[Trace], int]

    def measured(self, resident_bytes: Mapping[str, int], file_bytes: int) -> Trace:
        """Return the trace with the memory that the copies really take."""
        sizes = {name: ModelSize(resident_bytes[name], file_bytes) for name in self.trace.sizes}
        return replace(self.trace, sizes=sizes)


def find_user(name: str, days: int) -> RealUser:
    """Return a user: ``steady``, or ``tuning:7`` and ``held-out:7`` for those of the family.

    Raises:
        ValueError: There is no such set of draws.
    """
    draws, colon, number = name.partition(":")
    if not colon:
        trace = synthetic_trace(name, days=days)
        contexts = dict(zip(sorted(trace.sizes), _CONTEXTS, strict=True))
        return RealUser(name, trace, contexts, lambda trace: trace.room_for(_ROOM_FOR) * 101 // 100)
    if draws not in list(Draws) or not number.isdecimal():
        raise ValueError(f"{name} is neither {Draws.TUNING}:NUMBER nor {Draws.HELD_OUT}:NUMBER")
    trace = family_trace(Draws(draws), int(number), days=days)
    return RealUser(name, trace, _contexts_of(trace), room_for_half)


def _contexts_of(trace: Trace) -> dict[str, int]:
    """Return context lengths that keep the ratios of the models' memory, from a third of the median to twice of it."""
    least = statistics.median(size.resident_bytes for size in trace.sizes.values()) / 3

    def context(size: ModelSize) -> int:
        return _LEAST_CONTEXT + round((min(max(size.resident_bytes / least, 1.0), 6.0) - 1.0) * _DOUBLE)

    return {name: context(size) for name, size in trace.sizes.items()}


class SkippingClock:
    """Unix time that can be moved forward."""

    def __init__(self, now: float) -> None:
        self._offset = now - time.time()

    def __call__(self) -> float:
        return time.time() + self._offset

    def skip_to(self, moment: float) -> None:
        """Move forward; never moves back."""
        self._offset += max(0.0, moment - self())


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The result of one request."""

    model_id: str
    outcome: Outcome
    wait_s: float
    first_text_s: float  # time from its arrival to its first text; without text, its wait
    ready: bool  # its model was hot or standby at its arrival


@dataclass
class Tally:
    """Counts of sequential requests and of the engine's decisions."""

    requests: list[RequestResult] = field(default_factory=list)
    preloads: Counter[TargetKind] = field(default_factory=Counter)  # preloads by kind of target
    wasted: Counter[TargetKind] = field(default_factory=Counter)  # unused preloads by kind of target
    wasted_for: Counter[str] = field(default_factory=Counter)  # unused preloads by cause of their unloading
    ready: bool = False  # set before each request; see ``RequestResult``
    _kinds: dict[str, TargetKind] = field(default_factory=dict)

    def take(self, record: RequestRecord | DecisionRecord) -> None:
        """Count an ended request or a decision."""
        if isinstance(record, RequestRecord):
            first_text_s = record.wait_s if record.ttft_s is None else record.ttft_s
            self.requests.append(
                RequestResult(record.model_id, record.outcome, record.wait_s, first_text_s, self.ready)
            )
        elif record.action is Action.PRELOAD:
            kind = TargetKind.EXPECTED if record.reason.code == "expected" else TargetKind.LEARNED
            self._kinds[record.model_id] = kind
            self.preloads[kind] += 1
        elif record.wasted:
            self.wasted[self._kinds[record.model_id]] += 1
            self.wasted_for[record.cause] += 1

    def describe(self, user: str) -> str:
        """Return the figures as text."""
        count = len(self.requests)
        hits, late, misses = (sum(result.outcome is outcome for result in self.requests) for outcome in Outcome)
        waited = [result.wait_s for result in self.requests if result.outcome is not Outcome.HIT]
        ready = [result for result in self.requests if result.ready]
        kinds = ", ".join(f"{self.preloads[kind]} {kind} ({self.wasted[kind]} wasted)" for kind in self.preloads)
        left_for = ", ".join(f"{number} for {cause}" for cause, number in self.wasted_for.most_common())
        return (
            f"{user}: {count} requests, preload_hit_rate {hits / count:.3f}, {late} late, {misses} misses, "
            f"waited {sum(waited):.1f} s in total, median {statistics.median(waited) if waited else 0.0:.2f} s\n"
            f"  preloads: {kinds or 'none'}; wasted {_share(self.wasted.total(), self.preloads.total())}"
            f"{f', unloaded {left_for}' if left_for else ''}\n"
            f"  first text within {QUICK_S} s: {_quick(self.requests)}; {_quick(ready)} of the {len(ready)} with a "
            "hot or standby model"
        )

    def compare(self, simulated: Sequence[bool]) -> str:
        """Return how many requests were ready, how many were in the simulation, and which differ, as text."""
        real = [result.outcome is Outcome.HIT for result in self.requests]
        only = sum(here and not there for here, there in zip(real, simulated, strict=True))
        missing = sum(there and not here for here, there in zip(real, simulated, strict=True))
        return (
            f"  ready: {_share(sum(real), len(real))}, simulated {_share(sum(simulated), len(simulated))}; "
            f"{only} only here, {missing} only in the simulation"
            + "".join(
                f"\n    request {number}, {result.model_id}: {result.outcome}, waited {result.wait_s:.2f} s"
                for number, (result, there) in enumerate(zip(self.requests, simulated, strict=True), 1)
                if (result.outcome is Outcome.HIT) is not there
            )
        )


def _quick(requests: Sequence[RequestResult]) -> str:
    return _share(sum(result.first_text_s <= QUICK_S for result in requests), len(requests))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def write_history(events: Sequence[TraceEvent], outcomes: Sequence[OutcomeRow], clock: SkippingClock) -> None:
    """Write the earlier requests and wakes to the usage log, and how the preloads between them turned out.

    The log does not say when a model was added, so the engine starts without what the simulation learned from that.
    """
    log = UsageLog(clock=clock)
    log.start()
    for event in events:
        if event.kind is Kind.REQUEST:
            log.record(
                RequestRecord(
                    model_id=event.model_id,
                    started_at=event.at,
                    outcome=Outcome.HIT,
                    wait_s=0.0,
                    ttft_s=0.1,
                    prompt_tokens=10,
                    completion_tokens=8,
                    client=event.client,
                    saved_s=0.0,
                )
            )
        elif event.kind in (Kind.WAKE, Kind.ADDED):
            log.record(WakeRecord(event.at, event.client, event.model_id, added=event.kind is Kind.ADDED))
    UsageTracker(Settings(), log).save_outcomes(outcomes)
    log.close()


async def measured_bytes(settings: Settings) -> dict[str, int]:
    """Load every model once, and return the memory that it takes."""
    async with Engine(settings.model_copy(update={"preload": False, "history_days": 1})) as engine:
        for model in await engine.models():
            async with engine.lease(model.model_id) as lease:
                _ = [chunk async for chunk in lease.generate(_REQUEST)]
            await engine.unload(model.model_id)
        return {model.model_id: model.expected_bytes for model in engine.refresh().models}


def _put_aside(events: Sequence[TraceEvent]) -> None:
    """Take the models that will be added from the models folder."""
    _aside().mkdir()
    for model_id in {event.model_id for event in events if event.kind is Kind.ADDED}:
        _file_of(model_id).rename(_aside() / _file_of(model_id).name)


def _aside() -> Path:
    return paths.data_dir() / "not-added"


def _file_of(model_id: str) -> Path:
    return paths.models_dir() / f"{model_id}.gguf"


async def live(events: Sequence[TraceEvent], settings: Settings, clock: SkippingClock) -> Tally:
    """Run the user's events."""
    _put_aside(events)
    tally = Tally()
    engine: Engine | None = None
    asleep = False
    for event in events:
        if engine is not None and not asleep:
            await _pass_time(engine, clock, event.at)
        clock.skip_to(event.at)
        asleep = event.kind is Kind.SLEEP
        if event.kind in (Kind.SLEEP, Kind.RESUME):
            if engine is not None:
                engine.state_changed()
        elif event.kind is Kind.ADDED:
            (_aside() / _file_of(event.model_id).name).rename(_file_of(event.model_id))
            if engine is not None:
                await engine.rescan()
        elif event.kind in (Kind.BOOT, Kind.OFF):
            if engine is not None:
                await engine.stop()
                engine = None
            if event.kind is Kind.BOOT:
                engine = Engine(settings, clock=clock)
                engine.observe(tally.take)
                await engine.start()
        elif event.kind is Kind.WAKE and engine is not None:
            engine.client_woke(event.client, event.model_id)
        elif engine is not None:
            model = engine.refresh().model(event.model_id)
            tally.ready = model is not None and (model.state is State.HOT or model.standby)
            async with engine.lease(event.model_id, client=event.client) as lease:
                _ = [chunk async for chunk in lease.generate(_REQUEST)]
    assert engine is None, "the last event is the end of a day"
    return tally


async def _pass_time(engine: Engine, clock: SkippingClock, until: float) -> None:
    """Let the engine load what it plans until then."""
    while True:
        if engine.preloads.plan().preloads:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(engine.settled(), min(max(until - clock(), 0.001), _LOADS_S))
        if clock() + REPLAN_S >= until:
            return
        clock.skip_to(clock() + REPLAN_S)
        engine.state_changed()


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulation of the same events.

    Attributes:
        ready: Which of the later requests find their model hot.
        outcomes: How the preloads before them turned out: what the engine would know by then.
    """

    ready: list[bool]
    outcomes: tuple[OutcomeRow, ...]


def simulate(trace: Trace, later: Sequence[TraceEvent], limit_bytes: int, settings: Settings) -> Simulated:
    """Simulate the later requests after the history.

    All files are in the page cache, as those that were just written are.
    """
    cache_bytes = sum(size.file_bytes for size in trace.sizes.values())
    machine = Machine(limit_bytes, page_cache_bytes=cache_bytes, answer_s=_ANSWER_S)
    events = (*(event for event in trace.events if event.at < later[0].at), *later)
    ready: list[bool] = []
    outcomes: list[OutcomeRow] = []

    def save(rows: Sequence[OutcomeRow]) -> None:
        if not ready:
            outcomes[:] = rows

    class Planner(PreloadPlanner):
        def __init__(self, usage: UsageTracker, policy: PolicySettings) -> None:
            super().__init__(usage, policy)
            self._outcomes = Outcomes(save)

    replay(
        replace(trace, events=events),
        machine,
        replace(strategy_under(settings), planner=Planner),
        on_request=lambda at, _, hot: ready.append(hot) if at >= later[0].at else None,
    )
    return Simulated(ready, tuple(outcomes))


def days_of(events: Sequence[TraceEvent], requests: int | None) -> tuple[Sequence[TraceEvent], Sequence[TraceEvent]]:
    """Return the history, and the following days with at most this many requests; the last day may end early.

    They begin with a start of the machine, also where it was only asleep.
    """
    begins = FIRST_DAY + HISTORY_DAYS * _DAY_S
    earlier = [event for event in events if event.at < begins]
    later = [event for event in events if event.at >= begins]
    asked = [index for index, event in enumerate(later) if event.kind is Kind.REQUEST]
    if requests is not None and len(asked) < requests:
        raise ValueError(f"there are only {len(asked)} requests in these days; ask for more with --days")
    ends = asked[-1 if requests is None else requests - 1] + 1
    start = [] if later[0].kind is Kind.BOOT else [TraceEvent(later[0].at, Kind.BOOT)]
    return earlier, [*start, *later[:ends], TraceEvent(later[ends - 1].at + 60.0, Kind.OFF)]


def run(user: RealUser, requests: int | None, starter: Path) -> str:
    """Run one user's days, up to this many requests; return the figures as text."""
    earlier, later = days_of(user.trace.events, requests)
    with tempfile.TemporaryDirectory() as home:
        os.environ["PREHEAT_HOME"] = home
        paths.models_dir().mkdir(parents=True)
        write_copies(paths.models_dir(), user.contexts, starter)
        settings = Settings(threads=1, context_length=max(user.contexts.values()))
        trace = user.measured(asyncio.run(measured_bytes(settings)), starter.stat().st_size)
        limit = user.limit_of(trace)
        (paths.data_dir() / "usage.db").unlink(missing_ok=True)
        clock = SkippingClock(later[0].at)
        simulated = simulate(trace, later, limit, settings)
        write_history(earlier, simulated.outcomes, clock)
        tally = asyncio.run(live(later, settings.model_copy(update={"memory_limit": Size(f"{limit}B")}), clock))
        return f"{tally.describe(user.name)}\n{tally.compare(simulated.ready)}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("users", nargs="*", default=["steady", "office-day"])
    parser.add_argument("--requests", type=int, help=f"maximum number of requests; {REQUESTS} without --days")
    parser.add_argument("--days", type=int, help="number of days")
    options = parser.parse_args()
    requests = REQUESTS if options.requests is None and options.days is None else options.requests
    starter = paths.models_dir() / STARTER
    for name in options.users:
        print(run(find_user(name, HISTORY_DAYS + (options.days or DAYS)), requests, starter), flush=True)


if __name__ == "__main__":
    main()
