"""Runs generations in this process, on this thread: a worker's text service without its pipes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from preheat.errors import EngineError
from preheat.inference import (
    Chat,
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    LoadOptions,
    Role,
    Sampling,
    TokenLogprob,
    Usage,
    text_message,
)
from preheat.inference.protocol import (
    Failed,
    Frame,
    FrameDecoder,
    FromWorker,
    Generate,
    PrefixesSaved,
    PrefixRestored,
    Step,
    Unreadable,
    encode_frame,
)
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.drafts import StepCosts
from preheat.inference.worker.failures import failure_of
from preheat.inference.worker.lanes import Job, Lane
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.loading import stored_identity
from preheat.inference.worker.text_service import TextService
from tests.engine.inference.worker.chat.local_rendering import local_template

GREEDY = Sampling(temperature=0)


def load_options(path: Path, **changes: Any) -> LoadOptions:
    """Return options for a small, quick load."""
    values: dict[str, Any] = {
        "path": str(path),
        "files": (str(path),),
        "embeddings": False,
        "context_length": 2048,
        "parallel": 4,
        "kv_cache_type": "f16",
        "flash_attention": "auto",
        "repack": False,
        "threads": 1,  # several would wait for each other at barriers whenever the machine is busy
        "gpu_layers": -1,
        "embedding_cache": 16,
        "probe": True,
        "warm_prefix": False,
        "speculation": False,  # whether drafts pay depends on the machine
    }
    return LoadOptions(**{**values, **changes})


def ask(text: str, max_tokens: int | None = 16, **fields: Any) -> GenerateRequest:
    """Return a greedy continuation of plain text."""
    return GenerateRequest(**{"prompt": text, "max_tokens": max_tokens, "sampling": GREEDY, **fields})


def chat(text: str, max_tokens: int | None = 16, **fields: Any) -> GenerateRequest:
    """Return a greedy chat of one message."""
    messages = Chat(messages=(text_message(Role.USER, text),))
    return GenerateRequest(**{"chat": messages, "max_tokens": max_tokens, "sampling": GREEDY, **fields})


@dataclass
class Answer:
    """The output for one request."""

    chunks: list[GenerationChunk] = field(default_factory=list)
    error: EngineError | None = None

    @property
    def text(self) -> str:
        assert self.error is None, self.error
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def finish_reason(self) -> FinishReason | None:
        return self.chunks[-1].finish_reason if self.chunks else None

    @property
    def usage(self) -> Usage:
        usage = self.chunks[-1].usage
        assert usage is not None
        return usage

    @property
    def logprobs(self) -> list[TokenLogprob]:
        return [entry for chunk in self.chunks for entry in chunk.logprobs]

    @property
    def done(self) -> bool:
        return self.error is not None or self.finish_reason is not None


class FreeDrafts(StepCosts):
    """What steps cost on a machine on which a batch costs as much as a token."""

    def __init__(self) -> None:
        super().__init__()
        for rows in (1, 2, 4, 8) * 3:
            super().observe(rows, 0.01)

    def observe(self, rows: int, seconds: float) -> None:
        """Forget this machine's time."""


class Inline:
    """Prepares each request at once, on the thread that submits it. A failure is sent to ``channel``."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def submit(self, lane: Lane, job: Job) -> None:
        """Run a job."""
        self.run(job)

    def run(self, job: Job) -> None:
        """Run a job."""
        try:
            job.work(job)()
        except Exception as error:
            self._channel.send(Failed(job.request_id, failure_of("preparing a request", error)))

    def cancel(self, request_id: int) -> None:
        """Do nothing: no job is left."""


class TextRun(Channel):
    """A text service and its output. ``on_step`` is called after each step that has output.

    Attributes:
        reports: What it sent about stored prompts.
    """

    def __init__(self, model: LlamaModel, options: LoadOptions, costs: StepCosts | None = None) -> None:
        assert llama.llama_n_seq_max(model.ctx) >= options.parallel
        super().__init__(-1)
        llama.llama_memory_clear(model.memory, True)
        self.model = model
        self.answers: dict[int, Answer] = {}
        self.reports: SimpleQueue[PrefixRestored | PrefixesSaved] = SimpleQueue()
        self.steps = 0
        self.on_step: Callable[[], None] = lambda: None
        template = local_template(
            model.chat_template(), model.chat_template("tool_use"), bos=model.bos_text, eos=model.eos_text
        )
        self.service = TextService(
            model,
            options,
            self,
            2000.0,
            template,
            partial(stored_identity, model, options, template.source),
            lanes=Inline(self),
            costs=costs,
        )
        self._ids = itertools.count()
        if options.warm_prefix:
            self.service.warm_up(lambda: None)

    def send(self, *frames: FromWorker) -> None:
        """Take frames of the service, through the codec."""
        for received in FrameDecoder().feed(b"".join(map(encode_frame, frames))):
            self._take(received)

    def _take(self, received: Frame | Unreadable) -> None:
        if isinstance(received, Failed):
            self.answers[received.id].error = received.error
            return
        if isinstance(received, PrefixRestored | PrefixesSaved):
            self.reports.put(received)
            return
        assert isinstance(received, Step)
        self.steps += 1
        for request_id, chunk in received.chunks:
            self.answers[request_id].chunks.append(chunk)
        self.on_step()

    def submit(self, request: GenerateRequest) -> int:
        """Queue a request; its answer fills while ``run`` runs."""
        request_id = next(self._ids)
        self.answers[request_id] = Answer()
        try:
            self.service.submit(Generate(request_id, request))
        except EngineError as error:
            self.answers[request_id].error = error
        return request_id

    def cancel(self, request_id: int) -> None:
        """Cancel a request, and forget its answer."""
        self.service.cancel(request_id)
        del self.answers[request_id]

    def run(self) -> None:
        """Step until every request has ended."""
        while self.service.step():
            pass

    def save_prefixes(self, within_s: float = 30.0) -> PrefixesSaved:
        """Store the prompts in the slots, as before an unload."""
        self.service.save_prefixes(within_s)
        while self.reports.empty():
            self.service.step()
            time.sleep(0.001)
        saved = self.reports.get()
        assert isinstance(saved, PrefixesSaved)
        return saved

    def one(self, request: GenerateRequest) -> Answer:
        """Answer one request."""
        return self.all([request])[0]

    def all(self, requests: Sequence[GenerateRequest]) -> list[Answer]:
        """Answer these together."""
        ids = [self.submit(request) for request in requests]
        self.run()
        return [self.answers[request_id] for request_id in ids]
