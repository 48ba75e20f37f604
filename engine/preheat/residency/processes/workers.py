"""The workers of all models: performs the effects that concern them, and measures their memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from preheat.devices import DeviceRoom
from preheat.models import ModelFile
from preheat.residency import events as ev
from preheat.residency.memory.pressure import MemoryReading
from preheat.residency.phases import State
from preheat.residency.pools import DeviceBytes
from preheat.residency.processes.closer import Closer
from preheat.residency.processes.handles import Handle, HotModel, LoadedWorker, Shared
from preheat.residency.processes.loader import Loader
from preheat.residency.processes.spare import Worker
from preheat.residency.processes.twins import TwinLoader
from preheat.residency.states import Limits


class ModelWorkers:
    """Loads, exchanges and closes the workers of models. Runs on the engine's loop."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._loader = Loader(shared)
        self._twins = TwinLoader(shared, self._loader)
        self._closer = Closer(shared)
        self._handles: dict[str, Handle] = {}

    # What is there

    @property
    def files(self) -> Mapping[str, ModelFile]:
        """The files of all known models, by id."""
        return {model_id: handle.model for model_id, handle in self._handles.items()}

    def set_file(self, model: ModelFile, *, replace: bool) -> None:
        """Know the file of a model; ``replace`` one that is known already."""
        handle = self._handles.setdefault(model.model_id, Handle(model))
        if replace:
            handle.model = model

    def first(self, model_id: str) -> LoadedWorker | None:
        """Return the worker of a model that gets new requests."""
        handle = self._handles.get(model_id)
        return handle.first if handle is not None else None

    def hot(self, model_id: str) -> HotModel | None:
        """Return what a request gets of a model that is loaded; None if it is not."""
        first = self.first(model_id)
        if first is None or first.worker is None or first.info is None:
            return None
        return HotModel(first.worker, first.info)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that have a model, one for each: a second one maps the same files."""
        workers = (handle.first.worker for handle in self._handles.values())
        return tuple(worker.pid for worker in workers if worker is not None)

    # Effects

    def perform(self, effect: ev.WorkerEffect) -> None:
        """Do what was decided, soon, and report the end of it."""
        handle = self._handles[effect.model_id]
        match effect:
            case ev.StartLoad():
                handle.task = asyncio.create_task(self._loader.load(handle))
            case ev.HoldLoad(hold=hold):
                _hold(handle.first, hold)
            case ev.CloseWorker(save_s=save_s):
                load = _cancelled(handle.task)
                handle.task = asyncio.create_task(self._closer.close(handle, load, save_s))
            case ev.StartTwin(form=form):
                handle.second = LoadedWorker(form)
                handle.second_task = asyncio.create_task(self._twins.load(handle, handle.second))
            case ev.HoldTwin(hold=hold):
                _hold(handle.second, hold)
            case ev.SwapTwin():
                self._swap(handle)
            case ev.CloseTwin():
                assert handle.second is not None
                load = _cancelled(handle.second_task)
                handle.second_task = asyncio.create_task(self._closer.close_twin(handle, handle.second, load))

    def _swap(self, handle: Handle) -> None:
        """Let the second worker have the new requests."""
        assert handle.second is not None
        handle.first, handle.second = handle.second, handle.first
        prompts, model_id = self._shared.prompts, handle.model.model_id
        prompts.unloaded(model_id)
        for key, tokens, tier in handle.first.restored:
            prompts.restored(model_id, key, tokens, tier)

    def hurry_load(self, model_id: str) -> None:
        """Let a running load end soon: a request waits for it."""
        first = self.first(model_id)
        if first is not None and first.worker is not None:
            first.worker.hurry_load()

    def hurry(self, within_s: float) -> None:
        """Let workers that store their prompts before they are closed end it soon."""
        self._closer.hurry(within_s)

    async def closed(self, model_ids: Sequence[str]) -> None:
        """Wait until the workers of models that are closed now have ended."""
        closing = [task for model_id in model_ids if (task := self._handles[model_id].task) is not None]
        await asyncio.gather(*map(asyncio.shield, closing), return_exceptions=True)

    async def end(self) -> None:
        """Wait until all loads and workers have ended."""
        tasks = (task for handle in self._handles.values() for task in (handle.task, handle.second_task))
        closing = [task for task in tasks if task is not None]
        await asyncio.gather(*closing, self._shared.spare.close(), return_exceptions=True)

    # Memory

    def needs(self, model: ModelFile) -> ev.Needs:
        """Return what a load of a model needs."""
        sizes, settings = self._shared.sizes, self._shared.settings
        keep_alive_s = settings.for_model(model.model_id).keep_alive_s
        device_bytes = sizes.device_bytes(model)
        return ev.Needs(sizes.expected_bytes(model), keep_alive_s, self._twins.shrunk_bytes(model), device_bytes)

    def measure(self) -> ev.MemoryMeasured:
        """Return the memory of the workers, and note that of hot models as their size."""
        sizes, twins = {}, {}
        for model_id, handle in self._handles.items():
            if (worker := handle.first.worker) is not None:
                record = self._shared.owner.record(model_id)
                sizes[model_id] = self._shared.memory.rss_bytes(worker.pid) or record.rss_bytes
                if record.state is State.HOT:
                    self._shared.sizes.note_use(handle.model, sizes[model_id], handle.first.form)
            if handle.second is not None and (worker := handle.second.worker) is not None:
                twins[model_id] = self._own_bytes(worker)
        return ev.MemoryMeasured(sizes, twins)

    def limits(self, limit_bytes: int | None = None) -> Limits:
        """Return the limit of the settings, or another one, and the same lowered where the system has less."""
        settings, system = self._shared.settings, self._shared.memory.read()
        limit = settings.memory_limit.resolve(system.total_bytes) if limit_bytes is None else limit_bytes
        reachable = self._beside(system, settings.keep_free.resolve(system.total_bytes))
        return Limits(limit, min(limit, reachable), self._shared.room, self.device_limits)

    def reachable_beside(self, others_bytes: int) -> int:
        """Return what models may take so that this much memory is available to other programs."""
        return self._beside(self._shared.memory.read(), others_bytes)

    @property
    def available_bytes(self) -> int:
        """Memory available to other programs, next to all that the workers hold."""
        return self._available(self._shared.memory.read())

    def _beside(self, system: MemoryReading, others_bytes: int) -> int:
        free = self._available(system) + self._shared.prompts.memory_bytes - others_bytes
        # Measured now: what is reserved for a worker and not touched yet is still free.
        held = sum(self._shared.memory.rss_bytes(pid) for pid in self.pids) + sum(map(self._own_bytes, self._seconds()))
        return max(held + free, 0)

    def _available(self, system: MemoryReading) -> int:
        # Mapped weights are in both, what the workers hold and what the system calls available.
        return system.available_bytes - self._shared.memory.mapped_bytes(self.pids)

    @property
    def device_limits(self) -> DeviceBytes:
        """The most that models may take of each device, by the settings."""
        limit = self._shared.settings.device_memory_limit
        return {device: min(limit.resolve(total), total) for device, total in self._shared.devices.items()}

    def place(self) -> frozenset[str]:
        """Let the devices and their limits decide where models are put; return those that are elsewhere after that."""
        sizes, inside = self._shared.sizes, self._shared.devices_in_main_memory
        before = {model_id: sizes.placement(model).key for model_id, model in self.files.items()}
        keys = self._shared.device_keys
        rooms = [
            DeviceRoom(name, size, name in inside, key=keys.get(name, "")) for name, size in self.device_limits.items()
        ]
        sizes.use_devices(rooms, self._shared.favourites, self._shared.left_off)
        files = self.files.items()
        return frozenset(model_id for model_id, model in files if sizes.placement(model).key != before[model_id])

    def _seconds(self) -> Sequence[Worker]:
        seconds = [handle.second for handle in self._handles.values() if handle.second is not None]
        return [second.worker for second in seconds if second.worker is not None]

    def _own_bytes(self, worker: Worker) -> int:
        """Return the memory of a second worker, without the files that the first one has mapped, too."""
        memory = self._shared.memory
        return max(memory.rss_bytes(worker.pid) - memory.mapped_bytes([worker.pid]), 0)


def _hold(loading: LoadedWorker | None, hold: bool) -> None:
    if loading is not None and loading.worker is not None:
        loading.worker.hold_load(hold)


def _cancelled(load: asyncio.Task[None] | None) -> asyncio.Task[None] | None:
    """Cancel a load, unless it is what closes the worker; return it."""
    if load is not None and load is not asyncio.current_task():
        load.cancel()
    return load
