"""Performs the effects of ``decide``: starts and closes workers, answers callers, runs timers.

It feeds the workers' events back, and is the only writer of the residency state. Runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol

from preheat.bugs import failure_of
from preheat.clock import unix_time
from preheat.errors import EngineError
from preheat.inference import LoadOptions, ModelInfo, WorkerExit
from preheat.messages import Message
from preheat.models import ModelFile
from preheat.residency import events as ev
from preheat.residency.decide import decide
from preheat.residency.decisions import DecisionRecord, EvictionReason, Outcome
from preheat.residency.eviction import EvictionPolicy, ResidentModel
from preheat.residency.forms import Form, Stage
from preheat.residency.gains import GainTable
from preheat.residency.load_options import load_options, loads_differently
from preheat.residency.prompts import NoPrompts, PromptStore
from preheat.residency.sizes import SizeTable, loaded_form
from preheat.residency.spare import SpareWorker, Worker
from preheat.residency.states import Cold, Failed, Hot, Limits, Now, Queued, Residency, ResidencyState, State
from preheat.residency.step import HURRIED_SAVE_S, SAVE_S
from preheat.residency.system_memory import SystemMemory
from preheat.residency.twins import LoadedWorker, TwinLoader
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_SPARE_AFTER_S: Final = 1.0
"""Time after which a preload gets a spare worker, so that a request that cancels it does not wait for Python, in
seconds. Not immediately: on two busy cores, that made loads of 0.6 to 0.9 s take 0.12 to 0.2 s longer."""

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


class HotModel(NamedTuple):
    """A hot model, as a request uses it."""

    worker: Worker
    info: ModelInfo


@dataclass(slots=True, eq=False)
class _Handle:
    """A model's file and workers, and the tasks that load or close them."""

    model: ModelFile
    first: LoadedWorker = field(default_factory=LoadedWorker)
    second: LoadedWorker | None = None
    task: asyncio.Task[None] | None = None
    second_task: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's claim on a model, from its arrival to its end. Made by ``ResidencyExecutor.request``.

    Attributes:
        outcome: How the request found its model.
        saved_s: Load seconds that it was spared.
    """

    outcome: Outcome
    saved_s: float
    _answer: asyncio.Future[HotModel]
    _release: Callable[[bool, float | None], None]

    async def hot(self) -> HotModel:
        """Return the model when it is hot; it stays so until ``release``.

        Raises:
            InsufficientMemoryError: It does not fit, even if every idle model goes.
            ModelLoadError: It failed, or failed several times just now and is not tried again yet.
            LoadTimeoutError: It took longer than ``load_timeout``.
            LoadCancelledError: It was unloaded meanwhile.
            EngineStoppedError: Preheat is shutting down.
        """
        return await self._answer

    def release(self, *, answered: bool = False, keep_alive_s: float | None = None) -> None:
        """End the claim; further calls do nothing.

        Args:
            answered: The model did its work.
            keep_alive_s: Unload the model after this idle time; 0 at once, negative never, None changes nothing.
        """
        self._release(answered, keep_alive_s)


class ResidencyExecutor:
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
        self._settings = settings
        self._sizes = sizes
        self._policy = policy
        self._observer = observer
        self._clock = clock
        self._monotonic = monotonic
        self._memory = memory or SystemMemory()
        self._prompts: PromptStore = prompts or NoPrompts()
        self._spare = SpareWorker(enabled=settings.spare_worker, spawn=spawn)
        self._twins = TwinLoader(self, settings, self._spare, sizes, gains or GainTable(), self._memory)
        self._handles: dict[str, _Handle] = {}
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._clients: dict[int, str | None] = {}  # of the requests in ``_answers``; None for a command
        self._memory_short = False
        self._saving: set[asyncio.Task[None]] = set()
        self._ids = itertools.count(1)
        self._state = ResidencyState(self._limits(), settings.load_timeout)

    # What others see

    @property
    def state(self) -> ResidencyState:
        """The state of all models; a frozen value."""
        return self._state

    @property
    def records(self) -> Mapping[str, Residency]:
        """Every model that was ever requested, by id."""
        return self._state.models

    @property
    def models(self) -> dict[str, ModelFile]:
        """The files of the models that hold or reserve memory, by id."""
        return {name: self._handles[name].model for name, record in self.records.items() if record.taken_bytes}

    def residents(self) -> list[ResidentModel]:
        """Return the models that hold or reserve memory, except those that are leaving."""
        return self._state.residents()

    def context_length(self, model_id: str) -> int | None:
        """Return the context length of a hot model, in tokens."""
        handle = self._handles.get(model_id)
        hot = handle is not None and self.records[model_id].state is State.HOT
        info = handle.first.info if hot and handle is not None else None
        return info.context_length if info is not None else None

    def warning(self, model_id: str) -> Message | None:
        """Return what a hot model cannot do although its file promises it."""
        handle = self._handles.get(model_id)
        hot = handle is not None and self.records[model_id].state is State.HOT
        return handle.first.warning if hot and handle is not None else None

    def load_left_s(self, model_id: str) -> float | None:
        """Return the remaining time of the model's load, in seconds; None if unknown."""
        record = self.records.get(model_id)
        return record.load_left_s(self._monotonic()) if record is not None else None

    def now(self) -> Now:
        """Return the time that decisions are made with."""
        return Now(self._clock(), self._monotonic())

    @property
    def active_requests(self) -> int:
        """Requests in progress or waiting."""
        return self._state.active_requests

    @property
    def used_bytes(self) -> int:
        """Memory of all workers at the last measurement, including those that are closing."""
        return sum(record.held_bytes for record in self.records.values())

    @property
    def reachable_bytes(self) -> int:
        """The memory limit, lowered where the system has less: ``keep_free`` stays free."""
        return self._limits().reachable_bytes

    @property
    def free_bytes(self) -> int:
        """Memory within the limit that neither models nor stored prompts take."""
        return self.reachable_bytes - self._state.taken_bytes - self._prompts.memory_bytes

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of the workers that have a model, one for each: a second one maps the same files."""
        workers = (handle.first.worker for handle in self._handles.values())
        return tuple(worker.pid for worker in workers if worker is not None)

    def worker_pid(self, model_id: str) -> int | None:
        """Return the process id of the model's worker; None without one."""
        handle = self._handles.get(model_id)
        worker = handle.first.worker if handle is not None else None
        return worker.pid if worker is not None else None

    @property
    def spare_pid(self) -> int | None:
        """The process id of the spare worker; None while there is none."""
        return self._spare.pid

    # What callers want

    def prepare(self) -> None:
        """Start the spare worker."""
        self._spare.prepare()

    def request(self, model: ModelFile, client: str | None = "") -> Claim:
        """Claim a model for a client's request: immediately if it is hot, otherwise once it is loaded.

        A command to load it has no client: stored prompts are put back before the model is hot.
        """
        self._handle(model)
        model_id, waiter_id = model.model_id, next(self._ids)

        def release(answered: bool, keep_alive_s: float | None) -> None:
            if self._answers.pop(waiter_id, None) is not None:
                del self._clients[waiter_id]
                self.feed(ev.Released(model_id, waiter_id, answered, keep_alive_s))

        self._answers[waiter_id] = answer = _future()
        self._clients[waiter_id] = client
        effects = self.feed(ev.Requested(model_id, waiter_id, self._needs(model)))
        found = next(effect for effect in effects if isinstance(effect, ev.Found))
        if found.outcome is not Outcome.HIT:
            self._end_saving(HURRIED_SAVE_S)
        return Claim(found.outcome, found.saved_s, answer, release)

    async def load(self, model: ModelFile) -> None:
        """Make a model hot, like a request.

        Raises:
            EngineError: As ``Claim.hot``.
        """
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
        self._handle(model)
        model_id, needs = model.model_id, self._needs(model)
        await self._ask(lambda waiter: ev.PreloadWanted(model_id, waiter, needs, reason, tuple(displaces)), model_id)
        return self.records[model_id].state is State.HOT

    async def unload(self, model_id: str) -> None:
        """Unload a model after its requests in progress, or cancel its load; returns when memory is released."""
        await self._ask(lambda waiter: ev.UnloadWanted(model_id, waiter), model_id)

    async def retire(self, model: ModelFile) -> None:
        """Unload a model that has old settings or an old file, after its requests in progress.

        Raises:
            EngineError: As ``Claim.hot``, of its running load.
        """
        record = self.records.get(model.model_id)
        if record is not None and record.load is not None and record.load.outdated:
            await self.load(model)
        record = self.records.get(model.model_id)
        if record is not None and isinstance(record.phase, Hot) and record.phase.outdated is not None:
            await self.unload(model.model_id)

    def cancel_preloads(self, why: EvictionReason, reason: Message) -> None:
        """Cancel running preloads without waiting requests."""
        self.feed(ev.PreloadsCancelled(why, reason))

    def exchange(self, model_id: str, form: Form, reason: Message) -> None:
        """Let a hot model have its weights in the other form, once a second worker has loaded them.

        Nothing happens without room for both, except that an idle model is loaded again to have the mapped form.
        """
        size = self._sizes.form_size(self._handles[model_id].model, form)
        self.feed(ev.ExchangeWanted(model_id, form, size, reason))

    def cancel_exchanges(self) -> None:
        """Cancel the exchanges of forms that have not ended."""
        if self._state.exchanges:
            self.feed(ev.ExchangesCancelled())

    def free(self, wanted_bytes: int, why: EvictionReason, reason: Message) -> None:
        """Unload idle models to free memory, including that of models being unloaded."""
        self.feed(ev.MemoryNeeded(wanted_bytes, why, reason))

    def set_favourites(self, model_ids: Sequence[str]) -> None:
        """Use these favourites."""
        self.feed(ev.FavouritesChanged(frozenset(model_ids)))

    def apply_settings(self, settings: Settings) -> None:
        """Use new settings at once; a model in use follows when it is idle."""
        before, self._settings = self._settings, settings
        self._twins.settings = settings
        models = [handle.model for handle in self._handles.values()]
        needs = {model.model_id: self._needs(model) for model in models}
        outdated = frozenset(name for name in needs if loads_differently(name, before, settings))
        self.feed(ev.SettingsChanged(self._limits(), settings.load_timeout, needs, outdated))

    def files_changed(self, models: Mapping[str, ModelFile]) -> None:
        """Unload models with a replaced file when they are idle; those with a missing file stay.

        Args:
            models: The models on disk, by id.
        """
        for model_id, handle in list(self._handles.items()):
            now = models.get(model_id)
            hot = self.records[model_id].state is State.HOT
            if hot and now is not None and not now.same_content(handle.model):
                self.feed(ev.FileReplaced(model_id))

    def measure(self) -> None:
        """Measure the memory of the workers."""
        sizes, twins = {}, {}
        for model_id, handle in self._handles.items():
            if (worker := handle.first.worker) is not None:
                record = self.records[model_id]
                sizes[model_id] = self._memory.rss_bytes(worker.pid) or record.rss_bytes
                if record.state is State.HOT:
                    self._sizes.note_use(handle.model, sizes[model_id], handle.first.form)
            if handle.second is not None and (worker := handle.second.worker) is not None:
                twins[model_id] = self._own_bytes(worker)
        self.feed(ev.MemoryMeasured(sizes, twins))

    @property
    def prompt_bytes(self) -> int:
        """Memory of stored prompts, which give way to models."""
        return self._prompts.memory_bytes

    def share_memory(self, *, short: bool = False) -> None:
        """Let stored prompts have what the models leave of the memory limit now; nothing while memory is ``short``."""
        self._memory_short = short
        self._share_memory(self._limits())

    async def close(self, save_s: float = 0.0) -> None:
        """End every load and worker; hot models may store their prompts within ``save_s`` seconds."""
        self._end_saving(save_s)
        self.feed(ev.Closed(save_s))
        tasks = (task for handle in self._handles.values() for task in (handle.task, handle.second_task))
        closing = [task for task in tasks if task is not None]
        await asyncio.gather(*closing, self._spare.close(), return_exceptions=True)
        for handle in self._handles.values():
            _cancel(handle.timer)

    # Decide, then do

    def feed(self, event: ev.Event) -> list[ev.Effect]:
        """Decide on an event, and perform the effects; return them."""
        if self._needs_limits(event):
            self._decide(ev.LimitsMeasured(self._limits()))
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
            case ev.StartLoad(model_id):
                handle = self._handles[model_id]
                handle.task = asyncio.create_task(self._load(handle))
            case ev.CloseWorker(model_id, save_s):
                handle = self._handles[model_id]
                if (load := handle.task) is not None and load is not asyncio.current_task():
                    load.cancel()
                handle.task = asyncio.create_task(self._close(handle, load, save_s))
            case ev.HoldLoad(model_id, hold):
                if (worker := self._handles[model_id].first.worker) is not None:
                    worker.hold_load(hold)
            case ev.StartTwin() | ev.HoldTwin() | ev.SwapTwin() | ev.CloseTwin():
                self._perform_exchange(effect)
            case ev.FormChanged(model_id, form):
                logger.info("model %s: %s", model_id, form)
            case ev.SetTimer(model_id, at):
                self._set_timer(model_id, at)
            case ev.Grant(model_id, waiter_id):
                answer = self._answers[waiter_id]
                if not answer.done():  # otherwise its task is being cancelled
                    answer.set_result(self._hot_model(model_id))
            case ev.Reject(waiter_id, error):
                answer = self._answers[waiter_id]
                if not answer.done():
                    answer.set_exception(error)

    def _perform_exchange(self, effect: ev.StartTwin | ev.HoldTwin | ev.SwapTwin | ev.CloseTwin) -> None:
        handle = self._handles[effect.model_id]
        first, second, task = handle.first, handle.second, handle.second_task
        if isinstance(effect, ev.StartTwin):
            assert first.worker is not None
            handle.second = LoadedWorker(effect.form)
            handle.second_task = asyncio.create_task(self._twins.load(handle.model, handle.second, first.worker))
            return
        assert second is not None
        if isinstance(effect, ev.HoldTwin):
            if second.worker is not None:
                second.worker.hold_load(effect.hold)
        elif isinstance(effect, ev.SwapTwin):
            handle.first, handle.second = second, first
            self._prompts.unloaded(effect.model_id)
            for restored in second.restored:
                self._prompts.restored(effect.model_id, *restored)
        else:
            if task is not None and task is not asyncio.current_task():
                task.cancel()
            handle.second_task = asyncio.create_task(self._close_twin(handle, second, task))

    def _hot_model(self, model_id: str) -> HotModel | None:
        handle = self._handles.get(model_id)
        if handle is None or handle.first.worker is None or handle.first.info is None:
            return None
        return HotModel(handle.first.worker, handle.first.info)

    async def _ask(self, event: Callable[[int], ev.Event], model_id: str) -> None:
        """Send an event, and wait for its answer."""
        waiter_id = next(self._ids)
        self._answers[waiter_id] = answer = _future()
        try:
            self.feed(event(waiter_id))
            await answer
        finally:
            del self._answers[waiter_id]
            self.feed(ev.Released(model_id, waiter_id))

    def _set_timer(self, model_id: str, at_mono: float | None) -> None:
        handle = self._handles[model_id]
        _cancel(handle.timer)
        handle.timer = None
        if at_mono is not None:
            pause_s = max(0.0, at_mono - self._monotonic()) + _TIMER_SLACK_S
            handle.timer = asyncio.get_running_loop().call_later(pause_s, self.feed, ev.TimerDue(model_id))

    # Workers

    async def _load(self, handle: _Handle) -> None:
        model_id = handle.model.model_id
        try:
            await self._load_worker(handle)
        except Exception as error:  # a bug must not leave requests waiting
            self.feed(ev.LoadFailed(model_id, failure_of("loading a model", error)))

    async def _load_worker(self, handle: _Handle) -> None:
        model_id, model = handle.model.model_id, handle.model
        form = loaded_form(self._settings.for_model(model_id))
        handle.first = first = LoadedWorker(form)
        first.worker = worker = await self._spare.take()
        await self._prompts.give_way()
        record = self.records[model_id]
        waiting = [self._clients[waiter_id] for waiter_id in record.requests()]
        clients = tuple(dict.fromkeys(client for client in waiting if client is not None))
        prefixes = None if model.embeddings else self._prompts.options(model, clients)
        probe, preload = not clients, record.preloading
        options = load_options(model, self._settings, form, probe=probe, warm_prefix=preload, prefixes=prefixes)
        self.feed(ev.Started(model_id))

        def on_progress(share: float) -> None:
            if handle.first is first:
                self.feed(ev.Progressed(model_id, share))
                self._observer.progressed()

        def on_warming() -> None:
            self.feed(ev.Loaded(model_id))

        def on_warning(warning: Message) -> None:
            if first in (handle.first, handle.second):
                logger.warning("model %s: %s", model_id, EngineError(warning))
                first.warning = warning
                self._observer.state_changed()

        def on_restored(key: str, tokens: int, tier: str) -> None:
            if handle.first is first:
                self._prompts.restored(model_id, key, tokens, tier)

        def prepare_spare() -> None:
            if self.records[model_id].preloading:
                self._spare.prepare()

        timer = asyncio.get_running_loop().call_later(_SPARE_AFTER_S, prepare_spare)
        try:
            info = await worker.load(options, on_progress, on_warming, on_warning, on_restored)
        finally:
            timer.cancel()
        # Not before, for a request: the next one's start would compete with its load for the processor.
        self._spare.prepare()
        rss_bytes = self._memory.rss_bytes(worker.pid)
        first.info = replace(info, resident_bytes=rss_bytes)
        self._sizes.note(model, rss_bytes, form)
        self.watch(model_id, worker)
        self.feed(ev.Ready(model_id, rss_bytes, self._sizes.expected_bytes(model, form), form))

    def watch(self, model_id: str, worker: Worker) -> None:
        """Notice when a loaded worker ends."""
        handle = self._handles[model_id]
        worker.exited.add_done_callback(lambda ended: self._worker_ended(handle, worker, ended.result()))

    def _worker_ended(self, handle: _Handle, worker: Worker, ended: WorkerExit) -> None:
        model_id = handle.model.model_id
        if self.records[model_id].state is not State.HOT:
            return
        if handle.first.worker is worker:
            handle.first.worker = handle.first.info = None
            self._prompts.unloaded(model_id)
            self.feed(ev.WorkerDied(model_id, *ended))
        elif handle.second is not None and handle.second.worker is worker:
            twin = self.records[model_id].twin
            if twin is not None and twin.stage is Stage.LEAVING:  # it still answered requests
                handle.second = None
                self.feed(ev.TwinExited(model_id))

    async def _close(self, handle: _Handle, load: asyncio.Task[None] | None, save_s: float) -> None:
        """Stop a load, let the worker store its prompts, close it, and report its exit."""
        try:
            if (task := handle.second_task) is not None:
                task.cancel()
                await asyncio.wait([task])
            if handle.second is not None:
                await self._close_worker(handle.model.model_id, handle.second, 0.0)
            if load is not None:
                await asyncio.wait([load])
            await self._close_worker(handle.model.model_id, handle.first, save_s)
        except Exception:  # a bug must not leave the model unloading
            logger.exception("closing the worker of %s failed", handle.model.model_id)
        handle.first, handle.second, handle.second_task = LoadedWorker(), None, None
        self._prompts.unloaded(handle.model.model_id)
        self.feed(ev.Exited(handle.model.model_id))
        self._spare.prepare()

    async def _close_worker(self, model_id: str, content: LoadedWorker, save_s: float) -> None:
        if (worker := content.worker) is not None:
            if content.info is None:
                worker.cancel_load()
            elif save_s > 0 and not content.info.embeddings:
                await self._save_prompts(model_id, worker, save_s)
            await worker.close()

    async def _close_twin(self, handle: _Handle, second: LoadedWorker, load: asyncio.Task[None] | None) -> None:
        """Stop the load of a second worker, let a former first one store its prompts, close it, report its exit."""
        model_id = handle.model.model_id
        try:
            if load is not None:
                await asyncio.wait([load])
            await self._close_worker(model_id, second, SAVE_S)
        except Exception:  # a bug must not leave it closing
            logger.exception("closing the second worker of %s failed", model_id)
        if handle.second is second:
            handle.second = handle.second_task = None
            self.feed(ev.TwinExited(model_id))

    async def _save_prompts(self, model_id: str, worker: Worker, within_s: float) -> None:
        """Let a worker store its prompts before it is closed."""

        async def save() -> None:
            if n_bytes := await worker.save_prefixes(within_s):
                logger.info("model %s: stored %d bytes of prompts", model_id, n_bytes)

        saving = asyncio.create_task(save())
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        await asyncio.wait([saving])
        if not saving.cancelled():
            saving.result()

    def _share_memory(self, limits: Limits) -> None:
        left_bytes = 0 if self._memory_short else limits.reachable_bytes - self._state.taken_bytes
        self._prompts.allow(max(left_bytes, 0))

    def _end_saving(self, within_s: float) -> None:
        """Let those that store their prompts now end it soon: something waits for their memory."""
        for saving in self._saving:
            asyncio.get_running_loop().call_later(within_s, saving.cancel)

    # Facts

    def _handle(self, model: ModelFile) -> _Handle:
        handle = self._handles.setdefault(model.model_id, _Handle(model))
        record = self.records.get(model.model_id)
        if record is None or isinstance(record.phase, Cold | Failed):
            handle.model = model  # its file may have changed
        return handle

    def _needs(self, model: ModelFile) -> ev.Needs:
        keep_alive_s = self._settings.for_model(model.model_id).keep_alive_s
        return ev.Needs(self._sizes.expected_bytes(model), keep_alive_s, self._twins.shrunk_bytes(model))

    def record(self, model_id: str) -> Residency:
        """Return the record of a known model."""
        return self.records[model_id]

    def options(self, model: ModelFile, form: Form) -> LoadOptions:
        """Return the options for the load of a second worker."""
        prefixes = None if model.embeddings else self._prompts.options(model, ())
        return load_options(model, self._settings, form, probe=True, warm_prefix=True, prefixes=prefixes)

    def _own_bytes(self, worker: Worker) -> int:
        """Return the memory of a second worker, without the files that the first one has mapped, too."""
        return max(self._memory.rss_bytes(worker.pid) - self._memory.mapped_bytes([worker.pid]), 0)

    def _limits(self) -> Limits:
        memory, pids = self._memory.read(), self.worker_pids
        seconds = [each.second.worker for each in self._handles.values() if each.second and each.second.worker]
        keep_free = self._settings.keep_free.resolve(memory.total_bytes)
        # Mapped weights are in both, what the workers hold and what the system calls available.
        free = memory.available_bytes - self._memory.mapped_bytes(pids) - keep_free + self._prompts.memory_bytes
        # Measured now: what is reserved for a worker and not touched yet is still free.
        held = sum(self._memory.rss_bytes(pid) for pid in pids) + sum(map(self._own_bytes, seconds))
        limit = self._settings.memory_limit.resolve(memory.total_bytes)
        return Limits(limit, min(limit, max(held + free, 0)))


def _future() -> asyncio.Future[Any]:
    """Return a future; its exception need not be retrieved, since the caller may be cancelled at the same time."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
