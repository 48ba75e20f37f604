"""Second workers of hot models: load the other form of the weights, and let it take over."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from preheat.bugs import failure_of
from preheat.errors import EngineError, LoadCancelledError
from preheat.inference import LoadOptions, ModelInfo
from preheat.messages import Message, msg
from preheat.models import ModelFile
from preheat.residency import events as ev
from preheat.residency.forms import Form
from preheat.residency.gains import LEAST_GAIN, GainTable
from preheat.residency.sizes import SizeTable
from preheat.residency.spare import SpareWorker, Worker
from preheat.residency.states import Residency
from preheat.residency.system_memory import SystemMemory
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_SAVE_S: Final = 2.0
"""Time for the first worker to store its prompts, which the twin finds then, in seconds."""


@dataclass(slots=True, eq=False)
class LoadedWorker:
    """A worker, and what its load has reported."""

    form: Form = Form.MAPPED
    worker: Worker | None = None
    info: ModelInfo | None = None
    warning: Message | None = None
    restored: list[tuple[str, int, str]] = field(default_factory=list)  # key, tokens and tier of prompts put back


class Owner(Protocol):
    """The executor, as far as twins need it."""

    def record(self, model_id: str) -> Residency: ...

    def options(self, model: ModelFile, form: Form) -> LoadOptions: ...

    def feed(self, event: ev.Event) -> object: ...

    def watch(self, model_id: str, worker: Worker) -> None: ...


class TwinLoader:
    """Loads twins. Runs on the engine's loop."""

    def __init__(
        self,
        owner: Owner,
        settings: Settings,
        spare: SpareWorker,
        sizes: SizeTable,
        gains: GainTable,
        memory: SystemMemory,
    ) -> None:
        self._owner = owner
        self.settings = settings
        self._spare = spare
        self._sizes = sizes
        self._gains = gains
        self._memory = memory

    async def load(self, model: ModelFile, twin: LoadedWorker, first: Worker) -> None:
        """Load the twin, and report how that ended."""
        model_id, feed = model.model_id, self._owner.feed
        try:
            await first.save_prefixes(_SAVE_S, hands_over=True)  # what is in its slots: the twin finds it
            problem = await self._load(model, twin)
            if problem is None:
                await first.save_prefixes(_SAVE_S, hands_over=True)  # what has come meanwhile
        except LoadCancelledError as error:
            feed(ev.TwinFailed(model_id, error.message, failed=False))
        except EngineError as error:
            feed(ev.TwinFailed(model_id, error.message))
        except Exception as error:  # a bug must not leave the exchange unfinished
            feed(ev.TwinFailed(model_id, failure_of("loading a second worker", error).message))
        else:
            worker, form = twin.worker, twin.form
            if problem is not None:
                feed(ev.TwinFailed(model_id, problem, failed=False))
            elif worker is None or not worker.alive:
                feed(ev.TwinFailed(model_id, msg("twin_died")))
            else:
                rss_bytes = self._memory.rss_bytes(worker.pid)
                shrunk_bytes = self.shrunk_bytes(model) if form is Form.REPACKED else 0
                expected_bytes = self._sizes.expected_bytes(model, form)
                feed(ev.TwinReady(model_id, rss_bytes, expected_bytes, shrunk_bytes))

    async def _load(self, model: ModelFile, twin: LoadedWorker) -> Message | None:
        """Load the twin; return why it is not worth its memory, if it is not."""
        tries = twin.form is Form.REPACKED and self.settings.for_model(model.model_id).repack == "auto"
        twin.worker = worker = await self._spare.take()
        self._spare.prepare()  # a request that comes meanwhile needs one
        record = self._owner.record(model.model_id)
        if record.twin is not None and record.twin.held:
            worker.hold_load(True)
        options = self._owner.options(model, twin.form)
        options = replace(options, measure_gain=tries and self._gains.gain(model) is None)

        def on_warning(warning: Message) -> None:
            logger.warning("model %s: %s", model.model_id, EngineError(warning))
            twin.warning = warning

        def on_restored(key: str, tokens: int, tier: str) -> None:
            twin.restored.append((key, tokens, tier))

        info = await worker.load(options, _ignore_progress, _ignore, on_warning, on_restored)
        rss_bytes = self._memory.rss_bytes(worker.pid)
        twin.info = replace(info, resident_bytes=rss_bytes)
        self._sizes.note(model, rss_bytes, twin.form)
        self._owner.watch(model.model_id, worker)
        if info.repack_gain is not None:
            self._gains.note(model, info.repack_gain)
        gain = self._gains.gain(model)
        if tries and gain is None:
            return msg("exchange_unmeasured")
        if tries and gain is not None and gain < LEAST_GAIN:
            return msg("exchange_no_gain", gain=max(gain, 0.0))
        return None

    def shrunk_bytes(self, model: ModelFile) -> int:
        """Return what the model takes in the mapped form; 0 if the settings say that it is always repacked."""
        if self.settings.for_model(model.model_id).repack == "on":
            return 0
        return self._sizes.expected_bytes(model, Form.MAPPED)


def _ignore() -> None:
    """Do nothing at a stage of a load."""


def _ignore_progress(_share: float) -> None:
    """Do nothing with the progress of a load."""
