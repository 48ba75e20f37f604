"""What readers (HTTP, command line, tray) see of the engine: frozen values, published whole.

A reader renders one snapshot and never asks for more: separate reads would tear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from preheat.messages import Message
from preheat.models import ModelFile
from preheat.models.downloads import DownloadSnapshot, DownloadState
from preheat.residency.states import State

__all__ = [
    "DownloadSnapshot",
    "DownloadState",
    "EngineSnapshot",
    "MemorySnapshot",
    "ModelSnapshot",
    "PreloadSnapshot",
    "State",
]


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
        state: Where the model is in its life.
        favourite: The user wants it hot whenever it fits.
        progress: Share of the load that is done, 0.0 to 1.0; None unless loading or warming.
        file_bytes: Size of the GGUF file.
        standby: It is not in memory, but its file is, as far as was last seen: it loads in a fraction of a second.
        expected_bytes: Memory that it takes or would take.
        resident_bytes: Memory that its worker holds now; 0 unless a worker has it.
        context_length: Prompt plus completion limit of the loaded model, in tokens; None unless hot.
        embeddings: Whether it makes embeddings (otherwise text).
        active_requests: Leases held now: being answered or waiting.
        last_used_at: Unix time of the last request's arrival; None before one.
        load_s: Seconds that the last load took, request to probe; None before one.
        load_left_s: Seconds that the running load will still take, judged by its progress; None unless loading, and
            as long as that is not known.
        reason: In words why it is in memory; empty otherwise.
        error: Why the last load failed or the worker died, as one sentence; None unless failed.
        file_missing: It is in memory, and its file has gone: it answers until it is unloaded.
        path: The file; of a split set, its first part.
        file: What the engine knows of it from the disk; shared by all snapshots. None where the engine is elsewhere.
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
        limit_bytes: The ceiling for all workers.
        used_bytes: What they hold now.
        available_bytes: What the system has left.
        peak_bytes: The most that they held since the engine started.
        pressure: Why memory is short, in words; empty when it is not.
        total_bytes: What the system has.
        keep_free_bytes: What is always left to the rest of the system.
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
    """Preloading and what it brought, since the engine started.

    Attributes:
        enabled: The setting ``preload``.
        paused_until: Unix time until which the user paused preloading; infinite until it is resumed; None when it is
            not paused.
        hold: Why nothing is being preloaded now, in words; empty when nothing speaks against it.
        preloads: Preloads that ended hot.
        hits: Requests whose model was hot when they arrived.
        late_hits: Requests that joined a load already running.
        misses: Requests that had to wait for a load of their own.
        wasted: Preloads evicted or unloaded before any request used them.
        time_saved_s: Load seconds that hits did not pay, counted as in ``preload/counters.py``.
        queue: The models still to be preloaded in the present round, the one that is being loaded first. A round lasts
            from when there is something to preload until nothing is left, or preloading is held up by more than
            answers; empty when none runs.
        round_done: How many of its preloads have ended hot.
        round_total: How many there are in all; may change on the way.
        round_progress: How far it is, 0.0 to 1.0, by bytes; never falls within a round. None when none runs.
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
        """Preloading waits, by the user's wish."""
        return self.paused_until is not None

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None before the first request."""
        requests = self.hits + self.late_hits + self.misses
        return self.hits / requests if requests else None


@dataclass(frozen=True, slots=True)
class RequestSnapshot:
    """A request that has not ended.

    Attributes:
        request_id: Counts up from the engine's start.
        client: Who asks, shortened; empty where nobody says.
        arrived_at: Unix time.
        waiting: Its model is not hot yet; otherwise it is being answered.
        completion_tokens: Written so far, of all its answers together.
        tokens_per_s: How quickly they came, from the first on; None before the second.
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
        version: Preheat's version.
        started_at: Unix time of the engine's start.
        prompt_tokens: Prompt tokens of all requests so far.
        prefix_tokens_reused: How many of them were not recomputed.
        favourites: The models to keep hot, in the user's order.
        warning: What is wrong with the keeping of figures, in words; None if nothing is.
        models: Every known model, by model_id.
        requests: Those that have not ended, the oldest first.
        downloads: In the order in which they were asked for; those that are done too, until they are forgotten.
    """

    JSON_PROPERTIES: ClassVar = ("prefix_cache_hit_rate",)

    version: str
    started_at: float
    memory: MemorySnapshot
    preload: PreloadSnapshot
    prompt_tokens: int = 0
    prefix_tokens_reused: int = 0
    favourites: tuple[str, ...] = ()
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
