"""The engine's end of a worker: starts the process, loads, asks, and tells how it ended.

Everything here runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final, cast

from preheat.errors import EngineError, InsufficientMemoryError, LoadCancelledError, ModelLoadError, WorkerDiedError
from preheat.inference.protocol import (
    FrameDecoder,
    ProtocolError,
    decode_chunk,
    decode_error,
    encode_frame,
    generate_message,
    shallow_dict,
)
from preheat.inference.requests import Embeddings, GenerateRequest, GenerationChunk, JsonObject, LoadOptions, ModelInfo

logger = logging.getLogger(__name__)

_EXIT_GRACE_S: Final = 2.0
_STDERR_LINES: Final = 20
_SIGKILL: Final = 9  # not in Windows's signal module

OnProgress = Callable[[float], None]
OnWarming = Callable[[], None]


_WORKER_ENVIRONMENT: Final = {
    # libgomp's threads busily wait for each other, a millisecond or more at each of the ~1,000 barriers of a decode
    # step. When anything else wants a core, they wait for a thread that is not running and keep it from running:
    # measured beside a compiler on 2 cores, 3.8 tokens/s and 13 s to the first token, and 25 and 0.4 s with 1,000
    # rounds of waiting. 5,000 are about 0.2 ms: as quick as the default on a quiet machine, where 1,000 cost a little.
    "GOMP_SPINCOUNT": "5000",
}


def worker_command() -> list[str]:
    """Return the command that starts a worker process."""
    return [sys.executable, "-m", "preheat.inference.worker"]


class WorkerClient:
    """One worker process. Make one with ``spawn``."""

    def __init__(self) -> None:
        self._transport: asyncio.SubprocessTransport
        self._stdin: asyncio.WriteTransport
        self._ids = itertools.count(1)
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loaded: asyncio.Future[ModelInfo] | None = None
        self._info: ModelInfo | None = None
        self._on_progress: OnProgress = lambda _done: None
        self._on_warming: OnWarming = lambda: None
        self._generations: dict[int, asyncio.Queue[GenerationChunk | EngineError]] = {}
        self._embeddings: dict[int, asyncio.Future[Embeddings]] = {}
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._closing = False
        self._load_cancelled = False
        self._protocol_violated = False
        self.exited: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """Done when the process has ended, with the reason in words."""

    @classmethod
    async def spawn(cls) -> WorkerClient:
        """Start a worker process; it becomes ready to load by itself.

        Raises:
            ModelLoadError: The system cannot start a process.
        """
        client = cls()
        try:
            transport, _ = await asyncio.get_running_loop().subprocess_exec(
                lambda: _WorkerProtocol(client), *worker_command(), env={**_WORKER_ENVIRONMENT, **os.environ}
            )
        except OSError as error:
            raise ModelLoadError(
                f"A worker process could not be started: {error.strerror}", hint="Free memory or close programs"
            ) from error
        # uvloop's transports have asyncio's methods but not its types.
        client._stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        return client

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self.exited.done()

    async def ready(self) -> None:
        """Wait until the interpreter is up and the bindings are imported.

        Raises:
            ModelLoadError: It ended before that.
        """
        await asyncio.shield(self._ready)

    async def load(self, options: LoadOptions, on_progress: OnProgress, on_warming: OnWarming) -> ModelInfo:
        """Load a model and probe it.

        Args:
            on_progress: Told the share of the file that is in memory, 0.0 to 1.0.
            on_warming: Told when weights and context are there and the probe begins.

        Raises:
            LoadCancelledError: ``cancel_load`` came first.
            ModelLoadError: It cannot be loaded; the worker is of no more use.
        """
        self._on_progress, self._on_warming = on_progress, on_warming
        self._loaded = asyncio.get_running_loop().create_future()
        if not self.alive:
            raise ModelLoadError(f"The worker process ended: {self.exited.result()}")
        self._send({"type": "load", "options": shallow_dict(options)})
        return await self._loaded

    def cancel_load(self) -> None:
        """Stop a load that is running, and with it the process.

        It holds nothing worth keeping yet, and may be in a long native call; to end in good order took 0.15 s.
        """
        self._load_cancelled = True
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()

    def hold_load(self, hold: bool) -> None:
        """Let a load wait where it is, or go on; as often as wanted."""
        self._send({"type": "hold_load", "hold": hold})

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerationChunk, None]:
        """Yield a generation's chunks; closing the generator drops it in the worker within a step.

        Raises:
            WorkerDiedError: The process ended.
            EngineError: The worker refused the request.
        """
        self._check_alive()
        request_id = next(self._ids)
        chunks: asyncio.Queue[GenerationChunk | EngineError] = asyncio.Queue()
        self._generations[request_id] = chunks
        finished = False
        try:
            self._send(generate_message(request_id, request))
            while not finished:
                chunk = await chunks.get()
                if isinstance(chunk, EngineError):
                    finished = True
                    raise chunk
                finished = chunk.finish_reason is not None
                yield chunk
        finally:
            del self._generations[request_id]
            if not finished:
                self._send({"type": "cancel", "id": request_id})

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        """Return the inputs' vectors.

        Raises:
            WorkerDiedError: The process ended.
            EngineError: The worker refused the request.
        """
        self._check_alive()
        request_id = next(self._ids)
        future: asyncio.Future[Embeddings] = asyncio.get_running_loop().create_future()
        self._embeddings[request_id] = future
        try:
            self._send({"type": "embed", "id": request_id, "inputs": list(inputs)})
            return await future
        finally:
            del self._embeddings[request_id]
            if future.cancelled():
                self._send({"type": "cancel", "id": request_id})

    async def close(self) -> None:
        """End the process and wait until its memory is released."""
        self._closing = True
        self._stdin.close()
        try:
            await asyncio.wait_for(asyncio.shield(self.exited), _EXIT_GRACE_S)
        except TimeoutError:
            # In one long native call it reads nothing, and its other thread may be starved.
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()
            await asyncio.shield(self.exited)

    def _check_alive(self) -> None:
        if not self.alive:
            raise self._death()

    def _send(self, message: JsonObject) -> None:
        if self.alive and not self._stdin.is_closing():
            self._stdin.write(encode_frame(message))

    def _death(self) -> WorkerDiedError:
        return WorkerDiedError(
            f"The worker process ended: {self.exited.result()}", hint="Send the request again; the model is loaded anew"
        )

    def _receive(self, message: JsonObject, blob: bytes) -> None:
        match message["type"]:
            case "step":
                for item in message["chunks"]:
                    request_id, chunk = decode_chunk(item)
                    self._deliver(request_id, chunk)
            case "embedded":
                self._deliver_embeddings(message, blob)
            case "progress":
                self._on_progress(message["done_bytes"] / max(message["total_bytes"], 1))
            case "ready":
                self._ready.set_result(None)
            case "loaded":
                self._info = ModelInfo(**message["info"])
                self._on_warming()
            case "probed":
                if self._loaded is not None and not self._loaded.done() and self._info is not None:
                    self._loaded.set_result(self._info)
            case "load_failed":
                if self._loaded is not None and not self._loaded.done():
                    self._loaded.set_exception(decode_error(message))
            case "failed":
                self._deliver_failure(message)

    def _deliver(self, request_id: int, item: GenerationChunk | EngineError) -> None:
        chunks = self._generations.get(request_id)
        if chunks is not None:  # otherwise its client has gone, and the worker does not know yet
            chunks.put_nowait(item)

    def _deliver_embeddings(self, message: JsonObject, blob: bytes) -> None:
        future = self._embeddings.get(message["id"])
        if future is not None and not future.done():
            size = 4 * message["dimensions"]
            vectors = tuple(blob[start : start + size] for start in range(0, len(blob), size))
            future.set_result(Embeddings(message["dimensions"], vectors, message["prompt_tokens"]))

    def _deliver_failure(self, message: JsonObject) -> None:
        error = decode_error(message)
        future = self._embeddings.get(message["id"])
        if future is not None and not future.done():
            future.set_exception(error)
        self._deliver(message["id"], error)

    def _ended(self, returncode: int) -> None:
        reason = exit_reason(returncode)
        if not self._closing:
            detail = "\n  ".join(self._stderr)
            logger.error("worker %d %s\n  %s", self.pid, reason, detail)
        self.exited.set_result(reason)
        for chunks in self._generations.values():
            chunks.put_nowait(self._death())
        for future in self._embeddings.values():
            if not future.done():
                future.set_exception(self._death())
        error: EngineError = ModelLoadError(
            f"The worker process ended: {reason}", hint="See the log for its last words"
        )
        if returncode == -_SIGKILL and not self._protocol_violated:
            error = InsufficientMemoryError(
                "Its worker was killed while it loaded, most likely because memory ran out",
                hint="Lower memory_limit or context_length, or close other programs",
            )
        if self._loaded is not None and not self._loaded.done():
            cancelled = LoadCancelledError("The load was cancelled")
            self._loaded.set_exception(cancelled if self._load_cancelled or self._closing else error)
        if not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # nobody may be waiting for a spare


class _WorkerProtocol(asyncio.SubprocessProtocol):
    """Frames from the worker's stdout, lines from its stderr, and its end."""

    def __init__(self, client: WorkerClient) -> None:
        self._client = client
        self._frames = FrameDecoder()
        self._transport: asyncio.SubprocessTransport
        self._line = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Here, not when it has been spawned: what it says or its end may come before that coroutine goes on.
        self._transport = self._client._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        assert isinstance(data, bytes)
        if fd == 2:
            self._log(data)
            return
        try:
            for message, blob in self._frames.feed(data):
                self._client._receive(message, blob)
        except ProtocolError as error:
            logger.error("worker %d: %s", self._client.pid, error)
            self._client._protocol_violated = True
            self._transport.kill()

    def _log(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace")
            self._client._stderr.append(text)
            logger.debug("worker %d: %s", self._transport.get_pid(), text)

    def connection_lost(self, exc: Exception | None) -> None:
        # After the process has exited and every pipe was read to its end: nothing that it wrote is missed.
        returncode = self._transport.get_returncode()
        self._transport.close()
        self._client._ended(returncode if returncode is not None else -1)


def exit_reason(returncode: int) -> str:
    """Return in words how a process ended."""
    if returncode >= 0:
        return "it ended by itself" if returncode == 0 else f"it failed with exit code {returncode}"
    known = {
        "SIGKILL": "it was killed, perhaps because the system ran out of memory",
        "SIGABRT": "llama.cpp gave up on an internal error",
        "SIGILL": "it used an instruction that this processor does not have",
        "SIGSEGV": "it touched memory that it does not own",
        "SIGTERM": "it was told to end",
    }
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = f"signal {-returncode}"
    return known.get(name, f"it was ended by {name}")
