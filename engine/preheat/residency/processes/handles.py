"""The worker processes of one model, and what all workers share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from preheat.errors import EngineError
from preheat.inference import LoadStages, ModelInfo
from preheat.messages import Message
from preheat.models import ModelFile
from preheat.residency import events as ev
from preheat.residency.forms import Form
from preheat.residency.gains import GainTable
from preheat.residency.memory.system import SystemMemory
from preheat.residency.pools import NO_DEVICE_BYTES, DeviceBytes
from preheat.residency.processes.prompts import PromptStore
from preheat.residency.processes.spare import SpareWorker, Worker
from preheat.residency.sizes import SizeTable
from preheat.residency.states import Residency
from preheat.settings import Settings


class HotModel(NamedTuple):
    """A hot model, as a request uses it."""

    worker: Worker
    info: ModelInfo


@dataclass(slots=True, eq=False)
class LoadedWorker:
    """A worker, and what its load has reported; ``devices`` are those that the load was allowed."""

    form: Form = Form.MAPPED
    worker: Worker | None = None
    info: ModelInfo | None = None
    warning: Message | None = None
    devices: tuple[str, ...] = ()
    restored: list[tuple[str, int, str]] = field(default_factory=list)  # key, tokens and tier of prompts put back


@dataclass(slots=True, eq=False)
class Handle:
    """A model's file and workers, and the tasks that load or close them.

    Attributes:
        first: The worker that gets new requests.
        second: The other one during an exchange of forms.
    """

    model: ModelFile
    first: LoadedWorker = field(default_factory=LoadedWorker)
    second: LoadedWorker | None = None
    task: asyncio.Task[None] | None = None
    second_task: asyncio.Task[None] | None = None


class Owner(Protocol):
    """The executor, as far as workers need it."""

    @property
    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is in progress or waiting."""

    def record(self, model_id: str) -> Residency:
        """Return the record of a known model."""

    def waiting_clients(self, model_id: str) -> tuple[str, ...]:
        """Return the clients with a request that waits for the model."""

    def feed(self, event: ev.Event) -> object:
        """Decide on an event."""

    def progressed(self) -> None:
        """The progress of a load has changed."""

    def warned(self) -> None:
        """A worker has found something that its model cannot do."""

    def device_missing(self) -> None:
        """A worker did not find a device that its model was to be put on."""

    def device_failed(self, model: ModelFile, devices: Sequence[str], error: EngineError) -> ev.Needs | None:
        """Leave devices off for a model that does not run there; return what it needs without them, None if as much."""


@dataclass(slots=True, eq=False)
class Shared:
    """What all workers share; ``settings`` are the current ones, ``stages`` those of each model's last load.

    ``room`` is that of ``Limits``, ``devices`` has the memory of those that models are put on, by llama.cpp's names;
    that of ``devices_in_main_memory`` is part of the machine's, ``device_keys`` has what measurements of them are kept
    under; ``left_off`` returns those that a model is not put on, and ``favourites`` keep their place on them.
    """

    owner: Owner
    settings: Settings
    sizes: SizeTable
    memory: SystemMemory
    prompts: PromptStore
    gains: GainTable
    spare: SpareWorker
    stages: dict[str, LoadStages] = field(default_factory=dict)
    room: Message | None = None
    devices: DeviceBytes = field(default_factory=lambda: NO_DEVICE_BYTES)
    devices_in_main_memory: Set[str] = frozenset()
    device_keys: Mapping[str, str] = field(default_factory=dict)
    favourites: Sequence[ModelFile] = ()
    left_off: Callable[[ModelFile], Container[str]] = lambda _: ()

    def prepare_spare(self) -> None:
        """Start a spare worker when no requests are in progress."""
        self.spare.prepare_when_idle(lambda: self.owner.idle_s)
