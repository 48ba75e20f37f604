"""The models in memory: loads, leases, evictions. The one place that writes model states.

Everything here runs on the engine's loop. Room is promised in one go with choosing who makes it, so that two loads
never count on the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from preheat.errors import (
    EngineError,
    EngineStoppedError,
    InsufficientMemoryError,
    LoadCancelledError,
    LoadTimeoutError,
    ModelLoadError,
)
from preheat.format import format_duration, format_memory
from preheat.inference.client import WorkerClient
from preheat.inference.protocol import LoadOptions
from preheat.inference.requests import ModelInfo
from preheat.library import ModelFile
from preheat.residency.decisions import Action, DecisionRecord, Why
from preheat.residency.eviction import Tenant, plan_eviction
from preheat.residency.observer import PoolObserver
from preheat.residency.processes import physical_cores, rss_bytes
from preheat.residency.resident import Cause, Resident
from preheat.residency.sizes import SizeBook
from preheat.residency.spare import SpareWorker
from preheat.residency.states import Event, State, next_state
from preheat.residency.system_memory import mapped_bytes, read_memory
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_LONGEST_TIMER_S: Final = 86_400.0


class Pool:
    """Who is in memory.

    Args:
        sizes: What models take.
        observer: Who knows the user's wishes and is told what happens.
        clock: Gives Unix time.
    """

    def __init__(
        self, settings: Settings, sizes: SizeBook, observer: PoolObserver, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._sizes = sizes
        self._observer = observer
        self._clock = clock
        self._residents: dict[str, Resident] = {}
        self._spare = SpareWorker(enabled=settings.spare_worker)
        self._changed = asyncio.Event()
        self._busy = False
        self._closed = False

    @property
    def residents(self) -> Mapping[str, Resident]:
        """Every model that was ever asked for, by id; to be read only."""
        return self._residents

    @property
    def limit_bytes(self) -> int:
        """The ceiling on what all workers together may hold."""
        return self._settings.memory_limit.resolve(read_memory().total_bytes)

    @property
    def used_bytes(self) -> int:
        """What the workers hold now, models that are on their way out included."""
        # Not what a queued model was promised: whoever makes room for it may still hold that.
        return sum(resident.held_bytes for resident in self._residents.values() if resident.worker is not None)

    @property
    def reachable_bytes(self) -> int:
        """The limit, lowered where the system has less: ``keep_free`` stays free."""
        memory = read_memory()
        keep_free = self._settings.keep_free.resolve(memory.total_bytes)
        # Mapped weights are in both, what the workers hold and what the system calls available.
        free = memory.available_bytes - mapped_bytes(self.worker_pids) - keep_free
        return min(self._settings.memory_limit.resolve(memory.total_bytes), max(self.used_bytes + free, 0))

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of all workers that have a model."""
        residents = self._residents.values()
        return tuple(resident.worker.pid for resident in residents if resident.worker is not None)

    def prepare(self) -> None:
        """Start the spare worker."""
        self._spare.prepare()

    def resident(self, model: ModelFile) -> Resident:
        """Return the model's residency, cold when it is new."""
        resident = self._residents.setdefault(model.model_id, Resident(model))
        if resident.state in (State.COLD, State.FAILED):
            resident.model = model  # the file may have changed since
        return resident

    def tenants(self, newcomer: Resident | None = None) -> list[Tenant]:
        """Return the models that hold memory or have been promised some, but for those on their way out."""
        return [
            Tenant(
                resident.model_id,
                resident.held_bytes,
                resident.last_used_at or 0.0,
                leased=resident.leased,
                favourite=self._observer.is_favourite(resident.model_id),
                speculative=resident.speculative,
            )
            for resident in self._residents.values()
            if resident is not newcomer and resident.held_bytes and not resident.leaving
        ]

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
        resident.last_used_at = self._clock()
        try:
            await self._until_hot(resident, Cause.REQUEST, "a request asked for it")
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
        resident.last_used_at = self._clock()
        self._wake()
        self._settle_idle(resident)

    def keep_alive(self, resident: Resident, seconds: float | None) -> None:
        """Unload the model after so many idle seconds; 0 is at once, negative is never, None leaves it to the limit."""
        resident.keep_alive_s = seconds
        self._settle_idle(resident)

    def _settle_idle(self, resident: Resident) -> None:
        """Let a model go that has nothing to do, if something says so."""
        if resident.idle_timer is not None:
            resident.idle_timer.cancel()
            resident.idle_timer = None
        if resident.state is not State.HOT or resident.leased or resident.leaving:
            return
        if resident.outdated:
            why, what = (
                (Why.FILE, "its file was replaced") if resident.replaced else (Why.SETTINGS, "its settings changed")
            )
            self._evict(resident, why, f"{what}; it is loaded anew when it is needed")
            return
        seconds = resident.keep_alive_s
        if seconds is not None and seconds >= 0:
            idle_s = self._clock() - (resident.last_used_at or 0.0)
            if idle_s >= seconds:
                self._evict(resident, Why.KEEP_ALIVE, f"not used for {format_duration(seconds)} (keep_alive)")
                return
            pause_s = min(seconds - idle_s, _LONGEST_TIMER_S) + 0.01
            resident.idle_timer = asyncio.get_running_loop().call_later(pause_s, self._settle_idle, resident)
        if sum(tenant.resident_bytes for tenant in self.tenants()) > self.limit_bytes:
            self.trim(self.limit_bytes, Why.LIMIT, "over the memory limit")

    # Loads

    async def load(self, model: ModelFile) -> None:
        """Make the model hot as if a request had asked for it.

        Raises:
            EngineError: As ``acquire``.
        """
        self.release(await self.acquire(model), answered=False)

    async def preload(self, model: ModelFile, reason: str, displaces: Sequence[str] = ()) -> None:
        """Make the model hot with nobody waiting.

        Args:
            reason: Why, in words for the user.
            displaces: Models that make way first, if they are still idle.

        Raises:
            InsufficientMemoryError: It does not fit into what is free then.
            LoadCancelledError: It made way for a request, or was unloaded.
            EngineError: As ``acquire``.
        """
        for model_id in displaces:
            other = self._residents[model_id]
            if other.state is State.HOT and not other.leased and not other.leaving:
                self._evict(other, Why.PRELOAD, f"made room for {model.model_id}, which is used more")
        await self._until_hot(self.resident(model), Cause.PRELOAD, reason)

    async def _until_hot(self, resident: Resident, cause: Cause, reason: str) -> None:
        while resident.state is not State.HOT:
            if self._closed:
                raise EngineStoppedError("Preheat is shutting down")
            if resident.leaving:
                await self._next_change()  # what was told to go is gone first; this request is not what was cancelled
                if cause is Cause.PRELOAD:
                    return  # whoever told it to go knows better than the plan that this is from
                continue
            if resident.loading is None:
                resident.check_back_off()
                resident.loading = asyncio.get_running_loop().create_future()
                resident.loading.add_done_callback(_retrieve)
                resident.cause, resident.reason = cause, reason
                resident.task = asyncio.create_task(self._load(resident))
                resident.task.add_done_callback(partial(self._load_ended, resident))
            elif cause is Cause.REQUEST:
                resident.cause = cause
                self._hold_preloads()
            if cause is Cause.REQUEST:
                self._clear_the_way(resident)
            await asyncio.shield(resident.loading)
            if cause is Cause.PRELOAD:
                return  # it may have been told to go again already

    def _clear_the_way(self, wanted: Resident) -> None:
        """Stop preloads beside a load that someone waits for: both would take twice as long."""
        for other in self._residents.values():
            if other is not wanted and other.loads and other.speculative and not other.leased and not other.leaving:
                self._evict(other, Why.ROOM, f"made way for {wanted.model_id}, which a request waits for")

    def hold_preloads(self, busy: bool) -> None:
        """Let running preloads wait while answers are being given (``busy``), and go on afterwards."""
        self._busy = busy
        self._hold_preloads()

    def _hold_preloads(self) -> None:
        for resident in self._residents.values():
            hold = self._busy and resident.speculative and not resident.leased
            if not resident.loads or resident.worker is None or resident.held is hold:
                continue
            resident.held = hold
            resident.worker.hold_load(hold)
            if resident.deadline is not None and not resident.deadline.expired():
                ends_at = asyncio.get_running_loop().time() + self._settings.load_timeout
                resident.deadline.reschedule(None if hold else ends_at)

    async def _load(self, resident: Resident) -> None:
        """Run one load from start to end, and settle ``resident.loading`` with its outcome."""
        assert resident.loading is not None
        error: EngineError | None = None
        resident.began_at = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.load_timeout) as resident.deadline:
                self._apply(resident, Event.REQUESTED)
                if self._closed:
                    raise LoadCancelledError("Preheat is shutting down")
                await self._make_room(resident)
                await self._make_hot_somehow(resident)
        except TimeoutError:
            error = LoadTimeoutError(
                f"{resident.model_id} was not ready after {self._settings.load_timeout:g} s",
                hint="Raise load_timeout, or choose a smaller model",
            )
        except EngineError as failure:
            error = failure
        except asyncio.CancelledError:
            error = LoadCancelledError(f"Loading {resident.model_id} was cancelled", hint="Ask again to load it")
        finally:
            resident.deadline = None
        await self._end_load(resident, error)

    def _load_ended(self, resident: Resident, task: asyncio.Task[None]) -> None:
        """Clean up after a load that a bug has ended: nobody is to wait for it, and the next request tries again."""
        if task.cancelled() or (bug := task.exception()) is None:
            return
        logger.error("loading %s failed unexpectedly", resident.model_id, exc_info=bug)
        if resident.loading is not None:
            error = ModelLoadError(f"Loading {resident.model_id} failed unexpectedly", hint="The log tells more")
            resident.task = asyncio.create_task(self._end_load(resident, error))

    async def _end_load(self, resident: Resident, error: EngineError | None) -> None:
        """Tell everybody who waits how a load ended, once all is cleaned up."""
        loading = resident.loading
        assert loading is not None
        try:
            if error is not None:
                resident.leaving = True  # not to be cancelled once more, in the middle of cleaning up
                await self._abandon(resident, error)
        finally:
            resident.loading = resident.task = None
            resident.leaving = False
            if error is not None:
                loading.set_exception(error)
            else:
                loading.set_result(None)
                logger.info("loaded %s in %.2f s for a %s", resident.model_id, resident.load_s, resident.cause)
            self._wake()
        self._settle_idle(resident)

    async def _make_room(self, resident: Resident) -> None:
        """Promise the model its memory, once the models chosen to go have gone.

        Raises:
            InsufficientMemoryError: There is not enough, and waiting would not help.
        """
        needed = self._sizes.expected_bytes(resident.model)
        while True:
            limit = self.reachable_bytes
            for_request = resident.cause is Cause.REQUEST
            tenants = self.tenants(resident)
            try:
                victims = plan_eviction(self._observer.eviction_view(tenants), needed, limit, for_request=for_request)
                break
            except InsufficientMemoryError as error:
                others_are_busy = any(tenant.leased for tenant in tenants)
                if not for_request or needed > limit or not others_are_busy:
                    raise InsufficientMemoryError(f"{resident.model_id}: {error.title}", hint=error.hint) from error
            await self._next_change()
            if resident.cause is Cause.REQUEST and not resident.leased:
                raise LoadCancelledError(f"Nobody waits for {resident.model_id} any more")
        resident.held_bytes = needed
        for model_id in victims:
            self._evict(self._residents[model_id], Why.ROOM, f"made room for {resident.model_id}")
        await self._until_gone()

    async def _until_gone(self) -> None:
        leaving = [other for other in self._residents.values() if other.leaving]
        while any(other.leaving for other in leaving):
            await self._next_change()

    async def _make_hot_somehow(self, resident: Resident) -> None:
        """Load the model; where the system has no memory for it after all, let all idle models go and try once more."""
        try:
            await self._make_hot(resident)
        except InsufficientMemoryError:
            idle = [other for other in self.tenants(resident) if not other.leased]
            if resident.cause is not Cause.REQUEST or not idle:
                raise
            await self._drop_worker(resident)
            resident.held_bytes = self._sizes.expected_bytes(resident.model)
            for tenant in idle:
                self._evict(self._residents[tenant.model_id], Why.PRESSURE, f"no memory to load {resident.model_id}")
            await self._until_gone()
            self._apply(resident, Event.RETRIED)
            await self._make_hot(resident)

    async def _make_hot(self, resident: Resident) -> None:
        resident.worker = worker = await self._spare.take()
        resident.progress = 0.0
        resident.outdated = resident.replaced = resident.held = False
        self._apply(resident, Event.STARTED)

        def on_progress(share: float) -> None:
            resident.progress = share
            self._observer.progressed()

        loading = worker.load(self._load_options(resident), on_progress, lambda: self._apply(resident, Event.LOADED))
        self._hold_preloads()
        info = await loading
        # Not before: the next one's start would compete with this load for the processor.
        self._spare.prepare()
        self._settle(resident, worker, info)

    def _settle(self, resident: Resident, worker: WorkerClient, info: ModelInfo) -> None:
        """Take note of a model that has just become hot."""
        resident.held_bytes = rss_bytes(worker.pid)
        resident.info = replace(info, resident_bytes=resident.held_bytes)
        resident.progress = resident.error = None
        resident.load_s = time.monotonic() - resident.began_at
        resident.unused = True
        self._sizes.note(resident.model, resident.held_bytes)
        worker.exited.add_done_callback(lambda reason: self._worker_died(resident, worker, reason.result()))
        action = Action.LOAD if resident.cause is Cause.REQUEST else Action.PRELOAD
        self._decide(resident, action, resident.reason, resident.cause, seconds=resident.load_s)
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
        await self._drop_worker(resident)
        if isinstance(error, LoadCancelledError) and resident.state is not State.UNLOADING:
            self._apply(resident, Event.CANCELLED)
        if resident.state is State.UNLOADING:
            self._apply(resident, Event.EXITED)
        elif not isinstance(error, LoadCancelledError):
            if isinstance(error, InsufficientMemoryError):
                resident.error = error.title  # asking again costs nothing, and room may be made any moment
            else:
                resident.note_failure(error.title)
            self._decide(resident, Action.FAIL, error.title, error.code)
            self._apply(resident, Event.FAILED)
            logger.warning("loading %s failed: %s", resident.model_id, error)
        self._spare.prepare()

    async def _drop_worker(self, resident: Resident) -> None:
        if resident.worker is not None:
            resident.worker.cancel_load()
            await resident.worker.close()
        self._forget_worker(resident)

    # Leaving

    async def unload(self, model_id: str, reason: str = "asked for") -> None:
        """Unload a model, after the answers that it is giving; a load is cancelled. Ends when memory is released."""
        resident = self._residents.get(model_id)
        while resident is not None and resident.state not in (State.COLD, State.FAILED):
            if resident.state is State.HOT and resident.leased:
                await self._next_change()
                continue
            if not resident.leaving:
                self._evict(resident, Why.USER, reason)
            await self._next_change()

    def trim(self, limit_bytes: int, why: Why, reason: str) -> int:
        """Let idle models go until the others hold no more than ``limit_bytes``, as far as idle ones can do that.

        Returns:
            The bytes that they hold, and that will be free soon.
        """
        tenants = self.tenants()
        view = self._observer.eviction_view(tenants)
        try:
            victims = plan_eviction(view, 0, limit_bytes, for_request=True)
        except InsufficientMemoryError:
            victims = tuple(tenant.model_id for tenant in view if not tenant.leased)
        for model_id in victims:
            self._evict(self._residents[model_id], why, reason)
        return sum(tenant.resident_bytes for tenant in tenants if tenant.model_id in victims)

    def apply_settings(self, settings: Settings) -> None:
        """Act on new settings at once; a model that is answering follows when it has ended."""
        before, self._settings = self._settings, settings
        model_fields = set(LoadOptions.__slots__) & set(Settings.model_fields)
        if any(getattr(before, name) != getattr(settings, name) for name in model_fields):
            for resident in self._residents.values():
                resident.outdated = resident.state is State.HOT or resident.loads
        for resident in list(self._residents.values()):
            self._settle_idle(resident)
        limit = self.reachable_bytes
        self.trim(limit, Why.LIMIT, f"the memory limit is {format_memory(limit)} now")
        self._wake()

    def files_changed(self, models: Mapping[str, ModelFile]) -> None:
        """Let go, when it is idle, of every model whose file is another now; one whose file has gone stays.

        Args:
            models: What is on disk, by id.
        """
        for resident in list(self._residents.values()):
            now = models.get(resident.model_id)
            if now is not None and resident.state is State.HOT and not now.same_content(resident.model):
                resident.outdated = resident.replaced = True
                self._settle_idle(resident)

    def _evict(self, resident: Resident, why: Why, reason: str) -> None:
        """Begin to unload; ``resident.leaving`` ends when its memory is released."""
        logger.info("unloading %s: %s", resident.model_id, reason)
        wasted = resident.unused and resident.cause is Cause.PRELOAD and why is not Why.END
        action = Action.CANCEL if resident.loads else Action.UNLOAD if why is Why.USER else Action.EVICT
        self._decide(resident, action, reason, why, wasted=wasted)
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
        resident.keep_alive_s = None  # a wish about the loaded model, not about the next load
        resident.held_bytes = 0

    def _worker_died(self, resident: Resident, worker: WorkerClient, reason: str) -> None:
        if resident.worker is not worker or resident.state is not State.HOT:
            return
        error = f"the worker process ended: {reason}"
        resident.note_failure(error)
        self._decide(resident, Action.FAIL, error, "worker_died")
        self._forget_worker(resident)
        self._apply(resident, Event.FAILED)

    def measure(self) -> None:
        """Measure what the hot models' workers hold now."""
        for resident in self._residents.values():
            if resident.state is State.HOT and resident.worker is not None:
                resident.held_bytes = rss_bytes(resident.worker.pid) or resident.held_bytes
                self._sizes.note_use(resident.model, resident.held_bytes)

    async def close(self) -> None:
        """End every worker."""
        self._closed = True
        for resident in self._residents.values():
            if resident.idle_timer is not None:
                resident.idle_timer.cancel()
                resident.idle_timer = None
            if (resident.loads or resident.state is State.HOT) and not resident.leaving:
                self._evict(resident, Why.END, "Preheat ends")
        tasks = [resident.task for resident in self._residents.values() if resident.task is not None]
        await asyncio.gather(*tasks, self._spare.close(), return_exceptions=True)

    def _decide(
        self,
        resident: Resident,
        action: Action,
        why: str,
        cause: str,
        *,
        seconds: float | None = None,
        wasted: bool = False,
    ) -> None:
        now = self._clock()
        idle_s = None if resident.last_used_at is None else max(0.0, now - resident.last_used_at)
        held = resident.held_bytes
        self._observer.decided(
            DecisionRecord(now, resident.model_id, action, why, held, seconds, str(cause), idle_s, wasted)
        )

    def _apply(self, resident: Resident, event: Event) -> None:
        old, resident.state = resident.state, next_state(resident.state, event)
        logger.info("model %s: %s -> %s", resident.model_id, old, resident.state)
        self._wake()
        self._observer.state_changed()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _next_change(self) -> None:
        await self._changed.wait()


def _retrieve(future: asyncio.Future[None]) -> None:
    """Mark the outcome as seen: a load without anybody waiting reports through its state."""
    if not future.cancelled():
        future.exception()
