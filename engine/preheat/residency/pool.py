"""The models in memory: loads, leases, evictions. The one place that writes model states.

Everything here runs on the engine's loop. Room is promised in one go with choosing who makes it, so that two loads
never count on the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import psutil

from preheat.errors import (
    EngineError,
    EngineStoppedError,
    InsufficientMemoryError,
    LoadCancelledError,
    LoadTimeoutError,
)
from preheat.inference.client import WorkerClient
from preheat.inference.protocol import LoadOptions
from preheat.inference.requests import ModelInfo
from preheat.library import ModelFile
from preheat.residency.eviction import Tenant, plan_eviction
from preheat.residency.resident import Cause, Resident
from preheat.residency.sizes import SizeBook
from preheat.residency.spare import SpareWorker
from preheat.residency.states import Event, State, next_state
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_BUSY_LOADING: Final = (State.QUEUED, State.LOADING, State.WARMING)


class Pool:
    """Who is in memory.

    Args:
        is_favourite: Asked by model id, at each decision.
        on_transition: Told after every change of a model's state.
        on_progress: Told when a load's progress or a measured size has changed.
        on_wasted: Told when a preload leaves before any request used it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        is_favourite: Callable[[str], bool],
        on_transition: Callable[[], None],
        on_progress: Callable[[], None],
        on_wasted: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._is_favourite = is_favourite
        self._on_transition = on_transition
        self._on_progress = on_progress
        self._on_wasted = on_wasted
        self._residents: dict[str, Resident] = {}
        self._sizes = SizeBook(settings)
        self._spare = SpareWorker(enabled=settings.spare_worker)
        self._changed = asyncio.Event()
        self._closed = False

    @property
    def residents(self) -> Mapping[str, Resident]:
        """Every model that was ever asked for, by id; to be read only."""
        return self._residents

    @property
    def limit_bytes(self) -> int:
        """The ceiling on what all workers together may hold."""
        return self._settings.memory_limit.resolve(psutil.virtual_memory().total)

    @property
    def used_bytes(self) -> int:
        """What the workers hold now, models that are on their way out included."""
        # Not what a queued model was promised: whoever makes room for it may still hold that.
        return sum(resident.held_bytes for resident in self._residents.values() if resident.worker is not None)

    def prepare(self) -> None:
        """Start the spare worker."""
        self._spare.prepare()

    def resident(self, model: ModelFile) -> Resident:
        """Return the model's residency, cold when it is new."""
        resident = self._residents.setdefault(model.model_id, Resident(model))
        if resident.state in (State.COLD, State.FAILED):
            resident.model = model  # the file may have changed since
        return resident

    async def acquire(self, model: ModelFile, cause: Cause = Cause.REQUEST) -> Resident:
        """Return the model, hot and leased; ``release`` it.

        Raises:
            EngineError: It cannot be made hot; the kinds are ``load``'s.
        """
        resident = self.resident(model)
        resident.waiters += 1
        resident.last_used_at = time.time()
        try:
            await self._until_hot(resident, cause)
        finally:
            resident.waiters -= 1
            self._wake()
        resident.leases += 1
        resident.unused = False
        return resident

    def release(self, resident: Resident, *, answered: bool) -> None:
        """End a lease; ``answered`` says that the model did its work."""
        resident.leases -= 1
        if answered:
            resident.failures = 0
        self._wake()

    async def load(self, model: ModelFile, cause: Cause) -> None:
        """Make the model hot.

        Raises:
            InsufficientMemoryError: It does not fit, even if every idle model goes (for a preload: without evicting).
            ModelLoadError: It failed, or failed so often just now that it is not tried.
            LoadTimeoutError: It took longer than ``load_timeout``.
            LoadCancelledError: It was unloaded meanwhile, or made way for a request.
        """
        resident = self.resident(model)
        if cause is Cause.PRELOAD:
            await self._until_hot(resident, cause)
        else:
            self.release(await self.acquire(model, cause), answered=False)

    async def _until_hot(self, resident: Resident, cause: Cause) -> None:
        while resident.state is not State.HOT:
            if self._closed:
                raise EngineStoppedError("Preheat is shutting down")
            if resident.leaving:
                await self._next_change()  # what was told to go is gone first; this request is not what was cancelled
                continue
            if resident.loading is None:
                resident.check_back_off()
                resident.loading = asyncio.get_running_loop().create_future()
                resident.loading.add_done_callback(_retrieve)
                resident.cause = cause
                resident.task = asyncio.create_task(self._load(resident))
                resident.task.add_done_callback(partial(_report_bug, resident.loading))
            elif cause is Cause.REQUEST:
                resident.cause = cause
            await asyncio.shield(resident.loading)

    async def _load(self, resident: Resident) -> None:
        """Run one load from start to end, and settle ``resident.loading`` with its outcome."""
        assert resident.loading is not None
        error: EngineError | None = None
        resident.began_at = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.load_timeout):
                self._apply(resident, Event.REQUESTED)
                await self._make_room(resident)
                await self._make_hot(resident)
        except TimeoutError:
            error = LoadTimeoutError(
                f"{resident.model_id} was not ready after {self._settings.load_timeout:g} s",
                hint="Raise load_timeout, or choose a smaller model",
            )
        except EngineError as failure:
            error = failure
        except asyncio.CancelledError:
            error = LoadCancelledError(f"Loading {resident.model_id} was cancelled", hint="Ask again to load it")
        if error is not None:
            resident.leaving = True  # not to be cancelled once more, in the middle of cleaning up
            await self._abandon(resident, error)
        loading, resident.loading, resident.task = resident.loading, None, None
        resident.leaving = False
        if error is None:
            loading.set_result(None)
            logger.info("loaded %s in %.2f s for a %s", resident.model_id, resident.load_s, resident.cause)
        else:
            loading.set_exception(error)
        self._wake()

    async def _make_room(self, resident: Resident) -> None:
        """Promise the model its memory, once the models chosen to go have gone.

        Raises:
            InsufficientMemoryError: There is not enough, and waiting would not help.
        """
        needed = self._sizes.expected_bytes(resident.model)
        while True:
            limit = self._reachable_bytes()
            try:
                victims = plan_eviction(
                    list(self._tenants(resident)), needed, limit, for_request=resident.cause is Cause.REQUEST
                )
                break
            except InsufficientMemoryError as error:
                others_are_busy = any(tenant.leased for tenant in self._tenants(resident))
                if resident.cause is not Cause.REQUEST or needed > limit or not others_are_busy:
                    raise InsufficientMemoryError(f"{resident.model_id}: {error.title}", hint=error.hint) from error
            await self._next_change()
            if resident.cause is Cause.REQUEST and not resident.leased:
                raise LoadCancelledError(f"Nobody waits for {resident.model_id} any more")
        resident.held_bytes = needed
        for model_id in victims:
            self._evict(self._residents[model_id], f"made room for {resident.model_id}")
        leaving = [other for other in self._residents.values() if other.leaving]
        while any(other.leaving for other in leaving):
            await self._next_change()

    def _reachable_bytes(self) -> int:
        """The limit, lowered where the system has less: ``keep_free`` stays free."""
        memory = psutil.virtual_memory()
        keep_free = self._settings.keep_free.resolve(memory.total)
        return min(self.limit_bytes, max(self.used_bytes + memory.available - keep_free, 0))

    def _tenants(self, newcomer: Resident) -> Iterator[Tenant]:
        for resident in self._residents.values():
            if resident is not newcomer and resident.held_bytes and not resident.leaving:
                yield Tenant(
                    resident.model_id,
                    resident.held_bytes,
                    resident.last_used_at or 0.0,
                    leased=resident.leased,
                    favourite=self._is_favourite(resident.model_id),
                    speculative=resident.speculative,
                )

    async def _make_hot(self, resident: Resident) -> None:
        resident.worker = worker = await self._spare.take()
        resident.progress = 0.0
        self._apply(resident, Event.STARTED)

        def on_progress(share: float) -> None:
            resident.progress = share
            self._on_progress()

        info = await worker.load(
            self._load_options(resident),
            on_progress,
            lambda: self._apply(resident, Event.LOADED),
        )
        # Not before: the next one's start would compete with this load for the processor.
        self._spare.prepare()
        self._settle(resident, worker, info)

    def _settle(self, resident: Resident, worker: WorkerClient, info: ModelInfo) -> None:
        """Take note of a model that has just become hot."""
        resident.held_bytes = rss_bytes(worker.pid)
        self._sizes.note(resident.model, resident.held_bytes)
        resident.info = replace(info, resident_bytes=resident.held_bytes)
        resident.progress = resident.error = None
        resident.load_s = time.monotonic() - resident.began_at
        resident.unused = True
        worker.exited.add_done_callback(lambda reason: self._worker_died(resident, worker, reason.result()))
        self._apply(resident, Event.PROBED)

    def _load_options(self, resident: Resident) -> LoadOptions:
        settings, model = self._settings, resident.model
        return LoadOptions(
            path=str(model.path),
            files=tuple(str(path) for path in model.files),
            embeddings=model.embeddings,
            context_length=settings.context_length,
            parallel=settings.parallel,
            kv_cache_type=settings.kv_cache_type,
            flash_attention=settings.flash_attention,
            repack=settings.repack == "on",
            threads=settings.threads or physical_cores(),
            gpu_layers=settings.gpu_layers,
            embedding_cache=settings.embedding_cache,
            probe=not resident.waiters,
            warm_prefix=resident.cause is Cause.PRELOAD,
        )

    async def _abandon(self, resident: Resident, error: EngineError) -> None:
        """Clean up after a load that ended without a hot model."""
        if resident.worker is not None:
            resident.worker.cancel_load()
            await resident.worker.close()
        self._forget_worker(resident)
        if isinstance(error, LoadCancelledError) and resident.state is not State.UNLOADING:
            self._apply(resident, Event.CANCELLED)
        if resident.state is State.UNLOADING:
            self._apply(resident, Event.EXITED)
        elif not isinstance(error, LoadCancelledError):
            if isinstance(error, InsufficientMemoryError):
                resident.error = error.title  # asking again costs nothing, and room may be made any moment
            else:
                resident.note_failure(error.title)
            self._apply(resident, Event.FAILED)
            logger.warning("loading %s failed: %s", resident.model_id, error)
        self._spare.prepare()

    async def unload(self, model_id: str, reason: str = "asked for") -> None:
        """Unload a model, after the answers that it is giving; a load is cancelled. Ends when memory is released."""
        resident = self._residents.get(model_id)
        while resident is not None and resident.state not in (State.COLD, State.FAILED):
            if resident.state is State.HOT and resident.leased:
                await self._next_change()
                continue
            if not resident.leaving:
                self._evict(resident, reason)
            await self._next_change()

    def _evict(self, resident: Resident, reason: str) -> None:
        """Begin to unload; ``resident.leaving`` ends when its memory is released."""
        logger.info("unloading %s: %s", resident.model_id, reason)
        if resident.unused and resident.cause is Cause.PRELOAD:
            self._on_wasted()
        resident.unused = False
        resident.leaving = True
        if resident.state is State.HOT:
            self._apply(resident, Event.EVICTED)
            resident.task = asyncio.create_task(self._finish_unload(resident))
        elif resident.task is not None:
            # The load's own task cleans up, whatever it was doing.
            if resident.state is not State.QUEUED:
                self._apply(resident, Event.CANCELLED)
            resident.task.cancel()

    async def _finish_unload(self, resident: Resident) -> None:
        if resident.worker is not None:
            await resident.worker.close()
        self._forget_worker(resident)
        resident.task = None
        resident.leaving = False
        self._apply(resident, Event.EXITED)
        self._spare.prepare()

    def _forget_worker(self, resident: Resident) -> None:
        resident.worker = resident.info = resident.progress = None
        resident.held_bytes = 0

    def _worker_died(self, resident: Resident, worker: WorkerClient, reason: str) -> None:
        if resident.worker is not worker or resident.state is not State.HOT:
            return
        resident.note_failure(f"the worker process ended: {reason}")
        self._forget_worker(resident)
        self._apply(resident, Event.FAILED)

    def measure(self) -> None:
        """Measure what the hot models' workers hold now."""
        for resident in self._residents.values():
            if resident.state is State.HOT and resident.worker is not None:
                resident.held_bytes = rss_bytes(resident.worker.pid) or resident.held_bytes

    async def close(self) -> None:
        """End every worker."""
        self._closed = True
        for resident in self._residents.values():
            if resident.state in (*_BUSY_LOADING, State.HOT) and not resident.leaving:
                self._evict(resident, "Preheat ends")
        tasks = [resident.task for resident in self._residents.values() if resident.task is not None]
        await asyncio.gather(*tasks, self._spare.close(), return_exceptions=True)

    def _apply(self, resident: Resident, event: Event) -> None:
        old, resident.state = resident.state, next_state(resident.state, event)
        logger.info("model %s: %s -> %s", resident.model_id, old, resident.state)
        self._wake()
        self._on_transition()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _next_change(self) -> None:
        await self._changed.wait()


def _report_bug(loading: asyncio.Future[None], task: asyncio.Task[None]) -> None:
    """Let nobody wait for a load that a bug has ended; the traceback goes to the log."""
    if not loading.done() and not task.cancelled() and (bug := task.exception()) is not None:
        logger.error("a load failed unexpectedly", exc_info=bug)
        loading.set_exception(bug)


def _retrieve(future: asyncio.Future[None]) -> None:
    """Mark the outcome as seen: a load without anybody waiting reports through its state."""
    if not future.cancelled():
        future.exception()


def rss_bytes(pid: int) -> int:
    """Return the memory that a process holds, mapped weights included; 0 if it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def physical_cores() -> int:
    """Return the number of physical cores that this process may use."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    try:
        return max(1, min(cores, len(psutil.Process().cpu_affinity())))
    except (AttributeError, psutil.Error):  # macOS has no affinity
        return cores
