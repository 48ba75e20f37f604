"""What the usage log holds: plain values. Never a prompt, a completion or a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from preheat.residency.decisions import Action, DecisionRecord, Outcome

__all__ = [
    "Action",
    "Counts",
    "DecisionRecord",
    "Outcome",
    "RequestRecord",
    "Row",
    "SavedRows",
    "SizeKey",
    "SizeRecord",
    "WakeRecord",
]

Row = tuple[str | int | float | tuple[str, ...] | None, ...]
"""A row that another module asks the log to keep as it is."""

SizeKey = tuple[str, int, float, int, str]
"""What a measured size belongs to: path, file bytes, time of modification, context length, type of KV cache."""

END_OF_TIME: Final = 2.0**40
"""No time in the log is later (it is in the year 36812), whatever the clock said."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request.

    Attributes:
        started_at: Unix time of its arrival.
        wait_s: Seconds until its model was hot and leased.
        ttft_s: Seconds from arrival to the first token; None without one (embeddings, failures).
        client: Who asked; the log keeps the first 64 characters.
        saved_s: Load seconds that preloading spared it; see "time saved" in ``counters.py``.
    """

    model_id: str
    started_at: float
    outcome: Outcome
    wait_s: float = 0.0
    ttft_s: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    client: str = ""
    saved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class WakeRecord:
    """A client that listed the models, asked for one's details or opened a session, without asking for an answer yet.

    Attributes:
        at: Unix time.
        client: Who it was; the log keeps the first 64 characters.
        model_id: The model whose details it asked for; empty if it asked for none in particular.
    """

    at: float
    client: str
    model_id: str = ""


@dataclass(frozen=True, slots=True)
class SizeRecord:
    """What a worker was measured to hold with a model.

    Attributes:
        load_s: Seconds that the load took.
        measured_at: Unix time.
    """

    path: str
    file_bytes: int
    modified_at: float
    context_length: int
    kv_cache_type: str
    resident_bytes: int
    load_s: float
    measured_at: float

    @property
    def key(self) -> SizeKey:
        """What the measurement belongs to."""
        return self.path, self.file_bytes, self.modified_at, self.context_length, self.kv_cache_type


@dataclass(frozen=True, slots=True)
class SavedRows:
    """Rows as they were saved last.

    Attributes:
        mark: ``UsageLog.requests_after(mark)`` yields exactly the requests that were recorded after the rows were
            saved, so that what is counted up in memory can be brought up to date after a crash.
    """

    rows: tuple[Row, ...] = ()
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over a span of time. The columns of the tables ``hours`` and ``days`` are these fields.

    Attributes:
        hits: Requests whose model was hot when they arrived.
        late_hits: Requests that joined a load already running.
        misses: Requests that had to wait for a load of their own.
        wait_s: Seconds that all of them waited.
        saved_s: Load seconds that hits did not pay.
        loads: Loads that ended hot, preloads included.
        preloads: Those with nobody waiting.
        load_s: Seconds that the loads took.
        wasted: Preloads that ended before any request used them.
        failures: Loads that failed, and workers that died.
    """

    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    wait_s: float = 0.0
    saved_s: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    loads: int = 0
    preloads: int = 0
    load_s: float = 0.0
    wasted: int = 0
    evictions: int = 0
    failures: int = 0

    @property
    def requests(self) -> int:
        """All requests."""
        return self.hits + self.late_hits + self.misses

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None without requests."""
        return self.hits / self.requests if self.requests else None
