"""GET /metrics for Prometheus.

Requests and decisions are counted here in plain numbers, a few microseconds each. prometheus-client, which takes 40 ms
to import, is loaded at the first request for the metrics.
"""

from __future__ import annotations

import asyncio
import importlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import RequestRecord

if TYPE_CHECKING:
    from preheat.core import Engine

MAX_MODELS: Final = 50
"""Models with a label of their own; each label is a time series that Prometheus keeps for ever."""

OTHER: Final = "other"
WAIT_BUCKETS_S: Final = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
LOAD_BUCKETS_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)


class Histogram:
    """Counts values by upper bounds.

    Attributes:
        counts: One for each bound and one for larger values; not cumulative.
        total: The sum of the values.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value; bounds are inclusive."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Tally:
    """Sums since the port was opened. Engine thread only."""

    def __init__(self) -> None:
        self.requests: defaultdict[tuple[str, Outcome], int] = defaultdict(int)
        self.prompt_tokens: defaultdict[str, int] = defaultdict(int)
        self.completion_tokens: defaultdict[str, int] = defaultdict(int)
        self.loads: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.failures: defaultdict[str, int] = defaultdict(int)
        self.evictions: defaultdict[str, int] = defaultdict(int)
        self.wasted: defaultdict[str, int] = defaultdict(int)
        self.saved_s: defaultdict[str, float] = defaultdict(float)
        self.waits: defaultdict[tuple[str, Outcome], Histogram] = defaultdict(lambda: Histogram(WAIT_BUCKETS_S))
        self.ttfts: defaultdict[tuple[str, Outcome], Histogram] = defaultdict(lambda: Histogram(WAIT_BUCKETS_S))
        self.load_times: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(LOAD_BUCKETS_S))
        self._models: set[str] = set()

    def take(self, record: RequestRecord | DecisionRecord) -> None:
        """Add a finished request or a decision."""
        if isinstance(record, RequestRecord):
            self._take_request(record)
        else:
            self._take_decision(record)

    def _take_request(self, record: RequestRecord) -> None:
        model = self._label(record.model_id)
        self.requests[model, record.outcome] += 1
        self.prompt_tokens[model] += record.prompt_tokens
        self.completion_tokens[model] += record.completion_tokens
        self.saved_s[model] += record.saved_s
        self.waits[model, record.outcome].add(record.wait_s)
        if record.ttft_s is not None:
            self.ttfts[model, record.outcome].add(record.ttft_s)

    def _take_decision(self, record: DecisionRecord) -> None:
        model = self._label(record.model_id)
        if record.wasted:
            self.wasted[model] += 1
        if record.action in (Action.LOAD, Action.PRELOAD):
            self.loads[model, record.cause or record.action.value] += 1
            if record.seconds is not None:
                self.load_times[model].add(record.seconds)
        elif record.action is Action.FAIL:
            self.failures[model] += 1
        elif record.action is Action.EVICT:
            self.evictions[record.cause] += 1

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
