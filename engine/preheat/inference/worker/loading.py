"""Makes a model hot: pages the file in, loads it, probes it, and warms up what all chats share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Final, TypeAlias

from preheat.errors import ModelLoadError
from preheat.files import page_in
from preheat.inference import LoadOptions, ModelInfo
from preheat.inference.protocol import Loaded, Progress
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.embedding_service import EmbeddingService
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.text_service import TextService
from preheat.messages import msg

Service: TypeAlias = TextService | EmbeddingService

_PROGRESS_INTERVAL_S: Final = 0.05
_UNKNOWN_TOKENS_PER_S: Final = 100.0
"""First guess at the speed of prefill without a probe."""

_PREFILL_OVER_DECODE: Final = 8
"""First guess at how much faster a token is in prefill. Too low, and a short first prompt would be split."""


def make_hot(options: LoadOptions, channel: Channel, may_load: Event) -> Service:
    """Load a model and return the service for it. ``may_load`` is cleared while the load is on hold.

    Raises:
        ModelLoadError: The model cannot be loaded.
        InsufficientMemoryError: The system has no memory for it.
    """
    _page_in(options, channel, may_load)
    model = LlamaModel(options, may_load.wait)
    model.interrupt_when(lambda: not may_load.is_set())
    info = ModelInfo(
        context_length=model.context_length,
        embeddings=model.embeddings,
        dimensions=model.dimensions,
        chat_template=model.chat_template() is not None,
        parallel=options.parallel,
    )
    channel.send(Loaded(info))
    tokens_per_s = _probe(model, may_load.wait) if options.probe else _UNKNOWN_TOKENS_PER_S
    service: Service
    if model.embeddings:
        service = EmbeddingService(model, options, channel)
    else:
        service = TextService(model, options, channel, tokens_per_s)
        if options.warm_prefix and not model.recurrent:  # an aborted step would spoil a recurrent state
            service.warm_up(may_load.wait)
    model.interrupt_when(None)
    return service


def _page_in(options: LoadOptions, channel: Channel, may_load: Event) -> None:
    reported_at = 0.0

    def report(done: int) -> None:
        nonlocal reported_at
        now = time.monotonic()
        if now - reported_at >= _PROGRESS_INTERVAL_S or done == total:
            reported_at = now
            channel.send(Progress(done, total))
        may_load.wait()

    files = [Path(file) for file in options.files]
    try:
        total = sum(file.stat().st_size for file in files)
        page_in(files, report)
    except OSError as error:
        file, reason = Path(options.path).name, error.strerror or str(error)
        raise ModelLoadError(msg("load_file_unreadable", file=file, reason=reason)) from error


def _probe(model: LlamaModel, may_continue: Callable[[], object]) -> float:
    """Decode one token, then another to measure its time; return a guess at the speed of prefill, in tokens/s.

    The first one touches all weights and allocates buffers, which takes up to twice as long.
    """
    for _ in range(2):
        may_continue()
        began = time.perf_counter()
        while not model.probe():
            may_continue()
            began = time.perf_counter()
    return _PREFILL_OVER_DECODE / (time.perf_counter() - began)
