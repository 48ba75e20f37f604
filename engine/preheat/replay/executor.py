"""Runs the residency core in simulated time: performs the effects of ``decide`` on a simulated machine."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import Final

from preheat.messages import msg
from preheat.replay.machine import Machine, PageCache
from preheat.replay.trace import ModelSize
from preheat.residency import (
    Action,
    DecisionRecord,
    EvictionPolicy,
    Form,
    FormSize,
    Limits,
    Now,
    Outcome,
    ResidencyState,
    decide,
)
from preheat.residency import events as ev

_REPACKED_BYTES_PER_S: Final = 1.0e9
"""Speed of repacking weights, measured with two cores."""


@dataclass(slots=True)
class Figures:
    """Results of a simulation.

    Attributes:
        refused: Misses of models larger than the limit, which wait for nothing.
        waited_s: Time that requests waited for their models, in seconds.
        preloads: Loads started without a waiting request.
        wasted: Preloads evicted unused.
        wasted_s: Time of loading them, in seconds.
        lost: Preloads unused when the machine was switched off.
        cancelled: Preloads cancelled for a request.
        bytes_read: Bytes read from disk.
    """

    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    refused: int = 0
    waited_s: float = 0.0
    preloads: int = 0
    wasted: int = 0
    wasted_s: float = 0.0
    lost: int = 0
    cancelled: int = 0
    bytes_read: int = 0

    def __sub__(self, other: Figures) -> Figures:
        return Figures(*(end - start for end, start in zip(astuple(self), astuple(other), strict=True)))

    @property
    def requests(self) -> int:
        """Hits, late hits and misses."""
        return self.hits + self.late_hits + self.misses

    @property
    def preload_hit_rate(self) -> float:
        """Hits ÷ requests; 0 without requests."""
        return self.hits / self.requests if self.requests else 0.0

    @property
    def waits(self) -> int:
        """Requests that waited for a load."""
        return self.late_hits + self.misses - self.refused

    @property
    def wasted_share(self) -> float:
        """Wasted preloads ÷ preloads; 0 without preloads."""
        return self.wasted / self.preloads if self.preloads else 0.0


@dataclass(slots=True)
class _Load:
    """A running load.

    Attributes:
        cached_bytes: Bytes of the file that were in the page cache at its start.
        missing_bytes: Bytes to read.
        left_s: Time left while it is held.
        ready_at: When it is hot; infinite while it is held.
    """

    cached_bytes: int
    missing_bytes: int
    total_s: float
    ready_at: float
    left_s: float = 0.0


class SimulatedExecutor:
    """One machine. Its methods act at ``now``, which only moves forward.

    Args:
        policy: Chooses the models that make room.
        keep_alive_s: Idle time after which a model is unloaded; None never.
        on_decision: Called with each decision.

    Attributes:
        now: Simulated Unix time.
        state: The state of all models.
        ended_at: When the last request ended.
        preloading: A preload is running.
        changed: Something changed that may affect the next preload; reset it after planning.
    """

    def __init__(
        self,
        machine: Machine,
        sizes: Mapping[str, ModelSize],
        policy: EvictionPolicy,
        keep_alive_s: float | None = None,
        on_decision: Callable[[DecisionRecord], None] = lambda decision: None,
    ) -> None:
        self.figures = Figures()
        self._on_decision = on_decision
        self.cache = PageCache()
        self.now = 0.0
        self._machine = machine
        self._sizes = sizes
        self._policy = policy
        self._needs = {
            model_id: ev.Needs(size.resident_bytes, keep_alive_s, size.resident_bytes, size.device_bytes)
            for model_id, size in sizes.items()
        }
        self._last_id = 0
        self.reset()

    def reset(self) -> None:
        """Start with nothing in memory. Requests in progress end."""
        limit_bytes, devices = self._machine.limit_bytes, self._machine.device_limits
        self.state = ResidencyState(Limits(limit_bytes, limit_bytes, devices=devices), math.inf)
        self.cache.clear()
        self.ended_at = -math.inf
        self.preloading = False
        self.changed = True
        self._loads: dict[str, _Load] = {}
        self._load_s: dict[str, float] = {}  # duration of each model's last load
        self._timers: dict[str, float] = {}
        self._twins: dict[str, _Load] = {}
        self._waiting: dict[int, tuple[str, float]] = {}
        self._agenda: list[tuple[float, int, ev.Event]] = []

    @property
    def next_at(self) -> float:
        """Time of the next event; infinite if there is none."""
        return self._agenda[0][0] if self._agenda else math.inf

    @property
    def waiting(self) -> bool:
        """Whether a request waits for its model."""
        return bool(self._waiting)

    def run_next(self) -> None:
        """Move on to the next event."""
        at, _, event = heapq.heappop(self._agenda)
        self.now = max(self.now, at)  # what was due while the machine slept happens afterwards
        if isinstance(event, ev.Ready):
            load = self._loads.get(event.model_id)
            if load is None or load.ready_at != at:
                return
            del self._loads[event.model_id]
        elif isinstance(event, ev.TwinReady):
            twin = self._twins.get(event.model_id)
            if twin is None or twin.ready_at != at:
                return
            del self._twins[event.model_id]
        elif isinstance(event, ev.TimerDue):
            if self._timers.get(event.model_id) != at:
                return
        else:
            self.ended_at = self.now
        self.changed = True
        self._send(event)

    def request(self, model_id: str) -> None:
        """A request arrives."""
        waiter = self._next_id()
        self._waiting[waiter] = model_id, self.now
        self._send(ev.Requested(model_id, waiter, self._needs[model_id]))

    def preload(self, model_id: str, displaces: tuple[str, ...]) -> None:
        """Start a preload."""
        self.figures.preloads += 1
        self.preloading = True
        self._send(
            ev.PreloadWanted(model_id, self._next_id(), self._needs[model_id], msg("preload_planned"), displaces)
        )

    def form_size(self, model_id: str) -> FormSize:
        """Return the memory of a model that is to have repacked weights."""
        size = self._sizes[model_id]
        return FormSize(size.repacked_bytes, min(size.file_bytes, size.repacked_bytes))

    def exchange(self, model_id: str) -> None:
        """Let a hot model have repacked weights."""
        self._send(ev.ExchangeWanted(model_id, Form.REPACKED, self.form_size(model_id), msg("repack_set_on")))

    def set_favourites(self, model_ids: frozenset[str]) -> None:
        """Set the models that are evicted last."""
        self._send(ev.FavouritesChanged(model_ids))

    def switch_off(self) -> None:
        """Count what is lost with the memory."""
        self.figures.lost += sum(record.speculative for record in self.state.models.values())
        self.figures.waited_s += sum(self.now - since for _, since in self._waiting.values())
        for model_id in list(self._loads):
            self._stop_load(model_id)

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _schedule(self, at: float, event: ev.Event) -> None:
        heapq.heappush(self._agenda, (at, self._next_id(), event))

    def _send(self, event: ev.Event) -> None:
        events = [event]
        now = Now(self.now, self.now)
        moved = False
        for following in events:  # grows meanwhile
            self.state, effects = decide(self.state, following, now, self._policy)
            for effect in effects:
                if isinstance(effect, ev.StartLoad):
                    self._start_load(effect.model_id)
                    events.append(ev.Started(effect.model_id))
                    moved = True
                elif isinstance(effect, ev.CloseWorker):
                    self._close_worker(effect.model_id)
                    events.append(ev.Exited(effect.model_id))
                    moved = True
                elif isinstance(effect, ev.CloseTwin):
                    self._twins.pop(effect.model_id, None)
                    events.append(ev.TwinExited(effect.model_id))
                    moved = True
                else:
                    self._perform(effect)
        if moved:
            self.changed = True
            self.cache.trim(self._machine.cache_room(self.state.taken_bytes))

    def _perform(self, effect: ev.Effect) -> None:
        figures = self.figures
        if isinstance(effect, ev.Found):
            figures.hits += effect.outcome is Outcome.HIT
            figures.late_hits += effect.outcome is Outcome.LATE_HIT
            figures.misses += effect.outcome is Outcome.MISS
        elif isinstance(effect, ev.Grant):
            if request := self._waiting.pop(effect.waiter_id, None):
                model_id, since = request
                figures.waited_s += self.now - since
                self._schedule(self.now + self._machine.answer_s, ev.Released(model_id, effect.waiter_id))
            else:
                self.preloading = False
        elif isinstance(effect, ev.Reject):
            if self._waiting.pop(effect.waiter_id, None):
                figures.refused += 1
                self.ended_at = self.now
            else:
                self.preloading = False
        elif isinstance(effect, ev.HoldLoad):
            self._hold(effect.model_id, self._loads[effect.model_id], effect.hold)
        elif isinstance(effect, ev.StartTwin):
            load_s = self._machine.load_s(0) + self._sizes[effect.model_id].file_bytes / _REPACKED_BYTES_PER_S
            self._start_twin(effect.model_id, _Load(0, 0, load_s, self.now + load_s))
        elif isinstance(effect, ev.HoldTwin):
            twin = self._twins[effect.model_id]
            if effect.hold:
                twin.left_s, twin.ready_at = twin.ready_at - self.now, math.inf
            else:
                twin.ready_at = self.now + twin.left_s
                self._start_twin(effect.model_id, twin)
        elif isinstance(effect, ev.SetTimer):
            at = math.inf if effect.at_mono is None else effect.at_mono
            self._timers[effect.model_id] = at
            if at < math.inf:
                self._schedule(at, ev.TimerDue(effect.model_id))
        elif isinstance(effect, ev.Record):
            if effect.decision.wasted:
                figures.wasted += 1
                figures.wasted_s += self._load_s[effect.decision.model_id]
            figures.cancelled += effect.decision.action is Action.CANCEL
            self._on_decision(effect.decision)

    def _start_twin(self, model_id: str, twin: _Load) -> None:
        self._twins[model_id] = twin
        size = self._sizes[model_id]
        self._schedule(
            twin.ready_at, ev.TwinReady(model_id, size.repacked_bytes, size.repacked_bytes, size.resident_bytes)
        )

    def _start_load(self, model_id: str) -> None:
        cached = self.cache.take(model_id)
        missing = self._sizes[model_id].file_bytes - cached
        self._load_s[model_id] = load_s = self._machine.load_s(missing)
        self._loads[model_id] = load = _Load(cached, missing, load_s, self.now + load_s)
        self.figures.bytes_read += missing
        self._schedule_ready(model_id, load)

    def _schedule_ready(self, model_id: str, load: _Load) -> None:
        size = self._sizes[model_id]
        ready = ev.Ready(model_id, size.resident_bytes, size.resident_bytes, device_bytes=size.device_bytes)
        self._schedule(load.ready_at, ready)

    def _hold(self, model_id: str, load: _Load, hold: bool) -> None:
        if hold:
            load.left_s, load.ready_at = load.ready_at - self.now, math.inf
        else:
            load.ready_at = self.now + load.left_s
            self._schedule_ready(model_id, load)

    def _close_worker(self, model_id: str) -> None:
        self._twins.pop(model_id, None)
        if model_id in self._loads:
            self.cache.put(model_id, self._stop_load(model_id))
        else:
            self.cache.put(model_id, self._sizes[model_id].file_bytes)

    def _stop_load(self, model_id: str) -> int:
        """Stop a running load; return how many bytes of its file were read by then."""
        load = self._loads.pop(model_id)
        left_s = load.left_s if load.ready_at == math.inf else load.ready_at - self.now
        read = min(load.missing_bytes, int((load.total_s - left_s) * self._machine.disk_bytes_per_s))
        self.figures.bytes_read -= load.missing_bytes - read
        return load.cached_bytes + read
