"""What readers (HTTP, command line, tray) see of the engine: frozen values, published whole.

A reader renders one snapshot and never asks for more: separate reads would tear.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from preheat.residency.states import State


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """One model at one instant.

    Attributes:
        model_id: Stable name, from the file name.
        state: Where the model is in its life.
        favourite: The user wants it hot whenever it fits.
        progress: Share of the load that is done, 0.0 to 1.0; None unless loading or warming.
        file_bytes: Size of the GGUF file.
        resident_bytes: Memory that its worker holds now; 0 unless a worker has it.
        context_length: Prompt plus completion limit of the loaded model, in tokens; None unless hot.
        embeddings: Whether it makes embeddings (otherwise text).
        active_requests: Leases held now: being answered or waiting.
        last_used_at: Unix time of the last request's arrival; None before one.
        load_s: Seconds that the last load took, request to probe; None before one.
        error: Why the last load failed or the worker died, as one sentence; None unless failed.
    """

    model_id: str
    state: State
    favourite: bool
    file_bytes: int
    embeddings: bool = False
    progress: float | None = None
    resident_bytes: int = 0
    context_length: int | None = None
    active_requests: int = 0
    last_used_at: float | None = None
    load_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Memory in bytes: the ceiling for all workers, what they hold, what the system has left."""

    limit_bytes: int
    used_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True)
class PreloadSnapshot:
    """Preloading and what it brought, since the engine started.

    Attributes:
        enabled: The setting ``preload``.
        paused: Preloading waits, by the user's wish.
        hits: Requests whose model was hot when they arrived.
        late_hits: Requests that joined a load already running.
        misses: Requests that had to wait for a load of their own.
        wasted: Preloads evicted or unloaded before any request used them.
        time_saved_s: Load seconds that hits did not pay, counted as in ``preload/counters.py``.
    """

    enabled: bool
    paused: bool = False
    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    wasted: int = 0
    time_saved_s: float = 0.0

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None before the first request."""
        requests = self.hits + self.late_hits + self.misses
        return self.hits / requests if requests else None


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """The whole engine at one instant.

    Attributes:
        version: Preheat's version.
        started_at: Unix time of the engine's start.
        prompt_tokens: Prompt tokens of all requests so far.
        prefix_tokens_reused: How many of them were not recomputed.
        models: Every known model, by model_id.
    """

    version: str
    started_at: float
    memory: MemorySnapshot
    preload: PreloadSnapshot
    prompt_tokens: int = 0
    prefix_tokens_reused: int = 0
    models: tuple[ModelSnapshot, ...] = field(default=())

    @property
    def prefix_cache_hit_rate(self) -> float | None:
        """Prompt tokens not recomputed / prompt tokens; None before the first prompt."""
        return self.prefix_tokens_reused / self.prompt_tokens if self.prompt_tokens else None

    def model(self, model_id: str) -> ModelSnapshot | None:
        """Return the model with exactly this id."""
        return next((model for model in self.models if model.model_id == model_id), None)
