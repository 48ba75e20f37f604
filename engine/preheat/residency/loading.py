"""One load from start to end: room, worker, progress, and what is left to do when it ends, however it does.

Room is promised in one go with choosing who makes it, so that two loads never count on the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
import time
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
from preheat.inference import ModelInfo
from preheat.inference.client import WorkerClient
from preheat.messages import msg
from preheat.residency.decisions import Action, Cause, EvictionReason
from preheat.residency.eviction import plan_eviction
from preheat.residency.load_options import load_options
from preheat.residency.processes import rss_bytes
from preheat.residency.resident import Resident
from preheat.residency.roster import ResidentTable
from preheat.residency.sizes import SizeTable
from preheat.residency.spare import SpareWorker
from preheat.residency.states import State
from preheat.residency.transitions import Event
from preheat.residency.unloading import Unloader

logger = logging.getLogger(__name__)

_SPARE_AFTER_S: Final = 1.0
"""A preload that takes longer gets a spare worker beside it: a request that cancels it is not to wait for Python, too.
Not at once: on two busy cores, that made loads of 0.6 to 0.9 s take 0.12 to 0.2 s more."""


class Loader:
    """Loads models. Runs on the engine's loop."""

    def __init__(self, roster: ResidentTable, unloader: Unloader, sizes: SizeTable, spare: SpareWorker) -> None:
        self._roster = roster
        self._unloader = unloader
        self._sizes = sizes
        self._spare = spare
        self._busy = False
        self._closed = False

    def close(self) -> None:
        """Start no more loads."""
        self._closed = True

    def start(self, resident: Resident, cause: Cause, reason: str) -> None:
        """Begin a load; ``resident.loading`` tells how it ends.

        Raises:
            ModelLoadError: It failed so often just now that it is not tried.
            EngineStoppedError: The engine ends.
        """
        if self._closed:
            raise EngineStoppedError("Preheat is shutting down")
        resident.check_back_off()
        resident.loading = asyncio.get_running_loop().create_future()
        resident.loading.add_done_callback(_retrieve)
        resident.cause, resident.reason = cause, reason
        resident.task = asyncio.create_task(self._load(resident))
        resident.task.add_done_callback(partial(self._load_ended, resident))

    def want(self, resident: Resident) -> None:
        """A request waits for this load: it comes before everything that nobody waits for."""
        resident.cause = Cause.REQUEST
        self._hold_preloads()
        # Both at once would take twice as long.
        for other in self._roster.residents.values():
            if other is not resident and other.preloading and not other.leaving:
                self._unloader.evict(
                    other, EvictionReason.ROOM, f"made way for {resident.model_id}, which a request waits for"
                )

    def hold_preloads(self, busy: bool) -> None:
        """Let running preloads wait while answers are being given (``busy``), and go on afterwards."""
        self._busy = busy
        self._hold_preloads()

    def _hold_preloads(self) -> None:
        for resident in self._roster.residents.values():
            hold = self._busy and resident.preloading
            if not resident.loads or resident.worker is None or resident.held is hold:
                continue
            resident.hold(hold)
            if resident.deadline is not None and not resident.deadline.expired():
                ends_at = asyncio.get_running_loop().time() + self._roster.settings.load_timeout
                resident.deadline.reschedule(None if hold else ends_at)

    # From start to end

    async def _load(self, resident: Resident) -> None:
        """Run one load, and settle ``resident.loading`` with its outcome."""
        timeout_s = self._roster.settings.load_timeout
        error: EngineError | None = None
        resident.began_at = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s) as resident.deadline:
                self._roster.apply(resident, Event.REQUESTED)
                if self._closed:
                    raise LoadCancelledError("Preheat is shutting down")
                await self._make_room(resident)
                await self._load_with_retry(resident)
        except TimeoutError:
            error = LoadTimeoutError(
                f"{resident.model_id} was not ready after {timeout_s:g} s",
                hint="Raise load_timeout, or choose a smaller model",
            )
        except EngineError as failure:
            error = failure
        except asyncio.CancelledError:
            error = LoadCancelledError(f"Loading {resident.model_id} was cancelled", hint="Ask again to load it")
        finally:
            resident.deadline = None
        await self._end(resident, error)

    async def _make_room(self, resident: Resident) -> None:
        """Promise the model its memory, once the models chosen to go have gone.

        Raises:
            InsufficientMemoryError: There is not enough, and waiting would not help.
        """
        needed = self._sizes.expected_bytes(resident.model)
        view = self._roster.observer.eviction_view
        while True:
            limit = self._roster.reachable_bytes
            for_request = resident.cause is Cause.REQUEST
            tenants = self._roster.tenants(resident)
            plan = plan_eviction(view(tenants), needed, limit, for_request=for_request)
            if not plan.missing_bytes:
                break
            others_are_busy = any(tenant.leased for tenant in tenants)
            if not for_request or needed > limit or not others_are_busy:
                available = max(needed - plan.missing_bytes, 0)
                raise InsufficientMemoryError(
                    msg("no_room", model=resident.model_id, needed=needed, available=available, limit=limit)
                )
            await self._roster.next_change()
            if resident.cause is Cause.REQUEST and not resident.leased:
                raise LoadCancelledError(f"Nobody waits for {resident.model_id} any more")
        resident.reserved_bytes = needed
        for model_id in plan.victims:
            self._unloader.evict(
                self._roster.residents[model_id], EvictionReason.ROOM, f"made room for {resident.model_id}"
            )
        await self._unloader.until_gone()

    async def _load_with_retry(self, resident: Resident) -> None:
        """Load the model; where the system has no memory for it after all, let all idle models go and try once more."""
        try:
            await self._make_hot(resident)
        except InsufficientMemoryError:
            idle = [other for other in self._roster.tenants(resident) if not other.leased]
            if resident.cause is not Cause.REQUEST or not idle:
                raise
            await self._drop_worker(resident)
            resident.reserved_bytes = self._sizes.expected_bytes(resident.model)
            for tenant in idle:
                other = self._roster.residents[tenant.model_id]
                self._unloader.evict(other, EvictionReason.PRESSURE, f"no memory to load {resident.model_id}")
            await self._unloader.until_gone()
            self._roster.apply(resident, Event.RETRIED)
            await self._make_hot(resident)

    async def _make_hot(self, resident: Resident) -> None:
        resident.worker = worker = await self._spare.take()
        resident.progress = 0.0
        resident.outdated_at = None
        resident.replaced = False
        resident.held_at, resident.loading_since = None, time.monotonic()
        self._roster.apply(resident, Event.STARTED)

        def on_progress(share: float) -> None:
            resident.progress = share
            self._roster.observer.progressed()

        options = load_options(
            resident.model,
            self._roster.settings,
            probe=not resident.waiters,
            warm_prefix=resident.cause is Cause.PRELOAD,
        )
        loading = worker.load(options, on_progress, lambda: self._roster.apply(resident, Event.LOADED))
        self._hold_preloads()
        timer = asyncio.get_running_loop().call_later(_SPARE_AFTER_S, self._prepare_beside, resident)
        try:
            info = await loading
        finally:
            timer.cancel()
        # Not before, for a request: the next one's start would compete with its load for the processor.
        self._spare.prepare()
        self._settle(resident, worker, info)

    def _prepare_beside(self, preload: Resident) -> None:
        if preload.preloading:
            self._spare.prepare()

    def _settle(self, resident: Resident, worker: WorkerClient, info: ModelInfo) -> None:
        """Take note of a model that has just become hot."""
        resident.held_bytes = rss_bytes(worker.pid)
        resident.info = replace(info, resident_bytes=resident.held_bytes)
        resident.progress = resident.error = None
        resident.load_s = time.monotonic() - resident.began_at
        resident.hot_since = self._roster.clock()
        if resident.outdated:
            resident.outdated_at = resident.hot_since  # before, it could not have been loaded anew
        resident.unused = True
        self._sizes.note(resident.model, resident.held_bytes)
        resident.reserved_bytes = self._sizes.expected_bytes(resident.model)
        worker.exited.add_done_callback(
            lambda reason: self._unloader.worker_died(resident, worker, str(reason.result()))
        )
        action = Action.LOAD if resident.cause is Cause.REQUEST else Action.PRELOAD
        self._roster.decided(resident, action, resident.reason, resident.cause, seconds=resident.load_s)
        self._roster.apply(resident, Event.PROBED)

    # Its end

    def _load_ended(self, resident: Resident, task: asyncio.Task[None]) -> None:
        """Clean up after a load that a bug has ended: nobody is to wait for it, and the next request tries again."""
        if task.cancelled() or (bug := task.exception()) is None:
            return
        logger.error("loading %s failed unexpectedly", resident.model_id, exc_info=bug)
        if resident.loading is not None:
            error = ModelLoadError(f"Loading {resident.model_id} failed unexpectedly", hint="The log tells more")
            resident.task = asyncio.create_task(self._end(resident, error))

    async def _end(self, resident: Resident, error: EngineError | None) -> None:
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
            self._roster.wake()
        self._unloader.settle_idle(resident)

    async def _abandon(self, resident: Resident, error: EngineError) -> None:
        """Clean up after a load that ended without a hot model."""
        await self._drop_worker(resident)
        if isinstance(error, LoadCancelledError) and resident.state is not State.UNLOADING:
            self._roster.apply(resident, Event.CANCELLED)
        if resident.state is State.UNLOADING:
            self._roster.apply(resident, Event.EXITED)
        elif not isinstance(error, LoadCancelledError):
            if isinstance(error, InsufficientMemoryError):
                resident.error = error.title  # asking again costs nothing, and room may be made any moment
            else:
                resident.note_failure(error.title)
            self._roster.decided(resident, Action.FAIL, error.title, error.code)
            self._roster.apply(resident, Event.FAILED)
            logger.warning("loading %s failed: %s", resident.model_id, error)
        self._spare.prepare()

    async def _drop_worker(self, resident: Resident) -> None:
        if resident.worker is not None:
            resident.worker.cancel_load()
            await resident.worker.close()
        resident.forget_worker()


def _retrieve(future: asyncio.Future[None]) -> None:
    """Mark the outcome as seen: a load without anybody waiting reports through its state."""
    if not future.cancelled():
        future.exception()
