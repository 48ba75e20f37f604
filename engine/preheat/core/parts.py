"""The engine's parts: how they are made and ended, and what a change of one means for the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from preheat import paths
from preheat.core.contexts import ContextKeeper
from preheat.core.devices.care import DeviceCare
from preheat.core.devices.engine_devices import EngineDevices
from preheat.core.habits import HabitKeeper
from preheat.core.memory_guard import MemoryGuard
from preheat.core.model_files import ModelFiles
from preheat.core.persistent_state import PersistentState
from preheat.core.prompts import ModelPrompts
from preheat.core.requests.request_path import RequestPath
from preheat.core.room import RoomKeeper
from preheat.core.snapshots.publisher import Publisher
from preheat.core.supervised import keep_running
from preheat.core.update_watch import UpdateWatch
from preheat.devices import PlacementTable, SpeedTable, speeds_file
from preheat.errors import EngineError
from preheat.models import ModelFile
from preheat.prefixes import PrefixKeeper, PrefixStore, memory_file_system
from preheat.preload import (
    PreloadContext,
    Preloader,
    PreloadPlanner,
    choose_favourites,
    missing_favourites,
    on_battery,
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
from preheat.usage import PreloadCounters, UsageLog, UsageTracker

_DRAIN_POLL_S: Final = 0.05
_LEAST_STORE_S: Final = 1.0
_MOST_STORE_S: Final = 5.0
"""Time for prompts at the end, in seconds: to store them, and to move them from memory to disk. As long as the grace
for requests, within these bounds."""

_SAVE_SHARE: Final = 0.6
_LEAST_MOVE_S: Final = 0.5


class EngineParts:
    """All parts, connected. Engine loop only.

    Parts know each other, or call back, which is then done here. This is the residency executor's ``Observer``, too.

    Attributes:
        settings: The user's.
        missing_favourites: Favourites that are not on disk.
    """

    def __init__(self, settings: Settings, publisher: Publisher, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.missing_favourites: tuple[str, ...] = ()
        self._publisher, self._clock = publisher, clock
        self._tasks: list[asyncio.Task[None]] = []
        self.counters = PreloadCounters()
        # What is kept over restarts.
        self.state = PersistentState(paths.data_dir() / "state.json", clock)
        days = settings.history_days
        self.usage = UsageTracker(settings, UsageLog(history_days=days, clock=clock) if days else None, clock=clock)
        self._placements = PlacementTable(paths.cache_dir() / "placements.json")
        self._gains = GainTable(paths.cache_dir() / "repack.json")
        self.sizes = SizeTable(settings, on_measured=self.usage.measured, table=self._placements)
        self.lengths = ContextLengths(paths.data_dir() / "contexts.json", sizes=self.sizes)
        # Models, and what is in memory.
        self.planner = PreloadPlanner(self.usage, policy_of(settings))
        self._habits = HabitKeeper(settings, self.usage, self.planner, self._figures_changed, clock)
        store = PrefixStore(settings, on_battery, memory_root=memory_file_system())
        self.prefixes = PrefixKeeper(store, lower_own_priority)
        self.prompts = ModelPrompts(
            settings, self.prefixes, self.usage, self.planner, publisher.publish_soon, clock=clock
        )
        self.residency = ResidencyExecutor(
            settings, self.sizes, self._plan_eviction, self, clock=clock, prompts=self.prompts, gains=self._gains
        )
        self.files = ModelFiles(settings, lambda: self.residency.models, self._files_scanned)
        self.contexts = ContextKeeper(settings, self.lengths, self.residency, self.planner, self._apply, clock)
        # What is loaded when, and where.
        self._watch = MemoryWatch(settings)
        self.preloads = PreloadContext(
            settings,
            self.residency,
            self.sizes,
            self.planner,
            self._watch,
            models=lambda: self.files.models,
            gains=self._gains,
            pause_end=lambda: self.state.paused_until,
            clock=clock,
        )
        self.preloader = Preloader(self.residency, self.preloads, publisher.publish_soon)
        self.devices = EngineDevices(settings, self._devices_changed, speeds=SpeedTable(speeds_file()))
        self._device_care = DeviceCare(
            settings,
            self.devices,
            self.residency,
            self.preloads,
            self.planner,
            self.sizes,
            lambda: self.files.models,
        )
        self.room = RoomKeeper(settings, self.residency, self.preloads, self.state, self._apply, clock)
        self._guard = MemoryGuard(self._watch, self.residency, self.preloads, self._figures_changed, clock=clock)
        self.requests = RequestPath(
            self.residency,
            self.planner,
            self.preloads,
            self.preloader,
            self.contexts,
            self.prompts,
            self.usage,
            self.counters,
            self._device_care,
            publisher.publish_requests,
        )
        self.updates = UpdateWatch(settings, publisher.publish_soon)

    async def start(self) -> None:
        """Open what was kept, find the models, and begin all that goes on until ``rest``."""
        self.residency.prepare()
        known, *_ = await asyncio.gather(
            self._habits.open(),
            self.files.look(),
            asyncio.to_thread(self.prefixes.start),
            asyncio.to_thread(self._gains.open),
            asyncio.to_thread(self._placements.open),
            self.devices.start(),
        )
        self._choose_contexts()
        self.sizes.remember(known)
        self.residency.remember(self.usage.stages)
        self.residency.share_memory()
        self.room.restore()
        endless = {
            "preloading": self.preloader.run,
            "watching memory": self._guard.run,
            "watching stored prompts": self.prompts.run,
            "watching the models": self.files.follow,
            "checking for updates": self.updates.run,
            "keeping room": self.room.run,
            "recalling habits": self._habits.run,
        }
        self._tasks = [asyncio.create_task(keep_running(name, work)) for name, work in endless.items()]
        self._tasks += self._device_care.start()

    async def rest(self) -> None:
        """Begin nothing any more, except what requests need."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, self._device_care.close(), return_exceptions=True)

    async def close(self, grace_s: float) -> None:
        """End everything; requests in progress get ``grace_s`` seconds."""
        self.files.close()
        self.preloads.stop_standby()
        ends_at = time.monotonic() + grace_s
        while self.residency.active_requests and time.monotonic() < ends_at:
            await asyncio.sleep(_DRAIN_POLL_S)
        store_s = min(max(grace_s, _LEAST_STORE_S), _MOST_STORE_S)
        ends_at = time.monotonic() + store_s
        await self.residency.close(_SAVE_SHARE * store_s)
        self._publisher.close()
        # Not in a thread: a script's engine stops during interpreter shutdown, when no thread can start.
        self.prefixes.close(max(ends_at - time.monotonic(), _LEAST_MOVE_S))
        self.usage.close()
        self.preloads.wait_for_standby()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings of the user."""
        if settings.preload_at_login and not self.settings.preload_at_login:
            self.preloads.awaits_use = False
        self.settings = settings
        before = self.planner.favourites
        self._choose_favourites()
        for model_id in set(self.planner.favourites).difference(before):
            self.allow(model_id)
        self.updates.apply_settings(settings)
        self.contexts.choose(settings, self.files.models)
        self._device_care.apply_settings(settings)
        self.preloads.retry()
        self._apply()
        self._choose_contexts()  # models have more or less of the devices now

    def allow(self, model_id: str) -> None:
        """Preload a model again that was unloaded on purpose: the user wants it."""
        self.preloads.awaits_use = False
        self.planner.allow(model_id)

    # Called by the residency executor

    def device_missing(self) -> None:
        """Look again for the devices."""
        self.devices.look_afresh()

    def device_failed(self, model: ModelFile, devices: Sequence[str], error: EngineError) -> None:
        """Put a model on none of these devices any more."""
        self.devices.failed(model, devices, error)

    def state_changed(self) -> None:
        """Plan again, and publish at once."""
        self.preloader.nudge()
        self._device_care.changed()
        self._publisher.publish()

    def progressed(self) -> None:
        """Publish the progress of a load."""
        self._publisher.publish_soon()

    def decided(self, decision: DecisionRecord) -> None:
        """Count and keep a decision."""
        if decision.wasted:
            self.counters.wasted += 1
        if decision.action is Action.PRELOAD:
            self.counters.preloads += 1
        if decision.cause in (EvictionReason.USER, EvictionReason.KEEP_ALIVE):
            self.planner.suppress(decision.model_id)
        if decision.action in (Action.LOAD, Action.PRELOAD):
            self.contexts.loaded(decision.model_id)
        self.planner.decided(decision)
        self.usage.decided(decision)

    # Called by other parts

    def _apply(self) -> None:
        """Pass the effective settings to all parts: with chosen context lengths, and the limit beside a kept room."""
        settings = self.room.apply_to(self.contexts.effective)
        self.files.apply_settings(settings)
        self.sizes.apply_settings(settings)
        self.usage.apply_settings(settings)
        self.preloads.apply_settings(settings)
        self._watch.apply_settings(settings)
        self.residency.apply_settings(settings)
        self._habits.apply_settings(settings)
        self.prefixes.apply_settings(settings)
        self.prompts.apply_settings(settings)
        self.state_changed()

    def _choose_contexts(self) -> None:
        if self.contexts.choose(self.settings, self.files.models):
            self._apply()

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
        return self.planner.plan_eviction(
            residents,
            needed_bytes,
            limit_bytes,
            pools,
            now=now,
            for_request=for_request,
            sizes=self.preloads.sizes(),
        )

    def _files_scanned(self) -> None:
        self._habits.files_scanned(self.files.on_disk)
        self._choose_favourites()
        self._choose_contexts()
        self.residency.files_changed({model.model_id: model for model in self.files.models})
        self._figures_changed()

    def _choose_favourites(self) -> None:
        wanted, models = self.settings.favourites, self.files.models
        self.planner.favourites = choose_favourites(wanted, models)
        missing = missing_favourites(wanted, models)
        report_missing(missing, self.missing_favourites)
        self.missing_favourites = missing
        files = {model.model_id: model for model in models}
        self.residency.set_favourites([files[name] for name in self.planner.favourites])

    def _devices_changed(self, total_bytes: Mapping[str, int]) -> None:
        devices = self.devices
        choice = devices.choice
        self.residency.use_devices(total_bytes, choice.in_main_memory, devices.left_off, choice.keys)
        self.contexts.devices_changed()
        asyncio.get_running_loop().call_soon(self._choose_contexts)  # a load that failed on a device goes on first
        self._device_care.changed()
        self._publisher.publish_soon()

    def _figures_changed(self) -> None:
        self.preloader.nudge()
        self._publisher.publish_soon()
