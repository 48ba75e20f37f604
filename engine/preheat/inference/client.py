"""The engine's end of a worker: loads a model, sends requests, and delivers the answers.

Everything here runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from preheat.errors import EngineError, LoadCancelledError
from preheat.inference import (
    Chat,
    Embeddings,
    GenerateRequest,
    GenerationChunk,
    LoadOptions,
    ModelInfo,
    Priority,
    WorkerExit,
    protocol,
    with_joined_texts,
)
from preheat.inference.exits import load_error, request_error
from preheat.inference.process import WorkerProcess, fail
from preheat.inference.request_size import (
    check_chat,
    check_inputs,
    check_request,
    check_text_to_count,
    check_token_count,
)
from preheat.messages import Message, msg

OnChunk: TypeAlias = Callable[[GenerationChunk], object]
OnProgress = Callable[[float], None]
OnWarming = Callable[[], None]
OnWarning = Callable[[Message], None]
OnRestored = Callable[[str, int, str], None]

_SAVE_SLACK_S: Final = 0.1
"""Time for the answer to ``SavePrefixes`` to arrive, in seconds, after the worker's own time is over."""


def _ignore(*_: object) -> None:
    """Do nothing with a report."""


_Answer: TypeAlias = GenerationChunk | protocol.Embedded | protocol.Tokens | protocol.Detokenized | EngineError


class _Call:
    """A request in progress.

    Args:
        call_id: Its id.
        on_chunk: Called with each chunk of a generation as soon as it arrives. What it raises ends the request.
    """

    def __init__(self, call_id: int, on_chunk: OnChunk) -> None:
        self.id: Final = call_id
        self._on_chunk = on_chunk
        self.answer: Final[asyncio.Future[Any]] = asyncio.get_running_loop().create_future()
        """The answer; None for a generation that is complete."""
        self.finished = False
        """The worker is done with it."""

    def put(self, answer: _Answer) -> None:
        """Take an answer of the worker."""
        if self.answer.done():
            return
        if isinstance(answer, GenerationChunk):
            self.finished = answer.finish_reason is not None
            try:
                self._on_chunk(answer)
            except Exception as error:  # must not cost the worker's other requests
                fail(self.answer, error)
            else:
                if self.finished:
                    self.answer.set_result(None)
            return
        self.finished = True
        if isinstance(answer, EngineError):
            fail(self.answer, answer)
        else:
            self.answer.set_result(answer)


class WorkerClient(WorkerProcess):
    """One worker process and its requests. Make one with ``spawn``."""

    def __init__(self) -> None:
        super().__init__()
        self._ids = itertools.count(1)
        self._loaded: asyncio.Future[ModelInfo] = asyncio.get_running_loop().create_future()
        self._info: ModelInfo | None = None
        self._on_progress: OnProgress
        self._on_warming: OnWarming
        self._on_warning: OnWarning
        self._on_restored: OnRestored
        self._saved: asyncio.Future[protocol.PrefixesSaved] | None = None  # the answer that ``save_prefixes`` awaits
        self._calls: dict[int, _Call] = {}
        self._loading = self._held = False

    @property
    def _context_length(self) -> int:
        assert self._info is not None, "a request before the model is loaded"
        return self._info.context_length

    @property
    def _longest_prompt(self) -> int:
        assert self._info is not None, "a request before the model is loaded"
        return self._info.longest_prompt or self._info.context_length

    async def load(
        self,
        options: LoadOptions,
        on_progress: OnProgress,
        on_warming: OnWarming,
        on_warning: OnWarning = _ignore,
        on_restored: OnRestored = _ignore,
    ) -> ModelInfo:
        """Load a model and probe it.

        Args:
            on_progress: Called with the share of the files in memory, 0.0 to 1.0.
            on_warming: Called when weights and context are in memory and the probe begins.
            on_warning: Called when the worker finds that the model cannot do something; possibly after the load.
            on_restored: Called for each stored prompt that the load has put back, with its key, its tokens and where it
                was: ``memory`` or ``disk``; possibly after the load.

        Raises:
            LoadCancelledError: ``cancel_load`` or ``close`` was called.
            ModelLoadError: The model cannot be loaded; the worker exits.
            InsufficientMemoryError: Memory ran out.
            WorkerHungError: The load made no progress.
        """
        self._on_progress, self._on_warming, self._on_warning = on_progress, on_warming, on_warning
        self._on_restored = on_restored
        if not self.alive:
            raise load_error(self.exited.result())
        self._threads = options.threads
        self._send(protocol.Load(options))
        self._loading = True
        self._watch()
        try:
            return await self._loaded
        finally:
            self._loading = False

    def hold_load(self, hold: bool) -> None:
        """Pause a load, or resume it."""
        self._held = hold
        self._send(protocol.HoldLoad(hold))
        self._watch()

    def hurry_load(self) -> None:
        """Let a running load leave out what the request that waits for it now does not need."""
        if self._loading:
            self._send(protocol.HurryLoad())

    async def save_prefixes(self, within_s: float, *, hands_over: bool = False) -> int:
        """Let the worker store the prompts in its slots; returns the bytes stored, after ``within_s`` at the latest.

        With ``hands_over``, another worker takes over, and short prompts are stored, too. A worker that has ended or
        does not answer in time has stored nothing, as far as is known.
        """
        if self._saved is None:
            self._saved = asyncio.get_running_loop().create_future()
            self._send(protocol.SavePrefixes(within_s, hands_over))
        answer = self._saved
        ends: list[asyncio.Future[Any]] = [answer, self.exited]
        await asyncio.wait(ends, timeout=within_s + _SAVE_SLACK_S, return_when=asyncio.FIRST_COMPLETED)
        return answer.result().bytes if answer.done() else 0

    async def run(self, request: GenerateRequest, on_chunk: OnChunk) -> None:
        """Run a generation to its end; cancelling it stops it in the worker within one step.

        Args:
            request: The request.
            on_chunk: Called with each chunk as soon as it arrives, without a task in between: it takes microseconds.

        Raises:
            WorkerDiedError: The process ended, or made no progress and was ended.
            InsufficientMemoryError: It ran out of memory.
            EngineError: The worker rejected the request.
        """
        check_request(request, self._context_length, self._longest_prompt)
        if request.chat is not None:
            request = replace(request, chat=with_joined_texts(request.chat))
        with self._call(on_chunk) as call:
            await self._submit(protocol.Generate(call.id, request))
            await call.answer

    def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerationChunk, None]:
        """Yield the chunks of a generation; closing the generator stops it. The errors are those of ``run``."""
        return stream(self.run, request)

    async def embed(
        self,
        inputs: Sequence[str | Sequence[int]],
        priority: Priority = Priority.INTERACTIVE,
        client: str = "",
    ) -> Embeddings:
        """Return the vectors of texts or token ids; the errors are those of ``run``."""
        check_inputs(inputs, self._context_length)
        embedded: protocol.Embedded = await self._ask(lambda call_id: protocol.Embed(call_id, inputs, priority, client))
        data, size = embedded.vectors, 4 * embedded.dimensions
        vectors = tuple(data[start : start + size] for start in range(0, len(data), size))
        return Embeddings(embedded.dimensions, vectors, embedded.prompt_tokens)

    async def tokenize(
        self, source: str | Chat, *, add_special: bool = True, parse_special: bool = True, client: str = ""
    ) -> tuple[int, ...]:
        """Return the token ids of a text, or of a chat's prompt; the errors are those of ``run``.

        Args:
            source: The text or chat.
            add_special: Add the start and end tokens that the model wants. For texts only.
            parse_special: Turn text such as ``<|im_end|>`` into its control token. For texts only.
            client: Name of the client; requests in preparation take turns by client.
        """
        text, chat = (source, None) if isinstance(source, str) else (None, source)
        if chat is not None:
            check_chat(chat, self._context_length, self._longest_prompt)
            chat = with_joined_texts(chat)
        else:
            check_text_to_count(text or "")
        answer: protocol.Tokens = await self._ask(
            lambda call_id: protocol.Tokenize(call_id, text, chat, add_special, parse_special, client)
        )
        return tuple(answer.tokens)

    async def detokenize(self, tokens: Sequence[int], client: str = "") -> tuple[str, tuple[bytes, ...]]:
        """Return the text of token ids, and the bytes of each; the errors are those of ``run``."""
        check_token_count(tokens)
        answer: protocol.Detokenized = await self._ask(lambda call_id: protocol.Detokenize(call_id, tokens, client))
        return answer.text, tuple(answer.pieces)

    async def _ask(self, request: Callable[[int], protocol.Request]) -> Any:
        """Send a request with one answer, and return it."""
        with self._call() as call:
            await self._submit(request(call.id))
            return await call.answer

    @contextlib.contextmanager
    def _call(self, on_chunk: OnChunk = _ignore) -> Iterator[_Call]:
        """Register a request, and cancel it in the worker if the block is left early."""
        if not self.alive:
            raise self._death()
        call = _Call(next(self._ids), on_chunk)
        self._calls[call.id] = call
        self._watch()
        try:
            yield call
        finally:
            del self._calls[call.id]
            if not call.finished:
                self._send(protocol.Cancel(call.id))

    @property
    def _working(self) -> bool:
        return bool(self._calls) or (self._loading and not self._held)

    def _receive(self, frame: protocol.Frame | protocol.Unreadable) -> None:
        match frame:
            case protocol.Step(chunks):
                for request_id, chunk in chunks:
                    self._deliver(request_id, chunk)
            case protocol.Embedded(request_id) | protocol.Tokens(request_id) | protocol.Detokenized(request_id):
                self._deliver(request_id, frame)
            case protocol.Progress(done_bytes, total_bytes):
                self._on_progress(done_bytes / max(total_bytes, 1))
            case protocol.Ready():
                self._ready.set_result(None)
            case protocol.Loaded(info):
                self._info = info
                self._on_warming()
            case protocol.Probed(stages):
                if not self._loaded.done() and self._info is not None:
                    self._loaded.set_result(replace(self._info, stages=stages))
            case protocol.Warned(warning):
                self._on_warning(warning.message)
            case protocol.PrefixRestored():
                self._on_restored(*frame)
            case protocol.PrefixesSaved():
                if self._saved is not None:
                    self._saved.set_result(frame)
                    self._saved = None
            case protocol.Pulse(works):
                self._liveness.answered(works)
            case protocol.LoadFailed(error):
                fail(self._loaded, error)
            case protocol.Failed(request_id, error):
                self._deliver(request_id, error)

    def _deliver(self, request_id: int, answer: _Answer) -> None:
        call = self._calls.get(request_id)
        if call is not None:  # otherwise the client is gone and the worker does not know it yet
            call.put(answer)

    def _lost(self, ended: WorkerExit) -> None:
        for call in self._calls.values():
            call.put(request_error(ended))
        cancelled = self._load_cancelled or self._closing
        fail(self._loaded, LoadCancelledError(msg("worker_load_cancelled")) if cancelled else load_error(ended))


async def stream(
    run: Callable[[GenerateRequest, OnChunk], Coroutine[Any, Any, None]], request: GenerateRequest
) -> AsyncGenerator[GenerationChunk, None]:
    """Yield the chunks of a generation that ``run`` runs, as ``WorkerClient.run``; closing the generator ends it."""
    arrived: asyncio.Queue[GenerationChunk | None] = asyncio.Queue()
    running = asyncio.create_task(run(request, arrived.put_nowait))
    running.add_done_callback(lambda _: arrived.put_nowait(None))
    try:
        while (chunk := await arrived.get()) is not None:
            yield chunk
        await running
    finally:
        running.cancel()
        await asyncio.wait([running])
