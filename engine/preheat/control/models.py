"""Commands about the engine's state and the models on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal

from preheat.clock import unix_time
from preheat.control.codec import decode, printable
from preheat.control.command import Command, Risk, command
from preheat.control.request import absolute_path
from preheat.core import EngineSnapshot, ModelSnapshot, PromptSnapshot
from preheat.errors import (
    AmbiguousModelError,
    DiskFullError,
    EngineStoppedError,
    FolderError,
    InsufficientMemoryError,
    LoadCancelledError,
    ModelExistsError,
    ModelFileError,
    ModelInUseError,
    ModelLoadError,
    ModelNotFoundError,
    NotOwnFileError,
    SettingsError,
    UnusablePathError,
)
from preheat.messages import Message
from preheat.models import FITS, BrokenFile, Fit, FitAnswer, SkippedFile

if TYPE_CHECKING:
    from preheat.control.host import ControlHost
    from preheat.models import ModelFile, MovePlan

ImportMode = Literal["auto", "copy", "move", "link"]
_NAMES = (ModelNotFoundError, AmbiguousModelError)


@dataclass(frozen=True, slots=True)
class Status:
    """The whole engine at one instant, and the process it runs in."""

    pid: int
    uptime_s: float
    port: int
    snapshot: EngineSnapshot = field(metadata={"flat": True})

    @classmethod
    def of(cls, snapshot: EngineSnapshot, port: int) -> Status:
        """Return the status of this process's engine."""
        return cls(os.getpid(), round(max(0.0, unix_time() - snapshot.started_at), 3), port, snapshot)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model on disk."""

    model_id: str = field(metadata={"json": "id"})
    source: str = "preheat"  # owner of its folder: ``preheat``, ``folder``, ``huggingface``, ``lmstudio``, ...
    files: tuple[str, ...] = ()  # paths of all its files
    file_bytes: int = 0  # their total size
    path: str | None = None  # the file to load; of a split set, the first
    name: str = ""
    architecture: str = ""
    parameters: int = 0  # number of weights; 0 if unknown. So is ``trained_context``, in tokens.
    quantization: str = ""
    quantization_words: str = ""
    bits_per_weight: float | None = None
    trained_context: int = 0
    licence: str = ""
    abilities: tuple[str, ...] = ()  # ``chat``, ``completion``, ``embedding``, ``rerank``, ``vision``
    template: str | None = None
    mmproj: str | None = None
    aliases: tuple[str, ...] = ()
    modified_at: float | None = None  # Unix time of the files' last change
    fits: bool = True  # whether it fits the memory limit
    fitting: Fit = field(default=FITS, metadata={"flat": True})  # whether it fits now
    why: Message | None = None  # why it is hot, standby or cold, in words
    snapshot: ModelSnapshot | None = field(default=None, metadata={"flat": True})  # its state in memory

    @property
    def own(self) -> bool:
        """Whether it is in Preheat's own folder, and may be deleted."""
        return self.source == "preheat"

    @classmethod
    def of(cls, file: ModelFile, snapshot: ModelSnapshot | None, fit: Fit, why: Message | None = None) -> ModelFacts:
        """Return the facts of a file."""
        facts = {
            **file.public_facts(),
            "id": file.model_id,
            "files": [printable(path) for path in file.files],
            "file_bytes": file.file_bytes,
            "modified_at": file.modified_ns / 1e9,
            "fits": fit.fit is not FitAnswer.TOO_BIG,
        }
        return replace(decode(cls, facts), fitting=fit, why=why, snapshot=snapshot)


@dataclass(frozen=True, slots=True)
class ModelList:
    """The models on disk."""

    limit_bytes: int  # the memory limit
    models: tuple[ModelFacts, ...]
    left_out: tuple[SkippedFile, ...] = ()
    broken_files: tuple[BrokenFile, ...] = ()  # damaged, incomplete or unreadable ones, with what to do
    unreachable: tuple[str, ...] = ()  # folders that did not answer in time, in words


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a model is in its state, in words."""

    model_id: str = field(metadata={"json": "id"})
    state: str | None
    standby: bool | None
    why: Message
    warning: Message | None = None  # what it cannot do while hot; None if nothing
    prompts: tuple[PromptSnapshot, ...] = ()  # those kept for it, the likeliest first
    context: Message | None = None  # its context length, what that costs, and why it is not larger


@dataclass(frozen=True, slots=True)
class RemovedModel:
    """A deleted model."""

    model_id: str = field(metadata={"json": "id"})
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that was added to the models folder."""

    path: str


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file that moves."""

    path: str  # in the models folder
    file_bytes: int  # 0 for a link


@dataclass(frozen=True, slots=True)
class ModelsMove:
    """A move of Preheat's own models, or the plan of one."""

    path: str  # the new folder
    old_path: str
    dry_run: bool  # nothing was changed
    files: tuple[MovedFile, ...] = ()
    total_bytes: int = 0
    copied: bool = False  # the folders are on different disks
    others: int = 0  # files in the old folder that stay there, since they are not Preheat's; at most 10,000 are counted
    named_others: tuple[str, ...] = ()  # some of them
    left: tuple[str, ...] = ()  # old files that could not be removed

    @classmethod
    def of(cls, plan: MovePlan, left: Sequence[PurePath] = (), *, dry_run: bool) -> ModelsMove:
        """Return the public form of a plan."""
        return cls(
            printable(plan.new),
            printable(plan.old),
            dry_run,
            tuple(MovedFile(printable(file.path), file.file_bytes) for file in plan.files),
            plan.total_bytes,
            plan.other_disk,
            plan.others,
            tuple(map(printable, plan.named_others)),
            tuple(printable(plan.old / path) for path in left),
        )


@command("GET", "status", risk=Risk.USE)
class GetStatus(Command[Status]):
    """Return the whole engine as it is now."""

    async def run(self, host: ControlHost) -> Status:
        return Status.of(host.engine.refresh(), host.port)


@command("GET", "events", risk=Risk.USE, streams=True)
class WatchStatus(Command[Status]):
    """Stream the status as server-sent events: the whole status now, then ``{"changes": {...}}`` at every change.

    A change holds the fields that are different. In it, ``models``, ``requests`` and ``downloads`` are objects: for
    each item that is different, its id and its different fields; all of them for a new item, null for one that is gone.
    A slow reader gets several changes as one.
    """

    async def run(self, host: ControlHost) -> Status:
        return Status.of(host.engine.snapshot, host.port)


@command("GET", "models", risk=Risk.USE)
class ListModels(Command[ModelList]):
    """List every model, the files that were skipped and why, and the folders that do not answer."""

    async def run(self, host: ControlHost) -> ModelList:
        files = {file.model_id: file for file in await host.engine.models()}
        now, listing = host.engine.refresh(), host.engine.listing
        known = [(model.file or files.get(model.model_id), model) for model in now.models]
        return ModelList(
            now.memory.limit_bytes,
            tuple(ModelFacts.of(file, model, now.fit(model)) for file, model in known if file is not None),
            listing.skipped,
            listing.broken,
            tuple(map(str, listing.unreachable)),
        )


@command("GET", "models/{model:path}", risk=Risk.USE, errors=_NAMES)
class GetModel(Command[ModelFacts]):
    """Describe one model; a unique prefix of its id is enough."""

    model: str

    async def run(self, host: ControlHost) -> ModelFacts:
        file = await host.engine.find(self.model)
        now = host.engine.refresh()
        why = host.engine.preloads.why(file.model_id)
        snapshot = now.model(file.model_id)
        return ModelFacts.of(file, snapshot, FITS if snapshot is None else now.fit(snapshot), why)


@command("GET", "models/{model:path}/why", risk=Risk.USE, errors=_NAMES)
class ExplainModel(Command[Explanation]):
    """Explain why a model is hot, standby or cold."""

    model: str

    async def run(self, host: ControlHost) -> Explanation:
        model_id = await host.model_id(self.model)
        model, why = host.engine.snapshot.model(model_id), host.engine.preloads.why(model_id)
        if model is None:
            return Explanation(model_id, None, None, why)
        return Explanation(model_id, model.state.value, model.standby, why, model.warning, model.prompts, model.context)


_LOADING = (*_NAMES, InsufficientMemoryError, ModelLoadError, LoadCancelledError, EngineStoppedError)


@command("POST", "models/{model:path}/load", risk=Risk.USE, errors=_LOADING)
class LoadModel(Command[ModelSnapshot]):
    """Make a model hot, evicting others if necessary."""

    model: str

    async def run(self, host: ControlHost) -> ModelSnapshot:
        model_id = await host.model_id(self.model)
        await host.engine.load(model_id)
        return host.model(model_id)

    async def accepted(self, host: ControlHost) -> ModelSnapshot:
        return host.model(await host.model_id(self.model))


@command("POST", "models/{model:path}/expect", risk=Risk.USE, errors=_NAMES)
class ExpectModel(Command[ModelSnapshot]):
    """Say that a model was chosen and is about to be used: it is preloaded while there are no requests."""

    model: str

    async def run(self, host: ControlHost) -> ModelSnapshot:
        model_id = await host.model_id(self.model)
        host.engine.model_chosen(model_id)
        return host.model(model_id)


@command("POST", "models/{model:path}/unload", risk=Risk.MANAGE, errors=_NAMES)
class UnloadModel(Command[ModelSnapshot]):
    """Release a model's memory after its requests in progress, or stop its load."""

    model: str

    async def run(self, host: ControlHost) -> ModelSnapshot:
        model_id = await host.model_id(self.model)
        await host.engine.unload(model_id)
        return host.model(model_id)

    async def accepted(self, host: ControlHost) -> ModelSnapshot:
        return host.model(await host.model_id(self.model))


@command(
    "DELETE", "models/{model:path}", risk=Risk.ADMIN, errors=(*_NAMES, NotOwnFileError, ModelInUseError, FolderError)
)
class RemoveModel(Command[RemovedModel]):
    """Delete a model in Preheat's own folder from the disk, unloading it first."""

    model: str

    async def run(self, host: ControlHost) -> RemovedModel:
        model_id = await host.model_id(self.model)
        return RemovedModel(model_id, await host.engine.library.remove_model(model_id))


_IMPORTING = (UnusablePathError, ModelFileError, ModelExistsError, DiskFullError, FolderError)


@command("POST", "import", risk=Risk.ADMIN, errors=_IMPORTING)
class ImportFile(Command[ImportedFile]):
    """Add a GGUF file of this machine to the models folder: by copy, move or link, or the cheapest of them."""

    path: str = field(metadata={"check": absolute_path})
    how: ImportMode = "auto"

    async def run(self, host: ControlHost) -> ImportedFile:
        path = Path(absolute_path(self.path, "path"))
        return ImportedFile(printable(await host.engine.library.import_file(path, self.how)))


_MOVING = (UnusablePathError, ModelInUseError, SettingsError, ModelExistsError, DiskFullError, FolderError)


@command("POST", "move", risk=Risk.ADMIN, errors=_MOVING)
class MoveModels(Command[ModelsMove]):
    """Move Preheat's own models to another folder, and point the setting ``models_dir`` to it.

    Other files stay. The folder must be new, empty or one that Preheat made. ``dry_run`` returns the plan only.
    """

    path: str = field(metadata={"check": absolute_path})
    dry_run: bool = False

    async def run(self, host: ControlHost) -> ModelsMove:
        path, library = Path(absolute_path(self.path, "path")), host.engine.library
        if self.dry_run:
            return ModelsMove.of(await library.plan_move(path), dry_run=True)
        plan, left = await library.move_models(path)
        return ModelsMove.of(plan, left, dry_run=False)
