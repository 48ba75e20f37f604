"""The engine's state for readers (HTTP, command line, windows): frozen values, published together.

A reader renders one snapshot and never asks for more: separate reads could disagree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from preheat.messages import Message
from preheat.models import ModelFile
from preheat.models.downloads import DownloadSnapshot
from preheat.residency import State


def _facts_of(file: ModelFile | None) -> dict[str, Any] | None:
    return None if file is None else file.public_facts()


def _printable(path: str) -> str | None:
    # A file's name need not be UTF-8; Python keeps its bytes as surrogates, which JSON cannot carry.
    return path.encode("utf-8", "replace").decode() or None


def _finite(until: float | None) -> float | None:
    return until if until is not None and math.isfinite(until) else None


def _paused_until(content: Mapping[str, Any]) -> float | None:
    # JSON has no infinity: a pause without an end has no time.
    until: float | None = content.get("paused_until")
    return math.inf if until is None and content.get("paused") else until


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """One model at one instant.

    Attributes:
        model_id: Stable name, from the file name.
        favourite: The user wants it hot whenever it fits.
        progress: Share of the load that is done, 0.0 to 1.0; None unless loading or warming.
        file_bytes: Size of the GGUF file.
        standby: Not loaded, but its file was last seen in the page cache: it loads in a fraction of a second.
        expected_bytes: Memory it needs when loaded.
        resident_bytes: Memory its worker holds now; 0 without a worker.
        context_length: Prompt plus completion limit in tokens; None unless hot.
        embeddings: Whether it makes embeddings (otherwise text).
        active_requests: Requests in progress or waiting.
        last_used_at: Unix time of the last request's arrival; None before one.
        load_s: Duration of the last load in seconds, from request to probe; None before one.
        load_left_s: Estimated time until the running load ends, in seconds; None if unknown.
        reason: Why it is hot; None otherwise.
        error: Why the last load failed or the worker died; None unless failed.
        file_missing: It is in memory, but its file has been removed: it answers until it is unloaded.
        path: The file; of a split set, its first part.
        file: Facts about the file, shared by all snapshots; None if the engine is in another process.
    """

    model_id: str = field(metadata={"json": "id"})
    state: State
    favourite: bool
    file_bytes: int
    embeddings: bool = False
    standby: bool = False
    expected_bytes: int = 0
    progress: float | None = None
    resident_bytes: int = 0
    context_length: int | None = None
    active_requests: int = 0
    last_used_at: float | None = None
    load_s: float | None = None
    load_left_s: float | None = None
    reason: Message | None = None
    error: Message | None = None
    file_missing: bool = False
    path: str = field(default="", metadata={"write": _printable, "read": lambda content: content.get("path") or ""})
    file: ModelFile | None = field(default=None, metadata={"flat": True, "write": _facts_of, "read": lambda _: None})


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Memory in bytes.

    Attributes:
        limit_bytes: Limit for all workers together.
        used_bytes: Held by workers now.
        available_bytes: Available in the system.
        peak_bytes: Maximum of ``used_bytes`` since the engine started.
        pressure: Why memory is short; None if it is not.
        total_bytes: Physical memory.
        keep_free_bytes: Always left to other programs.
    """

    limit_bytes: int
    used_bytes: int
    available_bytes: int
    peak_bytes: int = 0
    pressure: Message | None = None
    total_bytes: int = 0
    keep_free_bytes: int = 0


@dataclass(frozen=True, slots=True)
class PreloadSnapshot:
    """Preloading, and its results since the engine started.

    Attributes:
        enabled: The setting ``preload``.
        paused_until: Unix time of the end of a pause; infinite until it is resumed; None without a pause.
        hold: Why nothing is preloaded now; None if nothing prevents it.
        preloads: Preloads that ended hot.
        hits: Requests that found their model hot.
        late_hits: Requests that joined a running load.
        misses: Requests that waited for a new load.
        wasted: Preloads that ended unused.
        time_saved_s: Load seconds saved by hits; see ``usage/counters.py``.
        queue: Models still to be preloaded in this round, the loading one first. A round lasts until nothing is left
            to preload or preloading is on hold for more than requests in progress; empty without a round.
        round_done: Completed preloads of the round.
        round_total: All preloads of the round; may change.
        round_progress: Share of the round's bytes, 0.0 to 1.0; never falls. None without a round.
    """

    JSON_PROPERTIES: ClassVar = ("paused", "preload_hit_rate")

    enabled: bool
    paused_until: float | None = field(default=None, metadata={"write": _finite, "read": _paused_until})
    hold: Message | None = None
    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    preloads: int = 0
    wasted: int = 0
    time_saved_s: float = 0.0
    queue: tuple[str, ...] = ()
    round_done: int = 0
    round_total: int = 0
    round_progress: float | None = None

    @property
    def paused(self) -> bool:
        """Whether the user paused preloading."""
        return self.paused_until is not None

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None before the first request."""
        requests = self.hits + self.late_hits + self.misses
        return self.hits / requests if requests else None


@dataclass(frozen=True, slots=True)
class RequestSnapshot:
    """An open request.

    Attributes:
        request_id: Counts from 1 at the engine's start.
        client: Client name; empty if unknown.
        arrived_at: Unix time.
        waiting: Its model is not hot yet.
        completion_tokens: Written so far, of all its answers together.
        tokens_per_s: Decode speed; None before the second token.
    """

    request_id: int = field(metadata={"json": "id"})
    client: str
    model_id: str = field(metadata={"json": "model"})
    arrived_at: float
    waiting: bool
    completion_tokens: int = 0
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """The whole engine at one instant.

    Attributes:
        started_at: Unix time of the engine's start.
        prompt_tokens: Prompt tokens of all requests so far.
        prefix_tokens_reused: Those that were not recomputed.
        favourites: Models to keep hot, in the user's order.
        missing_favourites: Favourites without a model on disk.
        warning: Problem of the usage log; None if it works.
        models: Every known model, by model_id.
        requests: Open requests, the oldest first.
        downloads: The oldest first, with finished ones until they are removed from the list.
    """

    JSON_PROPERTIES: ClassVar = ("prefix_cache_hit_rate",)

    version: str
    started_at: float
    memory: MemorySnapshot
    preload: PreloadSnapshot
    prompt_tokens: int = 0
    prefix_tokens_reused: int = 0
    favourites: tuple[str, ...] = ()
    missing_favourites: tuple[str, ...] = ()
    warning: Message | None = None
    models: tuple[ModelSnapshot, ...] = field(default=())
    requests: tuple[RequestSnapshot, ...] = ()
    downloads: tuple[DownloadSnapshot, ...] = ()

    @property
    def prefix_cache_hit_rate(self) -> float | None:
        """Prompt tokens not recomputed / prompt tokens; None before the first prompt."""
        return self.prefix_tokens_reused / self.prompt_tokens if self.prompt_tokens else None

    def model(self, model_id: str) -> ModelSnapshot | None:
        """Return the model with exactly this id."""
        return next((model for model in self.models if model.model_id == model_id), None)
