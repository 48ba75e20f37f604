"""Snapshots as public JSON. Sizes are bytes, times are Unix times, durations are seconds."""

from __future__ import annotations

import math
import os
import time
from typing import Any

from preheat.snapshot import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot


def status_json(snapshot: EngineSnapshot, port: int) -> dict[str, Any]:
    """Return the whole snapshot."""
    return {
        "version": snapshot.version,
        "pid": os.getpid(),
        "uptime_s": round(max(0.0, time.time() - snapshot.started_at), 3),
        "port": port,
        "memory": memory_json(snapshot.memory),
        "preload": preload_json(snapshot.preload),
        "prompt_tokens": snapshot.prompt_tokens,
        "prefix_tokens_reused": snapshot.prefix_tokens_reused,
        "prefix_cache_hit_rate": snapshot.prefix_cache_hit_rate,
        "favourites": list(snapshot.favourites),
        "warning": snapshot.warning,
        "models": [model_json(model) for model in snapshot.models],
        "downloads": [download.as_json() for download in snapshot.downloads],
    }


def memory_json(memory: MemorySnapshot) -> dict[str, Any]:
    """Return the memory now, and its peak."""
    return {
        "limit_bytes": memory.limit_bytes,
        "used_bytes": memory.used_bytes,
        "available_bytes": memory.available_bytes,
        "peak_bytes": memory.peak_bytes,
        "pressure": memory.pressure or None,
    }


def preload_json(preload: PreloadSnapshot) -> dict[str, Any]:
    """Return preloading's state and what it brought since the start."""
    return {
        "enabled": preload.enabled,
        **paused_json(preload),
        "hold": preload.hold or None,
        "hits": preload.hits,
        "late_hits": preload.late_hits,
        "misses": preload.misses,
        "preload_hit_rate": preload.preload_hit_rate,
        "preloads": preload.preloads,
        "wasted": preload.wasted,
        "time_saved_s": preload.time_saved_s,
    }


def paused_json(preload: PreloadSnapshot) -> dict[str, Any]:
    """Return whether and until when preloading is paused; a pause without an end has no time."""
    until = preload.paused_until
    return {"paused": preload.paused, "paused_until": until if until is not None and math.isfinite(until) else None}


def model_json(model: ModelSnapshot) -> dict[str, Any]:
    """Return one model."""
    return {
        "id": model.model_id,
        "state": model.state.value,
        "standby": model.standby,
        "progress": model.progress,
        "favourite": model.favourite,
        "embeddings": model.embeddings,
        "file_bytes": model.file_bytes,
        "expected_bytes": model.expected_bytes,
        "resident_bytes": model.resident_bytes,
        "context_length": model.context_length,
        "active_requests": model.active_requests,
        "last_used_at": model.last_used_at,
        "load_s": model.load_s,
        "error": model.error,
        "file_removed": model.file_removed,
        **(model.file.public_facts() if model.file is not None else {}),
    }
