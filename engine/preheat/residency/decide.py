"""Decisions about models in memory: ``decide`` maps a state and an event to a new state and effects.

Pure: no clock, no I/O. The executor performs the effects on workers, replay on a simulated machine.

Memory is reserved in the same step as choosing the models that make room, so that two loads never count on the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from preheat.errors import (
    EngineStoppedError,
    InsufficientMemoryError,
    LoadTimeoutError,
    ModelLoadError,
)
from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.decisions import Action, Cause, EvictionReason
from preheat.residency.eviction import EvictionPolicy, RoomPlan
from preheat.residency.exchanges import ExchangeStep
from preheat.residency.forms import Form, Stage
from preheat.residency.states import (
    COLD,
    Cold,
    Failed,
    Hot,
    Load,
    Loading,
    Now,
    Outdated,
    Queued,
    Residency,
    ResidencyState,
    Unloading,
    Waiter,
    Warming,
)
from preheat.residency.step import load_cancelled

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


class _Step(ExchangeStep):
    """All handlers."""

    def finish(self) -> ResidencyState:
        """Return the new state, after everything that follows from the event."""
        if self._loads:
            self._start_queued()
            self._hold_preloads()
        if self._exchanges:
            self._hold_exchanges()
        return super().finish()

    # Callers

    def requested(self, event: ev.Requested) -> None:
        record = self._record(event.model_id)
        self.effects.append(ev.Found(event.waiter_id, *record.found(self._now.unix)))
        self._active += 1
        record = record._replace(last_used_at=self._now.unix, keep_alive_s=event.needs.keep_alive_s)
        self._wait(record, Waiter(event.waiter_id, True, self._now.mono), event.needs.expected_bytes)

    def preload_wanted(self, event: ev.PreloadWanted) -> None:
        for model_id in event.displaces:
            other = self._record(model_id)
            if isinstance(other.phase, Hot) and not other.leased:
                self._evict(other, EvictionReason.PRELOAD, msg("room_for_preload", model=event.model_id))
        record = self._record(event.model_id)._replace(keep_alive_s=event.needs.keep_alive_s)
        waiter = Waiter(event.waiter_id, False, self._now.mono)
        self._wait(record, waiter, event.needs.expected_bytes, event.reason)

    def _wait(self, record: Residency, waiter: Waiter, expected_bytes: int, reason: Message | None = None) -> None:
        """Grant a caller its model, or let it wait until it is hot."""
        phase = record.phase
        if isinstance(phase, Hot) and not (waiter.request and phase.leases and phase.overdue(self._now.unix)):
            self._grant(record, (waiter,))
        elif isinstance(phase, (Hot, Unloading)):
            self._settle(self._put(record._replace(phase=phase._replace(waiters=(*phase.waiters, waiter)))))
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
        if isinstance(record.phase, (Hot, Unloading)):
            record = self._end_exchange(record)
            assert isinstance(record.phase, (Hot, Unloading))
            unloaders = (*record.phase.unloaders, event.waiter_id)
            self._put(record._replace(phase=record.phase._replace(unloaders=unloaders)))
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
            phase = phase._replace(leases=phase.leases - {waiter_id}, keep_alive_s=keep_alive_s)
            phase = self._answered_by_twin(phase, waiter_id, record.model_id)
            failures = 0 if event.answered else record.failures
            record = record._replace(phase=phase, last_used_at=self._now.unix, failures=failures)
            self._settle(self._put(record))
        elif record.load is not None:
            self._put_load(record, waiters=others(record.load.waiters))
        elif isinstance(phase, (Hot, Unloading)):
            unloaders = tuple(each for each in phase.unloaders if each != waiter_id)
            phase = phase._replace(waiters=others(phase.waiters), unloaders=unloaders)
            if isinstance(phase, Unloading):
                phase = phase._replace(rejected=others(phase.rejected))
            self._settle(self._put(record._replace(phase=phase)))

    def preloads_cancelled(self, event: ev.PreloadsCancelled) -> None:
        for record in self._preloads():
            self._evict(record, event.why, event.reason)

    def closed(self, event: ev.Closed) -> None:
        self._closed = True
        for record in list(self._models.values()):
            if record.load is not None or isinstance(record.phase, Hot):
                self._evict(record, EvictionReason.END, msg("shutdown"), event.save_s)

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
            record = self._put(record._replace(phase=Queued(load), expected_bytes=expected_bytes))
            if reason is None:
                self._join(record)

    def _join(self, record: Residency) -> None:
        """Give a load with a waiting request precedence over loads without one."""
        record = self._put_load(record, cause=Cause.REQUEST)
        for other in self._preloads():  # two loads at once would take twice as long
            self._evict(other, EvictionReason.ROOM, msg("preload_yielded", model=record.model_id))

    def _preloads(self) -> list[Residency]:
        """Return the running preloads, without models that are only loaded again to take less memory."""
        records = (self._models[model_id] for model_id in self._loads)
        return [record for record in records if record.load and record.preloading and record.load.resumes is None]

    def _hold_preloads(self) -> None:
        """Let running preloads wait while requests are in progress."""
        for model_id in self._loads:
            record = self._models[model_id]
            hold = self._active > 0 and record.preloading
            phase = record.phase
            if isinstance(phase, (Loading, Warming)) and record.held is not hold:
                now, held_since = self._now.mono, phase.load.held_since_mono
                if held_since is not None:
                    phase = phase._replace(since_mono=phase.since_mono + now - held_since)
                load = phase.load._replace(
                    held_since_mono=now if hold else None,
                    deadline_mono=None if hold else now + self._timeout_s,
                )
                self._put(record._replace(phase=phase._replace(load=load)))
                self.effects.append(ev.HoldLoad(model_id, hold))

    def _start_queued(self) -> None:
        """Reserve memory for the loads that wait for it, and start those that have it."""
        for model_id in self._loads:
            record = self._models[model_id]
            if isinstance(record.phase, Queued) and record.phase.waiting_for is None:
                record = self._make_room(record, record.phase)
            phase = record.phase
            if isinstance(phase, Queued) and phase.waiting_for == frozenset() and not phase.starting:
                if phase.load.resumes is not None and phase.load.speculative:
                    if self._active:
                        continue  # its process would compete with the load that it made room for
                    deadline = self._now.mono + self._timeout_s
                    phase = phase._replace(load=phase.load._replace(deadline_mono=deadline))
                self._put(record._replace(phase=phase._replace(starting=True)))
                self.effects.append(ev.StartLoad(model_id))

    def _make_room(self, record: Residency, phase: Queued) -> Residency:
        """Reserve memory for a load, once it is there or idle models can make room."""
        load, needed, limit = phase.load, record.expected_bytes, self._limits.reachable_bytes
        if not load.speculative and not load.leased:
            return self._end_load(record, COLD, load_cancelled(record))
        others = self._others(record)
        plan = self._plan_room(record, needed, limit, for_request=not load.speculative)
        if plan.missing_bytes > 0:
            if not load.speculative and needed <= limit and any(other.leased for other in others):
                return record  # until a request ends
            details = {"needed": needed, "available": max(needed - plan.missing_bytes, 0), "limit": limit}
            return self._fail(record, InsufficientMemoryError(msg("no_room", model=record.model_id, **details)))
        return self._reserve(record, plan, EvictionReason.ROOM, "room_for_request")

    def _reserve(
        self, record: Residency, plan: RoomPlan, why: EvictionReason, code: str, closing: bool = False
    ) -> Residency:
        """Reserve memory for a load; it waits until all workers that are leaving have gone, and its own old one."""
        model = record.model_id
        self._make_way(plan, why, msg("shrunk_for", model=model), msg(code, model=model))
        leaving = self._leaving()
        if closing:
            leaving.add(record.model_id)
        load = record.load
        assert load is not None
        phase = Queued(load, frozenset(leaving))
        return self._put(record._replace(phase=phase, reserved_bytes=record.expected_bytes))

    def started(self, event: ev.Started) -> None:
        record = self._record(event.model_id)
        if isinstance(record.phase, Queued):
            self._put(record._replace(phase=Loading(record.phase.load, self._now.mono)))

    def progressed(self, event: ev.Progressed) -> None:
        record = self._record(event.model_id)
        if isinstance(record.phase, Loading):
            self._put(record._replace(phase=record.phase._replace(progress=event.share)))

    def loaded(self, event: ev.Loaded) -> None:
        record = self._record(event.model_id)
        if isinstance(record.phase, Loading):
            phase = record.phase
            self._put(record._replace(phase=Warming(phase.load, phase.since_mono, phase.progress)))

    def ready(self, event: ev.Ready) -> None:
        record = self._record(event.model_id)
        load = record.load
        if load is None:
            return  # an unload was requested meanwhile
        now, resumes = self._now, load.resumes if load.speculative else None
        record = record._replace(
            rss_bytes=event.rss_bytes,
            reserved_bytes=event.expected_bytes,
            expected_bytes=event.expected_bytes,
        )
        # Before now it could not have been reloaded.
        outdated = Outdated(now.unix, EvictionReason.SETTINGS) if load.outdated else None
        if resumes is not None:
            hot = resumes._replace(form=event.form, shrunk_bytes=0, outdated=outdated, waiters=(), timer_mono=None)
            self._settle(self._grant(record._replace(phase=hot), load.waiters))
            return
        record = record._replace(load_s=now.mono - load.began_mono)
        action = Action.PRELOAD if load.speculative else Action.LOAD
        self._record_decision(record, action, load.reason, load.cause, seconds=record.load_s)
        hot = Hot(load.cause, load.reason, now.unix, outdated=outdated, form=event.form)
        record = record._replace(phase=hot)
        self._settle(self._grant(record, load.waiters))

    def load_failed(self, event: ev.LoadFailed) -> None:
        record = self._record(event.model_id)
        load = record.load
        if load is None:
            return
        if isinstance(event.error, InsufficientMemoryError) and not load.speculative and not load.retried:
            others = self._others(record)
            if idle := tuple(other.model_id for other in others if not other.leased):
                self.effects.append(ev.CloseWorker(record.model_id))
                record = self._put_load(record, retried=True)._replace(rss_bytes=0)
                self.exchanges_cancelled()
                self._reserve(record, RoomPlan(victims=idle), EvictionReason.PRESSURE, "room_for_retry", closing=True)
                return
        self._fail(record, event.error)

    # Leaving

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
            seconds, expires_at = record.idle_limit_s, record.expires_at
            if seconds is not None and expires_at is not None:
                left_s = expires_at - self._now.unix
                if left_s > seconds + 1.0:  # the clock has been set back
                    hot = hot._replace(since=self._now.unix)
                    record, left_s = self._put(record._replace(last_used_at=self._now.unix, phase=hot)), seconds
                if left_s <= 0:
                    self._evict(record, EvictionReason.KEEP_ALIVE, msg("keep_alive_over", idle=seconds))
                    return
                timer = self._now.mono + min(left_s, _MAX_TIMER_S) + _TIMER_SLACK_S
        if timer != hot.timer_mono:
            self._put(record._replace(phase=hot._replace(timer_mono=timer)))
        if not hot.leases and self._taken > self._limits.limit_bytes:
            self._trim(self._limits.limit_bytes, EvictionReason.LIMIT, msg("over_limit"))

    def exited(self, event: ev.Exited) -> None:
        record = self._record(event.model_id)
        phase = record.phase
        if isinstance(phase, Unloading):
            record = self._put(record._replace(phase=phase.then, reserved_bytes=0, rss_bytes=0, twin_rss_bytes=0))
            if phase.error is not None:
                self._reject(phase.rejected, phase.error)
            preloads = (waiter.waiter_id for waiter in phase.waiters if not waiter.request)
            self.effects += [ev.Grant(event.model_id, waiter_id) for waiter_id in (*phase.unloaders, *preloads)]
            if requests := tuple(waiter for waiter in phase.waiters if waiter.request):
                self._start(record, requests, record.expected_bytes)
        self._gone(event.model_id)

    def worker_died(self, event: ev.WorkerDied) -> None:
        record = self._record(event.model_id)
        phase = record.phase
        if not isinstance(phase, Hot):
            return
        error = msg("worker_ended", reason=event.reason)
        self._record_decision(record, Action.FAIL, error, event.cause)
        if phase.twin is not None and phase.twin.stage is Stage.LEAVING:
            self._fall_back(record, phase, error)
            return
        self._active -= len(phase.leases)
        record, failed = self._count_failure(record, error)
        if phase.twin is not None:
            self.effects.append(ev.CloseWorker(record.model_id))
            leaving = Unloading(failed, waiters=phase.waiters, unloaders=phase.unloaders)
            self._put(record._replace(phase=leaving, rss_bytes=0))
            return
        record = self._put(record._replace(phase=failed, reserved_bytes=0, rss_bytes=0))
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
            phase = phase._replace(timer_mono=None, waiters=phase.waiters[len(tired) :])
            self._settle(self._grant(record._replace(phase=phase), tired))

    def limits_measured(self, event: ev.LimitsMeasured) -> None:
        self._limits = event.limits

    def memory_measured(self, event: ev.MemoryMeasured) -> None:
        for model_id, size in event.rss_bytes.items():
            record = self._models[model_id]
            if record.reserved_bytes and model_id not in _closed_first(record):
                twin_bytes = event.twin_bytes.get(model_id, 0) if record.twin is not None else 0
                self._put(record._replace(rss_bytes=size, twin_rss_bytes=twin_bytes))

    def memory_needed(self, event: ev.MemoryNeeded) -> None:
        going = sum(each.leaving_bytes for each in self._models.values())
        if event.wanted_bytes > going:
            self._trim(max(self._taken - (event.wanted_bytes - going), 0), event.why, event.reason)

    def settings_changed(self, event: ev.SettingsChanged) -> None:
        self._limits, self._timeout_s = event.limits, event.load_timeout_s
        for model_id, needs in event.needs.items():
            record = self._record(model_id)._replace(keep_alive_s=needs.keep_alive_s)
            if model_id in event.outdated:
                record = self._end_exchange(record)
            phase = record.phase
            if isinstance(phase, Hot) and phase.form is Form.REPACKED:
                phase = phase._replace(shrunk_bytes=needs.shrunk_bytes)
                record = record._replace(phase=phase)
            if isinstance(phase, (Cold, Failed, Unloading)):
                record = record._replace(expected_bytes=needs.expected_bytes)
            elif model_id in event.outdated and isinstance(phase, Hot):
                phase = phase._replace(outdated=phase.outdated or Outdated(self._now.unix, EvictionReason.SETTINGS))
                record = record._replace(phase=phase)
            elif model_id in event.outdated and isinstance(phase, (Loading, Warming)):
                record = record._replace(phase=phase._replace(load=phase.load._replace(outdated=True)))
            self._settle(self._put(record))
        limit = self._limits.reachable_bytes
        self._trim(limit, EvictionReason.LIMIT, msg("limit_changed", limit=limit))

    def favourites_changed(self, event: ev.FavouritesChanged) -> None:
        self._favourites = event.model_ids
        for record in self._models.values():
            self._place(record)

    def file_replaced(self, event: ev.FileReplaced) -> None:
        record = self._record(event.model_id)
        phase = record.phase
        if isinstance(phase, Hot):
            since = phase.outdated.since if phase.outdated is not None else self._now.unix
            phase = phase._replace(outdated=Outdated(since, EvictionReason.FILE))
            self._settle(self._end_exchange(self._put(record._replace(phase=phase))))


def _closed_first(record: Residency) -> frozenset[str]:
    """Return the model's id while the worker that it had is closed, before it is loaded again."""
    return (record.phase.waiting_for or frozenset()) if isinstance(record.phase, Queued) else frozenset()


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
    ev.ExchangeWanted: _Step.exchange_wanted,
    ev.ExchangesCancelled: _Step.exchanges_cancelled,
    ev.TwinReady: _Step.twin_ready,
    ev.TwinFailed: _Step.twin_failed,
    ev.TwinExited: _Step.twin_exited,
}
