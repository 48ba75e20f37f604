"""Time of a decision with many models and a long usage log, and its growth with the log."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure, ratio_at_most, value_at_most
from preheat.preload import PolicySettings, PreloadPlanner
from preheat.residency import Outcome, ResidentModel
from preheat.settings import Settings
from preheat.usage import RequestRecord, UsageLog, UsageTracker

MODELS: Final = 1000
REQUESTS: Final = 1_000_000
FEWER: Final = 100_000
LIMIT_MS: Final = 10.0
GROWTH_LIMIT: Final = 1.5
"""A log with ten times the requests fills more counters of rarely used models, at most 57 per model. Reading the log
itself would take ten times as long."""

_SPAN_S: Final = 80 * 86_400.0
_WEEK_S: Final = 7 * 86_400.0
_HOT: Final = 12
_BATCH: Final = 2000
_DECISIONS_A_ROUND: Final = 10
_MODEL_BYTES: Final = 2_000_000_000
_NAMES: Final = tuple(f"model-{number:04}" for number in range(MODELS))


@dataclass(frozen=True, slots=True)
class _Known:
    """The usage data of an engine, and times of its use."""

    usage: UsageTracker
    planner: PreloadPlanner
    log: UsageLog
    now: float
    decisions_ms: list[float] = field(default_factory=list)
    stats_ms: list[float] = field(default_factory=list)
    history_ms: list[float] = field(default_factory=list)

    def decide(self) -> None:
        """Count a request, and plan a preload and an eviction, like the engine at every request."""
        residents = [
            ResidentModel(name, _MODEL_BYTES, self.now - 60.0 * place) for place, name in enumerate(_NAMES[:_HOT])
        ]
        limit = _HOT * _MODEL_BYTES
        self.planner.request_arrived(random.choice(_NAMES), "editor/1.0", now := self.now + len(self.decisions_ms))
        basis = self.planner.basis(dict.fromkeys(_NAMES, _MODEL_BYTES), limit, now)
        self.planner.plan(residents, basis, now)
        self.planner.plan_eviction(residents, _MODEL_BYTES, limit, now=now, for_request=True)

    def sample_decision(self) -> None:
        """Take one sample."""
        self.decisions_ms.append(_timed_ms(self.decide))

    def sample_readings(self) -> None:
        """Take one sample of each kind of reading."""
        self.stats_ms.append(_timed_ms(lambda: self.log.stats(self.now - _WEEK_S, self.now)))
        self.history_ms.append(_timed_ms(lambda: self.log.history(now=self.now)))


async def measure(bench: Bench) -> list[Figure]:
    """Alternate decisions based on a million requests with decisions based on a tenth of them."""
    bench.say(f"Writing usage logs of {REQUESTS:,} and {FEWER:,} requests")
    now = time.time()
    with known_usage(REQUESTS, now) as many, known_usage(FEWER, now) as few:
        for known in (many, few):
            known.decide()
        for turn in range(bench.rounds * _DECISIONS_A_ROUND):
            for known in (many, few) if turn % 2 == 0 else (few, many):
                known.sample_decision()
        for turn in range(bench.rounds):
            for known in (many, few) if turn % 2 == 0 else (few, many):
                known.sample_readings()
    name = f"a decision, {MODELS:,} models"
    both = tuple(many.decisions_ms), tuple(few.decisions_ms)
    return [
        Figure(name, "ms", *both, value_at_most(LIMIT_MS), "what to preload, and what to evict for a request"),
        Figure(f"{name}: growth with the log", "ms", *both, ratio_at_most(GROWTH_LIMIT)),
        Figure("figures of a week, read", "ms", tuple(many.stats_ms), tuple(few.stats_ms)),
        Figure("history of 48 hours and 90 days, read", "ms", tuple(many.history_ms), tuple(few.history_ms)),
    ]


@contextmanager
def known_usage(requests: int, now: float) -> Iterator[_Known]:
    """Write a log of requests of the last weeks, and open it like a starting engine."""
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as folder:
        path = Path(folder) / "usage.db"
        writer = UsageLog(path)
        rng = random.Random(requests)
        weights = list(accumulate(1 / place for place in range(1, MODELS + 1)))
        for number, name in enumerate(rng.choices(_NAMES, cum_weights=weights, k=requests)):
            at = now - _SPAN_S * (1 - number / requests)
            writer.record(RequestRecord(name, at, Outcome.HIT, 0.0, 0.1, 100, 20, "editor/1.0"))
            if number % _BATCH == 0:
                writer.write_pending()
        writer.close()
        log = UsageLog(path)
        usage = UsageTracker(Settings(), log, clock=lambda: now)
        usage.open()
        planner = PreloadPlanner(usage, PolicySettings())
        planner.remember(planner.recall())
        planner.favourites = _NAMES[:2]
        try:
            yield _Known(usage, planner, log, now)
        finally:
            usage.close()


def _timed_ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
