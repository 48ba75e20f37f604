"""The measures, in the order in which they run. Each takes a ``Bench`` and returns figures."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measures import embeddings, first_request, one_liner, residency, startup, switch, throughput, ttft

Measure = Callable[[Bench], Coroutine[Any, Any, list[Figure]]]

MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "startup": startup.measure,
        "first-request": first_request.measure,
        "ttft": ttft.measure,
        "throughput": throughput.measure,
        "switch": switch.measure,
        "embeddings": embeddings.measure,
        "memory": residency.measure,
        "one-liner": one_liner.measure,
    }
)
