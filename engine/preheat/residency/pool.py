"""The models in memory: who uses them, who wants them hot, and what is to become of them.

The pool's verbs are here; ``loading`` and ``unloading`` do the work, and ``roster`` holds the state that they share.
Everything runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence

from preheat.models import ModelFile
from preheat.residency.decisions import Cause, EvictionReason
from preheat.residency.eviction import ResidentModel
from preheat.residency.load_options import loads_differently
from preheat.residency.loading import Loader
from preheat.residency.observer import PoolObserver
from preheat.residency.processes import rss_bytes
from preheat.residency.resident import Resident
from preheat.residency.roster import ResidentTable
from preheat.residency.sizes import SizeTable
from preheat.residency.spare import SpareWorker
from preheat.residency.states import State
from preheat.residency.unloading import Unloader
from preheat.settings import Settings
from preheat.units import format_memory


class Pool:
    """Who is in memory.

    Args:
        sizes: What models take.
        observer: Who knows the user's wishes and is told what happens.
        clock: Gives Unix time.
    """

    def __init__(
        self, settings: Settings, sizes: SizeTable, observer: PoolObserver, clock: Callable[[], float] = time.time
    ) -> None:
        self._sizes = sizes
        self._roster = ResidentTable(settings, observer, clock)
        self._spare = SpareWorker(enabled=settings.spare_worker)
        self._unloader = Unloader(self._roster, self._spare)
        self._loader = Loader(self._roster, self._unloader, sizes, self._spare)

    @property
    def residents(self) -> Mapping[str, Resident]:
        """Every model that was ever asked for, by id; to be read only."""
        return self._roster.residents

    @property
    def models(self) -> Mapping[str, ModelFile]:
        """The models that hold memory or have been promised some, by id."""
        return {name: resident.model for name, resident in self.residents.items() if resident.taken_bytes}

    @property
    def used_bytes(self) -> int:
        """What the workers held when they were last measured, models that are on their way out included."""
        return self._roster.used_bytes

    @property
    def reachable_bytes(self) -> int:
        """The limit, lowered where the system has less: ``keep_free`` stays free."""
        return self._roster.reachable_bytes

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of all workers that have a model."""
        return self._roster.worker_pids

    @property
    def spare_pid(self) -> int | None:
        """The process id of the worker that stands by; None while there is none."""
        return self._spare.pid

    def resident(self, model: ModelFile) -> Resident:
        """Return the model's residency, cold when it is new."""
        return self._roster.resident(model)

    def tenants(self) -> list[ResidentModel]:
        """Return the models that hold memory or have been promised some, but for those on their way out."""
        return self._roster.tenants()

    def prepare(self) -> None:
        """Start the spare worker."""
        self._spare.prepare()

    # Leases

    async def acquire(self, model: ModelFile) -> Resident:
        """Return the model, hot and leased; ``release`` it.

        Raises:
            InsufficientMemoryError: It does not fit, even if every idle model goes.
            ModelLoadError: It failed, or failed so often just now that it is not tried.
            LoadTimeoutError: It took longer than ``load_timeout``.
            LoadCancelledError: It was unloaded meanwhile.
            EngineStoppedError: The pool is closed.
        """
        resident = self.resident(model)
        resident.waiters += 1
        resident.last_used_at = self._roster.clock()
        try:
            await self._until_renewed(resident)
            await self._until_hot(resident, Cause.REQUEST, "a request asked for it")
        finally:
            resident.waiters -= 1
            self._roster.wake()
        resident.leases += 1
        resident.unused = False
        return resident

    async def _until_renewed(self, resident: Resident) -> None:
        """Hold a request back from a model that has been outdated for long, until the answers in flight have ended.

        Where answers take longer than ``load_timeout``, it joins them after all: the old settings are better than none.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._roster.settings.load_timeout):
                while resident.leases and resident.overdue(self._roster.clock()):
                    await self._roster.next_change()

    def release(self, resident: Resident, *, answered: bool) -> None:
        """End a lease; ``answered`` says that the model did its work."""
        resident.leases -= 1
        if answered:
            resident.failures = 0
        resident.last_used_at = self._roster.clock()
        self._roster.wake()
        self._unloader.settle_idle(resident)

    def keep_alive(self, resident: Resident, seconds: float | None) -> None:
        """Unload the model after so many idle seconds; 0: at once, negative: never, None: as the settings say."""
        resident.keep_alive_s = seconds
        self._unloader.settle_idle(resident)

    # Loads

    async def load(self, model: ModelFile) -> None:
        """Make the model hot as if a request had asked for it.

        Raises:
            EngineError: As ``acquire``.
        """
        self.release(await self.acquire(model), answered=False)

    async def preload(self, model: ModelFile, reason: str, displaces: Sequence[str] = ()) -> bool:
        """Make the model hot with nobody waiting.

        Args:
            reason: Why, in words for the user.
            displaces: Models that make way first, if they are still idle.

        Returns:
            Whether it is hot; if not, it was told to go meanwhile.

        Raises:
            InsufficientMemoryError: It does not fit into what is free then.
            LoadCancelledError: It made way for a request, or was unloaded.
            EngineError: As ``acquire``.
        """
        for model_id in displaces:
            other = self.residents[model_id]
            if other.state is State.HOT and not other.leased and not other.leaving:
                self._unloader.evict(
                    other, EvictionReason.PRELOAD, f"made room for {model.model_id}, which is used more"
                )
        resident = self.resident(model)
        await self._until_hot(resident, Cause.PRELOAD, reason)
        return resident.state is State.HOT

    def hold_preloads(self, busy: bool) -> None:
        """Let running preloads wait while answers are being given (``busy``), and go on afterwards."""
        self._loader.hold_preloads(busy)

    def cancel_preloads(self, why: EvictionReason, reason: str) -> None:
        """Cancel the preloads that run; one that a request waits for by now is none."""
        for resident in self.residents.values():
            if resident.preloading and not resident.leaving:
                self._unloader.evict(resident, why, reason)

    async def _until_hot(self, resident: Resident, cause: Cause, reason: str) -> None:
        while resident.state is not State.HOT:
            if resident.leaving:
                await self._roster.next_change()  # gone first; this request is not what was cancelled
                if cause is Cause.PRELOAD:
                    return  # whoever told it to go knows better than the plan that this is from
                continue
            if resident.loading is None:
                self._loader.start(resident, cause, reason)
            if cause is Cause.REQUEST:
                self._loader.want(resident)
            assert resident.loading is not None
            await asyncio.shield(resident.loading)
            if cause is Cause.PRELOAD:
                return  # it may have been told to go again already

    # Leaving

    async def unload(self, model_id: str, reason: str = "asked for") -> None:
        """Unload a model, after the answers that it is giving; a load is cancelled. Ends when memory is released."""
        await self._unloader.unload(model_id, reason)

    def free(self, wanted_bytes: int, why: EvictionReason, reason: str) -> None:
        """Let idle models go to free so many bytes; what is leaving already counts."""
        self._unloader.free(wanted_bytes, why, reason)

    def apply_settings(self, settings: Settings) -> None:
        """Act on new settings at once; a model that is answering follows when it has ended."""
        before, self._roster.settings = self._roster.settings, settings
        for resident in self.residents.values():
            in_use = resident.state is State.HOT or resident.loads
            if in_use and not resident.outdated and loads_differently(resident.model_id, before, settings):
                resident.outdated_at = self._roster.clock()
        for resident in list(self.residents.values()):
            self._unloader.settle_idle(resident)
        limit = self.reachable_bytes
        self._unloader.trim(limit, EvictionReason.LIMIT, f"the memory limit is {format_memory(limit)} now")
        self._roster.wake()

    def measure(self) -> None:
        """Measure what the workers hold now."""
        for resident in self.residents.values():
            if resident.worker is not None:
                resident.held_bytes = rss_bytes(resident.worker.pid) or resident.held_bytes
            if resident.state is State.HOT:
                self._sizes.note_use(resident.model, resident.held_bytes)

    def files_changed(self, models: Mapping[str, ModelFile]) -> None:
        """Let go, when it is idle, of every model whose file is another now; one whose file has gone stays.

        Args:
            models: What is on disk, by id.
        """
        for resident in list(self.residents.values()):
            now = models.get(resident.model_id)
            if now is not None and resident.state is State.HOT and not now.same_content(resident.model):
                resident.outdated_at = resident.outdated_at or self._roster.clock()
                resident.replaced = True
                self._unloader.settle_idle(resident)

    async def close(self) -> None:
        """End every worker."""
        self._loader.close()
        for resident in self.residents.values():
            resident.stop_idle_timer()
            if (resident.loads or resident.state is State.HOT) and not resident.leaving:
                self._unloader.evict(resident, EvictionReason.END, "Preheat ends")
        tasks = [resident.task for resident in self.residents.values() if resident.task is not None]
        await asyncio.gather(*tasks, self._spare.close(), return_exceptions=True)
