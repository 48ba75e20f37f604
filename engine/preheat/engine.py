"""The engine: puts the parts together, owns all state, publishes snapshots.

It runs on one asyncio loop in one thread. Commands are coroutines on that loop; what others see of its state are the
immutable snapshots that it publishes: every transition at once, counters at most ten times a second.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final

import psutil

from preheat import paths
from preheat._version import __version__
from preheat.errors import EngineStoppedError, ModelNotFoundError, QueueFullError
from preheat.inference.requests import Embeddings, GenerateRequest, GenerationChunk, ModelInfo
from preheat.library import ModelFile, Scanner, resolve
from preheat.preload.counters import PreloadCounters
from preheat.preload.preloader import choose_favourites, preload_in_order
from preheat.residency import Cause, Pool, Resident, State
from preheat.settings import Settings
from preheat.snapshot import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot

logger = logging.getLogger(__name__)

PUBLISH_INTERVAL_S: Final = 0.1
_RESCAN_INTERVAL_S: Final = 1.0
_QUEUE_RETRY_S: Final = 2.0

Subscriber = Callable[[EngineSnapshot], None]


class Engine:
    """Keeps models hot and answers requests with them.

    Make it, ``start`` it and ``stop`` it on one loop; also usable as ``async with Engine(settings) as engine``.

    Args:
        settings: Defaults of every setting, if not given.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._scanner = Scanner()
        self._models: tuple[ModelFile, ...] = ()
        self._scanned_at = 0.0
        self._favourites: tuple[str, ...] = ()
        self._counters = PreloadCounters()
        self._prompt_tokens = 0
        self._prefix_tokens_reused = 0
        self._started_at = time.time()
        self._pool: Pool | None = None
        self._preloading: asyncio.Task[None] | None = None
        self._publishing: asyncio.TimerHandle | None = None
        self._subscribers: list[Subscriber] = []
        self._stopping = False
        self._snapshot = self._make_snapshot()

    async def __aenter__(self) -> Engine:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Find the models and begin to preload; returns before anything is loaded."""
        self._pool = Pool(
            self.settings,
            is_favourite=lambda model_id: model_id in self._favourites,
            on_transition=self._publish,
            on_progress=self._publish_soon,
            on_wasted=self._count_wasted,
        )
        self._pool.prepare()
        await self._rescan()
        if self.settings.preload:
            favourites = [self.resolve(model_id) for model_id in self._favourites]
            self._preloading = asyncio.create_task(preload_in_order(favourites, self._preload))
        self._publish()

    async def stop(self, grace_s: float | None = None) -> None:
        """End everything: answers in flight get up to ``grace_s`` seconds (the setting ``shutdown_grace``)."""
        self._stopping = True
        if self._pool is None:
            return
        if self._preloading is not None:
            self._preloading.cancel()
        grace = self.settings.shutdown_grace if grace_s is None else grace_s
        ends_at = time.monotonic() + grace
        while self._active_requests() and time.monotonic() < ends_at:
            await asyncio.sleep(PUBLISH_INTERVAL_S / 2)
        await self._pool.close()
        if self._publishing is not None:
            self._publishing.cancel()

    @property
    def snapshot(self) -> EngineSnapshot:
        """The latest snapshot. Any thread."""
        return self._snapshot

    def refresh(self) -> EngineSnapshot:
        """Measure memory now, publish, and return the new snapshot: an idle engine's latest one may be old."""
        self._publish_measured()
        return self._snapshot

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call ``callback`` on the engine's thread with every snapshot, and at once with the current one.

        Returns:
            A function that ends it.
        """
        self._subscribers.append(callback)
        callback(self._snapshot)
        return lambda: self._subscribers.remove(callback)

    async def models(self) -> tuple[ModelFile, ...]:
        """Return the models on disk; looks again when the last look is older than a second."""
        await self._rescan_if_old()
        return self._models

    def resolve(self, name: str) -> ModelFile:
        """Return the model of this name; a unique prefix and other case are accepted.

        Raises:
            ModelNotFoundError: There is none; the hint names near ones.
            AmbiguousModelError: The prefix fits several.
        """
        return resolve(name, self._known_models())

    async def find(self, name: str) -> ModelFile:
        """Do as ``resolve``, but look at the disk again where that knows nothing, or something old.

        Raises:
            ModelNotFoundError: There is none; the hint names near ones.
            AmbiguousModelError: The prefix fits several.
        """
        try:
            model = self.resolve(name)
        except ModelNotFoundError:
            await self._rescan_if_old()
            return self.resolve(name)
        resident = self._pool.residents.get(model.model_id) if self._pool else None
        in_memory = resident is not None and resident.held_bytes > 0
        if not in_memory and await asyncio.to_thread(model.changed):
            await self._rescan()
            return self.resolve(name)
        return model

    @asynccontextmanager
    async def lease(self, name: str) -> AsyncIterator[Lease]:
        """Make a model hot if it is not, and keep it from being evicted for as long as the block runs.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has this name.
            QueueFullError: ``max_queue`` requests wait for it already.
            ModelLoadError, InsufficientMemoryError, LoadCancelledError: It did not become hot.
            EngineStoppedError: The engine is shutting down.
        """
        pool = self._running_pool()
        model = await self.find(name)
        resident = pool.resident(model)
        self._check_queue(resident)
        outcome = self._counters.count_request(resident, time.time())
        logger.info("request for %s: %s", model.model_id, outcome)
        resident = await pool.acquire(model)
        lease = Lease(resident, self._count_tokens)
        self._publish_soon()
        try:
            yield lease
        finally:
            pool.release(resident, answered=lease.answered)
            self._publish_soon()

    async def load(self, name: str) -> None:
        """Make a model hot, evicting others if need be.

        Raises:
            EngineError: As ``lease``.
        """
        await self._running_pool().load(await self.find(name), Cause.REQUEST)

    async def unload(self, name: str) -> None:
        """Unload a model after the answers that it is giving; ends when its memory is released.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No one model has this name.
        """
        await self._running_pool().unload((await self.find(name)).model_id)

    def _running_pool(self) -> Pool:
        if self._pool is None or self._stopping:
            raise EngineStoppedError("Preheat is not running" if self._pool is None else "Preheat is shutting down")
        return self._pool

    def _check_queue(self, resident: Resident) -> None:
        limit = self.settings.parallel + self.settings.max_queue
        if resident.leases + resident.waiters >= limit:
            raise QueueFullError(
                f"{limit} requests are using {resident.model_id} or waiting for it",
                hint="Try again shortly, or raise max_queue",
                retry_after_s=_QUEUE_RETRY_S,
            )

    def _active_requests(self) -> int:
        return sum(resident.leases for resident in self._pool.residents.values()) if self._pool else 0

    async def _preload(self, model: ModelFile) -> None:
        await self._running_pool().load(model, Cause.PRELOAD)

    async def _rescan_if_old(self) -> None:
        if time.monotonic() - self._scanned_at >= _RESCAN_INTERVAL_S:
            await self._rescan()

    async def _rescan(self) -> None:
        self._models = await asyncio.to_thread(self._scanner.scan, [paths.models_dir(), *self.settings.models_dirs])
        self._scanned_at = time.monotonic()
        self._favourites = choose_favourites(self.settings.favourites, self._models)
        self._publish_soon()

    def _count_wasted(self) -> None:
        self._counters.wasted += 1

    def _count_tokens(self, prompt_tokens: int, cached_tokens: int) -> None:
        self._prompt_tokens += prompt_tokens
        self._prefix_tokens_reused += cached_tokens

    def _publish_soon(self) -> None:
        """Publish within a tenth of a second, however often this is called."""
        if self._publishing is None and not self._stopping:
            self._publishing = asyncio.get_running_loop().call_later(PUBLISH_INTERVAL_S, self._publish_measured)

    def _publish_measured(self) -> None:
        if self._pool is not None:
            self._pool.measure()
        self._publish()

    def _publish(self) -> None:
        if self._publishing is not None:
            self._publishing.cancel()
            self._publishing = None
        self._snapshot = self._make_snapshot()
        for callback in tuple(self._subscribers):
            callback(self._snapshot)

    def _make_snapshot(self) -> EngineSnapshot:
        memory = psutil.virtual_memory()
        counters = self._counters
        return EngineSnapshot(
            version=__version__,
            started_at=self._started_at,
            memory=MemorySnapshot(
                limit_bytes=self.settings.memory_limit.resolve(memory.total),
                used_bytes=self._pool.used_bytes if self._pool else 0,
                available_bytes=memory.available,
            ),
            preload=PreloadSnapshot(
                enabled=self.settings.preload,
                hits=counters.hits,
                late_hits=counters.late_hits,
                misses=counters.misses,
                wasted=counters.wasted,
                time_saved_s=counters.time_saved_s,
            ),
            prompt_tokens=self._prompt_tokens,
            prefix_tokens_reused=self._prefix_tokens_reused,
            models=tuple(self._model_snapshot(model) for model in self._known_models()),
        )

    def _known_models(self) -> list[ModelFile]:
        """The models on disk, and those whose file has gone while they are in memory."""
        known = {model.model_id: model for model in self._models}
        if self._pool is not None:
            for resident in self._pool.residents.values():
                if resident.held_bytes:
                    known.setdefault(resident.model_id, resident.model)
        return [known[model_id] for model_id in sorted(known)]

    def _model_snapshot(self, model: ModelFile) -> ModelSnapshot:
        resident = self._pool.residents.get(model.model_id) if self._pool else None
        favourite = model.model_id in self._favourites
        if resident is None:
            return ModelSnapshot(model.model_id, State.COLD, favourite, model.file_bytes, model.embeddings)
        return ModelSnapshot(
            model_id=model.model_id,
            state=resident.state,
            favourite=favourite,
            file_bytes=model.file_bytes,
            embeddings=model.embeddings,
            progress=resident.progress if resident.state in (State.LOADING, State.WARMING) else None,
            resident_bytes=resident.held_bytes if resident.worker is not None else 0,
            context_length=resident.info.context_length if resident.info and resident.state is State.HOT else None,
            active_requests=resident.leases + resident.waiters,
            last_used_at=resident.last_used_at,
            load_s=resident.load_s,
            error=resident.error if resident.state is State.FAILED else None,
        )


class Lease:
    """A hot model, kept hot while a request uses it. ``Engine.lease`` makes it."""

    def __init__(self, resident: Resident, on_prompt: Callable[[int, int], None]) -> None:
        assert resident.worker is not None
        assert resident.info is not None
        self.model_id = resident.model_id
        self.info: ModelInfo = resident.info
        self._worker = resident.worker
        self._on_prompt = on_prompt
        self.answered = False
        """The model has answered a request in full."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerationChunk, None]:
        """Yield the answer's chunks; closing the generator drops the request in the worker within a step.

        Raises:
            InvalidRequestError: The chat template, schema or tokens cannot be used.
            ContextLengthExceededError: The prompt is too long.
            UnsupportedOperationError: The model makes embeddings.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        async with aclosing(self._worker.generate(request)) as chunks:
            async for chunk in chunks:
                if chunk.usage is not None:
                    self.answered = True
                    self._on_prompt(chunk.usage.prompt_tokens, chunk.usage.cached_tokens)
                yield chunk

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        """Return a normalised vector for each input, a text or its token ids.

        Raises:
            InvalidRequestError, ContextLengthExceededError: An input is empty, not tokens, or too long.
            UnsupportedOperationError: The model writes text.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        embeddings = await self._worker.embed(inputs)
        self.answered = True
        return embeddings
