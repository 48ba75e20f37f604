"""A worker that stands by, interpreter up and bindings imported, so that no load pays for starting Python."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from preheat.errors import ModelLoadError
from preheat.inference.client import WorkerClient

logger = logging.getLogger(__name__)


class SpareWorker:
    """Hands out workers and replaces each one it gave away. Runs on the engine's loop.

    Args:
        enabled: Without, every worker is started when it is asked for.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._spares: list[asyncio.Task[WorkerClient]] = []
        self._closed = False

    def prepare(self) -> None:
        """Start the spare, if there is none."""
        if self._enabled and not self._spares and not self._closed:
            self._spares.append(asyncio.create_task(WorkerClient.spawn()))

    async def take(self) -> WorkerClient:
        """Return a worker without a model, the spare if it is alive.

        Raises:
            ModelLoadError: The system cannot start a process.
        """
        if self._spares:
            spare = self._spares.pop()
            try:
                worker = await asyncio.shield(spare)
            except asyncio.CancelledError:
                # The load was cancelled; without an owner the process would never be ended.
                self._spares.append(spare)
                if self._closed:
                    await self.close()
                raise
            except ModelLoadError:
                logger.info("the spare worker could not be started; trying again")
            else:
                if worker.alive:
                    return worker
        return await WorkerClient.spawn()

    @property
    def pid(self) -> int | None:
        """The spare's process id; None while there is none."""
        if not self._spares or not self._spares[0].done() or self._spares[0].exception():
            return None
        return self._spares[0].result().pid

    async def close(self) -> None:
        """End the spare."""
        self._closed = True
        while self._spares:
            with contextlib.suppress(ModelLoadError):
                await (await self._spares.pop()).close()
