"""The engine's end of a worker: starts the process, loads a model, sends requests, and reports how it ended.

Everything here runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias, cast

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
from preheat.inference.commands import module_command
from preheat.inference.exits import (
    UNRESPONSIVE,
    count_oom_kills,
    exit_reason,
    explain_exit,
    load_error,
    request_error,
    start_error,
)
from preheat.inference.liveness import CHECK_S, Liveness, is_stopped, read_signs
from preheat.inference.protocol import FrameDecoder, ProtocolError, encode_frame
from preheat.inference.request_size import (
    check_chat,
    check_inputs,
    check_request,
    check_text_to_count,
    check_token_count,
)
from preheat.messages import Message, msg

logger = logging.getLogger(__name__)

_EXIT_GRACE_S: Final = 2.0
_STDERR_LINES: Final = 20
_KILL_GRACE_S: Final = 10.0
"""A killed process whose disk does not respond may stay. After this time, it counts as ended."""

_PIPES_GRACE_S: Final = 2.0
"""Longest wait for the output of a process that has ended: a child of its own may hold the pipes open."""

_OOM_COUNTS: Final = 4
"""Checks over which processes killed for lack of memory are counted."""

OnProgress = Callable[[float], None]
OnWarming = Callable[[], None]
OnWarning = Callable[[Message], None]


def _ignore(_: Message) -> None:
    """Do nothing with a warning."""


_WORKER_ENVIRONMENT: Final = {
    # By default, libgomp's threads spin for a millisecond at each of the ~1,000 barriers of a decode step, and keep the
    # thread that they wait for from running when another program wants a core: 3.8 tokens/s next to a compiler on
    # 2 cores, against 25 with a low count. 5,000 rounds are 0.2 ms, and as fast as the default on a quiet machine.
    "GOMP_SPINCOUNT": "5000",
    # After a failed assertion, ggml would start a debugger, which keeps the process for seconds.
    "GGML_NO_BACKTRACE": "1",
}
_SECRET: Final = re.compile(r".*(KEY|KEYS|TOKEN|SECRET|PASSWORD)", re.IGNORECASE)


def _worker_environment() -> dict[str, str]:
    """Return the environment of a worker: without secrets, since it reads other people's models."""
    inherited = {name: value for name, value in os.environ.items() if not _SECRET.fullmatch(name)}
    return {**_WORKER_ENVIRONMENT, **inherited}


def worker_command() -> list[str]:
    """Return the command that starts a worker process."""
    return module_command("preheat.inference.worker")


_Answer: TypeAlias = GenerationChunk | protocol.Embedded | protocol.Tokens | protocol.Detokenized | EngineError


@dataclass(slots=True)
class _Call:
    """A request in progress."""

    id: int
    answers: asyncio.Queue[_Answer] = field(default_factory=asyncio.Queue)
    finished: bool = False

    async def next(self) -> Any:
        """Return the next answer; raise it if it is an error."""
        answer = await self.answers.get()
        if isinstance(answer, EngineError):
            self.finished = True
            raise answer
        return answer


class WorkerClient(asyncio.SubprocessProtocol):
    """One worker process. Make one with ``spawn``."""

    def __init__(self) -> None:
        self._transport: asyncio.SubprocessTransport
        self._stdin: asyncio.WriteTransport
        self._frames = FrameDecoder()
        self._ids = itertools.count(1)
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._loaded: asyncio.Future[ModelInfo] = loop.create_future()
        self._info: ModelInfo | None = None
        self._on_progress: OnProgress
        self._on_warming: OnWarming
        self._on_warning: OnWarning
        self._calls: dict[int, _Call] = {}
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._stderr_line = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self._closing = False
        self._load_cancelled = False
        self._protocol_violated = False
        self._threads = 1
        self._loading = self._held = self._hung = False
        self._liveness = Liveness()
        self._check: asyncio.TimerHandle | None = None  # runs while the worker has work
        self._checked_at = 0.0
        # The last counts: a process that was chosen needs a while to end.
        self._oom_kills = deque([count_oom_kills()], maxlen=_OOM_COUNTS)
        self.exited: asyncio.Future[WorkerExit] = loop.create_future()
        """Done when the process has ended; says why."""

    @classmethod
    async def spawn(cls) -> WorkerClient:
        """Start a worker process; raises ModelLoadError or InsufficientMemoryError if the system cannot."""
        try:
            transport, client = await asyncio.get_running_loop().subprocess_exec(
                cls, *worker_command(), env=_worker_environment()
            )
        except OSError as error:
            raise start_error(error) from error
        # uvloop's transports have asyncio's methods but not its types.
        client._stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        return client

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

    @property
    def _context_length(self) -> int:
        assert self._info is not None, "a request before the model is loaded"
        return self._info.context_length

    @property
    def alive(self) -> bool:
        """Whether the process is running."""
        return not self.exited.done()

    @property
    def stopped(self) -> bool:
        """Whether something has stopped the process, as SIGSTOP does."""
        return is_stopped(self.pid)

    async def ready(self) -> None:
        """Wait until the process has started and can load; raises ModelLoadError if it ends before."""
        await asyncio.shield(self._ready)

    async def load(
        self, options: LoadOptions, on_progress: OnProgress, on_warming: OnWarming, on_warning: OnWarning = _ignore
    ) -> ModelInfo:
        """Load a model and probe it.

        Args:
            on_progress: Called with the share of the files in memory, 0.0 to 1.0.
            on_warming: Called when weights and context are in memory and the probe begins.
            on_warning: Called when the worker finds that the model cannot do something; possibly after the load.

        Raises:
            LoadCancelledError: ``cancel_load`` or ``close`` was called.
            ModelLoadError: The model cannot be loaded; the worker exits.
            InsufficientMemoryError: Memory ran out.
            WorkerHungError: The load made no progress.
        """
        self._on_progress, self._on_warming, self._on_warning = on_progress, on_warming, on_warning
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

    def cancel_load(self) -> None:
        """Stop a running load by killing the process.

        It holds nothing worth keeping yet, and may be in a long native call; an orderly exit took 0.15 s.
        """
        self._load_cancelled = True
        if self.alive:
            self._kill()

    def hold_load(self, hold: bool) -> None:
        """Pause a load, or resume it."""
        self._held = hold
        self._send(protocol.HoldLoad(hold))
        self._watch()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerationChunk, None]:
        """Yield a generation's chunks; closing the generator stops it in the worker within one step.

        Raises:
            WorkerDiedError: The process ended, or made no progress and was ended.
            InsufficientMemoryError: It ran out of memory.
            EngineError: The worker rejected the request.
        """
        check_request(request, self._context_length)
        if request.chat is not None:
            request = replace(request, chat=with_joined_texts(request.chat))
        with self._call() as call:
            await self._submit(protocol.Generate(call.id, request))
            while not call.finished:
                chunk: GenerationChunk = await call.next()
                call.finished = chunk.finish_reason is not None
                yield chunk

    async def embed(
        self,
        inputs: Sequence[str | Sequence[int]],
        priority: Priority = Priority.INTERACTIVE,
        client: str = "",
    ) -> Embeddings:
        """Return the vectors of texts or token ids; the errors are those of ``generate``."""
        check_inputs(inputs, self._context_length)
        embedded: protocol.Embedded = await self._ask(lambda call_id: protocol.Embed(call_id, inputs, priority, client))
        data, size = embedded.vectors, 4 * embedded.dimensions
        vectors = tuple(data[start : start + size] for start in range(0, len(data), size))
        return Embeddings(embedded.dimensions, vectors, embedded.prompt_tokens)

    async def tokenize(
        self, source: str | Chat, *, add_special: bool = True, parse_special: bool = True, client: str = ""
    ) -> tuple[int, ...]:
        """Return the token ids of a text, or of a chat's prompt; the errors are those of ``generate``.

        Args:
            source: The text or chat.
            add_special: Add the start and end tokens that the model wants. For texts only.
            parse_special: Turn text such as ``<|im_end|>`` into its control token. For texts only.
            client: Name of the client; requests in preparation take turns by client.
        """
        text, chat = (source, None) if isinstance(source, str) else (None, source)
        if chat is not None:
            check_chat(chat, self._context_length)
            chat = with_joined_texts(chat)
        else:
            check_text_to_count(text or "")
        answer: protocol.Tokens = await self._ask(
            lambda call_id: protocol.Tokenize(call_id, text, chat, add_special, parse_special, client)
        )
        return tuple(answer.tokens)

    async def detokenize(self, tokens: Sequence[int], client: str = "") -> tuple[str, tuple[bytes, ...]]:
        """Return the text of token ids, and the bytes of each; the errors are those of ``generate``."""
        check_token_count(tokens)
        answer: protocol.Detokenized = await self._ask(lambda call_id: protocol.Detokenize(call_id, tokens, client))
        return answer.text, tuple(answer.pieces)

    async def _ask(self, request: Callable[[int], protocol.Request]) -> Any:
        """Send a request with one answer, and return it."""
        with self._call() as call:
            await self._submit(request(call.id))
            answer = await call.next()
            call.finished = True
        return answer

    @contextlib.contextmanager
    def _call(self) -> Iterator[_Call]:
        """Register a request, and cancel it in the worker if the block is left early."""
        if not self.alive:
            raise self._death()
        call = _Call(next(self._ids))
        self._calls[call.id] = call
        self._watch()
        try:
            yield call
        finally:
            del self._calls[call.id]
            if not call.finished:
                self._send(protocol.Cancel(call.id))

    async def close(self, grace_s: float = _EXIT_GRACE_S) -> None:
        """End the process, by force after ``grace_s`` seconds, and wait until its memory is free."""
        self._closing = True
        self._stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self.exited), grace_s)
        except TimeoutError:
            self._kill()  # inside a long native call it may not react
            await asyncio.shield(self.exited)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._transport.kill()
        asyncio.get_running_loop().call_later(_KILL_GRACE_S, self._ended, None)

    # Progress

    def _watch(self) -> None:
        """Check the worker's progress from now on, while it has work."""
        if self._check is None and self.alive:
            self._liveness.begin(None)
            self._checked_at = time.monotonic()
            self._check = asyncio.get_running_loop().call_later(CHECK_S, self._check_progress)

    def _check_progress(self) -> None:
        self._check = None
        working = bool(self._calls) or (self._loading and not self._held)
        if not self.alive or not working:
            return
        before, self._checked_at = self._checked_at, time.monotonic()
        if hung := self._liveness.hung(read_signs(self.pid), self._checked_at - before, self._threads):
            logger.error("worker %d makes no progress and is ended (%s)", self.pid, hung)
            self._hung = True
            self._kill()
            return
        self._oom_kills.append(count_oom_kills())
        self._send(protocol.Ping())
        self._check = asyncio.get_running_loop().call_later(CHECK_S, self._check_progress)

    async def _submit(self, frame: protocol.Request) -> None:
        """Send a request when the worker has read the earlier ones: many large ones would fill the memory."""
        while not self._writable.is_set():
            await self._writable.wait()
        if not self.alive:
            raise self._death()
        self._send(frame)

    def _send(self, frame: protocol.ToWorker) -> None:
        if self.alive and not self._stdin.is_closing():
            self._stdin.write(encode_frame(frame))

    def _death(self) -> EngineError:
        return request_error(self.exited.result())

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
            case protocol.Probed():
                if not self._loaded.done() and self._info is not None:
                    self._loaded.set_result(self._info)
            case protocol.Warned(warning):
                self._on_warning(warning.message)
            case protocol.Pulse(works):
                self._liveness.answered(works)
            case protocol.LoadFailed(error):
                _fail(self._loaded, error)
            case protocol.Failed(request_id, error):
                self._deliver(request_id, error)

    def _deliver(self, request_id: int, answer: _Answer) -> None:
        call = self._calls.get(request_id)
        if call is not None:  # otherwise the client is gone and the worker does not know it yet
            call.answers.put_nowait(answer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: output and exit may arrive before ``spawn`` continues."""
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pause_writing(self) -> None:
        """Let requests wait: the worker has not read all that was sent."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let requests continue."""
        self._writable.set()

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """Receive frames from stdout and log lines from stderr."""
        assert isinstance(data, bytes)
        if fd == 2:
            self._log(data)
            return
        try:
            for frame in self._frames.feed(data):
                self._receive(frame)
        except ProtocolError as error:
            logger.error("worker %d: %s", self.pid, error)
            self._protocol_violated = True
            self._transport.kill()

    def _log(self, data: bytes) -> None:
        *lines, self._stderr_line = (self._stderr_line + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            self._stderr.append(text)
            level = logging.ERROR if text.startswith("ERROR ") else logging.DEBUG
            logger.log(level, "worker %d: %s", self.pid, text)

    def process_exited(self) -> None:
        """Wait for the rest of the output, but not for long."""
        asyncio.get_running_loop().call_later(_PIPES_GRACE_S, self._ended, self._transport.get_returncode())

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the exit. All pipes were read to the end."""
        self._ended(self._transport.get_returncode())

    def _ended(self, returncode: int | None) -> None:
        """Report the exit once. ``returncode`` is None for a process that outlives its killing."""
        if self.exited.done():
            return
        self._transport.close()
        ended = self._explain(returncode)
        if not self._closing:
            detail = "\n  ".join(self._stderr)
            logger.error("worker %d: %s\n  %s", self.pid, ended.reason, detail)
        self.exited.set_result(ended)
        for call in self._calls.values():
            call.answers.put_nowait(request_error(ended))
        self._writable.set()
        error = load_error(ended)
        _fail(self._ready, error)
        if self._load_cancelled or self._closing:
            error = LoadCancelledError(msg("worker_load_cancelled"))
        _fail(self._loaded, error)

    def _explain(self, returncode: int | None) -> WorkerExit:
        if self._hung:
            return UNRESPONSIVE
        if returncode is None:
            return WorkerExit(msg("exit_killed"))
        if self._protocol_violated:
            return WorkerExit(msg("exit_protocol"))
        if self._closing or self._load_cancelled:
            return WorkerExit(exit_reason(returncode))
        before, now = self._oom_kills[0], count_oom_kills()
        return explain_exit(returncode, self._stderr, None if before is None or now is None else now - before)


def _fail(future: asyncio.Future[Any], error: EngineError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # there may be no one waiting for it, which asyncio would log
