"""States of models, with their data.

Frozen values that ``decide`` maps to new ones. Times ending in ``_mono`` are monotonic, others Unix time, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final, NamedTuple, TypeAlias

from preheat.errors import EngineError
from preheat.messages import Message
from preheat.residency.decisions import Cause, EvictionReason
from preheat.residency.eviction import ResidentModel

OVERDUE_S: Final = 30.0
"""After this time without a gap between requests, new ones wait until an outdated model has been reloaded."""

_MIN_ELAPSED_S: Final = 0.2
"""Before that, the progress of a load says nothing about its speed."""


class State(StrEnum):
    """State of a model."""

    COLD = "cold"
    QUEUED = "queued"
    LOADING = "loading"
    WARMING = "warming"
    HOT = "hot"
    UNLOADING = "unloading"
    FAILED = "failed"


class Now(NamedTuple):
    """An instant on two clocks, in seconds: Unix time, and one that is never set."""

    unix: float
    mono: float


@dataclass(frozen=True, slots=True)
class Waiter:
    """A caller that waits for a model.

    Attributes:
        request: A request, which keeps the model from being evicted. Otherwise the preloader.
    """

    waiter_id: int
    request: bool
    since_mono: float


@dataclass(frozen=True, slots=True)
class Load:
    """A load from its start to its end.

    Attributes:
        cause: A request that joins a preload makes it its own.
        reason: The reason in full.
        deadline_mono: When it is given up; None while it is held.
        held_since_mono: Since when it waits for requests in progress to end; None when it does not.
        retried: It ran out of memory once and was started again.
        outdated: Settings that it depends on have changed since it started.
    """

    cause: Cause
    reason: Message
    began_mono: float
    deadline_mono: float | None
    waiters: tuple[Waiter, ...] = ()
    held_since_mono: float | None = None
    retried: bool = False
    outdated: bool = False

    @property
    def leased(self) -> bool:
        """Whether a request waits for it."""
        return any(waiter.request for waiter in self.waiters)

    @property
    def speculative(self) -> bool:
        """Whether it is a preload that no request has joined."""
        return self.cause is Cause.PRELOAD


@dataclass(frozen=True, slots=True)
class Cold:
    """Not in memory."""

    state: ClassVar = State.COLD


@dataclass(frozen=True, slots=True)
class Queued:
    """Waits for memory, or for a worker.

    Attributes:
        waiting_for: Models that must be gone first; its own id while a worker that failed is closed. None until memory
            is reserved.
        starting: The executor is starting it.
    """

    load: Load
    waiting_for: frozenset[str] | None = None
    starting: bool = False
    state: ClassVar = State.QUEUED


@dataclass(frozen=True, slots=True)
class Loading:
    """A worker reads the weights.

    Attributes:
        since_mono: Start of loading, later by the time it was held.
        progress: Share that is done, 0 to 1.
    """

    load: Load
    since_mono: float
    progress: float = 0.0
    state: ClassVar = State.LOADING


@dataclass(frozen=True, slots=True)
class Warming:
    """Loaded, and being probed."""

    load: Load
    since_mono: float
    progress: float = 1.0
    state: ClassVar = State.WARMING


class Outdated(NamedTuple):
    """Since when and why a hot model has to be reloaded."""

    since: float
    why: EvictionReason


@dataclass(frozen=True, slots=True)
class Hot:
    """Ready to answer.

    Attributes:
        since: When it became hot.
        leases: Ids of the requests in progress.
        unused: No request has used it since it became hot.
        keep_alive_s: Idle time after which it is unloaded, as the last request asked; negative never; None leaves it to
            the settings.
        waiters: Requests that wait until it has been reloaded.
        unloaders: Callers that wait until it is unloaded, which happens when it is idle.
        timer_mono: When to look at it again.
    """

    cause: Cause
    reason: Message
    since: float
    leases: frozenset[int] = frozenset()
    unused: bool = True
    keep_alive_s: float | None = None
    outdated: Outdated | None = None
    waiters: tuple[Waiter, ...] = ()
    unloaders: tuple[int, ...] = ()
    timer_mono: float | None = None
    state: ClassVar = State.HOT

    def overdue(self, now: float) -> bool:
        """Whether it has been outdated for a long time."""
        return self.outdated is not None and now - self.outdated.since >= OVERDUE_S


@dataclass(frozen=True, slots=True)
class Failed:
    """The last load failed, or the worker died.

    Attributes:
        retry_mono: No load starts before this time.
    """

    error: Message
    retry_mono: float = 0.0
    state: ClassVar = State.FAILED


@dataclass(frozen=True, slots=True)
class Unloading:
    """Its worker is being closed.

    Attributes:
        then: The state that follows.
        error: Why its load was ended, for those in ``rejected``, which are answered when memory is released.
        waiters: Callers that want it loaded again.
        unloaders: Callers that wait for its unloading.
    """

    then: Cold | Failed
    error: EngineError | None = None
    rejected: tuple[Waiter, ...] = ()
    waiters: tuple[Waiter, ...] = ()
    unloaders: tuple[int, ...] = ()
    state: ClassVar = State.UNLOADING


COLD: Final = Cold()

LoadPhase: TypeAlias = Queued | Loading | Warming
Phase: TypeAlias = Cold | LoadPhase | Hot | Unloading | Failed


@dataclass(frozen=True, slots=True)
class Residency:
    """One model's phase, and what outlasts it.

    Attributes:
        expected_bytes: Its memory in use, as last measured or estimated.
        reserved_bytes: Memory reserved for it; 0 unless it is in memory or on its way. Buffers and KV cache are touched
            only when requests come, so its worker holds less at first.
        rss_bytes: Its worker's memory, as last measured.
        last_used_at: Time of the last request; None before one.
        load_s: Duration of the last load, in seconds.
        failures: Failed loads and dead workers in a row since the last answer.
        keep_alive_s: The setting; see ``Hot.keep_alive_s``.
    """

    model_id: str
    phase: Phase = COLD
    expected_bytes: int = 0
    reserved_bytes: int = 0
    rss_bytes: int = 0
    last_used_at: float | None = None
    load_s: float | None = None
    failures: int = 0
    keep_alive_s: float | None = None

    @property
    def state(self) -> State:
        """The phase without its data."""
        return self.phase.state

    @property
    def taken_bytes(self) -> int:
        """Its share of the memory limit."""
        return max(self.reserved_bytes, self.rss_bytes)

    @property
    def load(self) -> Load | None:
        """The running load."""
        return self.phase.load if isinstance(self.phase, Queued | Loading | Warming) else None

    @property
    def active_requests(self) -> int:
        """Requests in progress or waiting for it."""
        return sum(1 for _ in self.requests())

    @property
    def leased(self) -> bool:
        """Whether a request uses or awaits it."""
        if isinstance(self.phase, Hot):  # the frequent case, in replay above all
            return bool(self.phase.leases) or any(waiter.request for waiter in self.phase.waiters)
        return any(True for _ in self.requests())

    def requests(self) -> Iterator[int]:
        """Yield the ids of the requests that use it or wait for it."""
        phase = self.phase
        if isinstance(phase, Hot):
            yield from phase.leases
        if load := self.load:
            yield from (waiter.waiter_id for waiter in load.waiters if waiter.request)
        elif isinstance(phase, Hot | Unloading):
            yield from (waiter.waiter_id for waiter in phase.waiters if waiter.request)
        if isinstance(phase, Unloading):
            yield from (waiter.waiter_id for waiter in phase.rejected if waiter.request)

    @property
    def speculative(self) -> bool:
        """Whether it is preloaded, and no request has used or awaits it."""
        if isinstance(self.phase, Hot):
            return self.phase.cause is Cause.PRELOAD and self.phase.unused
        return self.preloading

    @property
    def preloading(self) -> bool:
        """Whether it is being loaded without a waiting request."""
        load = self.load
        return load is not None and load.speculative

    @property
    def held(self) -> bool:
        """Whether its load waits for requests in progress to end."""
        load = self.load
        return load is not None and load.held_since_mono is not None

    @property
    def reason(self) -> Message | None:
        """Why it is in memory or being loaded."""
        source = self.phase if isinstance(self.phase, Hot) else self.load
        return source.reason if source is not None else None

    @property
    def error(self) -> Message | None:
        """Why the last load failed or the worker died; None unless failed."""
        return self.phase.error if isinstance(self.phase, Failed) else None

    @property
    def progress(self) -> float | None:
        """Share of the load that is done, 0 to 1; None unless loading or warming."""
        return self.phase.progress if isinstance(self.phase, Loading | Warming) else None

    def load_left_s(self, mono: float) -> float | None:
        """Return the remaining time of the load at its current speed, in seconds; None if unknown."""
        phase = self.phase
        if not isinstance(phase, Loading) or phase.load.held_since_mono is not None:
            return None
        elapsed_s = mono - phase.since_mono
        if not phase.progress or elapsed_s < _MIN_ELAPSED_S:
            return None
        return elapsed_s * (1 - phase.progress) / phase.progress


class Limits(NamedTuple):
    """Memory limits in bytes: the setting, and the same lowered where the system has less."""

    limit_bytes: int
    reachable_bytes: int


@dataclass(frozen=True, slots=True)
class ResidencyState:
    """All models, and the settings that decisions depend on.

    Attributes:
        models: Every model that was ever requested, by id.
        loads: Ids of the models being loaded, the oldest load first.
        taken_bytes: Memory that models hold or reserve, except those that are leaving.
        active_requests: Requests in progress or waiting.
        closed: Nothing is loaded any more.
    """

    limits: Limits
    load_timeout_s: float
    favourites: frozenset[str] = frozenset()
    models: Mapping[str, Residency] = field(default_factory=lambda: MappingProxyType({}))
    loads: tuple[str, ...] = ()
    taken_bytes: int = 0
    active_requests: int = 0
    closed: bool = False

    def residents(self) -> list[ResidentModel]:
        """Return the models that hold or reserve memory, except those that are leaving."""
        return resident_models(self.models, self.favourites)


def resident_models(
    models: Mapping[str, Residency], favourites: frozenset[str], without: str | None = None
) -> list[ResidentModel]:
    """Return the models other than ``without`` that hold or reserve memory, except those that are leaving."""
    return [
        ResidentModel(
            record.model_id,
            record.taken_bytes,
            record.last_used_at or 0.0,
            leased=record.leased,
            favourite=record.model_id in favourites,
            speculative=record.speculative,
        )
        for record in models.values()
        if record.taken_bytes and record.model_id != without and not isinstance(record.phase, Unloading)
    ]
