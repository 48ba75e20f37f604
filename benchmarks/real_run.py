"""Synthetic users against a real engine with real models: what preloading brings when the loads are real.

Run as ``python -m benchmarks.real_run [steady office-day]``. Six copies of the starter model stand in for the user's
six, with other context lengths and so other sizes; the limit holds three of them. The engine starts with two weeks of
the user's history and lives through the next 300 requests, nights included, when it ends and starts again. Time is not
scaled but skipped: between two events the engine's clock runs at its real pace until all is loaded that should be, at
most for as long as the user pauses, and then jumps to the next event.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.engine import Engine
from preheat.inference.requests import GenerateRequest, Sampling
from preheat.preload import Outcome, RequestRecord, UsageLog
from preheat.preload.synthetic import FIRST_DAY, synthetic_trace
from preheat.preload.trace import Kind, TraceEvent
from preheat.settings import Settings
from preheat.size import Size

STARTER: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
REQUESTS: Final = 300
HISTORY_DAYS: Final = 14
ROOM_FOR: Final = 3
QUICK_S: Final = 0.5
_DAY_S: Final = 86_400.0
_CONTEXT_KEY: Final = b"llama.context_length" + (4).to_bytes(4, "little")
_CONTEXTS: Final = (2048, 6144, 4096, 8192, 3072, 5120)
_REQUEST: Final = GenerateRequest(prompt="The capital of France is", max_tokens=8, sampling=Sampling(temperature=0))


class SkippingClock:
    """Unix time that runs at its real pace and can be moved forward."""

    def __init__(self, now: float) -> None:
        self._offset = now - time.time()

    def __call__(self) -> float:
        return time.time() + self._offset

    def skip_to(self, moment: float) -> None:
        """Move forward, never back."""
        self._offset += max(0.0, moment - self())


@dataclass
class Tally:
    """What the requests saw, and what the engines did."""

    outcomes: list[Outcome] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    first_text_s: list[float] = field(default_factory=list)
    preloads: int = 0
    wasted: int = 0

    def take(self, record: object) -> None:
        """Count a request that has ended; anything else is no business of this."""
        if isinstance(record, RequestRecord):
            self.outcomes.append(record.outcome)
            self.waits_s.append(record.wait_s)
            self.first_text_s.append(record.wait_s if record.ttft_s is None else record.ttft_s)

    def describe(self, user: str) -> str:
        """Return the figures in one line."""
        count = len(self.outcomes)
        quick = sum(seconds <= QUICK_S for seconds in self.first_text_s)
        waited = [seconds for seconds, how in zip(self.waits_s, self.outcomes, strict=True) if how is not Outcome.HIT]
        return (
            f"{user}: {count} requests, preload_hit_rate {self.outcomes.count(Outcome.HIT) / count:.3f}, "
            f"{self.outcomes.count(Outcome.LATE_HIT)} late, {self.outcomes.count(Outcome.MISS)} misses, "
            f"waited {sum(waited):.1f} s in all, median {statistics.median(waited) if waited else 0.0:.2f} s; "
            f"{self.preloads} preloads, {self.wasted} wasted; first text within {QUICK_S} s: {quick / count:.3f}"
        )


def make_models(folder: Path, names: Sequence[str], starter: Path) -> None:
    """Write copies of the starter model that differ in the context length that they were trained for."""
    content = starter.read_bytes()
    at = content.index(_CONTEXT_KEY) + len(_CONTEXT_KEY)
    for name, context in zip(names, _CONTEXTS, strict=True):
        (folder / f"{name}.gguf").write_bytes(content[:at] + context.to_bytes(4, "little") + content[at + 4 :])


def write_history(events: Sequence[TraceEvent], clock: SkippingClock) -> None:
    """Have the usage log know the earlier requests."""
    log = UsageLog(clock=clock)
    log.start()
    for event in events:
        if event.kind is Kind.REQUEST:
            log.record_request(
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
    """Load every model once, and return a limit that holds the largest three of them."""
    async with Engine(settings.model_copy(update={"preload": False, "history_days": 1})) as engine:
        for model in await engine.models():
            async with engine.lease(model.model_id) as lease:
                _ = [chunk async for chunk in lease.generate(_REQUEST)]
            await engine.unload(model.model_id)
        sizes = sorted((model.expected_bytes for model in engine.refresh().models), reverse=True)
    return Size(f"{sum(sizes[:ROOM_FOR]) * 101 // 100}B")


async def live(events: Sequence[TraceEvent], settings: Settings, clock: SkippingClock) -> Tally:
    """Let the user's events happen."""
    tally = Tally()
    engine: Engine | None = None
    for event in events:
        if engine is not None and engine.plan().preloads:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(engine.settled(), max(event.at - clock(), 0.001))
        clock.skip_to(event.at)
        if event.kind in (Kind.BOOT, Kind.OFF):
            if engine is not None:
                preload = engine.refresh().preload
                tally.preloads, tally.wasted = tally.preloads + preload.preloads, tally.wasted + preload.wasted
                await engine.stop()
                engine = None
            if event.kind is Kind.BOOT:
                engine = Engine(settings, clock=clock)
                engine.observe(tally.take)
                await engine.start()
        elif event.kind is Kind.WAKE and engine is not None:
            engine.client_woke(event.client, event.model_id)
        elif engine is not None:
            async with engine.lease(event.model_id, client=event.client) as lease:
                _ = [chunk async for chunk in lease.generate(_REQUEST)]
    assert engine is None, "the last event is the end of a day"
    return tally


def days_of(events: Sequence[TraceEvent], requests: int) -> tuple[Sequence[TraceEvent], Sequence[TraceEvent]]:
    """Return the history, and the days after it, with so many requests; the last day may end early."""
    begins = FIRST_DAY + HISTORY_DAYS * _DAY_S
    earlier = [event for event in events if event.at < begins]
    later = [event for event in events if event.at >= begins]
    ends = [index for index, event in enumerate(later) if event.kind is Kind.REQUEST][requests - 1] + 1
    return earlier, [*later[:ends], TraceEvent(later[ends - 1].at + 60.0, Kind.OFF)]


def run(user: str, requests: int, starter: Path) -> Tally:
    """Live one user's days."""
    trace = synthetic_trace(user, days=HISTORY_DAYS + 28)
    earlier, later = days_of(trace.events, requests)
    with tempfile.TemporaryDirectory() as home:
        os.environ["PREHEAT_HOME"] = home
        paths.models_dir().mkdir(parents=True)
        make_models(paths.models_dir(), sorted(trace.sizes), starter)
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
    parser.add_argument("--requests", type=int, default=REQUESTS)
    options = parser.parse_args()
    starter = paths.models_dir() / STARTER
    for user in options.users:
        print(run(user, options.requests, starter).describe(user), flush=True)


if __name__ == "__main__":
    main()
