"""Formats the metrics with prometheus-client. Imported at the first request for /metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from preheat.core.snapshot import EngineSnapshot
from preheat.residency.states import State
from preheat.server.metrics import Histogram, Tally
from preheat.usage.as_json import OUTCOME_KEYS
from preheat.usage.records import Outcome

Metric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def expose(tally: Tally, snapshot: EngineSnapshot, accept: str) -> tuple[bytes, str]:
    """Return the metrics and their content type, according to the Accept header."""
    registry = CollectorRegistry()
    registry.register(_Moment(tally, snapshot))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


@dataclass(frozen=True)
class _Moment(Collector):
    """All metrics at one moment."""

    tally: Tally
    snapshot: EngineSnapshot

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from _request_metrics(self.tally)
        yield from _model_metrics(self.tally, self.snapshot)
        yield from _gauges(self.snapshot)


def _request_metrics(tally: Tally) -> Iterator[Metric]:
    requests = {(model, OUTCOME_KEYS[outcome]): count for (model, outcome), count in tally.requests.items()}
    yield _counter(
        "preheat_requests",
        "Requests that have ended, by how they found their model.",
        ("model", "outcome"),
        requests.items(),
    )
    yield _counter("preheat_prompt_tokens", "Tokens of prompts.", ("model",), _single(tally.prompt_tokens))
    yield _counter("preheat_completion_tokens", "Tokens written.", ("model",), _single(tally.completion_tokens))
    yield _histograms("preheat_request_wait_seconds", "Until the model was hot and leased.", tally.waits)
    yield _histograms("preheat_ttft_seconds", "From a request's arrival to its first text.", tally.ttfts)


def _model_metrics(tally: Tally, snapshot: EngineSnapshot) -> Iterator[Metric]:
    yield _counter("preheat_loads", "Loads that ended hot, by their cause.", ("model", "cause"), tally.loads.items())
    yield _counter(
        "preheat_load_failures", "Loads that failed, and workers that died.", ("model",), _single(tally.failures)
    )
    yield _counter("preheat_evictions", "Models unloaded to make room.", ("reason",), _single(tally.evictions))
    yield _counter(
        "preheat_wasted_preloads",
        "Preloads that ended before any request used them.",
        ("model",),
        _single(tally.wasted),
    )
    yield _counter(
        "preheat_time_saved_seconds", "Load seconds that hits did not pay.", ("model",), _single(tally.saved_s)
    )
    yield _total(
        "preheat_prefix_tokens_reused", "Prompt tokens that were not computed again.", snapshot.prefix_tokens_reused
    )
    load = HistogramMetricFamily("preheat_load_seconds", "From a load's begin to its probe.", labels=("model",))
    for model, histogram in tally.load_times.items():
        load.add_metric([model], _cumulative(histogram), histogram.total)
    yield load


def _gauges(snapshot: EngineSnapshot) -> Iterator[Metric]:
    memory = snapshot.memory
    hot = sum(model.state is State.HOT for model in snapshot.models)
    values: list[tuple[str, str, float]] = [
        ("preheat_memory_used_bytes", "Memory of all workers.", memory.used_bytes),
        ("preheat_memory_limit_bytes", "Ceiling on the memory of all workers.", memory.limit_bytes),
        ("preheat_memory_available_bytes", "Memory that the system has left.", memory.available_bytes),
        ("preheat_memory_peak_bytes", "The most that workers held since the start.", memory.peak_bytes),
        ("preheat_hot_models", "Models ready to answer.", hot),
        ("preheat_active_requests", "Requests being answered.", sum(each.active_requests for each in snapshot.models)),
        ("preheat_preloading_paused", "1 while the user has paused preloading.", snapshot.preload.paused),
        ("preheat_start_time_seconds", "When the engine started, as Unix time.", snapshot.started_at),
    ]
    for name, words, value in values:
        yield GaugeMetricFamily(name, words, value=value)
    info = GaugeMetricFamily("preheat_build_info", "Always 1; the version is a label.", labels=("version",))
    info.add_metric([snapshot.version], 1)
    yield info


def _single(counts: Mapping[str, float]) -> Iterator[tuple[tuple[str, ...], float]]:
    return (((label,), count) for label, count in counts.items())


def _total(name: str, words: str, value: float) -> CounterMetricFamily:
    return _counter(name, words, (), [((), value)])


def _counter(
    name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> CounterMetricFamily:
    counter = CounterMetricFamily(name, words, labels=labels)
    for key, value in values:
        counter.add_metric(key, value)
    return counter


def _histograms(name: str, words: str, histograms: Mapping[tuple[str, Outcome], Histogram]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, words, labels=("model", "outcome"))
    for (model, outcome), histogram in histograms.items():
        family.add_metric([model, OUTCOME_KEYS[outcome]], _cumulative(histogram), histogram.total)
    return family


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    """Return cumulative buckets, as Prometheus expects them."""
    buckets: list[tuple[str, float]] = []
    below = 0
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.counts, strict=True):
        below += count
        buckets.append((bound, below))
    return buckets
