"""The engine: requests, commands and snapshots. ``parts`` connects what they need.

It runs on one asyncio loop. Commands are coroutines on that loop; readers get immutable snapshots: every transition at
once, counters at most ten times a second.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from preheat.clock import unix_time
from preheat.core.library_service import LibraryService
from preheat.core.parts import EngineParts
from preheat.core.requests.lease import Lease
from preheat.core.snapshots.maker import SnapshotMaker
from preheat.core.snapshots.publisher import Publisher, Subscriber
from preheat.core.snapshots.snapshot import EngineSnapshot
from preheat.errors import EngineStoppedError, InsufficientMemoryError
from preheat.inference import Priority
from preheat.installation import ending_grace
from preheat.messages import msg
from preheat.models import Listing, ModelFile
from preheat.preload import PlannedStay, plan_ahead
from preheat.settings import Settings
from preheat.usage import Counts, RecordObserver, UsageLog


class Engine:
    """Keeps models hot and answers requests with them.

    Create, ``start`` and ``stop`` it on one loop, or use ``async with Engine(settings) as engine``.

    Args:
        clock: Returns Unix time; a test or benchmark may simulate days in minutes.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Callable[[], float] = unix_time) -> None:
        self._clock = clock
        self._publisher = Publisher()
        self._parts = parts = EngineParts(settings or Settings(), self._publisher, clock)
        self.residency = parts.residency
        """The models in memory, read-only."""
        self.preloads = parts.preloads
        """What is preloaded, and why; only the engine changes it."""
        self.contexts = parts.contexts
        """Context lengths of the models."""
        self.prefixes = parts.prefixes
        """Prompts kept outside the models."""
        self.devices = parts.devices
        """Devices next to the processor, such as graphics cards."""
        self.room = parts.room
        """Room for other programs."""
        self.updates = parts.updates
        """Newer versions of Preheat."""
        self.library = LibraryService(self, parts.files, self._publisher.publish_soon)
        """Pull, remove, import and move models."""
        self._started = False
        self._stopping = False
        self._publisher.open(SnapshotMaker(parts, self.library))

    async def __aenter__(self) -> Engine:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, *, at_login: bool = False) -> None:
        """Find the models and start to preload; returns before anything is loaded.

        Args:
            at_login: The login started Preheat: without the setting ``preload_at_login``, preloading begins with the
                first request or when it is resumed.
        """
        self._started = True
        self.preloads.awaits_use = at_login and not self.settings.preload_at_login
        await self._parts.start()
        self.library.start()
        self._publisher.publish()

    def look_elsewhere(self) -> None:
        """Before ``start``: keep the names for shells, since these models are not those of the application."""
        self._parts.files.keep_no_names()

    async def stop(self, grace_s: float | None = None) -> None:
        """Stop everything; requests in progress get ``grace_s`` seconds (default: the setting ``shutdown_grace``)."""
        self._stopping = True
        if not self._started:
            return
        await self._parts.rest()
        await self.library.stop()
        await self._parts.close(ending_grace(self.settings.shutdown_grace) if grace_s is None else grace_s)

    # Reading

    @property
    def settings(self) -> Settings:
        """The user's settings."""
        return self._parts.settings

    @property
    def snapshot(self) -> EngineSnapshot:
        """The latest snapshot. Any thread."""
        return self._publisher.latest

    @property
    def usage_log(self) -> UsageLog | None:
        """Figures and decisions. Any thread. None if ``history_days`` is 0."""
        return self._parts.usage.log

    def refresh(self) -> EngineSnapshot:
        """Measure memory, publish, and return the new snapshot: the latest one of an idle engine may be old."""
        self._publisher.publish_measured()
        return self._publisher.latest

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call ``callback`` with the latest snapshot and, on the engine's thread, every later one.

        Returns:
            A function that ends the subscription.
        """
        return self._publisher.subscribe(callback)

    def observe(self, observer: RecordObserver) -> Callable[[], None]:
        """Call ``observer`` with every ended request and every decision; return a function that ends it."""
        return self._parts.usage.observe(observer)

    async def plan_ahead(self, until: float) -> tuple[PlannedStay, ...]:
        """Return the times in memory up to a Unix time if nothing is requested; nothing unless the engine runs."""
        if not self._started or self._stopping:
            return ()
        return await asyncio.to_thread(plan_ahead, self.preloads.ahead(until), self._clock(), until)

    # Models

    async def models(self) -> tuple[ModelFile, ...]:
        """Return the models on disk; scans again if the last scan is older than a second."""
        await self._parts.files.look_if_old()
        return self._parts.files.models

    async def rescan(self) -> None:
        """Scan the disk now, and again while something is being written there, for a few seconds at most."""
        await self._parts.files.look()
        await self._parts.files.look_closely()

    @property
    def listing(self) -> Listing:
        """Result of the latest scan, with the skipped files."""
        return self._parts.files.listing

    async def find(self, name: str) -> ModelFile:
        """Return the model with this name or unique prefix, in any case; scans again if it is unknown or has changed.

        Raises:
            ModelNotFoundError: There is none; the hint suggests similar names.
            AmbiguousModelError: The prefix fits several.
        """
        return await self._parts.files.find(name)

    # Requests

    def open_counts(self) -> Counts:
        """Return how the requests in progress found their models; the usage log has those that have ended."""
        return self._parts.requests.live.counts()

    @asynccontextmanager
    async def lease(
        self,
        name: str,
        *,
        client: str = "",
        priority: Priority = Priority.INTERACTIVE,
        keep_alive_s: float | None = None,
        context_length: int | None = None,
    ) -> AsyncIterator[Lease]:
        """Make a model hot, and keep it from being evicted while the block runs.

        Args:
            name: The model's id or a unique prefix.
            client: Client name, for the log and for learning its habits.
            priority: Its place among requests that wait for memory. For one in bulk no favourite leaves.
            keep_alive_s: Idle time after which the model is unloaded; 0 at once, negative never, None unchanged.
            context_length: Tokens that the model has to have room for, up to its trained length. If it was loaded with
                less, it is reloaded once its requests in progress have ended. It keeps the length until Preheat ends;
                over restarts if the setting is ``auto`` and the length fits beside the favourites.

        Raises:
            ModelNotFoundError, AmbiguousModelError: See ``find``.
            QueueFullError: ``max_queue`` requests already wait for it.
            ModelLoadError, InsufficientMemoryError, LoadCancelledError: It did not become hot.
            EngineStoppedError: The engine is shutting down.
        """
        self._check_running()
        arrived_at, started_at = time.monotonic(), self._clock()
        model = await self.find(name)
        async with self._parts.requests.lease(
            model, client, priority, keep_alive_s, context_length, arrived_at=arrived_at, started_at=started_at
        ) as lease:
            yield lease

    async def load(self, name: str) -> None:
        """Make a model hot, evicting others if necessary.

        Raises:
            EngineError: See ``lease``.
        """
        self._check_running()
        model = await self.find(name)
        self._parts.allow(model.model_id)
        try:
            while True:
                try:
                    await self.residency.load(model)
                    break
                except InsufficientMemoryError as error:
                    if not self.contexts.load_failed(model, error):
                        raise
        finally:
            self._parts.preloader.nudge()  # preloads waited for it

    async def unload(self, name: str) -> None:
        """Unload a model after its requests in progress; returns when its memory is released.

        Raises:
            ModelNotFoundError, AmbiguousModelError: See ``find``.
        """
        self._check_running()
        model_id = (await self.find(name)).model_id
        self.room.unloaded(model_id)
        await self.residency.unload(model_id)

    def client_woke(self, client: str, model_id: str = "") -> None:
        """Note that a client listed the models or requested details of one: it may be about to use one."""
        if self._started and not self._stopping:
            self._expect(self._parts.planner.client_woke(client, model_id, self._clock()))

    def model_chosen(self, model_id: str) -> None:
        """Note that the user chose a model in a window, and is about to use it."""
        if self._started and not self._stopping:
            self._expect(self._parts.planner.model_chosen(model_id, self._clock()))

    def _expect(self, expected: str | None) -> None:
        if expected is not None:
            self.preloads.awaits_use = False
        self._parts.preloader.nudge()

    async def settled(self) -> None:
        """Wait until the preloader has nothing left to do."""
        await self._parts.preloader.idle.wait()

    # Commands

    def pause(self, seconds: float | None = None) -> None:
        """Pause preloading; None is until ``resume``. Survives restarts.

        A running preload is cancelled within a tenth of a second, and repeated after the pause.
        """
        self._parts.state.paused_until = math.inf if seconds is None else self._clock() + seconds
        self.state_changed()

    def resume(self) -> None:
        """Preload again."""
        self._parts.state.paused_until = None
        self.preloads.awaits_use = False
        self.state_changed()

    def state_changed(self) -> None:
        """Plan again, and publish at once."""
        self._parts.state_changed()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings; requests in progress keep the old ones, and the port its address and keys."""
        self._parts.apply_settings(settings)
        self.library.apply_settings(settings)

    def _check_running(self) -> None:
        if not self._started or self._stopping:
            raise EngineStoppedError(msg("shutting_down" if self._started else "not_started"))
