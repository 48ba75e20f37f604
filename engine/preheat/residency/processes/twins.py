"""Second workers of hot models: load the other form of the weights, and let it take over."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from preheat.bugs import failure_of
from preheat.errors import EngineError, LoadCancelledError
from preheat.messages import Message, msg
from preheat.models import ModelFile
from preheat.residency import events as ev
from preheat.residency.forms import Form
from preheat.residency.gains import LEAST_GAIN
from preheat.residency.processes.handles import Handle, LoadedWorker, Shared
from preheat.residency.processes.load_options import load_options
from preheat.residency.processes.loader import Loader
from preheat.residency.processes.spare import Worker

logger = logging.getLogger(__name__)

_SAVE_S: Final = 2.0
"""Time for the first worker to store its prompts, which the twin finds then, in seconds."""


class TwinLoader:
    """Loads twins. Runs on the engine's loop."""

    def __init__(self, shared: Shared, loader: Loader) -> None:
        self._shared = shared
        self._loader = loader

    async def load(self, handle: Handle, twin: LoadedWorker) -> None:
        """Load the twin, and report how that ended."""
        model_id, first, feed = handle.model.model_id, handle.first.worker, self._shared.owner.feed
        assert first is not None
        try:
            await first.save_prefixes(_SAVE_S, hands_over=True)  # what is in its slots: the twin finds it
            problem = await self._load(handle, twin)
            if problem is None:
                await first.save_prefixes(_SAVE_S, hands_over=True)  # what has come meanwhile
        except LoadCancelledError as error:
            feed(ev.TwinFailed(model_id, error.message, failed=False))
        except EngineError as error:
            feed(ev.TwinFailed(model_id, error.message))
        except Exception as error:  # a bug must not leave the exchange unfinished
            feed(ev.TwinFailed(model_id, failure_of("loading a second worker", error).message))
        else:
            if problem is not None:
                feed(ev.TwinFailed(model_id, problem, failed=False))
            elif twin.worker is None or not twin.worker.alive:
                feed(ev.TwinFailed(model_id, msg("twin_died")))
            else:
                feed(self._ready(handle.model, twin.worker, twin.form))

    async def _load(self, handle: Handle, twin: LoadedWorker) -> Message | None:
        """Load the twin; return why it is not worth its memory, if it is not."""
        shared, model = self._shared, handle.model
        tries = twin.form is Form.REPACKED and shared.settings.for_model(model.model_id).repack == "auto"
        twin.worker = worker = await shared.spare.take()
        record = shared.owner.record(model.model_id)
        if record.twin is not None and record.twin.held:
            worker.hold_load(True)
        prefixes = None if model.embeddings else shared.prompts.options(model, ())
        options = load_options(
            model,
            shared.settings,
            twin.form,
            probe=True,
            warm_prefix=True,
            placement=shared.sizes.placement(model),
            prefixes=prefixes,
        )
        twin.devices = options.devices
        options = replace(options, yields=True, measure_gain=tries and shared.gains.gain(model) is None)

        def on_warning(warning: Message) -> None:
            logger.warning("model %s: %s", model.model_id, EngineError(warning))
            twin.warning = warning

        def on_restored(key: str, tokens: int, tier: str) -> None:
            twin.restored.append((key, tokens, tier))

        shared.prepare_spare()
        info = await worker.load(options, _ignore_progress, _ignore, on_warning, on_restored)
        rss_bytes = shared.memory.rss_bytes(worker.pid)
        twin.info = replace(info, resident_bytes=rss_bytes)
        shared.sizes.note(model, rss_bytes, twin.form, dict(info.device_bytes))
        self._loader.watch(handle, worker)
        if info.repack_gain is not None:
            shared.gains.note(model, info.repack_gain)
        return self._problem(shared.gains.gain(model)) if tries else None

    @staticmethod
    def _problem(gain: float | None) -> Message | None:
        """Return why a repacked twin is not worth its memory, if it is not."""
        if gain is None:
            return msg("exchange_unmeasured")
        return None if gain >= LEAST_GAIN else msg("exchange_no_gain", gain=max(gain, 0.0))

    def _ready(self, model: ModelFile, worker: Worker, form: Form) -> ev.TwinReady:
        rss_bytes = self._shared.memory.rss_bytes(worker.pid)
        shrunk_bytes = self.shrunk_bytes(model) if form is Form.REPACKED else 0
        return ev.TwinReady(model.model_id, rss_bytes, self._shared.sizes.expected_bytes(model, form), shrunk_bytes)

    def shrunk_bytes(self, model: ModelFile) -> int:
        """Return what the model takes in the mapped form; 0 if it has no other, or is always repacked."""
        if self._shared.settings.for_model(model.model_id).repack == "on":
            return 0
        return self._shared.sizes.expected_bytes(model, Form.MAPPED)


def _ignore() -> None:
    """Do nothing at a stage of a load."""


def _ignore_progress(_share: float) -> None:
    """Do nothing with the progress of a load."""
