"""What is in memory, read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from preheat.messages import Message
from preheat.models import ModelFile
from preheat.residency.eviction import ResidentModel
from preheat.residency.phases import Now, State
from preheat.residency.pools import DeviceBytes, device_sums
from preheat.residency.processes.handles import LoadedWorker, Shared
from preheat.residency.processes.workers import ModelWorkers
from preheat.residency.states import Residency, ResidencyState


class ResidencyView:
    """The state of all models, and the memory that they take. Engine's loop only."""

    _state: ResidencyState
    _shared: Shared
    _workers: ModelWorkers
    _clock: Callable[[], float]
    _monotonic: Callable[[], float]
    _ended_mono: float

    @property
    def state(self) -> ResidencyState:
        """The state of all models; a frozen value."""
        return self._state

    @property
    def records(self) -> Mapping[str, Residency]:
        """Every model that was ever requested, by id."""
        return self._state.models

    def record(self, model_id: str) -> Residency:
        """Return the record of a known model."""
        return self._state.models[model_id]

    @property
    def models(self) -> dict[str, ModelFile]:
        """The files of the models that hold or reserve memory, by id."""
        files = self._workers.files
        return {name: files[name] for name, record in self.records.items() if record.taken_bytes}

    def residents(self) -> list[ResidentModel]:
        """Return the models that hold or reserve memory, except those that are leaving."""
        return self._state.residents()

    def context_length(self, model_id: str) -> int | None:
        """Return the context length of a hot model, in tokens."""
        first = self._hot(model_id)
        return first.info.context_length if first is not None and first.info is not None else None

    def devices(self, model_id: str) -> tuple[str, ...]:
        """Return the devices that a hot model was loaded for, by llama.cpp's names; none is the processor alone."""
        first = self._hot(model_id)
        return first.devices if first is not None else ()

    def warning(self, model_id: str) -> Message | None:
        """Return what a hot model cannot do although its file promises it."""
        first = self._hot(model_id)
        return first.warning if first is not None else None

    def _hot(self, model_id: str) -> LoadedWorker | None:
        record = self.records.get(model_id)
        return self._workers.first(model_id) if record is not None and record.state is State.HOT else None

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
    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is in progress or waiting, infinite before the first."""
        return 0.0 if self.active_requests else self._monotonic() - self._ended_mono

    @property
    def used_bytes(self) -> int:
        """Memory of all workers at the last measurement, including those that are closing."""
        return sum(record.held_bytes for record in self.records.values())

    @property
    def device_bytes(self) -> DeviceBytes:
        """Memory that models take of devices, including those that are leaving."""
        records = (record for record in self.records.values() if record.held_bytes or record.taken_bytes)
        return device_sums(record.device_bytes for record in records)

    @property
    def device_limits(self) -> DeviceBytes:
        """The most that models may take of each device."""
        return self._workers.device_limits

    @property
    def reachable_bytes(self) -> int:
        """The memory limit, lowered where the system has less: ``keep_free`` stays free."""
        return self._workers.limits().reachable_bytes

    def reachable_under(self, limit_bytes: int) -> int:
        """Return what ``reachable_bytes`` would be under another memory limit."""
        return self._workers.limits(limit_bytes).reachable_bytes

    def reachable_beside(self, others_bytes: int) -> int:
        """Return what models may take so that this much memory is available to other programs."""
        return self._workers.reachable_beside(others_bytes)

    @property
    def available_bytes(self) -> int:
        """Memory available to other programs, next to all that models hold."""
        return self._workers.available_bytes

    @property
    def free_bytes(self) -> int:
        """Memory within the limit that neither models nor stored prompts take."""
        return self.reachable_bytes - self._state.taken_bytes - self.prompt_bytes

    @property
    def prompt_bytes(self) -> int:
        """Memory of stored prompts, which give way to models."""
        return self._shared.prompts.memory_bytes

    def keeps_prompts(self, model: ModelFile) -> bool:
        """Return whether a second worker of the model gets the prompts in the slots of the first."""
        return self._shared.prompts.keeps(model)

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of the workers that have a model, one for each: a second one maps the same files."""
        return self._workers.pids

    def worker_pid(self, model_id: str) -> int | None:
        """Return the process id of the model's worker; None without one."""
        first = self._workers.first(model_id)
        return first.worker.pid if first is not None and first.worker is not None else None

    @property
    def spare_pid(self) -> int | None:
        """The process id of the spare worker; None while there is none."""
        return self._shared.spare.pid
