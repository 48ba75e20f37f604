"""Decisions about models in memory: ``decide`` maps a state and an event to a new state and effects.

Pure: no clock, no I/O. The executor performs the effects on workers, replay on a simulated machine.

Memory is reserved in the same step as choosing the models that make room, so that two loads never count on the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from preheat.errors import (
    EngineError,
    EngineStoppedError,
    InsufficientMemoryError,
    LoadCancelledError,
    LoadTimeoutError,
    ModelLoadError,
)
from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.decisions import Action, Cause, DecisionRecord, EvictionReason, Outcome
from preheat.residency.eviction import EvictionPolicy
from preheat.residency.states import (
    COLD,
    Cold,
    Failed,
    Hot,
    Load,
    Loading,
    Now,
    Outdated,
    Phase,
    Queued,
    Residency,
    ResidencyState,
    Unloading,
    Waiter,
    Warming,
    resident_models,
)

IDLE_UNLOAD_S: Final = 300.0
"""Idle time after which other servers unload a model (Ollama's default keep-alive), in seconds."""

_FREE_FAILURES: Final = 1
"""Number of consecutive failures after which the next request still loads immediately."""

_MAX_BACKOFF_S: Final = 60.0
_MAX_TIMER_S: Final = 86_400.0
_TIMER_SLACK_S: Final = 0.01


def decide(
    state: ResidencyState, event: ev.Event, now: Now, policy: EvictionPolicy
) -> tuple[ResidencyState, list[ev.Effect]]:
    """Return the state after an event, and the effects to perform.

    Args:
        policy: Chooses the models that make room.
    """
    step = _Step(state, now, policy)
    _HANDLERS[type(event)](step, event)
    return step.finish(), step.effects


def outcome(record: Residency, now: float) -> tuple[Outcome, float]:
    """Return the outcome of a request at the Unix time ``now``, and the saved load time in seconds.

    A hit saves the load only if another server would have loaded: at the first request after a preload, and after five
    minutes without a request.
    """
    phase = record.phase
    if isinstance(phase, Hot):
        idle = record.last_used_at is None or now - record.last_used_at > IDLE_UNLOAD_S
        return Outcome.HIT, (record.load_s or 0.0) if phase.unused or idle else 0.0
    return Outcome.MISS if isinstance(phase, Cold | Failed | Unloading) else Outcome.LATE_HIT, 0.0


class _Step:
    """One call of ``decide``: the state while it changes."""

    def __init__(self, state: ResidencyState, now: Now, policy: EvictionPolicy) -> None:
        self._now = now
        self._policy = policy
        self._models = dict(state.models)
        self._loads = state.loads
        self._limits = state.limits
        self._timeout_s = state.load_timeout_s
        self._favourites = state.favourites
        self._taken = state.taken_bytes
        self._active = state.active_requests
        self._closed = state.closed
        self.effects: list[ev.Effect] = []

    def finish(self) -> ResidencyState:
        """Return the new state, after everything that follows from the event."""
        if self._loads:
            self._start_queued()
            self._hold_preloads()
        return ResidencyState(
            self._limits,
            self._timeout_s,
            self._favourites,
            self._models,
            self._loads,
            self._taken,
            self._active,
            self._closed,
        )

    # Records

    def _record(self, model_id: str) -> Residency:
        return self._models.get(model_id) or Residency(model_id)

    def _put(self, record: Residency) -> Residency:
        """Replace a model's record, and report what is different."""
        old = self._record(record.model_id)
        self._models[record.model_id] = record
        self._taken += _staying_bytes(record) - _staying_bytes(old)
        if old.phase is record.phase:
            return record
        if old.state is not record.state:
            self.effects.append(ev.Changed(record.model_id, old.state, record.state))
        if (due := _due(record.phase)) != _due(old.phase):
            self.effects.append(ev.SetTimer(record.model_id, due))
        if (record.load is None) is not (old.load is None):
            loads = (other for other in self._loads if other != record.model_id)
            self._loads = (*self._loads, record.model_id) if record.load is not None else tuple(loads)
        return record

    def _put_load(self, record: Residency, **changes: Any) -> Residency:
        """Change the running load of a model."""
        phase = record.phase
        assert isinstance(phase, Queued | Loading | Warming)
        return self._put(replace(record, phase=replace(phase, load=replace(phase.load, **changes))))

    def _record_decision(
        self,
        record: Residency,
        action: Action,
        reason: Message,
        cause: str,
        *,
        seconds: float | None = None,
        wasted: bool = False,
    ) -> None:
        now, used_at = self._now.unix, record.last_used_at
        idle_s = None if used_at is None else max(0.0, now - used_at)
        held = record.rss_bytes or record.reserved_bytes
        decision = DecisionRecord(now, record.model_id, action, reason, held, seconds, str(cause), idle_s, wasted)
        self.effects.append(ev.Record(decision))

    # Waiters

    def _grant(self, record: Residency, waiters: tuple[Waiter, ...]) -> Residency:
        """Answer everything that waits for a hot model; requests get a lease."""
        phase = record.phase
        assert isinstance(phase, Hot)
        self.effects += [ev.Grant(record.model_id, waiter.waiter_id) for waiter in waiters]
        if requests := [waiter.waiter_id for waiter in waiters if waiter.request]:
            phase = replace(phase, leases=phase.leases.union(requests), unused=False)
            record = self._put(replace(record, phase=phase))
        return record

    def _reject(self, waiters: tuple[Waiter, ...], error: EngineError) -> None:
        self.effects += [ev.Reject(waiter.waiter_id, error) for waiter in waiters]
        self._active -= sum(waiter.request for waiter in waiters)

    # Callers

    def requested(self, event: ev.Requested) -> None:
        record = self._record(event.model_id)
        self.effects.append(ev.Found(event.waiter_id, *outcome(record, self._now.unix)))
        self._active += 1
        record = replace(record, last_used_at=self._now.unix, keep_alive_s=event.needs.keep_alive_s)
        self._wait(record, Waiter(event.waiter_id, True, self._now.mono), event.needs.expected_bytes)

    def preload_wanted(self, event: ev.PreloadWanted) -> None:
        for model_id in event.displaces:
            other = self._record(model_id)
            if isinstance(other.phase, Hot) and not other.leased:
                self._evict(other, EvictionReason.PRELOAD, msg("room_for_preload", model=event.model_id))
        record = replace(self._record(event.model_id), keep_alive_s=event.needs.keep_alive_s)
        waiter = Waiter(event.waiter_id, False, self._now.mono)
        self._wait(record, waiter, event.needs.expected_bytes, event.reason)

    def _wait(self, record: Residency, waiter: Waiter, expected_bytes: int, reason: Message | None = None) -> None:
        """Grant a caller its model, or let it wait until it is hot."""
        phase = record.phase
        if isinstance(phase, Hot) and not (waiter.request and phase.leases and phase.overdue(self._now.unix)):
            self._grant(self._put(record), (waiter,))
        elif isinstance(phase, Hot | Unloading):
            self._settle(self._put(replace(record, phase=replace(phase, waiters=(*phase.waiters, waiter)))))
        elif record.load is not None:
            record = self._put_load(record, waiters=(*record.load.waiters, waiter))
            if waiter.request:
                self._join(record)
        else:
            self._start(self._put(record), (waiter,), expected_bytes, reason)

    def unload_wanted(self, event: ev.UnloadWanted) -> None:
        record = self._record(event.model_id)
        if (isinstance(record.phase, Hot) and not record.leased) or record.load is not None:
            record = self._evict(record, EvictionReason.USER, msg("unload_requested"))
        if isinstance(record.phase, Hot | Unloading):
            unloaders = (*record.phase.unloaders, event.waiter_id)
            self._put(replace(record, phase=replace(record.phase, unloaders=unloaders)))
        else:
            self.effects.append(ev.Grant(event.model_id, event.waiter_id))

    def released(self, event: ev.Released) -> None:
        record, waiter_id = self._record(event.model_id), event.waiter_id
        phase = record.phase
        self._active -= waiter_id in record.requests()

        def others(waiters: tuple[Waiter, ...]) -> tuple[Waiter, ...]:
            return tuple(waiter for waiter in waiters if waiter.waiter_id != waiter_id)

        if isinstance(phase, Hot) and waiter_id in phase.leases:
            keep_alive_s = phase.keep_alive_s if event.keep_alive_s is None else event.keep_alive_s
            phase = replace(phase, leases=phase.leases - {waiter_id}, keep_alive_s=keep_alive_s)
            failures = 0 if event.answered else record.failures
            record = replace(record, phase=phase, last_used_at=self._now.unix, failures=failures)
            self._settle(self._put(record))
        elif record.load is not None:
            self._put_load(record, waiters=others(record.load.waiters))
        elif isinstance(phase, Hot | Unloading):
            unloaders = tuple(each for each in phase.unloaders if each != waiter_id)
            phase = replace(phase, waiters=others(phase.waiters), unloaders=unloaders)
            if isinstance(phase, Unloading):
                phase = replace(phase, rejected=others(phase.rejected))
            self._settle(self._put(replace(record, phase=phase)))

    def preloads_cancelled(self, event: ev.PreloadsCancelled) -> None:
        for record in self._preloads():
            self._evict(record, event.why, event.reason)

    def closed(self, _event: ev.Closed) -> None:
        self._closed = True
        for record in list(self._models.values()):
            if record.load is not None or isinstance(record.phase, Hot):
                self._evict(record, EvictionReason.END, msg("shutdown"))

    # Loads

    def _start(
        self, record: Residency, waiters: tuple[Waiter, ...], expected_bytes: int, reason: Message | None = None
    ) -> None:
        """Start to load a cold or failed model; ``reason`` makes it a preload."""
        now = self._now.mono
        phase = record.phase
        if self._closed:
            self._reject(waiters, EngineStoppedError(msg("shutdown")))
        elif isinstance(phase, Failed) and phase.retry_mono > now:
            wait_s = phase.retry_mono - now
            details = msg("load_backoff", model=record.model_id, count=record.failures, error=phase.error, wait=wait_s)
            self._reject(waiters, ModelLoadError(details, retry_after_s=wait_s))
        else:
            cause = Cause.REQUEST if reason is None else Cause.PRELOAD
            load = Load(cause, reason or msg("load_requested"), now, now + self._timeout_s, waiters)
            record = self._put(replace(record, phase=Queued(load), expected_bytes=expected_bytes))
            if reason is None:
                self._join(record)

    def _join(self, record: Residency) -> None:
        """Give a load with a waiting request precedence over loads without one."""
        record = self._put_load(record, cause=Cause.REQUEST)
        for other in self._preloads():  # two loads at once would take twice as long
            self._evict(other, EvictionReason.ROOM, msg("preload_yielded", model=record.model_id))

    def _preloads(self) -> list[Residency]:
        return [record for model_id in self._loads if (record := self._models[model_id]).preloading]

    def _hold_preloads(self) -> None:
        """Let running preloads wait while requests are in progress."""
        for model_id in self._loads:
            record = self._models[model_id]
            hold = self._active > 0 and record.preloading
            phase = record.phase
            if isinstance(phase, Loading | Warming) and record.held is not hold:
                now, held_since = self._now.mono, phase.load.held_since_mono
                if held_since is not None:
                    phase = replace(phase, since_mono=phase.since_mono + now - held_since)
                load = replace(
                    phase.load,
                    held_since_mono=now if hold else None,
                    deadline_mono=None if hold else now + self._timeout_s,
                )
                self._put(replace(record, phase=replace(phase, load=load)))
                self.effects.append(ev.HoldLoad(model_id, hold))

    def _start_queued(self) -> None:
        """Reserve memory for the loads that wait for it, and start those that have it."""
        for model_id in self._loads:
            record = self._models[model_id]
            if isinstance(record.phase, Queued) and record.phase.waiting_for is None:
                record = self._make_room(record, record.phase)
            phase = record.phase
            if isinstance(phase, Queued) and phase.waiting_for == frozenset() and not phase.starting:
                self._put(replace(record, phase=replace(phase, starting=True)))
                self.effects.append(ev.StartLoad(model_id))

    def _make_room(self, record: Residency, phase: Queued) -> Residency:
        """Reserve memory for a load, once it is there or idle models can make room."""
        load, needed, limit = phase.load, record.expected_bytes, self._limits.reachable_bytes
        if not load.speculative and not load.leased:
            return self._end_load(record, COLD, _load_cancelled(record))
        others = resident_models(self._models, self._favourites, without=record.model_id)
        plan = self._policy(others, needed, limit, for_request=not load.speculative)
        if plan.missing_bytes > 0:
            if not load.speculative and needed <= limit and any(other.leased for other in others):
                return record  # until a request ends
            details = {"needed": needed, "available": max(needed - plan.missing_bytes, 0), "limit": limit}
            return self._fail(record, InsufficientMemoryError(msg("no_room", model=record.model_id, **details)))
        return self._reserve(record, plan.victims, EvictionReason.ROOM, "room_for_request")

    def _reserve(
        self, record: Residency, victims: tuple[str, ...], why: EvictionReason, code: str, closing: bool = False
    ) -> Residency:
        """Reserve memory for a load; it waits until all models that are leaving have gone, and its own old worker."""
        for model_id in victims:
            self._evict(self._models[model_id], why, msg(code, model=record.model_id))
        leaving = {other.model_id for other in self._models.values() if isinstance(other.phase, Unloading)}
        if closing:
            leaving.add(record.model_id)
        load = record.load
        assert load is not None
        phase = Queued(load, frozenset(leaving))
        return self._put(replace(record, phase=phase, reserved_bytes=record.expected_bytes))

    def started(self, event: ev.Started) -> None:
        record = self._record(event.model_id)
        if isinstance(record.phase, Queued):
            self._put(replace(record, phase=Loading(record.phase.load, self._now.mono)))

    def progressed(self, event: ev.Progressed) -> None:
        record = self._record(event.model_id)
        if isinstance(record.phase, Loading):
            self._put(replace(record, phase=replace(record.phase, progress=event.share)))

    def loaded(self, event: ev.Loaded) -> None:
        record = self._record(event.model_id)
        if isinstance(record.phase, Loading):
            phase = record.phase
            self._put(replace(record, phase=Warming(phase.load, phase.since_mono, phase.progress)))

    def ready(self, event: ev.Ready) -> None:
        record = self._record(event.model_id)
        load = record.load
        if load is None:
            return  # an unload was requested meanwhile
        now = self._now
        record = replace(
            record,
            rss_bytes=event.rss_bytes,
            reserved_bytes=event.expected_bytes,
            expected_bytes=event.expected_bytes,
            load_s=now.mono - load.began_mono,
        )
        action = Action.PRELOAD if load.speculative else Action.LOAD
        self._record_decision(record, action, load.reason, load.cause, seconds=record.load_s)
        # Before now it could not have been reloaded.
        outdated = Outdated(now.unix, EvictionReason.SETTINGS) if load.outdated else None
        record = self._put(replace(record, phase=Hot(load.cause, load.reason, now.unix, outdated=outdated)))
        self._settle(self._grant(record, load.waiters))

    def load_failed(self, event: ev.LoadFailed) -> None:
        record = self._record(event.model_id)
        load = record.load
        if load is None:
            return
        if isinstance(event.error, InsufficientMemoryError) and not load.speculative and not load.retried:
            others = resident_models(self._models, self._favourites, without=record.model_id)
            if idle := tuple(other.model_id for other in others if not other.leased):
                self.effects.append(ev.CloseWorker(record.model_id))
                record = replace(self._put_load(record, retried=True), rss_bytes=0)
                self._reserve(record, idle, EvictionReason.PRESSURE, "room_for_retry", closing=True)
                return
        self._fail(record, event.error)

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
        return replace(record, failures=failures), Failed(error, self._now.mono + pause_s)

    def _end_load(self, record: Residency, then: Cold | Failed, error: EngineError) -> Residency:
        """End a load without a hot model. Those who wait are answered when its worker is gone."""
        load, phase = record.load, record.phase
        assert load is not None
        closing = isinstance(phase, Queued) and record.model_id in (phase.waiting_for or ())
        if isinstance(phase, Queued) and not phase.starting and not closing:
            self._reject(load.waiters, error)
            return self._put(replace(record, phase=then, reserved_bytes=0))
        if not closing:
            self.effects.append(ev.CloseWorker(record.model_id))
        return self._put(replace(record, phase=Unloading(then, error, load.waiters)))

    # Leaving

    def _evict(self, record: Residency, why: EvictionReason, reason: Message) -> Residency:
        """Unload a hot model, or cancel a load."""
        phase = record.phase
        wasted = isinstance(phase, Hot) and record.speculative and why is not EvictionReason.END
        action = Action.UNLOAD if why is EvictionReason.USER else Action.EVICT
        if not isinstance(phase, Hot):
            action = Action.CANCEL
        self._record_decision(record, action, reason, why, wasted=wasted)
        if not isinstance(phase, Hot):
            return self._end_load(record, COLD, _load_cancelled(record))
        self._active -= len(phase.leases)  # at the end of Preheat
        self.effects.append(ev.CloseWorker(record.model_id))
        leaving = Unloading(COLD, waiters=phase.waiters, unloaders=phase.unloaders)
        return self._put(replace(record, phase=leaving))

    def _trim(self, limit_bytes: int, why: EvictionReason, reason: Message) -> None:
        """Unload idle models until the others take no more than ``limit_bytes``, as far as that is enough."""
        residents = resident_models(self._models, self._favourites)
        for model_id in self._policy(residents, 0, limit_bytes, for_request=True).victims:
            self._evict(self._models[model_id], why, reason)

    def _settle(self, record: Residency) -> None:
        """Unload a model that is not in use, if there is a reason to."""
        hot = record.phase
        if not isinstance(hot, Hot):
            return
        timer = None
        if hot.leases:
            timer = min((waiter.since_mono + self._timeout_s for waiter in hot.waiters), default=None)
        elif hot.unloaders:
            self._evict(record, EvictionReason.USER, msg("unload_requested"))
            return
        elif hot.outdated is not None:
            replaced = hot.outdated.why is EvictionReason.FILE
            self._evict(record, hot.outdated.why, msg("file_outdated" if replaced else "settings_outdated"))
            return
        else:
            seconds = record.keep_alive_s if hot.keep_alive_s is None else hot.keep_alive_s
            if seconds is not None and seconds >= 0:
                # A model that was preloaded has its time, too, however long ago it was used.
                left_s = seconds - (self._now.unix - max(record.last_used_at or 0.0, hot.since))
                if left_s <= 0:
                    self._evict(record, EvictionReason.KEEP_ALIVE, msg("keep_alive_over", idle=seconds))
                    return
                timer = self._now.mono + min(left_s, _MAX_TIMER_S) + _TIMER_SLACK_S
        if timer != hot.timer_mono:
            self._put(replace(record, phase=replace(hot, timer_mono=timer)))
        if not hot.leases and self._taken > self._limits.limit_bytes:
            self._trim(self._limits.limit_bytes, EvictionReason.LIMIT, msg("over_limit"))

    def exited(self, event: ev.Exited) -> None:
        record = self._record(event.model_id)
        phase = record.phase
        if isinstance(phase, Unloading):
            record = self._put(replace(record, phase=phase.then, reserved_bytes=0, rss_bytes=0))
            if phase.error is not None:
                self._reject(phase.rejected, phase.error)
            preloads = (waiter.waiter_id for waiter in phase.waiters if not waiter.request)
            self.effects += [ev.Grant(event.model_id, waiter_id) for waiter_id in (*phase.unloaders, *preloads)]
            if requests := tuple(waiter for waiter in phase.waiters if waiter.request):
                self._start(record, requests, record.expected_bytes)
        for model_id in self._loads:
            other = self._models[model_id]
            if isinstance(other.phase, Queued) and other.phase.waiting_for:
                waiting_for = other.phase.waiting_for - {event.model_id}
                self._put(replace(other, phase=replace(other.phase, waiting_for=waiting_for)))

    def worker_died(self, event: ev.WorkerDied) -> None:
        record = self._record(event.model_id)
        phase = record.phase
        if not isinstance(phase, Hot):
            return
        error = msg("worker_ended", reason=event.reason)
        self._record_decision(record, Action.FAIL, error, "worker_died")
        self._active -= len(phase.leases)
        record, failed = self._count_failure(record, error)
        record = self._put(replace(record, phase=failed, reserved_bytes=0, rss_bytes=0))
        self.effects += [ev.Grant(event.model_id, waiter_id) for waiter_id in phase.unloaders]
        if phase.waiters:
            self._start(record, phase.waiters, record.expected_bytes)

    # Time, memory, settings, files

    def timer_due(self, event: ev.TimerDue) -> None:
        record = self._record(event.model_id)
        phase, now = record.phase, self._now.mono
        if (load := record.load) is not None:
            if load.deadline_mono is not None and load.deadline_mono <= now:
                details = msg("load_timeout", model=record.model_id, timeout=self._timeout_s)
                self._fail(record, LoadTimeoutError(details))
        elif isinstance(phase, Hot):
            # Requests do not end: the old settings are better than none.
            tired = tuple(waiter for waiter in phase.waiters if waiter.since_mono + self._timeout_s <= now)
            phase = replace(phase, timer_mono=None, waiters=phase.waiters[len(tired) :])
            self._settle(self._grant(self._put(replace(record, phase=phase)), tired))

    def limits_measured(self, event: ev.LimitsMeasured) -> None:
        self._limits = event.limits

    def memory_measured(self, event: ev.MemoryMeasured) -> None:
        for model_id, size in event.rss_bytes.items():
            record = self._models[model_id]
            if record.reserved_bytes:
                self._put(replace(record, rss_bytes=size))

    def memory_needed(self, event: ev.MemoryNeeded) -> None:
        going = sum(each.rss_bytes for each in self._models.values() if isinstance(each.phase, Unloading))
        if event.wanted_bytes > going:
            self._trim(max(self._taken - (event.wanted_bytes - going), 0), event.why, event.reason)

    def settings_changed(self, event: ev.SettingsChanged) -> None:
        self._limits, self._timeout_s = event.limits, event.load_timeout_s
        for model_id, needs in event.needs.items():
            record = replace(self._record(model_id), keep_alive_s=needs.keep_alive_s)
            phase = record.phase
            if isinstance(phase, Cold | Failed | Unloading):
                record = replace(record, expected_bytes=needs.expected_bytes)
            elif model_id in event.outdated and isinstance(phase, Hot):
                phase = replace(phase, outdated=phase.outdated or Outdated(self._now.unix, EvictionReason.SETTINGS))
                record = replace(record, phase=phase)
            elif model_id in event.outdated and isinstance(phase, Loading | Warming):
                record = replace(record, phase=replace(phase, load=replace(phase.load, outdated=True)))
            self._settle(self._put(record))
        limit = self._limits.reachable_bytes
        self._trim(limit, EvictionReason.LIMIT, msg("limit_changed", limit=limit))

    def favourites_changed(self, event: ev.FavouritesChanged) -> None:
        self._favourites = event.model_ids

    def file_replaced(self, event: ev.FileReplaced) -> None:
        record = self._record(event.model_id)
        phase = record.phase
        if isinstance(phase, Hot):
            since = phase.outdated.since if phase.outdated is not None else self._now.unix
            phase = replace(phase, outdated=Outdated(since, EvictionReason.FILE))
            self._settle(self._put(replace(record, phase=phase)))


def _due(phase: Phase) -> float | None:
    """Return when a model has to be looked at again."""
    if isinstance(phase, Hot):
        return phase.timer_mono
    return phase.load.deadline_mono if isinstance(phase, Queued | Loading | Warming) else None


def _staying_bytes(record: Residency) -> int:
    return 0 if isinstance(record.phase, Unloading) else record.taken_bytes


def _load_cancelled(record: Residency) -> LoadCancelledError:
    return LoadCancelledError(msg("load_cancelled", model=record.model_id))


_HANDLERS: Final[dict[type[ev.Event], Callable[[_Step, Any], None]]] = {
    ev.Requested: _Step.requested,
    ev.Released: _Step.released,
    ev.PreloadWanted: _Step.preload_wanted,
    ev.UnloadWanted: _Step.unload_wanted,
    ev.PreloadsCancelled: _Step.preloads_cancelled,
    ev.Closed: _Step.closed,
    ev.Started: _Step.started,
    ev.Progressed: _Step.progressed,
    ev.Loaded: _Step.loaded,
    ev.Ready: _Step.ready,
    ev.LoadFailed: _Step.load_failed,
    ev.WorkerDied: _Step.worker_died,
    ev.Exited: _Step.exited,
    ev.TimerDue: _Step.timer_due,
    ev.LimitsMeasured: _Step.limits_measured,
    ev.MemoryMeasured: _Step.memory_measured,
    ev.MemoryNeeded: _Step.memory_needed,
    ev.SettingsChanged: _Step.settings_changed,
    ev.FavouritesChanged: _Step.favourites_changed,
    ev.FileReplaced: _Step.file_replaced,
}
