"""GET /metrics for Prometheus.

Requests and decisions are counted here in plain numbers, a few microseconds each. prometheus-client, which takes 40 ms
to import, is loaded at the first request for the metrics.
"""

from __future__ import annotations

import asyncio
import importlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.residency import Action, DecisionRecord
from preheat.usage import RequestRecord

if TYPE_CHECKING:
    from preheat.core import Engine

Labels = tuple[str, ...]

MAX_MODELS: Final = 50
"""Number of models with their own label; Prometheus keeps a time series per label."""

OTHER: Final = "other"
WAIT_BUCKETS_S: Final = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
LOAD_BUCKETS_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)
_TIERS: Final = ("slot", "memory", "disk")
_BY_OUTCOME: Final = ("model", "outcome")

COUNTERS: Final[Mapping[str, tuple[str, Labels]]] = {
    "requests": ("Finished requests, by the state of their model.", _BY_OUTCOME),
    "prompt_tokens": ("Tokens of prompts.", ("model",)),
    "completion_tokens": ("Generated tokens.", ("model",)),
    "prefix_tokens_reused": ("Prompt tokens that were not computed again, by where they were.", ("tier",)),
    "prefix_recomputed": ("Requests that computed a known prompt again, by the reason.", ("reason",)),
    "prefill_saved_seconds": ("Time to compute prompts that stored ones saved.", ("model",)),
    "draft_tokens": ("Tokens drafted from prompts, answers and predictions.", ("model",)),
    "accepted_draft_tokens": ("Drafted tokens that became part of the answer.", ("model",)),
    "loads": ("Loads that ended hot, by their cause.", ("model", "cause")),
    "load_failures": ("Failed loads, and workers that died.", ("model",)),
    "evictions": ("Models unloaded to make room.", ("reason",)),
    "wasted_preloads": ("Preloads that ended before any request used them.", ("model",)),
    "time_saved_seconds": ("Load times that hits did not pay.", ("model",)),
}
"""Help text and labels by name."""

HISTOGRAMS: Final[Mapping[str, tuple[str, Labels, Sequence[float]]]] = {
    "load_seconds": ("From the start of a load to its probe.", ("model",), LOAD_BUCKETS_S),
    "request_wait_seconds": ("Until the model was hot and leased.", _BY_OUTCOME, WAIT_BUCKETS_S),
    "ttft_seconds": ("From a request's arrival to its first text.", _BY_OUTCOME, WAIT_BUCKETS_S),
}
"""Help text, labels and buckets by name."""


class Histogram:
    """Counts values by upper bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # not cumulative; the last one is for larger values
        self.total = 0.0  # the sum of the values

    def add(self, value: float) -> None:
        """Count a value; bounds are inclusive."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Tally:
    """Sums since the port was opened, by metric and labels. Engine thread only."""

    def __init__(self) -> None:
        self.counters: dict[str, defaultdict[Labels, float]] = {name: defaultdict(float) for name in COUNTERS}
        self.histograms: dict[str, dict[Labels, Histogram]] = {name: {} for name in HISTOGRAMS}
        self._models: set[str] = set()

    def take(self, record: RequestRecord | DecisionRecord) -> None:
        """Add a finished request or a decision."""
        model = self._label(record.model_id)
        if isinstance(record, RequestRecord):
            self._take_request(model, record)
        else:
            self._take_decision(model, record)

    def _take_request(self, model: str, record: RequestRecord) -> None:
        outcome = record.outcome.name.lower()
        self._count("requests", model, outcome)
        self._count("prompt_tokens", model, by=record.prompt_tokens)
        self._count("completion_tokens", model, by=record.completion_tokens)
        self._count("time_saved_seconds", model, by=record.saved_s)
        self._count("prefill_saved_seconds", model, by=record.prefill_saved_s)
        self._count("draft_tokens", model, by=record.draft_tokens)
        self._count("accepted_draft_tokens", model, by=record.accepted_tokens)
        for tier in _TIERS:
            self._count("prefix_tokens_reused", tier, by=getattr(record, f"{tier}_tokens"))
        if record.recomputed is not None:
            self._count("prefix_recomputed", record.recomputed.code)
        self._observe("request_wait_seconds", record.wait_s, model, outcome)
        self._observe("ttft_seconds", record.ttft_s, model, outcome)

    def _take_decision(self, model: str, record: DecisionRecord) -> None:
        if record.wasted:
            self._count("wasted_preloads", model)
        if record.action in (Action.LOAD, Action.PRELOAD):
            self._count("loads", model, record.cause or record.action.value)
            self._observe("load_seconds", record.seconds, model)
        elif record.action is Action.FAIL:
            self._count("load_failures", model)
        elif record.action is Action.EVICT:
            self._count("evictions", record.cause)

    def _count(self, name: str, *labels: str, by: float = 1) -> None:
        self.counters[name][labels] += by

    def _observe(self, name: str, value: float | None, *labels: str) -> None:
        if value is not None:
            self.histograms[name].setdefault(labels, Histogram(HISTOGRAMS[name][2])).add(value)

    def _label(self, model_id: str) -> str:
        if model_id in self._models:
            return model_id
        if len(self._models) >= MAX_MODELS:
            return OTHER
        self._models.add(model_id)
        return model_id


class MetricsApi:
    """The metrics of one engine. Engine thread only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tally = Tally()
        engine.observe(self._tally.take)

    async def metrics(self, request: Request) -> Response:
        """Answer in Prometheus's text format, or in OpenMetrics if the client accepts it."""
        # Imported in a thread, so that no other request waits for it.
        await asyncio.to_thread(importlib.import_module, "preheat.server.exposition")
        from preheat.server.exposition import expose

        content, content_type = expose(self._tally, self._engine.refresh(), request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": content_type})
