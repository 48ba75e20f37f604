"""Loads models into workers, and notices when these end."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Final

from preheat.bugs import failure_of
from preheat.errors import EngineError, InsufficientMemoryError, LoadCancelledError, WorkerDiedError
from preheat.inference import WorkerExit
from preheat.messages import Message, msg
from preheat.residency import events as ev
from preheat.residency.forms import Stage
from preheat.residency.phases import State
from preheat.residency.processes.handles import Handle, LoadedWorker, Shared
from preheat.residency.processes.load_options import load_options
from preheat.residency.processes.progress import TICK_S, LoadProgress, expected_stages
from preheat.residency.processes.spare import Worker

logger = logging.getLogger(__name__)

SPARE_AFTER_S: Final = 1.0
"""Time from the beginning of a preload to the start of a spare worker, in seconds.

The request that cancels the preload should not wait for Python.
"""


_ENDED_BY_OTHERS: Final = {"exit_killed", "exit_killed_by_program", "exit_terminated"}


def _death(ended: WorkerExit) -> EngineError:
    kind = InsufficientMemoryError if ended.cause == InsufficientMemoryError.code else WorkerDiedError
    return kind(msg("worker_ended", reason=ended.reason))


class Loader:
    """Loads the first worker of a model. Runs on the engine's loop."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def load(self, handle: Handle) -> None:
        """Load a model, and report how that ended."""
        try:
            await self._load(handle)
        except Exception as error:  # a bug must not leave requests waiting
            failed, owner = failure_of("loading a model", error), self._shared.owner
            elsewhere = None
            if handle.first.devices and not isinstance(failed, LoadCancelledError):
                elsewhere = owner.device_failed(handle.model, handle.first.devices, failed)
            owner.feed(ev.LoadFailed(handle.model.model_id, failed, elsewhere))

    async def _load(self, handle: Handle) -> None:
        shared, model = self._shared, handle.model
        owner, model_id = shared.owner, model.model_id
        form = shared.sizes.loaded_form(model)
        handle.first = first = LoadedWorker(form)
        first.worker = worker = await shared.spare.take()
        await shared.prompts.give_way()
        clients, preload = owner.waiting_clients(model_id), owner.record(model_id).preloading
        prefixes = None if model.embeddings else shared.prompts.options(model, clients)
        options = load_options(
            model,
            shared.settings,
            form,
            probe=not clients,
            warm_prefix=preload,
            placement=shared.sizes.placement(model),
            prefixes=prefixes,
        )
        first.devices = options.devices
        owner.feed(ev.Started(model_id))

        progress = LoadProgress(expected_stages(model.file_bytes, shared.stages.get(model_id), probe=options.probe))

        def report() -> None:
            if handle.first is first:
                owner.feed(ev.Progressed(model_id, progress.share))
                owner.progressed()

        def on_progress(share: float) -> None:
            progress.read(share)
            report()

        def on_warming() -> None:
            progress.made()
            owner.feed(ev.Loaded(model_id))

        async def tick() -> None:
            before = time.monotonic()
            while True:
                await asyncio.sleep(TICK_S)
                now = time.monotonic()
                if not owner.record(model_id).held:
                    progress.pass_time(now - before)
                before = now
                report()

        def on_warning(warning: Message) -> None:
            if first in (handle.first, handle.second):
                logger.warning("model %s: %s", model_id, EngineError(warning))
                first.warning = warning
                owner.warned()

        def on_restored(key: str, tokens: int, tier: str) -> None:
            if handle.first is first:
                shared.prompts.restored(model_id, key, tokens, tier)

        def prepare_spare() -> None:
            if owner.record(model_id).preloading:
                shared.spare.prepare()

        timer = asyncio.get_running_loop().call_later(SPARE_AFTER_S, prepare_spare)
        ticking = asyncio.create_task(tick())
        try:
            info = await worker.load(options, on_progress, on_warming, on_warning, on_restored)
        finally:
            timer.cancel()
            ticking.cancel()
        shared.prepare_spare()
        rss_bytes = shared.memory.rss_bytes(worker.pid)
        first.info = replace(info, resident_bytes=rss_bytes)
        if info.stages is not None:
            shared.stages[model_id] = info.stages
        device_bytes = dict(info.device_bytes)
        if missing := [name for name in options.devices if name not in device_bytes]:
            first.devices = tuple(device_bytes)
            on_warning(msg("device_missing", devices=missing))
            owner.device_missing()
        shared.sizes.note(model, rss_bytes, form, device_bytes)
        self.watch(handle, worker)
        expected_bytes = shared.sizes.expected_bytes(model, form)
        owner.feed(ev.Ready(model_id, rss_bytes, expected_bytes, form, info.stages, device_bytes))

    def watch(self, handle: Handle, worker: Worker) -> None:
        """Notice when a loaded worker ends."""
        worker.exited.add_done_callback(lambda ended: self._ended(handle, worker, ended.result()))

    def _ended(self, handle: Handle, worker: Worker, ended: WorkerExit) -> None:
        owner, model_id = self._shared.owner, handle.model.model_id
        record = owner.record(model_id)
        if record.state is not State.HOT:
            return
        if handle.first.worker is worker:
            handle.first.worker = handle.first.info = None
            self._shared.prompts.unloaded(model_id)
            # Once may be chance. Its next load, which the report below may begin, is without them.
            if handle.first.devices and record.failures and ended.reason.code not in _ENDED_BY_OTHERS:
                owner.device_failed(handle.model, handle.first.devices, _death(ended))
            owner.feed(ev.WorkerDied(model_id, *ended))
        elif handle.second is not None and handle.second.worker is worker:
            twin = record.twin
            if twin is not None and twin.stage is Stage.LEAVING:  # it still answered requests
                handle.second = None
                owner.feed(ev.TwinExited(model_id))
