"""The measures, in running order. Each takes a ``Bench`` and returns figures."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.measures import (
    adapters,
    bundle,
    busy,
    decision_cost,
    devices,
    download,
    embeddings,
    first_request,
    make_room,
    memory_limit,
    one_liner,
    prefix,
    preload_beside,
    residency,
    scan,
    speculation,
    startup,
    step_cost,
    switch,
    throughput,
    tray,
    ttft,
    upgrade,
)

Measure = Callable[[Bench], Coroutine[Any, Any, list[Figure]]]

MEASURES: Final[Mapping[str, Measure]] = MappingProxyType(
    {
        "startup": startup.measure,
        "first-request": first_request.measure,
        "ttft": ttft.measure,
        "throughput": throughput.measure,
        "busy": busy.measure,
        "upgrade": upgrade.measure,
        "adapters": adapters.measure,
        "speculation": speculation.measure,
        "switch": switch.measure,
        "prefix": prefix.measure,
        "embeddings": embeddings.measure,
        "memory": residency.measure,
        "one-liner": one_liner.measure,
        "preload-beside": preload_beside.measure,
        "memory-limit": memory_limit.measure,
        "make-room": make_room.measure,
        "decision": decision_cost.measure,
        "devices": devices.measure,
        "download": download.measure,
        "scan": scan.measure,
        "step-cost": step_cost.measure,
        "tray": tray.measure,
        "bundle": bundle.measure,
    }
)

COMPARED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "adapters": ("Preheat", ""),
        "preload-beside": ("beside", "alone"),
        "memory-limit": ("Preheat", ""),
        "make-room": ("Preheat", ""),
        "decision": ("long log", "short log"),
        "devices": ("Preheat", ""),
        "download": ("Preheat", "huggingface_hub"),
        "scan": ("Preheat", ""),
        "step-cost": ("Preheat", ""),
        "speculation": ("drafts", "none"),
        "tray": ("Preheat", ""),
        "bundle": ("bundle", "source"),
    }
)
"""Titles of the two columns of measures without llama-server."""
