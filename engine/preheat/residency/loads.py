"""Decisions about loads: which ones wait, hold and start, and what makes room for them; and when models leave."""

from __future__ import annotations

from typing import Final

from preheat.errors import EngineStoppedError, InsufficientMemoryError, ModelLoadError
from preheat.inference import Priority
from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.decisions import Action, Cause, EvictionReason
from preheat.residency.eviction import RoomPlan
from preheat.residency.exchanges import ExchangeStep
from preheat.residency.phases import COLD, Failed, Hot, Load, Loading, Outdated, Queued, Waiter, Warming
from preheat.residency.states import Limits, Residency
from preheat.residency.step import load_cancelled

_MAX_TIMER_S: Final = 86_400.0
_TIMER_SLACK_S: Final = 0.01


class LoadStep(ExchangeStep):
    """Handles the events of loads, and unloads what is not in use."""

    def _start(self, record: Residency, waiters: tuple[Waiter, ...], reason: Message | None = None) -> None:
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
            record = self._put(record._replace(phase=Queued(load)))
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
        first = Priority.BULK  # a load waits for those of a higher priority that wait for memory
        for model_id in self._by_priority():
            record = self._models[model_id]
            if isinstance(record.phase, Queued) and record.phase.waiting_for is None:
                load = record.phase.load
                if load.level(self._now.mono) > first:
                    continue
                record = self._make_room(record, record.phase)
                if isinstance(record.phase, Queued) and record.phase.waiting_for is None:
                    first = min(first, load.priority)
            phase = record.phase
            if isinstance(phase, Queued) and phase.waiting_for == frozenset() and not phase.starting:
                if phase.load.resumes is not None and phase.load.speculative:
                    if self._active:
                        continue  # its process would compete with the load that it made room for
                    deadline = self._now.mono + self._timeout_s
                    phase = phase._replace(load=phase.load._replace(deadline_mono=deadline))
                self._put(record._replace(phase=phase._replace(starting=True)))
                self.effects.append(ev.StartLoad(model_id))

    def _by_priority(self) -> list[str]:
        """Return the loads in the order in which they get memory: by priority, then by arrival."""

        def level(model_id: str) -> Priority:
            load = self._models[model_id].load
            return load.level(self._now.mono) if load is not None else Priority.BULK

        return sorted(self._loads, key=level)

    def _make_room(self, record: Residency, phase: Queued) -> Residency:
        """Reserve memory for a load, once it is there or idle models can make room."""
        load, needed, limits = phase.load, record.expected_bytes, self._limits
        if not load.speculative and not load.leased:
            return self._end_load(record, COLD, load_cancelled(record))
        others = self._others(record)
        plan = self._plan_room(record, needed, limits.reachable_bytes, for_request=not load.speculative)
        if plan.missing_bytes > 0:
            fits_alone = limits.hold(needed, record.device_bytes)
            if not load.speculative and fits_alone and any(other.leased for other in others):
                return record  # until a request ends
            why = _no_room(record, plan, limits, spared=load.in_bulk and any(other.favourite for other in others))
            return self._fail(record, InsufficientMemoryError(why.with_params(model=record.model_id)))
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
        phase = record.phase
        if isinstance(phase, (Loading, Warming)) and event.share > phase.progress:
            self._put(record._replace(phase=phase._replace(progress=event.share)))

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
            device_bytes=event.device_bytes,
        )
        # Before now it could not have been reloaded.
        outdated = Outdated(now.unix, EvictionReason.SETTINGS) if load.outdated else None
        later = tuple(waiter for waiter in load.waiters if waiter.renewed and outdated is not None)
        waiters = tuple(waiter for waiter in load.waiters if waiter not in later)
        if resumes is not None:
            hot = resumes._replace(form=event.form, shrunk_bytes=0, outdated=outdated, waiters=later, timer_mono=None)
            self._settle(self._grant(record._replace(phase=hot), waiters))
            return
        record = record._replace(load_s=now.mono - load.began_mono)
        action = Action.PRELOAD if load.speculative else Action.LOAD
        self._record_decision(record, action, load.reason, load.cause, seconds=record.load_s, stages=event.stages)
        hot = Hot(load.cause, load.reason, now.unix, outdated=outdated, waiters=later, form=event.form)
        record = record._replace(phase=hot)
        self._settle(self._grant(record, waiters))

    def load_failed(self, event: ev.LoadFailed) -> None:
        record = self._record(event.model_id)
        load = record.load
        if load is None:
            return
        if event.elsewhere is not None and self._load_elsewhere(record, event.elsewhere):
            return
        if isinstance(event.error, InsufficientMemoryError) and not load.speculative and not load.retried:
            others = self._others(record)
            if idle := tuple(
                other.model_id for other in others if not (other.leased or (load.in_bulk and other.favourite))
            ):
                self.effects.append(ev.CloseWorker(record.model_id))
                record = self._put_load(record, retried=True)._replace(rss_bytes=0)
                self.exchanges_cancelled()
                self._reserve(record, RoomPlan(victims=idle), EvictionReason.PRESSURE, "room_for_retry", closing=True)
                return
        self._fail(record, event.error)

    def _load_elsewhere(self, record: Residency, needs: ev.Needs) -> bool:
        """Load a model again after its worker is closed, if there is room for it."""
        load, needed = record.load, needs.expected_bytes
        assert load is not None
        record = record._replace(expected_bytes=needed, device_bytes=needs.device_bytes, reserved_bytes=0, rss_bytes=0)
        plan = self._plan_room(record, needed, self._limits.reachable_bytes, for_request=not load.speculative)
        if plan.missing_bytes > 0:
            return False
        self.effects.append(ev.CloseWorker(record.model_id))
        record = self._put_load(record, outdated=False)
        self.exchanges_cancelled()
        self._reserve(record, plan, EvictionReason.ROOM, "room_for_request", closing=True)
        return True

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
            reason = msg("settings_outdated")
            if hot.outdated.why is EvictionReason.FILE:
                reason = msg("file_outdated")
            elif any(waiter.renewed for waiter in hot.waiters):
                reason = msg("context_outdated")
            self._evict(record, hot.outdated.why, reason)
            return
        else:
            seconds = record.idle_limit_s
            if seconds is not None and (expires_at := record.expires_at) is not None:
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
        if not hot.leases and self._is_over_limit:
            self._trim(self._limits.limit_bytes, EvictionReason.LIMIT, msg("over_limit"))


def _no_room(record: Residency, plan: RoomPlan, limits: Limits, *, spared: bool) -> Message:
    """Return which memory a load lacks; the message lacks the model. ``spared``: favourites do not leave for it."""
    if plan.device is None:
        if limits.room is not None:
            return limits.room
        needed, limit = record.expected_bytes, limits.reachable_bytes
    else:
        needed, limit = record.device_bytes[plan.device], limits.devices.get(plan.device, 0)
    sizes = {"needed": needed, "available": max(needed - plan.missing_bytes, 0), "limit": limit}
    code = "no_room_in_bulk" if spared else "no_room"
    return msg(code, **sizes) if plan.device is None else msg("no_room_on_device", device=plan.device, **sizes)
