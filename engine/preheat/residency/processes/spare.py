"""A worker in reserve, interpreter up and bindings imported, so that no load pays for starting Python."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from preheat.errors import InsufficientMemoryError, ModelLoadError
from preheat.inference import (
    Chat,
    Embeddings,
    GenerateRequest,
    GenerationChunk,
    LoadOptions,
    ModelInfo,
    Priority,
    WorkerExit,
)
from preheat.inference.client import WorkerClient
from preheat.messages import Message

logger = logging.getLogger(__name__)


class Worker(Protocol):
    """A worker process; ``WorkerClient`` is one."""

    @property
    def pid(self) -> int: ...

    @property
    def alive(self) -> bool: ...

    @property
    def stopped(self) -> bool: ...

    @property
    def exited(self) -> asyncio.Future[WorkerExit]: ...

    async def load(
        self,
        options: LoadOptions,
        on_progress: Callable[[float], None],
        on_warming: Callable[[], None],
        on_warning: Callable[[Message], None],
        on_restored: Callable[[str, int, str], None],
    ) -> ModelInfo: ...

    def cancel_load(self) -> None: ...

    def hold_load(self, hold: bool) -> None: ...

    def hurry_load(self) -> None: ...

    async def run(self, request: GenerateRequest, on_chunk: Callable[[GenerationChunk], object]) -> None: ...

    async def embed(
        self, inputs: Sequence[str | Sequence[int]], priority: Priority = ..., client: str = ...
    ) -> Embeddings: ...

    async def tokenize(
        self, source: str | Chat, *, add_special: bool = ..., parse_special: bool = ..., client: str = ...
    ) -> tuple[int, ...]: ...

    async def detokenize(self, tokens: Sequence[int], client: str = ...) -> tuple[str, tuple[bytes, ...]]: ...

    async def save_prefixes(self, within_s: float, *, hands_over: bool = ...) -> int: ...

    async def close(self) -> None: ...


REST_S: Final = 1.0
"""Idle time before a spare worker starts after a load, in seconds.

Its start takes both cores of a small machine for 0.15 s. At the same time, loads of 0.6 to 0.9 s took 0.12 to 0.2 s
longer, and first tokens up to 0.1 s.
"""

LONGEST_S: Final = 10.0
"""Time after which it starts although requests are in progress, in seconds."""

_CANNOT_START: Final = (ModelLoadError, InsufficientMemoryError)

Spawn = Callable[[], Awaitable[Worker]]


class SpareWorker:
    """Hands out workers and replaces each one. Runs on the engine's loop.

    Args:
        enabled: Otherwise every worker is started when it is needed.
        spawn: Starts a worker process.
    """

    def __init__(self, *, enabled: bool, spawn: Spawn | None = None) -> None:
        self._enabled = enabled
        self._spawn: Spawn = spawn or WorkerClient.spawn
        self._spare: asyncio.Future[Worker] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._discarded: asyncio.Task[None] | None = None  # kept, because the loop keeps no task

    def prepare(self) -> None:
        """Start the spare, if there is none."""
        if self._enabled and self._spare is None and not self._closed:
            self._spare = asyncio.ensure_future(self._spawn())

    def prepare_when_idle(self, idle_s: Callable[[], float]) -> None:
        """Start the spare, if there is none, once no request has been in progress for ``REST_S`` after this call.

        It starts after ``LONGEST_S`` at the latest.

        Args:
            idle_s: Returns the seconds since the last request; 0 while one is in progress.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()

        def due() -> None:
            rest_s = REST_S - min(idle_s(), loop.time() - began)
            if rest_s > 0 and loop.time() < began + LONGEST_S:
                self._timer = loop.call_later(rest_s, due)
            else:
                self.prepare()

        if self._timer is not None:
            self._timer.cancel()
        if not self._closed:
            due()

    async def take(self) -> Worker:
        """Return a worker without a model, the spare if it is alive and not stopped.

        Raises:
            ModelLoadError, InsufficientMemoryError: The system cannot start a process.
        """
        spare, self._spare = self._spare, None
        if spare is not None:
            try:
                worker = await asyncio.shield(spare)
            except asyncio.CancelledError:
                # The load was cancelled; a process without an owner would never end.
                if self._spare is None and not self._closed:
                    self._spare = spare
                else:
                    await _close(spare)
                raise
            except _CANNOT_START:
                logger.info("the spare worker could not be started; trying again")
            else:
                if worker.alive and not worker.stopped:
                    return worker
                self._discarded = asyncio.create_task(worker.close())
        return await self._spawn()

    @property
    def pid(self) -> int | None:
        """The spare's process id; None while there is none."""
        spare = self._spare
        return spare.result().pid if spare is not None and spare.done() and not spare.exception() else None

    async def close(self) -> None:
        """End the spare."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        spare, self._spare = self._spare, None
        if spare is not None:
            await _close(spare)
        if self._discarded is not None:
            await self._discarded


async def _close(spare: asyncio.Future[Worker]) -> None:
    with contextlib.suppress(*_CANNOT_START):
        await (await spare).close()
