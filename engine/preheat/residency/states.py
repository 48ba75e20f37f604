"""The state of all models: immutable values that ``decide`` maps to new ones.

Most are named tuples, which are quick to make. Times ending in ``_mono`` are monotonic, others Unix time, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from types import MappingProxyType
from typing import Final, NamedTuple

from preheat.messages import Message
from preheat.residency.decisions import Cause, Outcome
from preheat.residency.eviction import ResidentModel
from preheat.residency.forms import Form, Stage, Twin
from preheat.residency.phases import (
    COLD,
    STATES,
    Failed,
    Hot,
    Load,
    Loading,
    Phase,
    Queued,
    State,
    Unloading,
    Waiter,
    Warming,
)
from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes, DevicePool

IDLE_UNLOAD_S: Final = 300.0
"""After this time without a request other servers unload a model (Ollama's default keep-alive)."""

_MIN_ELAPSED_S: Final = 0.2
"""Before that, the progress of a load says nothing about its speed."""


class Residency(NamedTuple):
    """One model's phase, and what outlasts it.

    Attributes:
        expected_bytes: Its memory in use, as last measured or estimated.
        reserved_bytes: Memory reserved for it; 0 unless it is in memory or on its way. Buffers and KV cache are touched
            only when requests come, so its worker holds less at first.
        rss_bytes: Its worker's memory, as last measured.
        last_used_at: Time at which a request last got or released it; None before the first lease.
        load_s: Duration of the last load, in seconds.
        failures: Failed loads and dead workers in a row since the last answer.
        keep_alive_s: The setting; see ``Hot.keep_alive_s``.
        twin_rss_bytes: Memory of its second worker, without what both have mapped.
        exchange_after_mono: No exchange for the repacked form begins before.
        exchange_failures: Failed exchanges in a row.
        device_bytes: Memory of devices in use, as last measured or estimated; reserved together with main memory.
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
    twin_rss_bytes: int = 0
    exchange_after_mono: float = 0.0
    exchange_failures: int = 0
    device_bytes: DeviceBytes = NO_DEVICE_BYTES

    @property
    def state(self) -> State:
        """The phase without its data."""
        return STATES[type(self.phase)]

    @property
    def taken_bytes(self) -> int:
        """Its share of the memory limit. A twin that is being closed has none any more."""
        taken_bytes = max(self.reserved_bytes, self.rss_bytes)
        if (twin := self.twin) is not None and twin.stage is not Stage.CLOSING:
            taken_bytes += max(twin.taken_bytes, self.twin_rss_bytes)
        return taken_bytes

    @property
    def held_bytes(self) -> int:
        """What its workers hold, as last measured."""
        return self.rss_bytes + self.twin_rss_bytes

    @property
    def leaving_bytes(self) -> int:
        """The part of ``held_bytes`` that is being released."""
        if isinstance(self.phase, Unloading):
            return self.held_bytes
        return self.twin_rss_bytes if self.twin is not None and self.twin.stage is Stage.CLOSING else 0

    @property
    def twin(self) -> Twin | None:
        """Its second worker."""
        return self.phase.twin if isinstance(self.phase, Hot) else None

    @property
    def form(self) -> Form | None:
        """Form of its weights; None unless hot."""
        return self.phase.form if isinstance(self.phase, Hot) else None

    @property
    def exchanging(self) -> bool:
        """Whether a twin loads the other form."""
        return (twin := self.twin) is not None and twin.stage is Stage.LOADING

    @property
    def shrinks(self) -> bool:
        """Whether it can give up its repacked form now."""
        return isinstance(self.phase, Hot) and self.phase.shrunk_bytes > 0 and not self.leased

    @property
    def extra_bytes(self) -> int:
        """The part of its memory that it gives up before anything is evicted."""
        phase = self.phase
        if not isinstance(phase, Hot) or not (phase.shrunk_bytes or phase.twin):
            return 0
        if self.shrinks:
            return max(self.taken_bytes - phase.shrunk_bytes, 0)
        return max(phase.twin.taken_bytes, self.twin_rss_bytes) if self.exchanging and phase.twin is not None else 0

    @property
    def load(self) -> Load | None:
        """The running load."""
        return self.phase.load if isinstance(self.phase, (Queued, Loading, Warming)) else None

    @property
    def closes_first(self) -> bool:
        """Whether the worker that it had is being closed, before it is loaded again."""
        return isinstance(self.phase, Queued) and self.model_id in (self.phase.waiting_for or ())

    @property
    def due_mono(self) -> float | None:
        """When it has to be looked at again."""
        if isinstance(self.phase, Hot):
            return self.phase.timer_mono
        load = self.load
        return load.deadline_mono if load is not None else None

    def resident(self, favourites: Set[str]) -> ResidentModel | None:
        """Return its place among the models that may be evicted; None if it holds and reserves nothing, or leaves."""
        taken_bytes = self.taken_bytes
        if not taken_bytes or isinstance(self.phase, Unloading):
            return None
        favourite, used_at = self.model_id in favourites, self.last_used_at or 0.0
        if isinstance(self.phase, Hot) and self.phase.cause is not Cause.PRELOAD:
            used_at = max(used_at, self.phase.since)  # The client that gave up waiting may ask again
        return ResidentModel(
            self.model_id,
            taken_bytes,
            used_at,
            self.leased,
            favourite,
            self.speculative,
            self.extra_bytes,
            self.device_bytes,
        )

    @property
    def active_requests(self) -> int:
        """Requests in progress or waiting for it."""
        return sum(1 for _ in self.requests())

    @property
    def leased(self) -> bool:
        """Whether a request uses it or waits for it."""
        if isinstance(self.phase, Hot) and not self.phase.waiters:  # the frequent case, in replay above all
            return bool(self.phase.leases)
        return any(True for _ in self.requests())

    def requests(self) -> Iterator[int]:
        """Yield the ids of the requests that use it or wait for it."""
        phase = self.phase
        waiters: tuple[Waiter, ...] = ()
        if isinstance(phase, Hot):
            yield from phase.leases
            waiters = phase.waiters
        elif isinstance(phase, Unloading):
            waiters = phase.waiters + phase.rejected
        elif load := self.load:
            waiters = load.waiters
        yield from (waiter.waiter_id for waiter in waiters if waiter.request)

    def found(self, now: float, waiter: Waiter) -> tuple[Outcome, float]:
        """Return how a request finds the model at the Unix time ``now``, and the load seconds that it is spared.

        A hit spares the load only where another server would have loaded: for the first request after a preload, and
        after five minutes without one.
        """
        phase = self.phase
        if isinstance(phase, Hot) and phase.holds_back(waiter, now):
            return Outcome.MISS, 0.0
        if isinstance(phase, Hot):
            idle = self.last_used_at is None or now - self.last_used_at > IDLE_UNLOAD_S
            return Outcome.HIT, (self.load_s or 0.0) if phase.unused or idle else 0.0
        return Outcome.MISS if self.load is None else Outcome.LATE_HIT, 0.0

    @property
    def speculative(self) -> bool:
        """Whether it is preloaded, and no request has used or awaits it."""
        if isinstance(self.phase, Hot):
            return self.phase.unused and self.phase.cause is Cause.PRELOAD
        load = self.load
        if load is not None and load.resumes is not None and load.speculative:
            return load.resumes.unused and load.resumes.cause is Cause.PRELOAD
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
    def idle_limit_s(self) -> float | None:
        """Idle time after which it is unloaded, in seconds; None without a limit, and unless hot."""
        if not isinstance(self.phase, Hot):
            return None
        seconds = self.keep_alive_s if self.phase.keep_alive_s is None else self.phase.keep_alive_s
        return seconds if seconds is not None and seconds >= 0 else None

    @property
    def expires_at(self) -> float | None:
        """Unix time at which it is unloaded unless a request uses it; None as ``idle_limit_s``."""
        if self.idle_limit_s is None or not isinstance(self.phase, Hot):
            return None
        # A model that was preloaded has its time, too, however long ago it was used.
        return max(self.last_used_at or 0.0, self.phase.since) + self.idle_limit_s

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
        if not isinstance(phase, Loading | Warming) or phase.load.held_since_mono is not None:
            return None
        elapsed_s = mono - phase.since_mono
        if not phase.progress or elapsed_s < _MIN_ELAPSED_S:
            return None
        return elapsed_s * (1 - phase.progress) / phase.progress


class Limits(NamedTuple):
    """Memory limits in bytes: the setting, and the same lowered where the system has less.

    ``room`` says that room is kept for other programs, which lowers both; its message lacks the model. ``devices`` are
    the limits of the devices that models may use.
    """

    limit_bytes: int
    reachable_bytes: int
    room: Message | None = None
    devices: DeviceBytes = NO_DEVICE_BYTES

    def pools(self, needed: DeviceBytes | None = None) -> list[DevicePool]:
        """Return the memory of the devices of which something is needed, without ``needed`` that of all.

        One that holds too much, such as under a lowered limit, is no obstacle to a model that needs nothing of it.
        """
        devices = dict.fromkeys(self.devices, 0) if needed is None else needed
        return [DevicePool(device, size, self.devices.get(device, 0)) for device, size in devices.items()]

    def hold(self, needed_bytes: int, needed: DeviceBytes) -> bool:
        """Return whether a model fits if no other one is in memory."""
        fits = needed_bytes <= self.reachable_bytes
        return fits and all(size <= self.devices.get(device, 0) for device, size in needed.items())


class ResidencyState(NamedTuple):
    """All models, and the settings that decisions depend on."""

    limits: Limits
    load_timeout_s: float
    favourites: frozenset[str] = frozenset()
    models: Mapping[str, Residency] = MappingProxyType({})  # every model that was ever asked for, by id
    staying: Mapping[str, ResidentModel] = MappingProxyType({})  # those in memory that are not leaving
    loads: tuple[str, ...] = ()  # ids of the models being loaded, the oldest load first
    exchanges: tuple[str, ...] = ()  # ids of the models with a twin that loads
    taken_bytes: int = 0  # the sum of ``staying``
    active_requests: int = 0  # in progress or waiting
    closed: bool = False  # nothing is loaded any more

    def residents(self) -> list[ResidentModel]:
        """Return the models that hold or reserve memory, except those that are leaving."""
        return list(self.staying.values())
