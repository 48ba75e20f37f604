"""Closes workers, after they have stored their prompts."""

from __future__ import annotations

import asyncio
import logging

from preheat.residency import events as ev
from preheat.residency.processes.handles import Handle, LoadedWorker, Shared
from preheat.residency.processes.spare import Worker
from preheat.residency.step import SAVE_S

logger = logging.getLogger(__name__)


class Closer:
    """Ends loads and workers. Runs on the engine's loop."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._saving: set[asyncio.Task[None]] = set()

    async def close(self, handle: Handle, load: asyncio.Task[None] | None, save_s: float) -> None:
        """Stop a load, let the worker store its prompts, close it, and report its exit."""
        model_id = handle.model.model_id
        try:
            if (task := handle.second_task) is not None:
                task.cancel()
                await asyncio.wait([task])
            if handle.second is not None:
                await self._close_worker(model_id, handle.second, 0.0)
            if load is not None:
                await asyncio.wait([load])
            await self._close_worker(model_id, handle.first, save_s)
        except Exception:  # a bug must not leave the model unloading
            logger.exception("closing the worker of %s failed", model_id)
        handle.first, handle.second, handle.second_task = LoadedWorker(), None, None
        self._shared.prompts.unloaded(model_id)
        self._shared.owner.feed(ev.Exited(model_id))
        self._shared.prepare_spare()

    async def close_twin(self, handle: Handle, second: LoadedWorker, load: asyncio.Task[None] | None) -> None:
        """Stop the load of a second worker, let a former first one store its prompts, close it, report its exit."""
        model_id = handle.model.model_id
        try:
            if load is not None:
                await asyncio.wait([load])
            await self._close_worker(model_id, second, SAVE_S)
        except Exception:  # a bug must not leave it closing
            logger.exception("closing the second worker of %s failed", model_id)
        if handle.second is second:
            handle.second = handle.second_task = None
            self._shared.owner.feed(ev.TwinExited(model_id))

    def hurry(self, within_s: float) -> None:
        """Let those that store their prompts now end it soon: something waits for their memory."""
        for saving in self._saving:
            asyncio.get_running_loop().call_later(within_s, saving.cancel)

    async def _close_worker(self, model_id: str, content: LoadedWorker, save_s: float) -> None:
        if (worker := content.worker) is not None:
            if content.info is None:
                worker.cancel_load()
            elif save_s > 0 and not content.info.embeddings:
                await self._save_prompts(model_id, worker, save_s)
            await worker.close()

    async def _save_prompts(self, model_id: str, worker: Worker, within_s: float) -> None:
        """Let a worker store its prompts before it is closed."""

        async def save() -> None:
            if n_bytes := await worker.save_prefixes(within_s):
                logger.info("model %s: stored %d bytes of prompts", model_id, n_bytes)

        saving = asyncio.create_task(save())
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        await asyncio.wait([saving])
        if not saving.cancelled():
            saving.result()
