"""An engine without models: scripted chunks, recorded calls, states set by hand."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot
from preheat.errors import ContextLengthExceededError, ModelNotFoundError
from preheat.inference import (
    Chat,
    Embeddings,
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    ModelInfo,
    Priority,
    Usage,
)
from preheat.messages import Message, msg
from preheat.models import Ability, Kind, Listing, ModelFile, SkippedFile, Source
from preheat.preload import FormOutlook, LimitOutlook, PreloadPlan
from preheat.residency import DecisionRecord, State
from preheat.settings import Settings
from preheat.usage import Counts, RequestRecord, UsageLog

if TYPE_CHECKING:
    from preheat.core import Engine

CHAT = "tiny-chat.q4_1"
EMBED = "tiny-embed"
DIMENSIONS = 4
INFO = ModelInfo(512, False, DIMENSIONS, True, 4, thinking=True)
VECTOR = array("f", [0.5, -0.5, 0.5, 0.5]).tobytes()


def chunks_of(*texts: str, reason: FinishReason = FinishReason.STOP) -> list[GenerationChunk]:
    """Return a whole generation: a prompt of 7 tokens, and one token for each text."""
    last = GenerationChunk("", finish_reason=reason, usage=Usage(7, len(texts), 3))
    return [*(GenerationChunk(text) for text in texts), last]


def model_file(model: ModelSnapshot) -> ModelFile:
    """Return the file that a model would have."""
    path = Path(f"/models/{model.model_id}.gguf")
    return ModelFile(
        model_id=model.model_id,
        path=path,
        file_bytes=model.file_bytes,
        architecture="llama",
        context_length=2048,
        embeddings=model.embeddings,
        chat_template=not model.embeddings,
        files=(path,),
        modified_ns=1_700_000_000_500_000_000,
        source=Source.OLLAMA,
        aliases=("tiny:latest",),
        name="Tiny",
        parameters=1500,
        quantization="Q4_1",
        licence="mit",
        abilities=(Ability.EMBEDDING,) if model.embeddings else (Ability.CHAT, Ability.COMPLETION),
    )


@dataclass
class FakeContexts:
    """The context lengths of the snapshot; one grows if there is a script for that.

    Attributes:
        room: Tokens that prompts leave for answers.
        fits: A prompt that was too long only left too little room, and the model cannot grow.
    """

    engine: FakeEngine
    room: int = 0
    fits: bool = False

    def length(self, model: ModelFile) -> int:
        known = self.engine.snapshot.model(model.model_id)
        return model.context_length if known is None else known.context_length or model.context_length

    def answer_room(self, model: ModelFile) -> int:
        return self.room

    def is_enough(self, model: ModelFile, error: ContextLengthExceededError) -> bool:
        if self.fits and self.engine.grown_scripts:
            self.engine.script = [*self.engine.grown_scripts.pop(0)]
        return self.fits

    def room_for_prompt(self, model: ModelFile, error: ContextLengthExceededError) -> int | None:
        if not self.engine.grown_scripts:
            raise error
        self.engine.script = [*self.engine.grown_scripts.pop(0)]
        return None if self.fits else 2 * self.length(model)

    def no_room(self, model: ModelFile, error: ContextLengthExceededError) -> ContextLengthExceededError:
        return error


@dataclass
class FakePreloads:
    """Stands in for ``preheat.preload.PreloadContext``."""

    planned: PreloadPlan = field(default_factory=lambda: PreloadPlan((), ()))
    forms: tuple[FormOutlook, ...] = ()
    unloaded: tuple[str, ...] = ()

    def plan(self) -> PreloadPlan:
        return self.planned

    def under_limit(self, limit_bytes: int) -> LimitOutlook:
        return LimitOutlook((CHAT,), (), (EMBED,) if limit_bytes < 4_000_000_000 else (), (), ())

    def form_outlooks(self) -> tuple[FormOutlook, ...]:
        return self.forms

    def suppressed(self) -> tuple[str, ...]:
        return self.unloaded

    def why(self, model_id: str, *, form: bool = True) -> Message:
        return msg("text", text=f"{model_id} is a favourite")


@dataclass
class FakeEngine:
    """Stands in for ``preheat.core.engine.Engine``."""

    settings: Settings = field(default_factory=Settings)
    script: list[GenerationChunk | Exception | asyncio.Event] = field(
        default_factory=lambda: [*chunks_of("Hello", "!")]
    )  # what ``generate`` yields; an error in it is raised, an event is waited for
    load_gate: asyncio.Event | None = None  # A lease waits for it
    failure: Exception | None = None  # ``lease``, ``load`` and ``unload`` raise it
    requests: list[GenerateRequest] = field(default_factory=list)  # requests to ``generate``
    inputs: list[Sequence[str | Sequence[int]]] = field(default_factory=list)
    commands: list[tuple[str, str]] = field(default_factory=list)
    leases: int = 0
    given_up: int = 0  # number of leases cancelled while they waited for a load
    closed: int = 0  # number of generations that have ended in any way
    finished: int = 0  # number of generations read to their end
    clients: list[str] = field(default_factory=list)  # the client of each lease
    priorities: list[Priority] = field(default_factory=list)
    lease_options: list[tuple[float | None, int | None]] = field(default_factory=list)  # keep-alive, context length
    # clients that listed models, with the model that they asked for
    woken: list[tuple[str, str]] = field(default_factory=list)
    usage_log: UsageLog | None = None
    counts: Counts = field(default_factory=Counts)  # of the requests in progress
    listing: Listing = field(
        default_factory=lambda: Listing(
            skipped=(
                SkippedFile("lora", Path("/models/lora.gguf"), Source.FOLDER, Kind.ADAPTER, 5, msg("skipped_adapter")),
            ),
            unreachable=(msg("folder_unresponsive", path="/mnt/nas"),),
        )
    )
    preloads: FakePreloads = field(default_factory=FakePreloads)
    observers: list[Callable[[RequestRecord | DecisionRecord], None]] = field(default_factory=list)
    subscribers: list[Callable[[EngineSnapshot], None]] = field(default_factory=list)

    # scripts of the following leases, each after the context has grown for a prompt
    grown_scripts: list[Sequence[GenerationChunk | Exception | asyncio.Event]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contexts = FakeContexts(self)
        self.changed = asyncio.Condition()
        self.snapshot = EngineSnapshot(
            version="0.1.0",
            started_at=time.time() - 5,
            memory=MemorySnapshot(8_000, 3_000, 5_000),
            preload=PreloadSnapshot(enabled=True, hits=3, misses=1),
            models=(
                ModelSnapshot(CHAT, State.HOT, True, 1000, resident_bytes=1500, context_length=512),
                ModelSnapshot(EMBED, State.HOT, False, 500, embeddings=True),
            ),
        )

    def set_model(self, model_id: str, **changes: Any) -> None:
        """Change a model's snapshot and publish."""
        models = tuple(replace(m, **changes) if m.model_id == model_id else m for m in self.snapshot.models)
        self.snapshot = replace(self.snapshot, models=models)
        for callback in list(self.subscribers):
            callback(self.snapshot)

    def refresh(self) -> EngineSnapshot:
        return self.snapshot

    async def models(self) -> list[ModelFile]:
        return [model_file(model) for model in self.snapshot.models]

    async def rescan(self) -> None:
        """Find nothing new."""

    async def find(self, name: str) -> ModelFile:
        for model in await self.models():
            if model.model_id.startswith(name.lower()):
                return model
        raise ModelNotFoundError(f"No model is called {name!r}", hint=f"Did you mean {CHAT}?", param="model")

    def subscribe(self, callback: Callable[[EngineSnapshot], None]) -> Callable[[], None]:
        self.subscribers.append(callback)
        callback(self.snapshot)
        return lambda: self.subscribers.remove(callback)

    def open_counts(self) -> Counts:
        return self.counts

    @asynccontextmanager
    async def lease(
        self,
        name: str,
        *,
        client: str = "",
        priority: Priority = Priority.INTERACTIVE,
        keep_alive_s: float | None = None,
        context_length: int | None = None,
    ) -> AsyncIterator[FakeLease]:
        self.clients.append(client)
        self.priorities.append(priority)
        self.lease_options.append((keep_alive_s, context_length))
        await self._load()
        if self.failure is not None:
            raise self.failure
        self.leases += 1
        try:
            yield FakeLease(self)
        finally:
            self.leases -= 1
            await self._notify()

    async def _load(self) -> None:
        if self.load_gate is not None:
            try:
                await self.load_gate.wait()
            except asyncio.CancelledError:
                self.given_up += 1
                await self._notify()
                raise

    async def load(self, name: str) -> None:
        await self._command("load", name)

    def client_woke(self, client: str, model_id: str = "") -> None:
        self.woken.append((client, model_id))

    def pause(self, seconds: float | None = None) -> None:
        self._set_pause(math.inf if seconds is None else time.time() + seconds)

    def resume(self) -> None:
        self._set_pause(None)

    def _set_pause(self, until: float | None) -> None:
        self.snapshot = replace(self.snapshot, preload=replace(self.snapshot.preload, paused_until=until))

    def apply_settings(self, settings: Settings) -> None:
        self.settings = settings
        self.snapshot = replace(self.snapshot, favourites=settings.favourites or ())

    def observe(self, observer: Callable[[RequestRecord | DecisionRecord], None]) -> Callable[[], None]:
        self.observers.append(observer)
        return lambda: self.observers.remove(observer)

    async def unload(self, name: str) -> None:
        await self._command("unload", name)

    async def _command(self, kind: str, name: str) -> None:
        if self.load_gate is not None:
            await self.load_gate.wait()
        if self.failure is not None:
            raise self.failure
        self.commands.append((kind, name))
        self.set_model(name, state=State.HOT if kind == "load" else State.COLD)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition is true."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(condition), 10)

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def as_engine(fake: FakeEngine) -> Engine:
    """Return the fake with the type that it stands in for."""
    return cast("Engine", fake)


@dataclass
class FakeLease:
    engine: FakeEngine
    info: ModelInfo = INFO
    model_id: str = CHAT

    async def run(self, request: GenerateRequest, on_chunk: Callable[[GenerationChunk], object]) -> None:
        engine = self.engine
        engine.requests.append(request)
        try:
            await engine._notify()
            for item in engine.script:
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, asyncio.Event):
                    await item.wait()
                else:
                    on_chunk(item)
            engine.finished += 1
        finally:
            engine.closed += 1
            await engine._notify()

    async def embed(
        self, inputs: Sequence[str | Sequence[int]], priority: Priority = Priority.INTERACTIVE
    ) -> Embeddings:
        self.engine.inputs.append(inputs)
        for item in self.engine.script:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, asyncio.Event):
                await item.wait()
        return Embeddings(DIMENSIONS, (VECTOR,) * len(inputs), 2 * len(inputs))

    async def tokenize(
        self, source: str | Chat, *, add_special: bool = True, parse_special: bool = True
    ) -> tuple[int, ...]:
        """Return one token for each character."""
        text = source if isinstance(source, str) else "\n".join(message.text for message in source.messages)
        return (*(1 for _ in range(add_special)), *map(ord, text))

    async def count_tokens(self, chat: Chat) -> int:
        return len(await self.tokenize(chat))

    async def detokenize(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))

    async def pieces(self, tokens: Sequence[int]) -> tuple[bytes, ...]:
        return tuple(chr(token).encode() for token in tokens)
