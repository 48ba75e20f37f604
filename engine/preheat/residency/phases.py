"""What a model is doing: its phases, with their data.

Immutable values. Times ending in ``_mono`` are monotonic, others Unix time, in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from preheat.errors import EngineError
from preheat.inference import Priority
from preheat.messages import Message
from preheat.residency.decisions import Cause, EvictionReason
from preheat.residency.forms import Form, Twin

OVERDUE_S: Final = 30.0
"""After this time without a gap between requests, all new ones wait until an outdated model has been reloaded."""


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


_RISES_S: Final = 30.0
"""Wait after which a load counts as one of the next higher priority, in seconds, so that none is left out for ever."""


class Waiter(NamedTuple):
    """A caller that waits for a model: a request, which keeps the model from being evicted, or the preloader."""

    waiter_id: int
    request: bool
    since_mono: float
    priority: Priority = Priority.INTERACTIVE
    renewed: bool = False  # it needs the model as the settings are now


class Load(NamedTuple):
    """A load from its start to its end."""

    cause: Cause  # a request that joins a preload makes it its own
    reason: Message
    began_mono: float
    deadline_mono: float | None  # when it is given up; None while it is held or has not begun
    waiters: tuple[Waiter, ...] = ()
    held_since_mono: float | None = None  # since when it waits for requests in progress to end
    retried: bool = False  # it ran out of memory once and was started again
    outdated: bool = False  # settings that it depends on have changed since it started
    resumes: Hot | None = None  # the model was hot, and is loaded again to take less memory

    @property
    def leased(self) -> bool:
        """Whether a request waits for it."""
        return any(waiter.request for waiter in self.waiters)

    @property
    def speculative(self) -> bool:
        """Whether it is a preload that no request has joined."""
        return self.cause is Cause.PRELOAD

    @property
    def priority(self) -> Priority:
        """The highest priority of the requests that wait for it."""
        return min((each.priority for each in self.waiters if each.request), default=Priority.BULK)

    @property
    def in_bulk(self) -> bool:
        """Whether only requests of low priority wait for it: no favourite leaves for it."""
        return self.leased and self.priority is Priority.BULK

    def level(self, now_mono: float) -> Priority:
        """Return its place among loads: its priority, one higher for each ``_RISES_S`` that a request has waited."""
        requests = [each for each in self.waiters if each.request]
        waits = (int((now_mono - each.since_mono) // _RISES_S) for each in requests)
        levels = (each.priority - max(rises, 0) for each, rises in zip(requests, waits, strict=True))
        return Priority(max(min(levels, default=Priority.BULK), Priority.HIGH))


@dataclass(frozen=True, slots=True)
class Cold:
    """Not in memory."""


class Queued(NamedTuple):
    """Waits for memory, or for a worker.

    Attributes:
        waiting_for: Models that must be gone first; its own id while a worker that failed is closed. None until memory
            is reserved.
        starting: The executor is starting it.
    """

    load: Load
    waiting_for: frozenset[str] | None = None
    starting: bool = False


class Loading(NamedTuple):
    """A worker reads the weights."""

    load: Load
    since_mono: float  # start of loading, later by the time it was held
    progress: float = 0.0  # share of the load that is done, 0 to 1


class Warming(NamedTuple):
    """Loaded, and being probed."""

    load: Load
    since_mono: float
    progress: float = 0.0


class Outdated(NamedTuple):
    """Since when and why a hot model has to be reloaded."""

    since: float
    why: EvictionReason


class Hot(NamedTuple):
    """Ready to answer.

    Attributes:
        keep_alive_s: Idle time after which it is unloaded, as the last request asked; negative never; None leaves it to
            the settings.
        shrunk_bytes: What it would take in the mapped form; 0 if it has that form, or may not shrink.
        twin: Its second worker, during an exchange.
    """

    cause: Cause
    reason: Message
    since: float
    leases: frozenset[int] = frozenset()  # ids of the requests in progress
    unused: bool = True  # no request has used it since it became hot
    keep_alive_s: float | None = None
    outdated: Outdated | None = None
    waiters: tuple[Waiter, ...] = ()  # requests that wait until it has been reloaded
    unloaders: tuple[int, ...] = ()  # callers that wait until it is unloaded, which happens when it is idle
    timer_mono: float | None = None  # when to look at it again
    form: Form = Form.MAPPED
    shrunk_bytes: int = 0
    twin: Twin | None = None

    def holds_back(self, waiter: Waiter, now: float) -> bool:
        """Return whether a caller waits until the model has been loaded again."""
        if self.outdated is None or not waiter.request:
            return False
        return waiter.renewed or (bool(self.leases) and now - self.outdated.since >= OVERDUE_S)


@dataclass(frozen=True, slots=True)
class Failed:
    """The last load failed, or the worker died. No load starts before ``retry_mono``."""

    error: Message
    retry_mono: float = 0.0


class Unloading(NamedTuple):
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


COLD: Final = Cold()

LoadPhase: TypeAlias = Queued | Loading | Warming
Phase: TypeAlias = Cold | LoadPhase | Hot | Unloading | Failed

STATES: Final[Mapping[type[Phase], State]] = {
    Cold: State.COLD,
    Queued: State.QUEUED,
    Loading: State.LOADING,
    Warming: State.WARMING,
    Hot: State.HOT,
    Unloading: State.UNLOADING,
    Failed: State.FAILED,
}
