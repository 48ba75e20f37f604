"""One call of ``decide``: the state while it changes, and what every decision needs."""

from __future__ import annotations

from typing import Any, Final

from preheat.errors import EngineError, InsufficientMemoryError, LoadCancelledError
from preheat.inference import LoadStages
from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.decisions import Action, DecisionRecord, EvictionReason
from preheat.residency.eviction import EvictionPolicy, ResidentModel
from preheat.residency.phases import COLD, Cold, Failed, Hot, Loading, Now, Queued, Unloading, Waiter, Warming
from preheat.residency.pools import device_sums
from preheat.residency.states import Residency, ResidencyState

_FREE_FAILURES: Final = 1
"""Number of consecutive failures after which the next request still loads immediately."""

_MAX_BACKOFF_S: Final = 60.0

SAVE_S: Final = 5.0
"""Time in which a model that leaves may store its prompts, in seconds."""

HURRIED_SAVE_S: Final = 0.3
"""The same while a request waits or memory is short: what a file system in memory takes quickly."""

ROOM_SAVE_S: Final = 0.1
"""The same while a user waits for room: all of it takes 0.3 s. At rest, most prompts have been stored before."""

_SAVES: Final = {
    EvictionReason.OTHERS: ROOM_SAVE_S,
    EvictionReason.ROOM: HURRIED_SAVE_S,
    EvictionReason.PRESSURE: HURRIED_SAVE_S,
    EvictionReason.FILE: 0.0,  # no model could use them
}


_NOT_WASTED: Final = (EvictionReason.END, EvictionReason.OTHERS, EvictionReason.SETTINGS, EvictionReason.FILE)
"""Reasons for which a preloaded model leaves unused, but not in vain: it returns."""


class Step:
    """The state while it changes."""

    def __init__(self, state: ResidencyState, now: Now, policy: EvictionPolicy) -> None:
        self._now = now
        self._policy = policy
        self._models = dict(state.models)
        self._staying = dict(state.staying)
        self._loads = state.loads
        self._exchanges = state.exchanges
        self._limits = state.limits
        self._timeout_s = state.load_timeout_s
        self._favourites = state.favourites
        self._taken = state.taken_bytes
        self._active = state.active_requests
        self._closed = state.closed
        self.effects: list[ev.Effect] = []

    def finish(self) -> ResidencyState:
        """Return the new state."""
        return ResidencyState(
            self._limits,
            self._timeout_s,
            self._favourites,
            self._models,
            self._staying,
            self._loads,
            self._exchanges,
            self._taken,
            self._active,
            self._closed,
        )

    def _record(self, model_id: str) -> Residency:
        return self._models.get(model_id) or Residency(model_id)

    def _put(self, record: Residency) -> Residency:
        """Replace a model's record, and report what is different."""
        old = self._record(record.model_id)
        self._models[record.model_id] = record
        self._place(record)
        if old.phase is record.phase:
            return record
        if type(old.phase) is not type(record.phase):
            self.effects.append(ev.Changed(record.model_id, old.state, record.state))
            if (record.load is None) is not (old.load is None):
                loads = tuple(other for other in self._loads if other != record.model_id)
                self._loads = loads if record.load is None else (*loads, record.model_id)
        if record.twin is not old.twin and record.exchanging is not old.exchanging:
            exchanges = tuple(other for other in self._exchanges if other != record.model_id)
            self._exchanges = (*exchanges, record.model_id) if record.exchanging else exchanges
        if (due := record.due_mono) != old.due_mono:
            self.effects.append(ev.SetTimer(record.model_id, due))
        return record

    def _place(self, record: Residency) -> None:
        """Update what the record holds of the memory."""
        before = self._staying.pop(record.model_id, None)
        if before is not None:
            self._taken -= before.resident_bytes
        if (resident := record.resident(self._favourites)) is not None:
            self._staying[record.model_id] = resident
            self._taken += resident.resident_bytes

    @property
    def _is_over_limit(self) -> bool:
        devices = self._limits.devices
        if self._taken > self._limits.limit_bytes:
            return True
        held = device_sums(each.device_bytes for each in self._staying.values() if each.device_bytes)
        return any(taken > devices.get(device, 0) for device, taken in held.items())

    def _others(self, record: Residency) -> list[ResidentModel]:
        return [model for model in self._staying.values() if model.model_id != record.model_id]

    def _put_load(self, record: Residency, **changes: Any) -> Residency:
        """Change the running load of a model."""
        phase = record.phase
        assert isinstance(phase, (Queued, Loading, Warming))
        return self._put(record._replace(phase=phase._replace(load=phase.load._replace(**changes))))

    def _record_decision(
        self,
        record: Residency,
        action: Action,
        reason: Message,
        cause: str,
        *,
        seconds: float | None = None,
        wasted: bool = False,
        stages: LoadStages | None = None,
    ) -> None:
        now, used_at = self._now.unix, record.last_used_at
        idle_s = None if used_at is None else max(0.0, now - used_at)
        held = record.held_bytes or record.reserved_bytes
        decision = DecisionRecord(
            now, record.model_id, action, reason, held, seconds, str(cause), idle_s, wasted, stages
        )
        self.effects.append(ev.Record(decision))

    def _grant(self, record: Residency, waiters: tuple[Waiter, ...]) -> Residency:
        """Answer everything that waits for a hot model; requests get a lease."""
        phase = record.phase
        assert isinstance(phase, Hot)
        self.effects += [ev.Grant(record.model_id, waiter.waiter_id) for waiter in waiters]
        if requests := [waiter.waiter_id for waiter in waiters if waiter.request]:
            phase = phase._replace(leases=phase.leases.union(requests), unused=False)
            # Not when they arrived: a model that only failed to load was never used.
            record = record._replace(phase=phase, last_used_at=self._now.unix)
        return self._put(record)

    def _reject(self, waiters: tuple[Waiter, ...], error: EngineError) -> None:
        self.effects += [ev.Reject(waiter.waiter_id, error) for waiter in waiters]
        self._active -= sum(waiter.request for waiter in waiters)

    def _fail(self, record: Residency, error: EngineError) -> Residency:
        """End a load with an error."""
        if isinstance(error, LoadCancelledError):
            return self._end_load(record, COLD, error)
        self._record_decision(record, Action.FAIL, error.message, error.code)
        if isinstance(error, InsufficientMemoryError):
            # No pause: room may be made any moment, and asking costs nothing.
            return self._end_load(record, Failed(error.message), error)
        record, failed = self._count_failure(record, error.message)
        return self._end_load(record, failed, error)

    def _count_failure(self, record: Residency, error: Message) -> tuple[Residency, Failed]:
        """Count a failure; after repeated ones loads pause for 1, 2, 4, ... seconds."""
        failures = record.failures + 1
        pause_s = 0.0
        if failures > _FREE_FAILURES:
            pause_s = min(2.0 ** min(failures - _FREE_FAILURES - 1, 10), _MAX_BACKOFF_S)
        return record._replace(failures=failures), Failed(error, self._now.mono + pause_s)

    def _end_load(self, record: Residency, then: Cold | Failed, error: EngineError) -> Residency:
        """End a load without a hot model. Those who wait are answered when its worker is gone."""
        load, phase = record.load, record.phase
        assert load is not None
        if isinstance(phase, Queued) and not phase.starting and not record.closes_first:
            self._reject(load.waiters, error)
            return self._put(record._replace(phase=then, reserved_bytes=0))
        if not record.closes_first:
            self.effects.append(ev.CloseWorker(record.model_id))
        return self._put(record._replace(phase=Unloading(then, error, load.waiters)))

    def _evict(self, record: Residency, why: EvictionReason, reason: Message, save_s: float | None = None) -> Residency:
        """Unload a hot model, or cancel a load."""
        phase, load = record.phase, record.load
        # A model that shrinks is loaded again, but was in memory.
        leaves = isinstance(phase, Hot) or (load is not None and load.resumes is not None and load.speculative)
        wasted = leaves and record.speculative and why not in _NOT_WASTED
        action = Action.UNLOAD if why is EvictionReason.USER else Action.EVICT
        if not leaves:
            action = Action.CANCEL
        self._record_decision(record, action, reason, why, wasted=wasted)
        if not isinstance(phase, Hot):
            return self._end_load(record, COLD, load_cancelled(record))
        self._active -= len(phase.leases)  # at the end of Preheat
        if save_s is None:
            save_s = _SAVES.get(why, HURRIED_SAVE_S if any(waiter.request for waiter in phase.waiters) else SAVE_S)
        self.effects.append(ev.CloseWorker(record.model_id, save_s))
        leaving = Unloading(COLD, waiters=phase.waiters, unloaders=phase.unloaders)
        return self._put(record._replace(phase=leaving))


def load_cancelled(record: Residency) -> LoadCancelledError:
    """Return the error of a load that was cancelled."""
    return LoadCancelledError(msg("load_cancelled", model=record.model_id))
