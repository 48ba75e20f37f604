"""The engine's state for readers (HTTP, command line, windows): frozen values, published together.

A reader renders one snapshot and never asks for more: separate reads could disagree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from preheat.devices import DeviceList
from preheat.messages import Message, Param, msg
from preheat.models import FITS, BrokenFile, Fit, FitAnswer, Headroom, ModelFile
from preheat.models.downloads import DownloadSnapshot
from preheat.prefixes import PrefixFigures
from preheat.residency import Form, State
from preheat.updates import Release

IN_MEMORY: Final = frozenset({State.QUEUED, State.LOADING, State.WARMING, State.HOT})
"""States of models that hold memory, or have it reserved by a load."""


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
class PromptSnapshot:
    """The beginning of a client's prompts (system prompt and tools) that need not be computed again."""

    client: str  # client name; empty if unknown
    tokens: int
    tier: str  # where it is: ``slot`` (the model's KV cache), ``memory`` or ``disk``
    ready: bool  # its model is hot and has it in a slot
    used_at: float  # Unix time of the last request with it


@dataclass(frozen=True, slots=True)
class DeviceShare:
    """What a model takes of a device's memory."""

    device: str  # llama.cpp's name
    taken_bytes: int


@dataclass(frozen=True, slots=True)
class ModelSnapshot:
    """One model at one instant."""

    model_id: str = field(metadata={"json": "id"})  # stable name, from the file name
    state: State
    favourite: bool  # the user wants it hot whenever it fits
    file_bytes: int  # size of the GGUF file
    embeddings: bool = False  # whether it makes embeddings (otherwise text)
    vision: bool = False  # whether it takes images
    # not loaded, but its file was last seen in the page cache: it loads in a fraction of a second
    standby: bool = False
    expected_bytes: int = 0  # memory it needs when loaded
    fit: FitAnswer = FitAnswer.NOW  # whether it fits; ``now`` if it is in memory
    progress: float | None = None  # share of the load that is done, 0.0 to 1.0; None unless loading or warming
    resident_bytes: int = 0  # memory its worker holds now; 0 without a worker
    devices: tuple[DeviceShare, ...] = ()  # what it takes of devices; empty unless it is in memory
    placement: Message | None = None  # where its layers are after a load; None if it uses no device
    context_length: int | None = None  # prompt plus completion limit in tokens, now or after the next load
    context_bytes: int = 0  # estimated memory of its KV cache, which ``expected_bytes`` contains
    context_reason: Message | None = None  # why the limit is not larger
    active_requests: int = 0  # requests in progress or waiting
    last_used_at: float | None = None  # Unix time of the last request that got it, in any run; None before one
    expires_at: float | None = None  # Unix time at which its keep-alive ends; None if it has no end
    load_s: float | None = None  # duration of the last load in seconds, from request to probe; None before one
    load_left_s: float | None = None  # estimated time until the running load ends, in seconds; None if unknown
    # form of its weights, mapped or repacked (faster on this processor, and larger); None unless hot
    form: Form | None = None
    extra_bytes: int = 0  # the part of its memory that it gives up before anything is unloaded
    changes_form: bool = False  # a second worker loads the other form in the background, or the former one ends
    reason: Message | None = None  # why it is hot; None otherwise
    error: Message | None = None  # why the last load failed or the worker died; None unless failed
    warning: Message | None = None  # what it cannot do while hot although its file promises it; None if nothing
    prompts: tuple[PromptSnapshot, ...] = ()  # those kept for it, the likeliest first
    file_missing: bool = False  # it is in memory, but its file has been removed: it answers until it is unloaded
    # the file; of a split set, its first part
    path: str = field(default="", metadata={"write": _printable, "read": lambda content: content.get("path") or ""})
    # facts about the file, shared by all snapshots; None if the engine is in another process
    file: ModelFile | None = field(default=None, metadata={"flat": True, "write": _facts_of, "read": lambda _: None})

    @property
    def context(self) -> Message | None:
        """The context length, its memory, and why it is not larger; None if unknown."""
        if self.context_length is None or self.context_reason is None:
            return None
        known: dict[str, Param] = {"tokens": self.context_length, "reason": self.context_reason}
        if not self.context_bytes:
            return msg("context_why_free", **known)
        return msg("context_why", memory=self.context_bytes, **known)

    @property
    def in_memory(self) -> bool:
        """Whether it holds memory, or has it reserved by a load."""
        return self.state in IN_MEMORY


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory of a device that models are put on, in bytes."""

    device: str  # llama.cpp's name
    limit_bytes: int  # limit for all workers together
    taken_bytes: int  # taken by models, as Preheat accounts it: drivers do not tell reliably


@dataclass(frozen=True, slots=True)
class MemorySnapshot:
    """Memory in bytes."""

    limit_bytes: int  # limit for all workers together
    used_bytes: int  # held by workers now
    available_bytes: int  # available in the system
    peak_bytes: int = 0  # maximum of ``used_bytes`` since the engine started
    pressure: Message | None = None  # why memory is short; None if it is not
    total_bytes: int = 0  # physical memory
    keep_free_bytes: int = 0  # always left to other programs
    headroom: Headroom = field(default_factory=Headroom)  # for another model
    devices: tuple[DeviceMemory, ...] = ()


@dataclass(frozen=True, slots=True)
class PreloadSnapshot:
    """Preloading, and its results since the engine started."""

    JSON_PROPERTIES: ClassVar = ("paused", "preload_hit_rate")

    enabled: bool  # the setting ``preload``
    # Unix time of the end of a pause; infinite until it is resumed; None without a pause
    paused_until: float | None = field(default=None, metadata={"write": _finite, "read": _paused_until})
    hold: Message | None = None  # why nothing is preloaded now; None if nothing prevents it
    hits: int = 0  # requests that found their model hot
    late_hits: int = 0  # requests that joined a running load
    misses: int = 0  # requests that waited for a new load
    preloads: int = 0  # preloads that ended hot
    wasted: int = 0  # preloads that ended unused
    time_saved_s: float = 0.0  # load seconds saved by hits; see ``usage/counters.py``
    # models still to be preloaded in this round, the loading one first. A round lasts until nothing is left to preload
    # or preloading is on hold for more than requests in progress; empty without a round.
    queue: tuple[str, ...] = ()
    round_done: int = 0  # completed preloads of the round
    round_total: int = 0  # all preloads of the round; may change
    round_progress: float | None = None  # share of the round's bytes, 0.0 to 1.0; never falls. None without a round.

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
    """An open request."""

    request_id: int = field(metadata={"json": "id"})  # counts from 1 at the engine's start
    client: str  # client name; empty if unknown
    model_id: str = field(metadata={"json": "model"})
    arrived_at: float  # Unix time
    waiting: bool  # its model is not hot yet
    completion_tokens: int = 0  # written so far, of all its answers together
    tokens_per_s: float | None = None  # decode speed; None before the second token


def _room_until(content: Mapping[str, Any]) -> float:
    until: float | None = content.get("until")
    return math.inf if until is None else until


@dataclass(frozen=True, slots=True)
class RoomSnapshot:
    """Room that is kept for other programs: nothing is preloaded meanwhile."""

    limit_bytes: int  # what models may take, where it is less than the memory limit
    wanted_bytes: int | None  # what was asked to be available; None if every model was to leave
    # Unix time of its end; infinite until it is ended
    until: float = field(metadata={"write": _finite, "read": _room_until})


@dataclass(frozen=True, slots=True)
class EngineSnapshot:
    """The whole engine at one instant."""

    JSON_PROPERTIES: ClassVar = ("prefix_cache_hit_rate",)

    version: str
    started_at: float  # Unix time of the engine's start
    memory: MemorySnapshot
    preload: PreloadSnapshot
    prompt_tokens: int = 0  # prompt tokens of all requests so far
    prefix_tokens_reused: int = 0  # those that were not recomputed
    favourites: tuple[str, ...] = ()  # models to keep hot, in the user's order
    missing_favourites: tuple[str, ...] = ()  # favourites without a model on disk
    # favourites that are not preloaded, since all of them together exceed the memory limit
    favourites_without_room: tuple[str, ...] = ()
    favourites_bytes: int = 0  # memory of all favourites together: the limit with which every one is preloaded
    warning: Message | None = None  # problem of the usage log; None if it works
    models: tuple[ModelSnapshot, ...] = field(default=())  # every known model, by model_id
    broken_files: tuple[BrokenFile, ...] = ()  # files that cannot be used, by path
    requests: tuple[RequestSnapshot, ...] = ()  # open requests, the oldest first
    # the oldest first, with finished ones until they are removed from the list
    downloads: tuple[DownloadSnapshot, ...] = ()
    update: Release | None = None  # a newer version of Preheat, if one is known
    room: RoomSnapshot | None = None  # kept for other programs now
    prefixes: PrefixFigures = field(default_factory=PrefixFigures)  # prompts kept outside the models
    devices: DeviceList = field(default_factory=DeviceList)  # such as graphics cards, and what models use

    @property
    def prefix_cache_hit_rate(self) -> float | None:
        """Prompt tokens not recomputed / prompt tokens; None before the first prompt."""
        return self.prefix_tokens_reused / self.prompt_tokens if self.prompt_tokens else None

    def model(self, model_id: str) -> ModelSnapshot | None:
        """Return the model with exactly this id."""
        return next((model for model in self.models if model.model_id == model_id), None)

    def fit(self, model: ModelSnapshot) -> Fit:
        """Return whether a model fits, and what stands in its way."""
        return FITS if model.in_memory else self.memory.headroom.fit(model.expected_bytes)
