"""Performs the effects of ``decide``: starts and closes workers, answers callers, runs timers.

It feeds the workers' events back, and is the only writer of the residency state. Runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Final, Protocol

from preheat.clock import unix_time
from preheat.errors import EngineError
from preheat.inference import LoadStages, Priority
from preheat.messages import Message
from preheat.models import ModelFile
from preheat.residency import events as ev
from preheat.residency.claims import Callers, Claim
from preheat.residency.deciding import decide
from preheat.residency.decisions import DecisionRecord, EvictionReason, Outcome
from preheat.residency.eviction import EvictionPolicy
from preheat.residency.forms import Form
from preheat.residency.gains import GainTable
from preheat.residency.memory.system import SystemMemory
from preheat.residency.phases import Cold, Failed, Queued, State
from preheat.residency.processes.handles import Shared
from preheat.residency.processes.load_options import loads_differently
from preheat.residency.processes.prompts import NoPrompts, PromptStore
from preheat.residency.processes.spare import SpareWorker, Worker
from preheat.residency.processes.workers import ModelWorkers
from preheat.residency.sizes import SizeTable
from preheat.residency.states import Limits, ResidencyState
from preheat.residency.step import HURRIED_SAVE_S
from preheat.residency.view import ResidencyView
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_TIMER_SLACK_S: Final = 0.002
"""A loop's timers may be early by the resolution of its clock."""


class Observer(Protocol):
    """Called with changes of models, on the engine's loop. Must not block."""

    def state_changed(self) -> None:
        """Some model is in another state."""

    def progressed(self) -> None:
        """The progress of a load has changed."""

    def decided(self, decision: DecisionRecord) -> None:
        """A model was loaded, left memory, or failed."""

    def device_missing(self) -> None:
        """A worker did not find a device that its model was to be put on."""

    def device_failed(self, model: ModelFile, devices: Sequence[str], error: EngineError) -> None:
        """A model does not run on these devices: put it elsewhere from now on."""


class ResidencyExecutor(ResidencyView):
    """Keeps models in memory with real workers.

    Args:
        policy: Chooses the models that make room.
        observer: Called with decisions and changes.
        clock: Returns Unix time.
        monotonic: Returns monotonic time.
        spawn: Starts a worker process.
        memory: Reads the memory of system and processes.
        prompts: Where workers keep prompts.
        gains: What repacked weights gain.
    """

    def __init__(
        self,
        settings: Settings,
        sizes: SizeTable,
        policy: EvictionPolicy,
        observer: Observer,
        *,
        clock: Callable[[], float] = unix_time,
        monotonic: Callable[[], float] = time.monotonic,
        spawn: Callable[[], Awaitable[Worker]] | None = None,
        memory: SystemMemory | None = None,
        prompts: PromptStore | None = None,
        gains: GainTable | None = None,
    ) -> None:
        self._policy = policy
        self._observer = observer
        self._clock = clock
        self._monotonic = monotonic
        spare = SpareWorker(enabled=settings.spare_worker, spawn=spawn)
        self._shared = Shared(
            self,
            settings,
            sizes,
            memory or SystemMemory(),
            prompts or NoPrompts(),
            gains or GainTable(),
            spare,
        )
        self._workers = ModelWorkers(self._shared)
        self._callers = Callers()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._memory_short = False
        self._ended_mono = -math.inf  # end of the last request
        self._state = ResidencyState(self._workers.limits(), settings.load_timeout)
        self.before_load: Callable[[ModelFile], Awaitable[None]] = _nothing
        """Awaited before a load is decided on; ``request`` leaves that to its caller."""

    def remember(self, stages: Mapping[str, LoadStages]) -> None:
        """Use the stages of earlier runs' loads, by model, for the progress of the next ones."""
        self._shared.stages.update(stages)

    # What callers want

    def prepare(self) -> None:
        """Start the spare worker."""
        self._shared.spare.prepare()

    def request(
        self,
        model: ModelFile,
        client: str | None = "",
        priority: Priority = Priority.INTERACTIVE,
        *,
        renewed: bool = False,
    ) -> Claim:
        """Claim a model for a client's request: immediately if it is hot, otherwise once it is loaded.

        Args:
            client: None for a command to load it: stored prompts are put back before the model is hot.
            renewed: A model with old settings, or an old file, is loaded again first, after its requests in progress.
        """
        self._know(model)
        model_id = model.model_id
        waiter_id, answer = self._callers.add(client)

        def release(answered: bool, keep_alive_s: float | None) -> None:
            if self._callers.remove(waiter_id):
                self._ended_mono = self._monotonic()
                self.feed(ev.Released(model_id, waiter_id, answered, keep_alive_s))

        effects = self.feed(ev.Requested(model_id, waiter_id, self._workers.needs(model), priority, renewed))
        found = next(effect for effect in effects if isinstance(effect, ev.Found))
        if found.outcome is not Outcome.HIT:
            self._workers.hurry(HURRIED_SAVE_S)
        if found.outcome is Outcome.LATE_HIT and client is not None:
            self._workers.hurry_load(model_id)
        if found.outcome is Outcome.MISS:
            self._shared.spare.prepare()  # if there is none yet, it starts while others make room
        return Claim(found.outcome, found.saved_s, answer, release)

    async def load(self, model: ModelFile) -> None:
        """Make a model hot, like a request.

        Raises:
            EngineError: As ``Claim.hot``.
        """
        await self.before_load(model)
        claim = self.request(model, None)
        try:
            await claim.hot()
        finally:
            claim.release()

    async def preload(self, model: ModelFile, reason: Message, displaces: Sequence[str] = ()) -> bool:
        """Make a model hot without a waiting request; return whether it is hot, or was unloaded meanwhile.

        Args:
            displaces: Models that make way first, if they are idle.

        Raises:
            InsufficientMemoryError: It does not fit into the memory that is free.
            LoadCancelledError: It made way for a request, or was unloaded.
            EngineError: As ``Claim.hot``.
        """
        await self.before_load(model)
        self._know(model)
        model_id, needs = model.model_id, self._workers.needs(model)
        await self._ask(lambda waiter: ev.PreloadWanted(model_id, waiter, needs, reason, tuple(displaces)), model_id)
        return self.records[model_id].state is State.HOT

    async def unload(self, model_id: str) -> None:
        """Unload a model after its requests in progress, or cancel its load; returns when memory is released."""
        await self._ask(lambda waiter: ev.UnloadWanted(model_id, waiter), model_id)

    def cancel_preloads(self, why: EvictionReason, reason: Message) -> None:
        """Cancel running preloads without waiting requests."""
        self.feed(ev.PreloadsCancelled(why, reason))

    def exchange(self, model_id: str, form: Form, reason: Message) -> None:
        """Let a hot model have its weights in the other form, once a second worker has loaded them.

        Nothing happens without room for both, except that an idle model is loaded again to have the mapped form.
        """
        size = self._shared.sizes.form_size(self._workers.files[model_id], form)
        self.feed(ev.ExchangeWanted(model_id, form, size, reason))

    def cancel_exchanges(self) -> None:
        """Cancel the exchanges of forms that have not ended."""
        if self._state.exchanges:
            self.feed(ev.ExchangesCancelled())

    def free(self, wanted_bytes: int, why: EvictionReason, reason: Message) -> None:
        """Unload idle models to free memory, including that of models being unloaded."""
        self._workers.hurry(HURRIED_SAVE_S)
        self.feed(ev.MemoryNeeded(wanted_bytes, why, reason))

    def make_room(self, limit_bytes: int, why: EvictionReason, reason: Message) -> None:
        """Shrink and unload idle models until the others take no more than this, as far as that is enough."""
        self._workers.hurry(HURRIED_SAVE_S)
        self.feed(ev.RoomWanted(limit_bytes, why, reason))

    async def wait_closed(self) -> None:
        """Wait until the workers of all models that leave memory or shrink now have ended, and their memory is free."""
        leaving = (each for each in self.records.values() if each.state is State.UNLOADING or each.closes_first)
        await self._workers.closed([record.model_id for record in leaving])

    def set_favourites(self, models: Sequence[ModelFile]) -> None:
        """Use these favourites, the most important one first: they keep their place on devices."""
        self._shared.favourites = tuple(models)
        self.feed(ev.FavouritesChanged(frozenset(model.model_id for model in models)))
        if placed := self._workers.place():
            self._reload(placed)

    @property
    def room(self) -> Message | None:
        """Why loads find no memory while room is kept for other programs; see ``Limits``."""
        return self._shared.room

    @room.setter
    def room(self, room: Message | None) -> None:
        self._shared.room = room

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings at once; a model in use follows when it is idle."""
        before, self._shared.settings = self._shared.settings, settings
        placed = self._workers.place()
        self._reload({*placed, *(name for name in self._workers.files if loads_differently(name, before, settings))})

    def use_devices(
        self,
        total_bytes: Mapping[str, int],
        in_main_memory: Set[str] = frozenset(),
        left_off: Callable[[ModelFile], Container[str]] = lambda _: (),
        keys: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Put models on these devices from now on; those in memory whose place changes follow when they are idle.

        Args:
            total_bytes: The memory of each device, by llama.cpp's name.
            in_main_memory: Devices whose memory is part of the machine's.
            left_off: Returns the devices that a model is not put on; to be called again whenever it returns others.
            keys: What measurements of each device are kept under; see ``Device``.
        """
        shared, before = self._shared, (self._shared.devices, self._shared.devices_in_main_memory)
        shared.devices, shared.devices_in_main_memory, shared.left_off = dict(total_bytes), in_main_memory, left_off
        shared.device_keys = keys
        placed = self._workers.place()
        if placed or before != (shared.devices, in_main_memory):
            self._reload(placed)

    def _reload(self, outdated: Iterable[str]) -> None:
        """Decide with the current settings; load models again that are outdated."""
        needs = {model_id: self._workers.needs(model) for model_id, model in self._workers.files.items()}
        timeout_s = self._shared.settings.load_timeout
        self.feed(ev.SettingsChanged(self._workers.limits(), timeout_s, needs, frozenset(outdated)))

    def files_changed(self, models: Mapping[str, ModelFile]) -> None:
        """Unload models with a replaced file when they are idle; those with a missing file stay.

        Args:
            models: The models on disk, by id.
        """
        for model_id, loaded in self._workers.files.items():
            now = models.get(model_id)
            hot = self.records[model_id].state is State.HOT
            if hot and now is not None and not now.same_content(loaded):
                self.feed(ev.FileReplaced(model_id))

    def measure(self) -> None:
        """Measure the memory of the workers."""
        self.feed(self._workers.measure())

    def share_memory(self, *, short: bool = False) -> None:
        """Let stored prompts have what the models leave of the memory limit now; nothing while memory is ``short``."""
        self._memory_short = short
        self._share_memory(self._workers.limits())

    async def close(self, save_s: float = 0.0) -> None:
        """End every load and worker; hot models may store their prompts within ``save_s`` seconds."""
        self._workers.hurry(save_s)
        self.feed(ev.Closed(save_s))
        await self._workers.end()
        for timer in self._timers.values():
            timer.cancel()

    # Decide, then do

    def feed(self, event: ev.Event) -> list[ev.Effect]:
        """Decide on an event, and perform the effects; return them."""
        if self._needs_limits(event):
            self._decide(ev.LimitsMeasured(self._workers.limits()))
        return self._decide(event)

    def _decide(self, event: ev.Event) -> list[ev.Effect]:
        now, before = self.now(), self._state
        self._state, effects = decide(before, event, now, self._policy)
        if self._state.taken_bytes != before.taken_bytes:
            self._share_memory(self._state.limits)
        for effect in effects:
            self._perform(effect)
        if any(isinstance(effect, ev.Changed | ev.FormChanged) for effect in effects):
            self._observer.state_changed()
        return effects

    def _needs_limits(self, event: ev.Event) -> bool:
        """Whether this event may reserve memory."""
        if isinstance(event, ev.ExchangeWanted):
            return True
        if isinstance(event, ev.Requested | ev.PreloadWanted):
            record = self.records.get(event.model_id)
            return record is None or record.state is not State.HOT
        phases = (self.records[model_id].phase for model_id in self._state.loads)
        return any(isinstance(phase, Queued) and phase.waiting_for is None for phase in phases)

    def _perform(self, effect: ev.Effect) -> None:
        match effect:
            case ev.Changed(model_id, old, new):
                logger.info("model %s: %s -> %s", model_id, old, new)
            case ev.Record(decision):
                logger.info("%s %s: %s", decision.action, decision.model_id, decision.reason)
                self._observer.decided(decision)
            case ev.WorkerEffect():
                self._workers.perform(effect)
            case ev.FormChanged(model_id, form):
                logger.info("model %s: %s", model_id, form)
            case ev.SetTimer(model_id, at):
                self._set_timer(model_id, at)
            case ev.Grant(model_id, waiter_id):
                self._callers.grant(waiter_id, self._workers.hot(model_id))
            case ev.Reject(waiter_id, error):
                self._callers.reject(waiter_id, error)

    async def _ask(self, event: Callable[[int], ev.Event], model_id: str) -> None:
        """Send an event, and wait for its answer."""
        waiter_id, answer = self._callers.add()
        try:
            self.feed(event(waiter_id))
            await answer
        finally:
            self._callers.remove(waiter_id)
            self.feed(ev.Released(model_id, waiter_id))

    def _set_timer(self, model_id: str, at_mono: float | None) -> None:
        if (timer := self._timers.pop(model_id, None)) is not None:
            timer.cancel()
        if at_mono is not None:
            pause_s = max(0.0, at_mono - self._monotonic()) + _TIMER_SLACK_S
            due = ev.TimerDue(model_id)
            self._timers[model_id] = asyncio.get_running_loop().call_later(pause_s, self.feed, due)

    def _know(self, model: ModelFile) -> None:
        """Know the file of a model that is wanted; one that is loaded stays."""
        record = self.records.get(model.model_id)
        self._workers.set_file(model, replace=record is None or isinstance(record.phase, Cold | Failed))

    def _share_memory(self, limits: Limits) -> None:
        left_bytes = 0 if self._memory_short else limits.reachable_bytes - self._state.taken_bytes
        self._shared.prompts.allow(max(left_bytes, 0))

    # What the workers need

    def waiting_clients(self, model_id: str) -> tuple[str, ...]:
        """Return the clients with a request that waits for the model."""
        return self._callers.clients(self.records[model_id].requests())

    def progressed(self) -> None:
        """The progress of a load has changed."""
        self._observer.progressed()

    def warn(self, model_id: str, warning: Message) -> None:
        """Show a warning of a hot model until it is loaded again."""
        first = self._hot(model_id)
        if first is not None:
            logger.warning("model %s: %s", model_id, EngineError(warning))
            first.warning = warning
            self._observer.state_changed()

    def warned(self) -> None:
        """A worker has found something that its model cannot do."""
        self._observer.state_changed()

    def device_missing(self) -> None:
        """A worker did not find a device that its model was to be put on."""
        self._observer.device_missing()

    def device_failed(self, model: ModelFile, devices: Sequence[str], error: EngineError) -> ev.Needs | None:
        """Leave devices off for a model that does not run there; return what it needs without them, None if as much."""
        before = self._shared.sizes.placement(model).key
        self._observer.device_failed(model, devices, error)
        return self._workers.needs(model) if self._shared.sizes.placement(model).key != before else None


async def _nothing(_model: ModelFile) -> None:
    """Nothing is to be done before a load."""
