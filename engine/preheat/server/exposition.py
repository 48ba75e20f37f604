"""Formats the metrics with prometheus-client. Imported at the first request for /metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from preheat.core import EngineSnapshot
from preheat.residency import State
from preheat.server.metrics import COUNTERS, HISTOGRAMS, Labels, Tally

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
        for name, (words, labels) in COUNTERS.items():
            yield _counter(name, words, labels, self.tally.counters[name])
        for name, (words, labels, _) in HISTOGRAMS.items():
            family = HistogramMetricFamily(f"preheat_{name}", words, labels=labels)
            for values, histogram in self.tally.histograms[name].items():
                buckets = zip((*map(str, histogram.bounds), "+Inf"), accumulate(histogram.counts), strict=True)
                family.add_metric(values, list(buckets), histogram.total)
            yield family
        yield from _gauges(self.snapshot)


def _counter(name: str, words: str, labels: Labels, values: Mapping[Labels, float]) -> CounterMetricFamily:
    counter = CounterMetricFamily(f"preheat_{name}", words, labels=labels)
    for key, value in values.items():
        counter.add_metric(key, value)
    return counter


def _gauges(snapshot: EngineSnapshot) -> Iterator[Metric]:
    memory = snapshot.memory
    hot = sum(model.state is State.HOT for model in snapshot.models)
    values: list[tuple[str, str, float]] = [
        ("preheat_memory_used_bytes", "Memory of all workers.", memory.used_bytes),
        ("preheat_memory_limit_bytes", "Ceiling on the memory of all workers.", memory.limit_bytes),
        ("preheat_memory_available_bytes", "Memory that the system has left.", memory.available_bytes),
        ("preheat_memory_peak_bytes", "The most that workers held since the start.", memory.peak_bytes),
        ("preheat_hot_models", "Models ready to answer.", hot),
        ("preheat_active_requests", "Requests in progress.", sum(each.active_requests for each in snapshot.models)),
        ("preheat_preloading_paused", "1 while the user has paused preloading.", snapshot.preload.paused),
        (
            "preheat_prefix_written_today_bytes",
            "Stored prompts written to the disk since midnight.",
            snapshot.prefixes.written_today_bytes,
        ),
        ("preheat_start_time_seconds", "When the engine started, as Unix time.", snapshot.started_at),
    ]
    for name, words, value in values:
        yield GaugeMetricFamily(name, words, value=value)
    kept = snapshot.prefixes
    for name, words, label, by_label in (
        ("preheat_prefix_bytes", "Stored prompts.", "tier", {"memory": kept.memory_bytes, "disk": kept.disk_bytes}),
        (
            "preheat_prefix_limit_bytes",
            "Ceiling on stored prompts.",
            "tier",
            {"memory": kept.memory_limit_bytes, "disk": kept.disk_limit_bytes},
        ),
        (
            "preheat_device_memory_used_bytes",
            "Memory of a graphics card that models take.",
            "device",
            {each.device: each.taken_bytes for each in memory.devices},
        ),
        (
            "preheat_device_memory_limit_bytes",
            "Ceiling on the memory of a graphics card for models.",
            "device",
            {each.device: each.limit_bytes for each in memory.devices},
        ),
    ):
        family = GaugeMetricFamily(name, words, labels=(label,))
        for each, value in by_label.items():
            family.add_metric([each], value)
        yield family
    info = GaugeMetricFamily("preheat_build_info", "Always 1; the version is a label.", labels=("version",))
    info.add_metric([snapshot.version], 1)
    yield info
