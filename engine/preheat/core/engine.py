"""The engine: connects the parts, owns all state and publishes snapshots.

It runs on one asyncio loop. Commands are coroutines on that loop; readers get immutable snapshots: every transition at
once, counters at most ten times a second.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from preheat import paths
from preheat.clock import unix_time
from preheat.core.contexts import ContextKeeper
from preheat.core.devices.care import DeviceCare
from preheat.core.devices.engine_devices import EngineDevices
from preheat.core.habits import HabitKeeper
from preheat.core.library_service import LibraryService
from preheat.core.memory_guard import MemoryGuard
from preheat.core.model_files import ModelFiles
from preheat.core.persistent_state import PersistentState
from preheat.core.prompts import ModelPrompts
from preheat.core.requests.lease import Lease
from preheat.core.requests.request_path import RequestPath
from preheat.core.room import RoomKeeper
from preheat.core.snapshots.maker import SnapshotMaker
from preheat.core.snapshots.publisher import Publisher, Subscriber
from preheat.core.snapshots.snapshot import EngineSnapshot
from preheat.core.supervised import keep_running
from preheat.core.update_watch import UpdateWatch
from preheat.devices import PlacementTable, SpeedTable, speeds_file
from preheat.errors import EngineError, EngineStoppedError, InsufficientMemoryError
from preheat.inference import Priority
from preheat.installation import ending_grace
from preheat.messages import msg
from preheat.models import Listing, ModelFile
from preheat.prefixes import PrefixKeeper, PrefixStore, memory_file_system
from preheat.preload import (
    PlannedStay,
    PreloadContext,
    Preloader,
    PreloadPlanner,
    choose_favourites,
    missing_favourites,
    on_battery,
    plan_ahead,
    policy_of,
    report_missing,
)
from preheat.residency import (
    Action,
    ContextLengths,
    DecisionRecord,
    DevicePool,
    EvictionPlan,
    EvictionReason,
    GainTable,
    MemoryWatch,
    ResidencyExecutor,
    ResidentModel,
    SizeTable,
    lower_own_priority,
)
from preheat.settings import Settings
from preheat.usage import Counts, PreloadCounters, RecordObserver, UsageLog, UsageTracker

_DRAIN_POLL_S: Final = 0.05
_LEAST_STORE_S: Final = 1.0
_MOST_STORE_S: Final = 5.0
"""Time for prompts at the end, in seconds: to store them, and to move them from memory to disk. As long as the grace
for requests, within these bounds."""

_SAVE_SHARE: Final = 0.6
_LEAST_MOVE_S: Final = 0.5


class Engine:
    """Keeps models hot and answers requests with them.

    Create, ``start`` and ``stop`` it on one loop, or use ``async with Engine(settings) as engine``.

    Args:
        clock: Returns Unix time; a test or benchmark may simulate days in minutes.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Callable[[], float] = unix_time) -> None:
        self._clock = clock
        self.settings = settings or Settings()
        self._counters = PreloadCounters()
        self._state_file = PersistentState(paths.data_dir() / "state.json", clock)
        days = self.settings.history_days
        log = UsageLog(history_days=days, clock=clock) if days else None
        self._usage = UsageTracker(self.settings, log, clock=clock)
        self._planner = PreloadPlanner(self._usage, policy_of(self.settings))
        self._habits = HabitKeeper(self.settings, self._usage, self._planner, self._figures_changed, clock)
        self._placements = PlacementTable(paths.cache_dir() / "placements.json")
        self._sizes = SizeTable(self.settings, on_measured=self._usage.measured, table=self._placements)
        store = PrefixStore(self.settings, on_battery, memory_root=memory_file_system())
        self.prefixes = PrefixKeeper(store, lambda: self._prompts.changed(), lower_own_priority)
        """Prompts kept outside the models."""
        self._prompts = ModelPrompts(
            self.settings,
            self.prefixes,
            self._usage,
            self._planner,
            lambda: self._publisher.publish_soon(),
            clock=clock,
        )
        self._gains = GainTable(paths.cache_dir() / "repack.json")
        self._residency = ResidencyExecutor(
            self.settings,
            self._sizes,
            self._plan_eviction,
            self,
            clock=clock,
            prompts=self._prompts,
            gains=self._gains,
        )
        speeds = SpeedTable(speeds_file())
        self.devices = EngineDevices(self.settings, self._devices_changed, speeds=speeds)
        """Devices next to the processor, such as graphics cards."""
        self._watch = MemoryWatch(self.settings)
        self._lengths = ContextLengths(paths.data_dir() / "contexts.json", sizes=self._sizes)
        self.contexts = ContextKeeper(
            self.settings, self._lengths, self._residency, self._planner, self._apply_to_parts, clock
        )
        """Context lengths of the models."""
        self._missing_favourites: tuple[str, ...] = ()
        self._files = ModelFiles(self.settings, lambda: self._residency.models, self._files_scanned)
        self.preloads = PreloadContext(
            self.settings,
            self._residency,
            self._sizes,
            self._planner,
            self._watch,
            models=lambda: self._files.models,
            gains=self._gains,
            clock=clock,
        )
        """What is preloaded, and why; only the engine changes it."""
        self.preloads.pause_end = lambda: self._state_file.paused_until
        self._preloader = Preloader(self._residency, self.preloads, lambda: self._publisher.publish_soon())
        self._device_care = DeviceCare(
            self.settings,
            self.devices,
            self._residency,
            self.preloads,
            self._planner,
            self._sizes,
            models=lambda: self._files.models,
        )
        self.preloads.device_reason = self._device_care.why
        self.room = RoomKeeper(
            self._residency, self.preloads, self._state_file, lambda: self.settings, self._apply_to_parts, clock
        )
        """Room for other programs."""
        self._guard = MemoryGuard(self._watch, self._residency, self.preloads, self._figures_changed, clock=clock)
        self._tasks: list[asyncio.Task[None]] = []
        self._started = False
        self._stopping = False
        self._requests = RequestPath(
            self._residency,
            self._planner,
            self.preloads,
            self._preloader,
            self.contexts,
            self._prompts,
            self._usage,
            self._counters,
            self._device_care,
            lambda: self._publisher.publish_requests(),
        )
        self.library = LibraryService(self, self._files, lambda: self._publisher.publish_soon())
        """Pull, remove, import and move models."""
        self.updates = UpdateWatch(self.settings, lambda: self._publisher.publish_soon())
        """Newer versions of Preheat."""
        maker = SnapshotMaker(
            self._residency,
            self._sizes,
            self.preloads,
            self._preloader.round,
            self._counters,
            self._usage,
            self._requests.live,
            self._prompts,
            self.library.snapshots,
            lambda: self.updates.newer,
            lambda: self.prefixes.figures,
            lambda: self.room.current,
            self._lengths,
            lambda: self.devices.list,
        )
        self._publisher = Publisher(
            lambda: maker.make(
                self.settings,
                self._files.known,
                self._files.on_disk,
                self._planner.favourites,
                self._missing_favourites,
                self._files.listing.broken,
            ),
            self._residency.measure,
            maker.count,
        )

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
        self._residency.prepare()
        known, *_ = await asyncio.gather(
            self._habits.open(),
            self._files.look(),
            asyncio.to_thread(self.prefixes.start),
            asyncio.to_thread(self._gains.open),
            asyncio.to_thread(self._placements.open),
            self.devices.start(),
        )
        self._choose_contexts()
        self._sizes.remember(known)
        self._residency.remember(self._usage.stages)
        self._residency.share_memory()
        self.room.restore()
        self._tasks = [
            asyncio.create_task(keep_running("preloading", self._preloader.run)),
            asyncio.create_task(keep_running("watching memory", self._guard.run)),
            asyncio.create_task(keep_running("watching stored prompts", self._prompts.run)),
            asyncio.create_task(keep_running("watching the models", self._files.follow)),
            asyncio.create_task(keep_running("checking for updates", self.updates.run)),
            asyncio.create_task(keep_running("keeping room", self.room.run)),
            asyncio.create_task(keep_running("recalling habits", self._habits.run)),
            *self._device_care.start(),
        ]
        self.library.start()
        self._publisher.publish()

    def look_elsewhere(self) -> None:
        """Before ``start``: keep the names for shells, since these models are not those of the application."""
        self._files.keep_no_names()

    async def stop(self, grace_s: float | None = None) -> None:
        """Stop everything; requests in progress get ``grace_s`` seconds (default: the setting ``shutdown_grace``)."""
        self._stopping = True
        if not self._started:
            return
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, self._device_care.close(), return_exceptions=True)
        await self.library.stop()
        self._files.close()
        self.preloads.stop_standby()
        grace_s = ending_grace(self.settings.shutdown_grace) if grace_s is None else grace_s
        ends_at = time.monotonic() + grace_s
        while self._residency.active_requests and time.monotonic() < ends_at:
            await asyncio.sleep(_DRAIN_POLL_S)
        store_s = min(max(grace_s, _LEAST_STORE_S), _MOST_STORE_S)
        ends_at = time.monotonic() + store_s
        await self._residency.close(_SAVE_SHARE * store_s)
        self._publisher.close()
        # Not in a thread: a script's engine stops during interpreter shutdown, when no thread can start.
        self.prefixes.close(max(ends_at - time.monotonic(), _LEAST_MOVE_S))
        self._usage.close()
        self.preloads.wait_for_standby()

    # Reading

    @property
    def snapshot(self) -> EngineSnapshot:
        """The latest snapshot. Any thread."""
        return self._publisher.latest

    @property
    def residency(self) -> ResidencyExecutor:
        """The models in memory, read-only."""
        return self._residency

    @property
    def usage_log(self) -> UsageLog | None:
        """Figures and decisions. Any thread. None if ``history_days`` is 0."""
        return self._usage.log

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
        return self._usage.observe(observer)

    async def plan_ahead(self, until: float) -> tuple[PlannedStay, ...]:
        """Return the times in memory up to a Unix time if nothing is requested; nothing unless the engine runs."""
        if not self._started or self._stopping:
            return ()
        return await asyncio.to_thread(plan_ahead, self.preloads.ahead(until), self._clock(), until)

    # Models

    async def models(self) -> tuple[ModelFile, ...]:
        """Return the models on disk; scans again if the last scan is older than a second."""
        await self._files.look_if_old()
        return self._files.models

    async def rescan(self) -> None:
        """Scan the disk now, and again while something is being written there, for a few seconds at most."""
        await self._files.look()
        await self._files.look_closely()

    @property
    def listing(self) -> Listing:
        """Result of the latest scan, with the skipped files."""
        return self._files.listing

    async def find(self, name: str) -> ModelFile:
        """Return the model with this name or unique prefix, in any case; scans again if it is unknown or has changed.

        Raises:
            ModelNotFoundError: There is none; the hint suggests similar names.
            AmbiguousModelError: The prefix fits several.
        """
        return await self._files.find(name)

    # Requests

    def open_counts(self) -> Counts:
        """Return how the requests in progress found their models; the usage log has those that have ended."""
        return self._requests.live.counts()

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
        async with self._requests.lease(
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
        self._allow(model.model_id)
        try:
            while True:
                try:
                    await self._residency.load(model)
                    break
                except InsufficientMemoryError as error:
                    if not self.contexts.load_failed(model, error):
                        raise
        finally:
            self._preloader.nudge()  # preloads waited for it

    async def unload(self, name: str) -> None:
        """Unload a model after its requests in progress; returns when its memory is released.

        Raises:
            ModelNotFoundError, AmbiguousModelError: See ``find``.
        """
        self._check_running()
        model_id = (await self.find(name)).model_id
        self.room.unloaded(model_id)
        await self._residency.unload(model_id)

    def client_woke(self, client: str, model_id: str = "") -> None:
        """Note that a client listed the models or requested details of one: it may be about to use one."""
        if self._started and not self._stopping:
            self._expect(self._planner.client_woke(client, model_id, self._clock()))

    def model_chosen(self, model_id: str) -> None:
        """Note that the user chose a model in a window, and is about to use it."""
        if self._started and not self._stopping:
            self._expect(self._planner.model_chosen(model_id, self._clock()))

    def _expect(self, expected: str | None) -> None:
        if expected is not None:
            self.preloads.awaits_use = False
        self._preloader.nudge()

    async def settled(self) -> None:
        """Wait until the preloader has nothing left to do."""
        await self._preloader.idle.wait()

    # Commands

    def pause(self, seconds: float | None = None) -> None:
        """Pause preloading; None is until ``resume``. Survives restarts.

        A running preload is cancelled within a tenth of a second, and repeated after the pause.
        """
        self._state_file.paused_until = math.inf if seconds is None else self._clock() + seconds
        self.state_changed()

    def resume(self) -> None:
        """Preload again."""
        self._state_file.paused_until = None
        self.preloads.awaits_use = False
        self.state_changed()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings; requests in progress keep the old ones, and the port its address and keys."""
        if settings.preload_at_login and not self.settings.preload_at_login:
            self.preloads.awaits_use = False
        self.settings = settings
        before = self._planner.favourites
        self._choose_favourites()
        for model_id in set(self._planner.favourites).difference(before):
            self._allow(model_id)
        self.updates.apply_settings(settings)
        self.contexts.choose(settings, self._files.models)
        self._device_care.apply_settings(settings)
        self.preloads.retry()
        self._apply_to_parts()
        self._choose_contexts()  # models have more or less of the devices now

    # Called by the residency executor

    def device_missing(self) -> None:
        """Look again for the devices."""
        self.devices.look_afresh()

    def device_failed(self, model: ModelFile, devices: Sequence[str], error: EngineError) -> None:
        """Put a model on none of these devices any more."""
        self.devices.failed(model, devices, error)

    def state_changed(self) -> None:
        """Plan again, and publish at once."""
        self._preloader.nudge()
        self._device_care.changed()
        self._publisher.publish()

    def progressed(self) -> None:
        """Publish the progress of a load."""
        self._publisher.publish_soon()

    def decided(self, decision: DecisionRecord) -> None:
        """Count and keep a decision."""
        if decision.wasted:
            self._counters.wasted += 1
        if decision.action is Action.PRELOAD:
            self._counters.preloads += 1
        if decision.cause in (EvictionReason.USER, EvictionReason.KEEP_ALIVE):
            self._planner.suppress(decision.model_id)
        if decision.action in (Action.LOAD, Action.PRELOAD):
            self.contexts.loaded(decision.model_id)
        self._planner.decided(decision)
        self._usage.decided(decision)

    # Internal

    def _choose_contexts(self) -> None:
        if self.contexts.choose(self.settings, self._files.models):
            self._apply_to_parts()

    def _apply_to_parts(self) -> None:
        settings = self.room.apply_to(self.contexts.effective)
        for part in (self._files, self.library, self._sizes, self._usage, self.preloads, self._watch, self._residency):
            part.apply_settings(settings)
        self._habits.apply_settings(settings)
        self.prefixes.apply_settings(settings)
        self._prompts.apply_settings(settings)
        self.state_changed()

    def _allow(self, model_id: str) -> None:
        self.preloads.awaits_use = False
        self._planner.allow(model_id)

    def _check_running(self) -> None:
        if not self._started or self._stopping:
            raise EngineStoppedError(msg("shutting_down" if self._started else "not_started"))

    def _plan_eviction(
        self,
        residents: Sequence[ResidentModel],
        needed_bytes: int,
        limit_bytes: int,
        pools: Sequence[DevicePool] = (),
        *,
        for_request: bool,
    ) -> EvictionPlan:
        now = self._clock()
        return self._planner.plan_eviction(
            residents,
            needed_bytes,
            limit_bytes,
            pools,
            now=now,
            for_request=for_request,
            sizes=self.preloads.sizes(),
        )

    def _files_scanned(self) -> None:
        self._habits.files_scanned(self._files.on_disk)
        self._choose_favourites()
        self._choose_contexts()
        self._residency.files_changed({model.model_id: model for model in self._files.models})
        self._figures_changed()

    def _choose_favourites(self) -> None:
        wanted, models = self.settings.favourites, self._files.models
        self._planner.favourites = choose_favourites(wanted, models)
        missing = missing_favourites(wanted, models)
        report_missing(missing, self._missing_favourites)
        self._missing_favourites = missing
        files = {model.model_id: model for model in models}
        self._residency.set_favourites([files[name] for name in self._planner.favourites])

    def _devices_changed(self, total_bytes: Mapping[str, int]) -> None:
        devices = self.devices
        choice = devices.choice
        self._residency.use_devices(total_bytes, choice.in_main_memory, devices.left_off, choice.keys)
        self.contexts.devices_changed()
        asyncio.get_running_loop().call_soon(self._choose_contexts)  # a load that failed on a device goes on first
        self._device_care.changed()
        self._publisher.publish_soon()

    def _figures_changed(self) -> None:
        self._preloader.nudge()
        self._publisher.publish_soon()
