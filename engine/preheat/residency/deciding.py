"""Decisions about models in memory: ``decide`` maps a state and an event to a new state and effects.

Pure: no clock, no I/O. The executor performs the effects on workers, replay on a simulated machine.

Memory is reserved in the same step as choosing the models that make room, so that two loads never count on the same
bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from preheat.errors import LoadTimeoutError
from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.decisions import Action, EvictionReason
from preheat.residency.eviction import EvictionPolicy
from preheat.residency.forms import Form, Stage
from preheat.residency.loads import LoadStep
from preheat.residency.phases import COLD, Cold, Failed, Hot, Loading, Now, Outdated, Unloading, Waiter, Warming
from preheat.residency.states import Residency, ResidencyState


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


class _Step(LoadStep):
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
        waiter = Waiter(event.waiter_id, True, self._now.mono, event.priority, event.renewed)
        self.effects.append(ev.Found(event.waiter_id, *record.found(self._now.unix, waiter)))
        self._active += 1
        self._wait(record, waiter, event.needs)

    def preload_wanted(self, event: ev.PreloadWanted) -> None:
        for model_id in event.displaces:
            other = self._record(model_id)
            if isinstance(other.phase, Hot) and not other.leased:
                self._evict(other, EvictionReason.PRELOAD, msg("room_for_preload", model=event.model_id))
        waiter = Waiter(event.waiter_id, False, self._now.mono)
        self._wait(self._record(event.model_id), waiter, event.needs, event.reason)

    def _wait(self, record: Residency, waiter: Waiter, needs: ev.Needs, reason: Message | None = None) -> None:
        """Grant a caller its model, or let it wait until it is hot."""
        if record.keep_alive_s != needs.keep_alive_s:
            record = record._replace(keep_alive_s=needs.keep_alive_s)
        phase = record.phase
        if isinstance(phase, Hot) and not phase.holds_back(waiter, self._now.unix):
            self._grant(record, (waiter,))
        elif isinstance(phase, (Hot, Unloading)):
            self._settle(self._put(record._replace(phase=phase._replace(waiters=(*phase.waiters, waiter)))))
        elif record.load is not None:
            record = self._put_load(record, waiters=(*record.load.waiters, waiter))
            if waiter.request:
                self._join(record)
        else:
            record = record._replace(expected_bytes=needs.expected_bytes, device_bytes=needs.device_bytes)
            self._start(self._put(record), (waiter,), reason)

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

    # Leaving

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
                self._start(record, requests)
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
            self._start(record, phase.waiters)

    # Time, memory, settings, files

    def timer_due(self, event: ev.TimerDue) -> None:
        record = self._record(event.model_id)
        phase, now = record.phase, self._now.mono
        if (load := record.load) is not None:
            if load.deadline_mono is not None and load.deadline_mono <= now:
                details = msg("load_timeout", model=record.model_id, timeout=self._timeout_s)
                self._fail(record, LoadTimeoutError(details))
        elif isinstance(phase, Hot):
            # Requests do not end: the old settings are better than none, where they are enough.
            tired = tuple(waiter for waiter in phase.waiters if waiter.since_mono + self._timeout_s <= now)
            phase = phase._replace(timer_mono=None, waiters=phase.waiters[len(tired) :])
            if late := tuple(waiter for waiter in tired if waiter.renewed):
                details = msg("load_timeout", model=record.model_id, timeout=self._timeout_s)
                self._reject(late, LoadTimeoutError(details))
            old = tuple(waiter for waiter in tired if not waiter.renewed)
            self._settle(self._grant(record._replace(phase=phase), old))

    def limits_measured(self, event: ev.LimitsMeasured) -> None:
        self._limits = event.limits

    def memory_measured(self, event: ev.MemoryMeasured) -> None:
        for model_id, size in event.rss_bytes.items():
            record = self._models[model_id]
            if record.reserved_bytes and not record.closes_first:
                twin_bytes = event.twin_bytes.get(model_id, 0) if record.twin is not None else 0
                self._put(record._replace(rss_bytes=size, twin_rss_bytes=twin_bytes))

    def memory_needed(self, event: ev.MemoryNeeded) -> None:
        going = sum(each.leaving_bytes for each in self._models.values())
        if event.wanted_bytes > going:
            self._trim(max(self._taken - (event.wanted_bytes - going), 0), event.why, event.reason)

    def room_wanted(self, event: ev.RoomWanted) -> None:
        self._trim(event.limit_bytes, event.why, event.reason)

    def settings_changed(self, event: ev.SettingsChanged) -> None:
        self._limits, self._timeout_s = event.limits, event.load_timeout_s
        limit = self._limits.reachable_bytes
        for model_id, needs in event.needs.items():
            record = self._record(model_id)._replace(keep_alive_s=needs.keep_alive_s)
            if model_id in event.outdated:
                record = self._end_exchange(record)
            phase = record.phase
            if isinstance(phase, Hot) and phase.form is Form.REPACKED:
                phase = phase._replace(shrunk_bytes=needs.shrunk_bytes)
                record = record._replace(phase=phase)
            if isinstance(phase, (Cold, Failed, Unloading)):
                record = record._replace(expected_bytes=needs.expected_bytes, device_bytes=needs.device_bytes)
                if isinstance(phase, Failed) and self._fits_now(phase.error, needs):
                    record = record._replace(phase=COLD)  # What it lacked is there now
            elif model_id in event.outdated and isinstance(phase, Hot):
                phase = phase._replace(outdated=phase.outdated or Outdated(self._now.unix, EvictionReason.SETTINGS))
                record = record._replace(phase=phase)
            elif model_id in event.outdated and isinstance(phase, (Loading, Warming)):
                record = record._replace(phase=phase._replace(load=phase.load._replace(outdated=True)))
            self._settle(self._put(record))
        self._trim(limit, EvictionReason.LIMIT, msg("limit_changed", limit=limit))

    def _fits_now(self, error: Message, needs: ev.Needs) -> bool:
        """Return whether there is now the memory that a load lacked."""
        if error.code.startswith("no_room_made"):
            return self._limits.room is None
        lacked_room = error.code in ("no_room", "no_room_in_bulk", "no_room_on_device")
        return lacked_room and self._limits.hold(needs.expected_bytes, needs.device_bytes)

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
    ev.RoomWanted: _Step.room_wanted,
    ev.SettingsChanged: _Step.settings_changed,
    ev.FavouritesChanged: _Step.favourites_changed,
    ev.FileReplaced: _Step.file_replaced,
    ev.ExchangeWanted: _Step.exchange_wanted,
    ev.ExchangesCancelled: _Step.exchanges_cancelled,
    ev.TwinReady: _Step.twin_ready,
    ev.TwinFailed: _Step.twin_failed,
    ev.TwinExited: _Step.twin_exited,
}
