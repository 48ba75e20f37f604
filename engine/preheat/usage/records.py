"""Records of the usage log: plain values, never a prompt, a completion or a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final, NamedTuple, TypeVar, get_type_hints

from preheat.messages import Message
from preheat.residency import DecisionRecord, Outcome

T = TypeVar("T")

Row = tuple[str | int | float | tuple[str, ...] | None, ...]
"""A row that another module stores in the log."""

SizeKey = tuple[str, int, float, int, str]
"""Key of a measured size: path, file bytes, modification time, context length, KV cache type."""

END_OF_TIME: Final = 2.0**37
"""Upper bound of all times in the log (the year 6325, which calendars know), whatever the clock said."""

_MOST: Final = 2.0**48
"""Upper bound of all other numbers."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request.

    Attributes:
        started_at: Unix time of its arrival.
        wait_s: Seconds until its model was hot and leased.
        ttft_s: Seconds from arrival to the first token; None without one (embeddings, failures).
        client: The client's name; the log keeps the first 64 characters.
        saved_s: Load seconds saved by preloading; see ``counters.py``.
        slot_tokens: Prompt tokens that were still in a slot's KV cache.
        memory_tokens: Prompt tokens restored from a stored prompt in memory; ``disk_tokens`` from one on disk.
        prefill_saved_s: Seconds of prefill that stored prompts saved.
        draft_tokens: Tokens that were drafted.
        accepted_tokens: Completion tokens that were drafted.
        prefix: Key of the prompt's fixed beginning (system prompt and tools), as hex; empty without one.
        prefix_tokens: Length of that beginning.
        decode_s: Seconds from the first token to the last one; 0 without two of them.
        recomputed: Why fewer tokens were reused than expected; None if nothing was expected.
    """

    JSON_PROPERTIES: ClassVar = ("tokens_per_s",)

    model_id: str = field(metadata={"json": "model"})
    started_at: float
    outcome: Outcome
    wait_s: float = 0.0
    ttft_s: float | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    client: str = ""
    saved_s: float = 0.0
    slot_tokens: int = 0
    memory_tokens: int = 0
    disk_tokens: int = 0
    prefill_saved_s: float = 0.0
    draft_tokens: int = 0
    accepted_tokens: int = 0
    prefix: str = ""
    prefix_tokens: int = 0
    decode_s: float = 0.0
    recomputed: Message | None = None

    @property
    def reused_tokens(self) -> int:
        """Prompt tokens that were not computed again."""
        return self.slot_tokens + self.memory_tokens + self.disk_tokens

    @property
    def answered(self) -> bool:
        """Whether the model began an answer."""
        return self.ttft_s is not None or self.prompt_tokens > 0

    @property
    def tokens_per_s(self) -> float | None:
        """Speed of the answer after its first token; None without a second one."""
        return (self.completion_tokens - 1) / self.decode_s if self.decode_s > 0 < self.completion_tokens - 1 else None


@dataclass(frozen=True, slots=True)
class WakeRecord:
    """A client listed the models, requested details of one or opened a session, before its first request.

    Or the user chose a model, or one was added: then there is a model, but no client.

    Attributes:
        at: Unix time.
        client: The client's name; the log keeps the first 64 characters.
        model_id: The model it named, or that was chosen or added; empty for none.
        added: The model was downloaded, imported or found.
    """

    at: float
    client: str
    model_id: str = ""
    added: bool = False


@dataclass(frozen=True, slots=True)
class SizeRecord:
    """Measured memory of a model's worker.

    Attributes:
        load_s: Load time in seconds.
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
        """Key of the size."""
        return self.path, self.file_bytes, self.modified_at, self.context_length, self.kv_cache_type


@dataclass(slots=True, eq=False)
class RowsToSave:
    """Rows waiting to be written; ``rows`` becomes None when newer rows replace them."""

    kind: str
    rows: tuple[Row, ...] | None


class UseKind(StrEnum):
    """What a ``Use`` is."""

    REQUEST = "request"
    WAKE = "wake"
    """A client listed the models, opened a session, or asked for the details of a model."""

    CHOICE = "choice"
    """The user chose a model."""

    ADDITION = "addition"
    """A model was downloaded, imported or found."""


class Use(NamedTuple):
    """What habits are learned from; see ``RequestRecord`` and ``WakeRecord``."""

    at: float
    client: str
    model_id: str
    kind: UseKind


class OutcomeRow(NamedTuple):
    """How a preload turned out; see ``preheat.preload.outcomes``. It names no model.

    Attributes:
        displaces: It displaced other models.
        paused: It began a while after the last request.
        vain: The estimated chance that it is in vain.
    """

    displaces: bool
    paused: bool
    vain: float
    wasted: bool


def rows_of(kind: type[T], rows: Iterable[Row]) -> Iterator[T]:
    """Yield saved rows as named tuples, without those that are not of this kind."""
    types = tuple(get_type_hints(kind).values())
    for row in rows:
        if len(row) == len(types) and all(map(_fits, row, types)):
            yield kind(*row)


def _fits(value: object, kind: type) -> bool:
    if kind in (int, float):
        return type(value) in (int, kind) and isinstance(value, int | float) and abs(value) <= _MOST
    return type(value) is kind


Record = RequestRecord | DecisionRecord | SizeRecord | WakeRecord
Item = Record | RowsToSave


@dataclass(frozen=True, slots=True)
class SavedRows:
    """Rows as last saved.

    Attributes:
        mark: ``UsageLog.requests_after(mark)`` yields exactly the requests recorded after the rows were saved.
    """

    rows: tuple[Row, ...] = ()
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over a time span. The tables ``hours`` and ``days`` have these fields as columns.

    Attributes:
        hits: Requests that found their model hot.
        late_hits: Requests that joined a running load.
        misses: Requests that had to wait for a new load.
        wait_s: Seconds that all requests waited.
        saved_s: Load seconds saved by hits.
        loads: Completed loads, including preloads.
        preloads: Completed loads without a waiting request.
        load_s: Seconds spent loading.
        wasted: Preloads that ended unused.
        failures: Failed loads and dead workers.
        slot_tokens: Prompt tokens that were still in a slot's KV cache.
        memory_tokens: Prompt tokens restored from stored prompts in memory; ``disk_tokens`` from those on disk.
        prefill_saved_s: Seconds of prefill that stored prompts saved.
        draft_tokens: Tokens that were drafted.
        accepted_tokens: Completion tokens that were drafted.
        text_prompt_tokens: Prompt tokens of answered requests for text. Embeddings reuse nothing.
    """

    JSON_PROPERTIES: ClassVar = ("requests", "preload_hit_rate", "reused_tokens", "prefix_cache_hit_rate")

    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    wait_s: float = 0.0
    saved_s: float = field(default=0.0, metadata={"json": "time_saved_s"})
    prompt_tokens: int = 0
    completion_tokens: int = 0
    loads: int = 0
    preloads: int = 0
    load_s: float = 0.0
    wasted: int = 0
    evictions: int = 0
    failures: int = 0
    slot_tokens: int = 0
    memory_tokens: int = 0
    disk_tokens: int = 0
    prefill_saved_s: float = 0.0
    draft_tokens: int = 0
    accepted_tokens: int = 0
    text_prompt_tokens: int = 0

    @property
    def reused_tokens(self) -> int:
        """Prompt tokens that were not computed again."""
        return self.slot_tokens + self.memory_tokens + self.disk_tokens

    @property
    def prefix_cache_hit_rate(self) -> float | None:
        """Prompt tokens not computed again / prompt tokens, of answered requests for text; None without any."""
        return min(self.reused_tokens / self.text_prompt_tokens, 1.0) if self.text_prompt_tokens else None

    @property
    def requests(self) -> int:
        """All requests."""
        return self.hits + self.late_hits + self.misses

    @property
    def preload_hit_rate(self) -> float | None:
        """Hits / requests; None without requests."""
        return self.hits / self.requests if self.requests else None
