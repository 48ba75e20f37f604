"""The worker process: holds one model and answers the engine over stdin and stdout.

The main thread loads and decodes; one more thread reads messages, renders templates and makes tokens, so that the batch
never waits for that. End of stdin ends the process at once: nothing outlives the engine, however that ended.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from preheat.errors import (
    ContextLengthExceededError,
    EngineError,
    InvalidRequestError,
    ModelLoadError,
    UnsupportedOperationError,
)
from preheat.files import page_in
from preheat.inference.protocol import (
    FrameDecoder,
    encode_chunk,
    encode_error,
    encode_frame,
    parse_generate,
)
from preheat.inference.requests import Embeddings, GenerateRequest, GenerationChunk, JsonObject, LoadOptions
from preheat.inference.worker.embedder import Embedder, EmbeddingJob
from preheat.inference.worker.llama_model import LlamaModel
from preheat.inference.worker.priority import yield_to_interfaces
from preheat.inference.worker.sampling import TokenSampler
from preheat.inference.worker.scheduler import DecodeError, Generation, Scheduler
from preheat.inference.worker.templates import ChatFormat
from preheat.inference.worker.text_stream import TextStream

logger = logging.getLogger(__name__)

_PROGRESS_INTERVAL_S: Final = 0.05
_READ_BYTES: Final = 1 << 16
_UNKNOWN_TOKENS_PER_S: Final = 100.0
"""The first guess at the speed of prefill where nothing was decoded yet."""

MAX_WARM_TOKENS: Final = 256
"""More than any template writes by itself; a longer beginning is not worth a preload's time."""

_PREFILL_OVER_DECODE: Final = 8
"""How much quicker a token is in a batch than alone: the first guess, before anything was measured. Too low, and a
short first prompt would be cut in two."""


class Channel:
    """Frames to the engine. Any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, message: JsonObject, blob: bytes = b"") -> None:
        """Write one message."""
        frame = memoryview(encode_frame(message, blob))
        with self._lock:
            while frame:
                frame = frame[os.write(self._descriptor, frame) :]

    def fail(self, request_id: int, error: EngineError) -> None:
        """Report one request's failure."""
        self.send({"type": "failed", "id": request_id, **encode_error(error)})


class Worker:
    """Serves one model until stdin ends."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._load: queue.SimpleQueue[LoadOptions] = queue.SimpleQueue()
        self._may_load = threading.Event()
        self._may_load.set()
        self._service: TextService | EmbeddingService | None = None
        self._progress_at = 0.0

    def run(self) -> None:
        """Load what the engine asks for and serve it."""
        self._channel.send({"type": "ready"})
        options = self._load.get()
        try:
            self._service = self._make_hot(options)
        except EngineError as error:
            self._channel.send({"type": "load_failed", **encode_error(error)})
            return
        self._channel.send({"type": "probed"})
        self._service.run()

    def _make_hot(self, options: LoadOptions) -> TextService | EmbeddingService:
        files = [Path(file) for file in options.files]
        try:
            total = sum(file.stat().st_size for file in files)
            page_in(files, lambda done: self._report(done, total))
        except OSError as error:
            raise ModelLoadError(
                f"{Path(options.path).name} cannot be read: {error.strerror}", hint="Check the file and its folder"
            ) from error
        model = LlamaModel(options, self._may_load.wait)
        model.interrupt_when(lambda: not self._may_load.is_set())
        self._channel.send(
            {
                "type": "loaded",
                "info": {
                    "context_length": model.context_length,
                    "embeddings": model.embeddings,
                    "dimensions": model.dimensions,
                    "resident_bytes": 0,
                    "chat_template": model.chat_template() is not None,
                    "parallel": options.parallel,
                },
            }
        )
        tokens_per_s = _probe(model, self._may_load.wait) if options.probe else _UNKNOWN_TOKENS_PER_S
        if model.embeddings:
            model.interrupt_when(None)
            return EmbeddingService(model, options, self._channel)
        service = TextService(model, options, self._channel, tokens_per_s)
        if options.warm_prefix and not model.recurrent:  # whose state an interrupted step would spoil
            service.warm(self._may_load.wait)
        model.interrupt_when(None)
        return service

    def _report(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._progress_at >= _PROGRESS_INTERVAL_S or done == total:
            self._progress_at = now
            self._channel.send({"type": "progress", "done_bytes": done, "total_bytes": total})
        self._may_load.wait()

    def handle(self, message: JsonObject) -> None:
        """Take one message from the engine, on the reading thread."""
        match message["type"]:
            case "load":
                self._load.put(LoadOptions(**{**message["options"], "files": tuple(message["options"]["files"])}))
            case "hold_load":
                if message["hold"]:
                    self._may_load.clear()
                else:
                    self._may_load.set()
            case "cancel":
                if self._service is not None:
                    self._service.cancel(message["id"])
            case _:
                assert self._service is not None, "asked before it was hot"
                try:
                    self._service.submit(message)
                except EngineError as error:
                    self._channel.fail(message["id"], error)


class TextService:
    """Requests for text to the scheduler, and its chunks to the engine."""

    def __init__(self, model: LlamaModel, options: LoadOptions, channel: Channel, tokens_per_s: float) -> None:
        self._model = model
        self._channel = channel
        self._chat = ChatFormat(
            model.chat_template(), bos=model.special_text(model.bos), eos=model.special_text(model.eos)
        )
        self._scheduler = Scheduler(model, parallel=options.parallel, emit=self._emit, tokens_per_s=tokens_per_s)
        self.run = self._scheduler.run
        self.cancel = self._scheduler.cancel

    def warm(self, may_go_on: Callable[[], object]) -> None:
        """Evaluate the beginning that all chats share; ``may_go_on`` returns when a step may be taken."""
        self._scheduler.warm(self._chat_tokens(self._chat.fixed_beginning())[:MAX_WARM_TOKENS], may_go_on)

    def submit(self, message: JsonObject) -> None:
        """Prepare a generation and let it join the batch.

        Raises:
            EngineError: It cannot be served: too long, a template or schema that fails, wrong tokens.
        """
        if message["type"] != "generate":
            raise UnsupportedOperationError(
                "This model writes text and makes no embeddings", hint="Ask an embedding model"
            )
        request = parse_generate(message)
        tokens = self._tokens(request)
        if len(tokens) >= self._model.context_length:
            raise ContextLengthExceededError(
                f"The prompt has {len(tokens)} tokens, and this model's context length is "
                f"{self._model.context_length} tokens, prompt and completion together",
                hint="Shorten the prompt, or raise context_length in the settings",
                param="messages" if request.messages is not None else "prompt",
            )
        sampler = TokenSampler(self._model, request.sampling, tokens, request.json_schema)
        self._scheduler.submit(
            Generation(
                request_id=message["id"],
                tokens=tokens,
                prompt_tokens=len(tokens),
                sampler=sampler,
                text=TextStream(request.stop),
                max_tokens=request.max_tokens,
                top_logprobs=request.top_logprobs,
                # Computing a prompt in other pieces rounds differently in the last bits; a seed asks for the same text.
                reuse=request.sampling.seed is None,
            )
        )

    def _tokens(self, request: GenerateRequest) -> list[int]:
        if request.prompt_tokens is not None:
            tokens = list(request.prompt_tokens)
            _check_tokens(tokens, self._model.n_vocab, "prompt")
        elif request.messages is not None:
            tokens = self._chat_tokens(self._chat.render(request.messages, request.tools))
        else:
            tokens = self._model.tokenize(request.prompt or "")
        if not tokens:
            if self._model.bos < 0:
                raise InvalidRequestError("The prompt is empty", hint="Send at least one character", param="prompt")
            tokens = [self._model.bos]
        return tokens

    def _chat_tokens(self, text: str) -> list[int]:
        # Many templates write the start token themselves.
        bos = self._model.special_text(self._model.bos)
        return self._model.tokenize(text, add_special=not (bos and text.startswith(bos)))

    def _emit(self, chunks: Sequence[tuple[int, GenerationChunk]]) -> None:
        self._channel.send({"type": "step", "chunks": [encode_chunk(*item) for item in chunks]})


class EmbeddingService:
    """Requests for embeddings to the embedder, and its vectors to the engine."""

    def __init__(self, model: LlamaModel, options: LoadOptions, channel: Channel) -> None:
        self._model = model
        self._channel = channel
        self._embedder = Embedder(model, cache_entries=options.embedding_cache, emit=self._emit)
        self.run = self._embedder.run
        self.cancel = self._embedder.cancel

    def submit(self, message: JsonObject) -> None:
        """Prepare the inputs and let them join the next decode.

        Raises:
            EngineError: An input is too long or empty, or text was asked for.
        """
        if message["type"] != "embed":
            raise UnsupportedOperationError("This model makes embeddings and writes no text", hint="Ask a chat model")
        inputs = [self._tokens(at, text) for at, text in enumerate(message["inputs"])]
        self._embedder.submit(EmbeddingJob(message["id"], inputs))

    def _tokens(self, at: int, text: str | list[int]) -> tuple[int, ...]:
        if isinstance(text, str):
            tokens = self._model.tokenize(text, parse_special=False)
        else:
            tokens = text
            _check_tokens(tokens, self._model.n_vocab, "input")
        if not tokens:
            raise InvalidRequestError(f"Input {at} is empty", hint="Send at least one character", param="input")
        limit = self._embedder.max_input_tokens
        if len(tokens) > limit:
            raise ContextLengthExceededError(
                f"Input {at} has {len(tokens)} tokens, and this model takes {limit}",
                hint="Split it into shorter pieces",
                param="input",
            )
        return tuple(tokens)

    def _emit(self, request_id: int, embeddings: Embeddings) -> None:
        self._channel.send(
            {
                "type": "embedded",
                "id": request_id,
                "dimensions": embeddings.dimensions,
                "prompt_tokens": embeddings.prompt_tokens,
            },
            b"".join(embeddings.vectors),
        )


def _probe(model: LlamaModel, may_go_on: Callable[[], object]) -> float:
    """Decode a token, then another to see how quick that is; return a guess at the speed of prefill, in tokens/s.

    The first one touches the weights and grows buffers, and takes up to twice as long.
    """
    for _ in range(2):
        may_go_on()
        began = time.perf_counter()
        while not model.probe():
            may_go_on()
            began = time.perf_counter()
    return _PREFILL_OVER_DECODE / (time.perf_counter() - began)


def _check_tokens(tokens: Sequence[Any], n_vocab: int, param: str) -> None:
    wrong = [token for token in tokens if not 0 <= token < n_vocab]
    if wrong:
        raise InvalidRequestError(f"There is no token {wrong[0]}: this model has 0 to {n_vocab - 1}", param=param)


def _read_messages(descriptor: int, worker: Worker) -> None:
    decoder = FrameDecoder()
    while data := os.read(descriptor, _READ_BYTES):
        for message, _blob in decoder.feed(data):
            worker.handle(message)
    # The engine closed the pipe or died. Whatever the other thread is doing, nobody wants it any more.
    os._exit(0)


def _read_or_exit(descriptor: int, worker: Worker) -> None:
    try:
        _read_messages(descriptor, worker)
    except BaseException:
        # Without its reader the process would be deaf for ever; the engine sees it end and reports that.
        logger.exception("reading messages failed")
        os._exit(1)


def main() -> None:
    """Run the worker: the entry point of the child process."""
    # Native code may print to descriptor 1; the protocol gets a descriptor of its own.
    protocol_out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Ctrl-C in a terminal and a service manager's stop go to the whole group; whether answers in flight are finished is
    # for the engine to say, which ends this process by closing its stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    _prefer_as_oom_victim()
    yield_to_interfaces()
    # The decode thread wants the interpreter back right after each step, not 5 ms later.
    sys.setswitchinterval(0.0005)
    worker = Worker(Channel(protocol_out))
    threading.Thread(target=_read_or_exit, args=(sys.stdin.fileno(), worker), daemon=True, name="reader").start()
    try:
        worker.run()
    except DecodeError as error:
        logger.error("%s", error)
        sys.stderr.flush()
        os._exit(1)
    sys.stderr.flush()
    # Freeing gigabytes tensor by tensor takes longer than letting the system have the whole process back.
    os._exit(0)


def _prefer_as_oom_victim() -> None:
    """Ask Linux to kill a worker rather than the engine or the user's programs when memory runs out."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


if __name__ == "__main__":
    main()
