"""How models leave memory: asked for, evicted, idle for too long, or with their worker."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from preheat.inference.client import WorkerClient
from preheat.residency.decisions import Action, Cause, EvictionReason
from preheat.residency.eviction import plan_eviction
from preheat.residency.resident import Resident
from preheat.residency.roster import ResidentTable
from preheat.residency.spare import SpareWorker
from preheat.residency.states import State
from preheat.residency.transitions import Event
from preheat.units import format_duration

logger = logging.getLogger(__name__)

_LONGEST_TIMER_S: Final = 86_400.0


class Unloader:
    """Lets models go. Runs on the engine's loop."""

    def __init__(self, roster: ResidentTable, spare: SpareWorker) -> None:
        self._roster = roster
        self._spare = spare

    def evict(self, resident: Resident, why: EvictionReason, reason: str) -> None:
        """Begin to unload, or cancel a load; ``resident.leaving`` ends when its memory is released."""
        logger.info("unloading %s: %s", resident.model_id, reason)
        wasted = resident.unused and resident.cause is Cause.PRELOAD and why is not EvictionReason.END
        action = Action.CANCEL if resident.loads else Action.UNLOAD if why is EvictionReason.USER else Action.EVICT
        self._roster.decided(resident, action, reason, why, wasted=wasted)
        resident.unused = False
        resident.leaving = True
        if resident.state is State.HOT:
            self._roster.apply(resident, Event.EVICTED)
            resident.task = asyncio.create_task(self._finish(resident))
        elif resident.task is not None:
            # The load's own task cleans up, whatever it was doing.
            if resident.state is not State.QUEUED:
                self._roster.apply(resident, Event.CANCELLED)
            resident.task.cancel()

    async def _finish(self, resident: Resident) -> None:
        if resident.worker is not None:
            await resident.worker.close()
        resident.forget_worker()
        resident.task = None
        resident.leaving = False
        self._roster.apply(resident, Event.EXITED)
        self._spare.prepare()

    async def unload(self, model_id: str, reason: str) -> None:
        """Unload a model, after the answers that it is giving; a load is cancelled. Ends when memory is released."""
        resident = self._roster.residents.get(model_id)
        while resident is not None and resident.state not in (State.COLD, State.FAILED):
            if not resident.leaving and not (resident.state is State.HOT and resident.leased):
                self.evict(resident, EvictionReason.USER, reason)
            await self._roster.next_change()

    def trim(self, limit_bytes: int, why: EvictionReason, reason: str) -> None:
        """Let idle models go until the others take no more than ``limit_bytes``, as far as idle ones can do that."""
        view = self._roster.observer.eviction_view(self._roster.tenants())
        victims = plan_eviction(view, 0, limit_bytes, for_request=True).victims
        for model_id in victims:
            self.evict(self._roster.residents[model_id], why, reason)

    def free(self, wanted_bytes: int, why: EvictionReason, reason: str) -> None:
        """Let idle models go to free so many bytes; what is leaving already counts."""
        going = sum(resident.held_bytes for resident in self._roster.residents.values() if resident.leaving)
        taken = sum(tenant.resident_bytes for tenant in self._roster.tenants())
        if wanted_bytes > going:
            self.trim(max(taken - (wanted_bytes - going), 0), why, reason)

    def settle_idle(self, resident: Resident) -> None:
        """Let a model go that has nothing to do, if something says so."""
        resident.stop_idle_timer()
        if resident.state is not State.HOT or resident.leases or resident.leaving:
            return
        # Requests that wait for a hot model are about to take it, or wait for it to be loaded anew.
        if resident.waiters and not resident.overdue(self._roster.clock()):
            return
        if resident.outdated:
            why, what = (
                (EvictionReason.FILE, "its file was replaced")
                if resident.replaced
                else (EvictionReason.SETTINGS, "its settings changed")
            )
            self.evict(resident, why, f"{what}; it is loaded anew when it is needed")
            return
        seconds = resident.keep_alive_s
        if seconds is None:
            seconds = self._roster.settings.for_model(resident.model_id).keep_alive_s
        if seconds is not None and seconds >= 0:
            # A model that was preloaded has its time, too, however long ago it was used.
            idle_s = self._roster.clock() - max(resident.last_used_at or 0.0, resident.hot_since)
            if idle_s >= seconds:
                self.evict(resident, EvictionReason.KEEP_ALIVE, f"not used for {format_duration(seconds)} (keep_alive)")
                return
            pause_s = min(seconds - idle_s, _LONGEST_TIMER_S) + 0.01
            resident.idle_timer = asyncio.get_running_loop().call_later(pause_s, self.settle_idle, resident)
        limit = self._roster.limit_bytes
        if sum(tenant.resident_bytes for tenant in self._roster.tenants()) > limit:
            self.trim(limit, EvictionReason.LIMIT, "over the memory limit")

    async def until_gone(self) -> None:
        """Wait until all that were told to go have gone."""
        leaving = [other for other in self._roster.residents.values() if other.leaving]
        while any(other.leaving for other in leaving):
            await self._roster.next_change()

    def worker_died(self, resident: Resident, worker: WorkerClient, reason: str) -> None:
        """Take note of a worker that ended, in words; nothing if it was told to."""
        if resident.worker is not worker or resident.state is not State.HOT:
            return
        error = f"the worker process ended: {reason}"
        resident.note_failure(error)
        self._roster.decided(resident, Action.FAIL, error, "worker_died")
        resident.forget_worker()
        self._roster.apply(resident, Event.FAILED)
