"""Workers and memory of a test's own: no process, no file, no waiting."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from preheat.errors import EngineError
from preheat.inference import (
    Chat,
    Embeddings,
    GenerateRequest,
    GenerationChunk,
    LoadOptions,
    ModelInfo,
    PrefixOptions,
    Priority,
    WorkerExit,
)
from preheat.messages import Message, msg
from preheat.models import LayerShape, ModelFile, ModelShape
from preheat.residency import DecisionRecord, GainTable, ResidencyExecutor, SizeTable, State, plan_eviction
from preheat.residency.memory.pressure import MemoryReading
from preheat.residency.memory.system import SystemMemory
from preheat.settings import Settings

MB = 10**6

ENDED = WorkerExit(msg("shutdown"))


def model(name: str, file_bytes: int = 30 * MB, *, modified_ns: int = 0) -> ModelFile:
    """Return a model without a file."""
    path = Path(f"/models/{name}.gguf")
    shape = ModelShape(each_layer=(LayerShape(weight_bytes=1000),))
    return ModelFile(name, path, file_bytes, "llama", 2048, False, False, (path,), modified_ns, shape)


class FakeWorker:
    """A worker that loads when the test says."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exited: asyncio.Future[WorkerExit] = asyncio.get_running_loop().create_future()
        self.options: LoadOptions | None = None
        self.loaded: asyncio.Future[ModelInfo] = asyncio.get_running_loop().create_future()
        self.holds: list[bool] = []
        self.hurried = 0
        self.cancelled = False
        self.stopped = False
        self.save_within_s: float | None = None
        self.may_save = asyncio.Event()
        self.may_save.set()
        self.may_close = asyncio.Event()
        self.may_close.set()

    @property
    def alive(self) -> bool:
        return not self.exited.done()

    async def load(
        self,
        options: LoadOptions,
        on_progress: Callable[[float], None],
        on_warming: Callable[[], None],
        on_warning: Callable[[Message], None],
        on_restored: Callable[[str, int, str], None],
    ) -> ModelInfo:
        self.options, self.on_progress, self.on_restored = options, on_progress, on_restored
        self.on_warming, self.on_warning = on_warming, on_warning
        return await self.loaded

    def become_hot(self, repack_gain: float | None = None, missing_devices: Sequence[str] = ()) -> None:
        devices = self.options.devices if self.options is not None else ()
        sizes = tuple((name, 1000) for name in devices if name not in missing_devices)
        self.loaded.set_result(ModelInfo(2048, False, 0, True, 1, repack_gain=repack_gain, device_bytes=sizes))

    def fail(self, error: Exception) -> None:
        self.loaded.set_exception(error)

    def die(self, ended: WorkerExit = ENDED) -> None:
        self.exited.set_result(ended)

    def cancel_load(self) -> None:
        self.cancelled = True

    def hold_load(self, hold: bool) -> None:
        self.holds.append(hold)

    def hurry_load(self) -> None:
        self.hurried += 1

    async def run(self, request: GenerateRequest, on_chunk: Callable[[GenerationChunk], object]) -> None:
        raise NotImplementedError

    async def embed(
        self, inputs: Sequence[str | Sequence[int]], priority: Priority = Priority.INTERACTIVE, client: str = ""
    ) -> Embeddings:
        raise NotImplementedError

    async def tokenize(
        self, source: str | Chat, *, add_special: bool = True, parse_special: bool = True, client: str = ""
    ) -> tuple[int, ...]:
        raise NotImplementedError

    async def detokenize(self, tokens: Sequence[int], client: str = "") -> tuple[str, tuple[bytes, ...]]:
        raise NotImplementedError

    async def save_prefixes(self, within_s: float, *, hands_over: bool = False) -> int:
        self.save_within_s = within_s
        await self.may_save.wait()
        return 1000

    async def close(self) -> None:
        await self.may_close.wait()
        if self.alive:
            self.die()


@dataclass
class FakeMemory(SystemMemory):
    """A system with 1 GB, of which 800 MB are available; each worker holds 40 MB."""

    available_bytes: int = 800 * MB
    held: dict[int, int] = field(default_factory=dict)

    def read(self) -> MemoryReading:
        return MemoryReading(1000 * MB, self.available_bytes)

    def mapped_bytes(self, pids: Iterable[int]) -> int:
        return 0

    def rss_bytes(self, pid: int) -> int:
        return self.held.get(pid, 40 * MB)


class FakePrompts:
    """Stored prompts without files."""

    def __init__(self) -> None:
        self.memory_bytes = 0
        self.allowed: list[int] = []
        self.gave_way = 0
        self.asked: list[tuple[str, Sequence[str]]] = []
        self.restored_keys: list[tuple[str, str, int, str]] = []
        self.gone: list[str] = []

    def allow(self, memory_bytes: int) -> None:
        self.allowed.append(memory_bytes)

    async def give_way(self) -> None:
        self.gave_way += 1

    def keeps(self, model: ModelFile) -> bool:
        return True

    def options(self, model: ModelFile, clients: Sequence[str]) -> PrefixOptions:
        self.asked.append((model.model_id, clients))
        return PrefixOptions(restore=("0a",))

    def restored(self, model_id: str, key: str, tokens: int, tier: str) -> None:
        self.restored_keys.append((model_id, key, tokens, tier))

    def unloaded(self, model_id: str) -> None:
        self.gone.append(model_id)


class Bench:
    """An executor over fake workers."""

    def __init__(self, **values: object) -> None:
        self.settings = Settings.model_validate({"spare_worker": False, "keep_free": "0B", "threads": 1, **values})
        self.now = 1_000_000.0
        self.memory = FakeMemory()
        self.workers: list[FakeWorker] = []
        self.spawn_error: EngineError | None = None
        self.decisions: list[DecisionRecord] = []
        self.states: list[State] = []
        self.progress: list[float | None] = []
        self.devices_missing = 0
        self.failed_on: list[tuple[str, tuple[str, ...], str]] = []
        self._pids = itertools.count(1)
        self.sizes = SizeTable(self.settings)
        self.prompts = FakePrompts()
        self.gains = GainTable()
        self.executor = ResidencyExecutor(
            self.settings,
            self.sizes,
            plan_eviction,
            self,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            spawn=self.spawn,
            memory=self.memory,
            prompts=self.prompts,
            gains=self.gains,
        )

    async def spawn(self) -> FakeWorker:
        if self.spawn_error is not None:
            raise self.spawn_error
        self.workers.append(FakeWorker(next(self._pids)))
        return self.workers[-1]

    def state_changed(self) -> None:
        self.states = [record.state for record in self.executor.records.values()]

    def progressed(self) -> None:
        self.progress = [record.progress for record in self.executor.records.values()]

    def decided(self, decision: DecisionRecord) -> None:
        self.decisions.append(decision)

    def device_missing(self) -> None:
        self.devices_missing += 1

    def device_failed(self, model: ModelFile, devices: Sequence[str], error: EngineError) -> None:
        self.failed_on.append((model.model_id, tuple(devices), error.code))
        self.executor.use_devices({})

    def of(self, name: str) -> State:
        return self.executor.records[name].state

    async def hot(self, *names: str) -> None:
        """Load models."""
        for name in names:
            loading = asyncio.create_task(self.executor.load(model(name)))
            await settle()
            self.workers[-1].become_hot()
            await loading


async def settle() -> None:
    """Let all tasks that can go on do so."""
    for _ in range(12):
        await asyncio.sleep(0)
