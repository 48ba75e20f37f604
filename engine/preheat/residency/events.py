"""Events that ``decide`` takes, and effects that it asks for. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from preheat.errors import EngineError
from preheat.messages import Message
from preheat.residency.decisions import DecisionRecord, EvictionReason, Outcome
from preheat.residency.states import Limits, State


class Needs(NamedTuple):
    """What a model takes in use, in bytes, and its setting ``keep_alive`` in seconds."""

    expected_bytes: int
    keep_alive_s: float | None = None


# Events: callers


@dataclass(frozen=True, slots=True)
class Requested:
    """A request wants the model. Answered by ``Found``, then ``Grant`` or ``Reject``."""

    model_id: str
    waiter_id: int
    needs: Needs


@dataclass(frozen=True, slots=True)
class Released:
    """A request that was granted its model has ended.

    Attributes:
        answered: The model did its work.
        keep_alive_s: Idle time after which to unload the model; None changes nothing.
    """

    model_id: str
    waiter_id: int
    answered: bool = True
    keep_alive_s: float | None = None


@dataclass(frozen=True, slots=True)
class PreloadWanted:
    """The preloader wants the model, in place of ``displaces`` where these are idle."""

    model_id: str
    waiter_id: int
    needs: Needs
    reason: Message
    displaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnloadWanted:
    """The user wants the model unloaded. Answered by ``Grant`` when it is gone."""

    model_id: str
    waiter_id: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A caller does not wait any longer; it gets no answer."""

    model_id: str
    waiter_id: int


@dataclass(frozen=True, slots=True)
class PreloadsCancelled:
    """Running preloads have to stop."""

    why: EvictionReason
    reason: Message


@dataclass(frozen=True, slots=True)
class Closed:
    """Preheat is shutting down."""


# Events: workers


@dataclass(frozen=True, slots=True)
class Started:
    """A worker begins to load the model."""

    model_id: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """A share of the weights is loaded, 0 to 1."""

    model_id: str
    share: float


@dataclass(frozen=True, slots=True)
class Loaded:
    """Weights and context are in memory; the probe begins."""

    model_id: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The model is hot. ``Started`` and ``Loaded`` may be left out before it.

    Attributes:
        rss_bytes: What its worker holds.
        expected_bytes: What it will take in use.
    """

    model_id: str
    rss_bytes: int
    expected_bytes: int


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """A load ended without a hot model; its worker still has to be closed."""

    model_id: str
    error: EngineError


@dataclass(frozen=True, slots=True)
class WorkerDied:
    """The worker of a hot model has ended."""

    model_id: str
    reason: Message


@dataclass(frozen=True, slots=True)
class Exited:
    """A worker is closed and its memory released."""

    model_id: str


# Events: time, memory, settings, files


@dataclass(frozen=True, slots=True)
class TimerDue:
    """The time of the model's last ``SetTimer`` has come."""

    model_id: str


@dataclass(frozen=True, slots=True)
class LimitsMeasured:
    """How much memory there is. Send it before events that may start a load."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class MemoryMeasured:
    """What workers hold, in bytes by model id."""

    rss_bytes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MemoryNeeded:
    """Idle models have to go until so many bytes are free; what is leaving counts."""

    wanted_bytes: int
    why: EvictionReason
    reason: Message


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Settings have changed.

    Attributes:
        needs: By model id, for every known model.
        outdated: Models that would be loaded differently now.
    """

    limits: Limits
    load_timeout_s: float
    needs: Mapping[str, Needs]
    outdated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FavouritesChanged:
    """The favourites have changed."""

    model_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileReplaced:
    """The file of a hot model has other contents now."""

    model_id: str


Event: TypeAlias = (
    Requested
    | Released
    | PreloadWanted
    | UnloadWanted
    | Cancelled
    | PreloadsCancelled
    | Closed
    | Started
    | Progressed
    | Loaded
    | Ready
    | LoadFailed
    | WorkerDied
    | Exited
    | TimerDue
    | LimitsMeasured
    | MemoryMeasured
    | MemoryNeeded
    | SettingsChanged
    | FavouritesChanged
    | FileReplaced
)


# Effects


@dataclass(frozen=True, slots=True)
class StartLoad:
    """Start a worker that loads the model; report ``Started``, ..., ``Ready`` or ``LoadFailed``."""

    model_id: str


@dataclass(frozen=True, slots=True)
class CloseWorker:
    """Stop the load or close the worker, whatever it is doing; report ``Exited``."""

    model_id: str


@dataclass(frozen=True, slots=True)
class HoldLoad:
    """Pause a running load, or continue it."""

    model_id: str
    hold: bool


@dataclass(frozen=True, slots=True)
class Found:
    """How a request found its model, and the load seconds that it was spared."""

    waiter_id: int
    outcome: Outcome
    saved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant:
    """The waiter has what it wants. A request holds a lease until ``Released``; a preload may not have become hot."""

    waiter_id: int


@dataclass(frozen=True, slots=True)
class Reject:
    """The waiter gets an error."""

    waiter_id: int
    error: EngineError


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Report ``TimerDue`` at this monotonic time, in place of the model's last timer; None for no timer."""

    model_id: str
    at_mono: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """Add to the log of decisions."""

    decision: DecisionRecord


@dataclass(frozen=True, slots=True)
class Changed:
    """A model's state has changed."""

    model_id: str
    old: State
    new: State


Effect: TypeAlias = StartLoad | CloseWorker | HoldLoad | Found | Grant | Reject | SetTimer | Record | Changed
