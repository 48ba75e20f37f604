"""Who is in memory: the residency of every model, and the one place where states are written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from preheat.messages import verbatim
from preheat.models import ModelFile
from preheat.residency.decisions import Action, DecisionRecord
from preheat.residency.eviction import ResidentModel
from preheat.residency.observer import PoolObserver
from preheat.residency.processes import rss_bytes
from preheat.residency.resident import Resident
from preheat.residency.states import State
from preheat.residency.system_memory import mapped_bytes, read_memory
from preheat.residency.transitions import Event, next_state
from preheat.settings import Settings

logger = logging.getLogger(__name__)


class ResidentTable:
    """What the parts of the pool share. Runs on the engine's loop.

    Args:
        observer: Who knows the user's wishes and is told what happens.
        clock: Gives Unix time.
    """

    def __init__(self, settings: Settings, observer: PoolObserver, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.observer: Final = observer
        self.clock: Final = clock
        self._residents: dict[str, Resident] = {}
        self._changed = asyncio.Event()

    @property
    def residents(self) -> Mapping[str, Resident]:
        """Every model that was ever asked for, by id."""
        return self._residents

    def resident(self, model: ModelFile) -> Resident:
        """Return the model's residency, cold when it is new."""
        resident = self._residents.setdefault(model.model_id, Resident(model))
        if resident.state in (State.COLD, State.FAILED):
            resident.model = model  # the file may have changed since
        return resident

    # Memory

    @property
    def limit_bytes(self) -> int:
        """The ceiling on what all workers together may hold."""
        return self.settings.memory_limit.resolve(read_memory().total_bytes)

    @property
    def reachable_bytes(self) -> int:
        """The limit, lowered where the system has less: ``keep_free`` stays free."""
        memory = read_memory()
        keep_free = self.settings.keep_free.resolve(memory.total_bytes)
        # Mapped weights are in both, what the workers hold and what the system calls available.
        free = memory.available_bytes - mapped_bytes(self.worker_pids) - keep_free
        # Measured now: what a worker was promised and has not touched yet is still free.
        held = sum(rss_bytes(pid) for pid in self.worker_pids)
        return min(self.settings.memory_limit.resolve(memory.total_bytes), max(held + free, 0))

    @property
    def used_bytes(self) -> int:
        """What the workers held when they were last measured, models that are on their way out included."""
        return sum(resident.held_bytes for resident in self._residents.values())

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of all workers that have a model."""
        residents = self._residents.values()
        return tuple(resident.worker.pid for resident in residents if resident.worker is not None)

    def tenants(self, newcomer: Resident | None = None) -> list[ResidentModel]:
        """Return the models that hold memory or have been promised some, but for those on their way out."""
        return [
            ResidentModel(
                resident.model_id,
                resident.taken_bytes,
                resident.last_used_at or 0.0,
                leased=resident.leased,
                favourite=self.observer.is_favourite(resident.model_id),
                speculative=resident.speculative,
            )
            for resident in self._residents.values()
            if resident is not newcomer and resident.taken_bytes and not resident.leaving
        ]

    # Changes

    def apply(self, resident: Resident, event: Event) -> None:
        """Let something happen to a model, and tell everybody."""
        old, resident.state = resident.state, next_state(resident.state, event)
        logger.info("model %s: %s -> %s", resident.model_id, old, resident.state)
        self.wake()
        self.observer.state_changed()

    def decided(
        self,
        resident: Resident,
        action: Action,
        why: str,
        cause: str,
        *,
        seconds: float | None = None,
        wasted: bool = False,
    ) -> None:
        """Report what was done about a model; the arguments are as in ``DecisionRecord``."""
        now = self.clock()
        idle_s = None if resident.last_used_at is None else max(0.0, now - resident.last_used_at)
        held = resident.held_bytes or resident.reserved_bytes
        self.observer.decided(
            DecisionRecord(now, resident.model_id, action, verbatim(why), held, seconds, str(cause), idle_s, wasted)
        )

    def wake(self) -> None:
        """Something that a load, a request or an unload may wait for is another."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def next_change(self) -> None:
        """Wait for the next ``wake``."""
        await self._changed.wait()
