"""Decisions about the forms of hot models: exchanges, and how models give up memory before others are evicted."""

from __future__ import annotations

from typing import Final

from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.decisions import EXCHANGE, Action, Cause, EvictionReason
from preheat.residency.eviction import RoomPlan, plan_room
from preheat.residency.forms import Form, Stage, Twin
from preheat.residency.phases import Hot, Load, Queued, State
from preheat.residency.states import Residency
from preheat.residency.step import HURRIED_SAVE_S, Step

_AFTER_SHRINKING_S: Final = 600.0
"""Pause of exchanges for the repacked form after a model had to give it up, in seconds: each costs a load."""

_AFTER_CANCEL_S: Final = 60.0
_AFTER_FAILURE_S: Final = 600.0
_MAX_PAUSE_S: Final = 86_400.0


class ExchangeStep(Step):
    """Handles the events of exchanges."""

    # Exchanges

    def exchange_wanted(self, event: ev.ExchangeWanted) -> None:
        record = self._record(event.model_id)
        hot = record.phase
        if not isinstance(hot, Hot) or hot.twin is not None or hot.form is event.form or self._closed:
            return
        if hot.outdated is not None or hot.unloaders:
            return  # it leaves anyway
        if record.device_bytes:
            return  # weights on a device have no other form
        size, mono = event.size, self._now.mono
        if self._taken + size.added_bytes <= self._limits.reachable_bytes:
            twin = Twin(event.form, Stage.LOADING, size.added_bytes, size.shared_bytes, event.reason, mono)
            self._put(record._replace(phase=hot._replace(twin=twin), twin_rss_bytes=0))
            self.effects.append(ev.StartTwin(record.model_id, event.form))
        elif event.form is Form.MAPPED and record.shrinks:
            self._shrink(record, EvictionReason.SETTINGS, event.reason)

    def twin_ready(self, event: ev.TwinReady) -> None:
        record = self._record(event.model_id)
        hot, twin = record.phase, record.twin
        if not isinstance(hot, Hot) or twin is None or twin.stage is not Stage.LOADING:
            return  # it was given up meanwhile
        mono = self._now.mono
        first_bytes = max(record.reserved_bytes, record.rss_bytes) - twin.shared_bytes
        former = twin._replace(
            form=hot.form,
            stage=Stage.LEAVING if hot.leases else Stage.CLOSING,
            taken_bytes=max(first_bytes, 0),
            held=False,
            leases=hot.leases,
        )
        hot = hot._replace(form=twin.form, shrunk_bytes=event.shrunk_bytes, twin=former)
        record = record._replace(
            rss_bytes=event.rss_bytes,
            reserved_bytes=event.expected_bytes,
            twin_rss_bytes=max(record.rss_bytes - twin.shared_bytes, 0),
            exchange_failures=0,
        )
        action = Action.REPACK if twin.form is Form.REPACKED else Action.SHRINK
        self._record_decision(record, action, twin.reason, EXCHANGE, seconds=mono - twin.since_mono)
        self._put(record._replace(phase=hot))
        self.effects += [ev.SwapTwin(record.model_id), ev.FormChanged(record.model_id, hot.form)]
        if not hot.leases:
            self.effects.append(ev.CloseTwin(record.model_id))

    def twin_failed(self, event: ev.TwinFailed) -> None:
        record = self._record(event.model_id)
        if not record.exchanging:
            return
        if event.failed:
            self._record_decision(record, Action.FAIL, msg("exchange_failed", reason=event.reason), EXCHANGE)
            failures = record.exchange_failures + 1
            record = record._replace(exchange_failures=failures)
            self._end_exchange(record, min(_AFTER_FAILURE_S * 2.0 ** min(failures - 1, 10), _MAX_PAUSE_S))
        else:
            self._end_exchange(record, _AFTER_FAILURE_S)

    def twin_exited(self, event: ev.TwinExited) -> None:
        record = self._record(event.model_id)
        if not isinstance(record.phase, Hot) or record.twin is None:
            return  # the model has left as a whole
        if record.exchanging:
            return  # its load fails, and says why
        self._put(record._replace(phase=record.phase._replace(twin=None), twin_rss_bytes=0))
        self._gone(event.model_id)

    def _end_exchange(self, record: Residency, pause_s: float = _AFTER_CANCEL_S) -> Residency:
        """Give up the exchange of a model, if there is one."""
        hot, twin = record.phase, record.twin
        if not record.exchanging or not isinstance(hot, Hot) or twin is None:
            return record
        self.effects.append(ev.CloseTwin(record.model_id))
        hot = hot._replace(twin=twin._replace(stage=Stage.CLOSING, held=False))
        after = max(record.exchange_after_mono, self._now.mono + pause_s)
        return self._put(record._replace(phase=hot, exchange_after_mono=after))

    def exchanges_cancelled(self, _event: ev.ExchangesCancelled | None = None) -> None:
        for model_id in self._exchanges:
            self._end_exchange(self._models[model_id])

    def _hold_exchanges(self) -> None:
        """Let the loads of twins wait while requests are in progress."""
        for model_id in self._exchanges:
            record = self._models[model_id]
            hot, twin, hold = record.phase, record.twin, self._active > 0
            if isinstance(hot, Hot) and twin is not None and twin.held is not hold:
                self._put(record._replace(phase=hot._replace(twin=twin._replace(held=hold))))
                self.effects.append(ev.HoldTwin(model_id, hold))

    def _answered_by_twin(self, hot: Hot, waiter_id: int, model_id: str) -> Hot:
        """Note the end of a request; the worker that leaves is closed after its last one."""
        twin = hot.twin
        if twin is None or waiter_id not in twin.leases:
            return hot
        twin = twin._replace(leases=twin.leases - {waiter_id})
        if not twin.leases and twin.stage is Stage.LEAVING:
            twin = twin._replace(stage=Stage.CLOSING)
            self.effects.append(ev.CloseTwin(model_id))
        return hot._replace(twin=twin)

    def _fall_back(self, record: Residency, hot: Hot, reason: Message) -> Residency:
        """The first worker of a model has died, while the former one still answers: it is the first again."""
        twin = hot.twin
        assert twin is not None
        self._active -= len(hot.leases - twin.leases)
        dead = twin._replace(form=hot.form, stage=Stage.CLOSING, leases=frozenset())
        hot = hot._replace(form=twin.form, shrunk_bytes=0, leases=twin.leases, twin=dead)
        self.effects += [
            ev.SwapTwin(record.model_id),
            ev.FormChanged(record.model_id, hot.form),
            ev.CloseTwin(record.model_id),
        ]
        reserved = twin.taken_bytes + twin.shared_bytes
        after = self._now.mono + _AFTER_FAILURE_S
        return self._put(
            record._replace(
                phase=hot, reserved_bytes=reserved, rss_bytes=0, twin_rss_bytes=0, exchange_after_mono=after
            )
        )

    # Memory

    def _plan_room(
        self, record: Residency | None, needed_bytes: int, limit_bytes: int, *, for_request: bool
    ) -> RoomPlan:
        if record is None:
            residents, pools = list(self._staying.values()), self._limits.pools()
        else:
            residents, pools = self._others(record), self._limits.pools(record.device_bytes)
            if record.load is not None and record.load.in_bulk:
                residents = [each._replace(leased=each.leased or each.favourite) for each in residents]
        return plan_room(residents, needed_bytes, limit_bytes, self._policy, pools, for_request=for_request)

    def _make_way(self, plan: RoomPlan, why: EvictionReason, shrinks: Message, leaves: Message) -> None:
        """Shrink and evict as planned."""
        for model_id in plan.shrunk:
            record = self._models[model_id]
            if record.shrinks:
                self._shrink(record, why, shrinks)
            else:
                self._end_exchange(record)
        for model_id in plan.victims:
            self._evict(self._models[model_id], why, leaves)

    def _trim(self, limit_bytes: int, why: EvictionReason, reason: Message) -> None:
        """Shrink and unload idle models until no more than ``limit_bytes`` are taken, as far as that is enough.

        The same for the limits of devices.
        """
        self._make_way(self._plan_room(None, 0, limit_bytes, for_request=True), why, reason, reason)

    def _shrink(self, record: Residency, why: EvictionReason, reason: Message) -> None:
        """Load an idle repacked model again, mapped; its memory is there at once, and its next load waits for requests.

        An exchange would need the memory of both forms for a moment, when memory is short.
        """
        hot = record.phase
        assert isinstance(hot, Hot)
        self._record_decision(record, Action.SHRINK, reason, why)
        load = Load(Cause.PRELOAD, hot.reason, self._now.mono, None, resumes=hot._replace(twin=None))
        self.effects.append(ev.CloseWorker(record.model_id, HURRIED_SAVE_S))
        self._put(
            record._replace(
                phase=Queued(load, frozenset({record.model_id})),
                reserved_bytes=hot.shrunk_bytes,
                rss_bytes=0,
                twin_rss_bytes=0,
                exchange_after_mono=self._now.mono + _AFTER_SHRINKING_S,
            )
        )

    def _leaving(self) -> set[str]:
        """Return the models with a worker that is being closed."""
        return {
            record.model_id
            for record in self._models.values()
            if record.state is State.UNLOADING
            or (record.twin is not None and record.twin.stage is Stage.CLOSING)
            or record.closes_first
        }

    def _gone(self, model_id: str) -> None:
        """Let loads go on that wait for the memory of a model that is leaving, or of its second worker."""
        for waiting_id in self._loads:
            other = self._models[waiting_id]
            if isinstance(other.phase, Queued) and other.phase.waiting_for:
                waiting_for = other.phase.waiting_for - {model_id}
                self._put(other._replace(phase=other.phase._replace(waiting_for=waiting_for)))
