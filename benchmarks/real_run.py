"""Synthetic users with a real engine and real models: the effect of preloading with real loads.

Run as ``python -m benchmarks.real_run [steady office-day]``. Six copies of the starter model with different context
lengths, and so different sizes, represent the user's models; the limit holds three of them. The engine starts with two
weeks of usage and runs the next 300 requests, with a restart every night. Time is skipped, not scaled: between two
events the engine's clock runs in real time until everything is loaded, at most for the user's pause, and then jumps to
the next event.
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.mixed_requests import write_copies
from preheat import paths
from preheat.core import Engine
from preheat.inference import GenerateRequest, Sampling
from preheat.preload import TargetKind
from preheat.replay import FIRST_DAY, Kind, TraceEvent, synthetic_trace
from preheat.residency import Action, DecisionRecord, Outcome, State
from preheat.settings import Settings, Size
from preheat.usage import RequestRecord, UsageLog

STARTER: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
REQUESTS: Final = 300
HISTORY_DAYS: Final = 14
DAYS: Final = 28
ROOM_FOR: Final = 3
QUICK_S: Final = 0.5
_DAY_S: Final = 86_400.0
_CONTEXTS: Final = (2048, 6144, 4096, 8192, 3072, 5120)
_REQUEST: Final = GenerateRequest(prompt="The capital of France is", max_tokens=8, sampling=Sampling(temperature=0))


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
            self.requests.append(RequestResult(record.outcome, record.wait_s, first_text_s, self.ready))
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


def _quick(requests: Sequence[RequestResult]) -> str:
    return _share(sum(result.first_text_s <= QUICK_S for result in requests), len(requests))


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def write_history(events: Sequence[TraceEvent], clock: SkippingClock) -> None:
    """Write the earlier requests to the usage log."""
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
    log.close()


async def measured_limit(settings: Settings) -> Size:
    """Load every model once, and return a limit that holds the three largest."""
    async with Engine(settings.model_copy(update={"preload": False, "history_days": 1})) as engine:
        for model in await engine.models():
            async with engine.lease(model.model_id) as lease:
                _ = [chunk async for chunk in lease.generate(_REQUEST)]
            await engine.unload(model.model_id)
        sizes = sorted((model.expected_bytes for model in engine.refresh().models), reverse=True)
    return Size(f"{sum(sizes[:ROOM_FOR]) * 101 // 100}B")


async def live(events: Sequence[TraceEvent], settings: Settings, clock: SkippingClock) -> Tally:
    """Run the user's events."""
    tally = Tally()
    engine: Engine | None = None
    for event in events:
        if engine is not None and engine.preloads.plan().preloads:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(engine.settled(), max(event.at - clock(), 0.001))
        clock.skip_to(event.at)
        if event.kind in (Kind.BOOT, Kind.OFF):
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


def days_of(events: Sequence[TraceEvent], requests: int | None) -> tuple[Sequence[TraceEvent], Sequence[TraceEvent]]:
    """Return the history, and the following days with at most this many requests; the last day may end early."""
    begins = FIRST_DAY + HISTORY_DAYS * _DAY_S
    earlier = [event for event in events if event.at < begins]
    later = [event for event in events if event.at >= begins]
    asked = [index for index, event in enumerate(later) if event.kind is Kind.REQUEST]
    if requests is not None and len(asked) < requests:
        raise ValueError(f"there are only {len(asked)} requests in these days; ask for more with --days")
    ends = asked[-1 if requests is None else requests - 1] + 1
    return earlier, [*later[:ends], TraceEvent(later[ends - 1].at + 60.0, Kind.OFF)]


def run(user: str, requests: int | None, days: int, starter: Path) -> Tally:
    """Run one user's days, up to this many requests."""
    trace = synthetic_trace(user, days=HISTORY_DAYS + days)
    earlier, later = days_of(trace.events, requests)
    with tempfile.TemporaryDirectory() as home:
        os.environ["PREHEAT_HOME"] = home
        paths.models_dir().mkdir(parents=True)
        write_copies(paths.models_dir(), dict(zip(sorted(trace.sizes), _CONTEXTS, strict=True)), starter)
        settings = Settings(threads=1)
        limit = asyncio.run(measured_limit(settings))
        (paths.data_dir() / "usage.db").unlink(missing_ok=True)
        clock = SkippingClock(later[0].at)
        write_history(earlier, clock)
        return asyncio.run(live(later, settings.model_copy(update={"memory_limit": limit}), clock))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("users", nargs="*", default=["steady", "office-day"])
    parser.add_argument("--requests", type=int, help=f"maximum number of requests; {REQUESTS} without --days")
    parser.add_argument("--days", type=int, help="number of days")
    options = parser.parse_args()
    requests = REQUESTS if options.requests is None and options.days is None else options.requests
    starter = paths.models_dir() / STARTER
    for user in options.users:
        print(run(user, requests, options.days or DAYS, starter).describe(user), flush=True)


if __name__ == "__main__":
    main()
