"""A worker that stands by, interpreter up and bindings imported, so that no load pays for starting Python."""

from __future__ import annotations

import asyncio

from preheat.inference.client import WorkerClient


class SpareWorker:
    """Hands out workers and replaces each one it gave away. Runs on the engine's loop.

    Args:
        enabled: Without, every worker is started when it is asked for.
    """

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._spare: asyncio.Task[WorkerClient] | None = None
        self._closed = False

    def prepare(self) -> None:
        """Start the spare, if there is none."""
        if self._enabled and self._spare is None and not self._closed:
            self._spare = asyncio.create_task(WorkerClient.spawn())

    async def take(self) -> WorkerClient:
        """Return a worker without a model, the spare if it is alive.

        Raises:
            ModelLoadError: The system cannot start a process.
        """
        spare, self._spare = self._spare, None
        worker = await spare if spare is not None else None
        if worker is None or not worker.alive:
            worker = await WorkerClient.spawn()
        return worker

    @property
    def pid(self) -> int | None:
        """The spare's process id; None while there is none."""
        if self._spare is None or not self._spare.done() or self._spare.cancelled() or self._spare.exception():
            return None
        return self._spare.result().pid

    async def close(self) -> None:
        """End the spare."""
        self._closed = True
        spare, self._spare = self._spare, None
        if spare is not None:
            await (await spare).close()
