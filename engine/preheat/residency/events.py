"""Events for ``decide``, and the effects it returns. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from preheat.errors import EngineError
from preheat.inference import LoadStages, Priority
from preheat.messages import Message
from preheat.residency.decisions import DecisionRecord, EvictionReason, Outcome
from preheat.residency.forms import Form, FormSize
from preheat.residency.phases import State
from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes
from preheat.residency.states import Limits


class Needs(NamedTuple):
    """What a load of a model needs, and what its settings say.

    Attributes:
        expected_bytes: What it takes in use, in the form in which a load puts it.
        keep_alive_s: The setting ``keep_alive``, in seconds.
        shrunk_bytes: What it takes in the mapped form; 0 if it may not shrink to that.
        device_bytes: What it takes of the memory of devices.
    """

    expected_bytes: int
    keep_alive_s: float | None = None
    shrunk_bytes: int = 0
    device_bytes: DeviceBytes = NO_DEVICE_BYTES


class Event:
    """Something that happened."""

    __slots__ = ()


class Effect:
    """Something to do."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _ModelEvent(Event):
    model_id: str


@dataclass(frozen=True, slots=True)
class _ModelEffect(Effect):
    model_id: str


class WorkerEffect(_ModelEffect):
    """Something to do with a model's workers."""


@dataclass(frozen=True, slots=True)
class _CallerEvent(_ModelEvent):
    waiter_id: int


# Events: callers


@dataclass(frozen=True, slots=True)
class Requested(_CallerEvent):
    """A request wants the model. Answered by ``Found``, then ``Grant`` or ``Reject``."""

    needs: Needs
    priority: Priority = Priority.INTERACTIVE
    renewed: bool = False  # it waits until a model that is outdated has been loaded again


@dataclass(frozen=True, slots=True)
class Released(_CallerEvent):
    """A caller releases its lease, or stops waiting. It gets no further answer."""

    answered: bool = False  # the model did its work
    keep_alive_s: float | None = None  # idle time after which to unload the model; None changes nothing


@dataclass(frozen=True, slots=True)
class PreloadWanted(_CallerEvent):
    """The preloader wants the model, in place of ``displaces`` where these are idle."""

    needs: Needs
    reason: Message
    displaces: tuple[str, ...] = ()


class UnloadWanted(_CallerEvent):
    """The user wants the model unloaded. Answered by ``Grant`` once it is unloaded."""


@dataclass(frozen=True, slots=True)
class PreloadsCancelled(Event):
    """Running preloads must stop."""

    why: EvictionReason
    reason: Message


@dataclass(frozen=True, slots=True)
class ExchangeWanted(_ModelEvent):
    """A hot model should have the other form, if there is room for both for a moment.

    To the mapped form an idle model also goes without that room: it is loaded again.
    """

    form: Form
    size: FormSize
    reason: Message


class ExchangesCancelled(Event):
    """Exchanges that have not ended must stop."""


@dataclass(frozen=True, slots=True)
class Closed(Event):
    """Preheat is shutting down; models may store their prompts within ``save_s`` seconds."""

    save_s: float = 0.0


# Events: workers


class Started(_ModelEvent):
    """A worker begins to load the model."""


@dataclass(frozen=True, slots=True)
class Progressed(_ModelEvent):
    """A share of the load is done, 0 to 1; one that falls changes nothing."""

    share: float


class Loaded(_ModelEvent):
    """Weights and context are in memory; the probe begins."""


@dataclass(frozen=True, slots=True)
class Ready(_ModelEvent):
    """The model is hot. ``Started`` and ``Loaded`` may be left out before it."""

    rss_bytes: int  # what its worker holds
    expected_bytes: int  # what it will take in use
    form: Form = Form.MAPPED
    stages: LoadStages | None = None  # what the load consisted of, if that was measured
    device_bytes: DeviceBytes = field(default_factory=lambda: NO_DEVICE_BYTES)  # what it takes of the memory of devices


@dataclass(frozen=True, slots=True)
class LoadFailed(_ModelEvent):
    """A load ended without a hot model; its worker still has to be closed.

    Attributes:
        elsewhere: What it needs without the devices on which it failed; it is loaded so at once. None if there are
            no others to try.
    """

    error: EngineError
    elsewhere: Needs | None = None


@dataclass(frozen=True, slots=True)
class WorkerDied(_ModelEvent):
    """The worker of a hot model has ended. ``cause`` is the code of the error that its requests got."""

    reason: Message
    cause: str = "worker_died"


class Exited(_ModelEvent):
    """A model's workers are closed and their memory released."""


@dataclass(frozen=True, slots=True)
class TwinReady(_ModelEvent):
    """The twin can take over; the figures are those of ``Ready`` and ``Needs``."""

    rss_bytes: int
    expected_bytes: int
    shrunk_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TwinFailed(_ModelEvent):
    """The twin did not become hot, or gains too little; it still has to be closed. ``failed``: something is broken."""

    reason: Message
    failed: bool = True


class TwinExited(_ModelEvent):
    """The second worker is closed, or has ended, and its memory is released."""


# Events: time, memory, settings, files


class TimerDue(_ModelEvent):
    """The model's last ``SetTimer`` is due."""


@dataclass(frozen=True, slots=True)
class LimitsMeasured(Event):
    """The current memory. Send it before events that may start a load."""

    limits: Limits


@dataclass(frozen=True, slots=True)
class MemoryMeasured(Event):
    """Memory of the workers, in bytes by model id."""

    rss_bytes: Mapping[str, int]
    twin_bytes: Mapping[str, int] = field(
        default_factory=dict
    )  # of second workers, without what the first ones map, too


@dataclass(frozen=True, slots=True)
class MemoryNeeded(Event):
    """Idle models must be unloaded until this much memory is free, including memory of models being unloaded."""

    wanted_bytes: int
    why: EvictionReason
    reason: Message


@dataclass(frozen=True, slots=True)
class RoomWanted(Event):
    """Idle models must shrink or leave until the others take no more than this."""

    limit_bytes: int
    why: EvictionReason
    reason: Message


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """Settings have changed."""

    limits: Limits
    load_timeout_s: float
    needs: Mapping[str, Needs]  # by model id, for every known model
    outdated: frozenset[str] = frozenset()  # models that would be loaded differently now


@dataclass(frozen=True, slots=True)
class FavouritesChanged(Event):
    """The favourites have changed."""

    model_ids: frozenset[str]


class FileReplaced(_ModelEvent):
    """The file of a hot model has other contents now."""


# Effects


class StartLoad(WorkerEffect):
    """Start a worker that loads the model; report ``Started``, ..., ``Ready`` or ``LoadFailed``."""


@dataclass(frozen=True, slots=True)
class CloseWorker(WorkerEffect):
    """Stop the load or close the worker and its twin, whatever they are doing; report ``Exited``.

    ``save_s`` is the time in which the worker may store its prompts before, in seconds.
    """

    save_s: float = 0.0


@dataclass(frozen=True, slots=True)
class HoldLoad(WorkerEffect):
    """Pause a running load, or continue it."""

    hold: bool


@dataclass(frozen=True, slots=True)
class StartTwin(WorkerEffect):
    """Start a second worker that loads the model in this form; report ``TwinReady`` or ``TwinFailed``."""

    form: Form


@dataclass(frozen=True, slots=True)
class HoldTwin(WorkerEffect):
    """Pause the load of the twin, or continue it."""

    hold: bool


class SwapTwin(WorkerEffect):
    """Exchange first and second worker: leases granted from now on are for the other one."""


class CloseTwin(WorkerEffect):
    """Stop the second worker's load or close it; report ``TwinExited``."""


@dataclass(frozen=True, slots=True)
class FormChanged(_ModelEffect):
    """A hot model has another form."""

    form: Form


@dataclass(frozen=True, slots=True)
class Found(Effect):
    """Outcome of a request, and the saved load time in seconds."""

    waiter_id: int
    outcome: Outcome
    saved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Grant(_ModelEffect):
    """The waiter is done. A request has a lease until ``Released``; the model of a preload may not be hot."""

    waiter_id: int


@dataclass(frozen=True, slots=True)
class Reject(Effect):
    """The waiter gets an error."""

    waiter_id: int
    error: EngineError


@dataclass(frozen=True, slots=True)
class SetTimer(_ModelEffect):
    """Report ``TimerDue`` at this monotonic time, in place of the model's last timer; None for no timer."""

    at_mono: float | None


@dataclass(frozen=True, slots=True)
class Record(Effect):
    """Add to the log of decisions."""

    decision: DecisionRecord


@dataclass(frozen=True, slots=True)
class Changed(_ModelEffect):
    """A model's state has changed."""

    old: State
    new: State
