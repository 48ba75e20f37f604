"""A worker's process: its pipes, its progress, and how it ended.

Everything here runs on the engine's loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import re
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

from preheat.errors import EngineError
from preheat.inference import WorkerExit, protocol
from preheat.inference.exits import (
    UNRESPONSIVE,
    count_oom_kills,
    damage_possible,
    exit_reason,
    explain_exit,
    library_damaged,
    load_error,
    request_error,
    start_error,
)
from preheat.inference.liveness import CHECK_S, Liveness, is_stopped, read_signs
from preheat.inference.processor import damaged_library
from preheat.inference.protocol import FrameDecoder, ProtocolError, encode_frame
from preheat.installation import module_command
from preheat.messages import msg

logger = logging.getLogger(__name__)

_EXIT_GRACE_S: Final = 2.0
_STDERR_LINES: Final = 20
_KILL_GRACE_S: Final = 10.0
"""Seconds after which a killed process counts as ended: a disk that does not respond can keep it."""

_PIPES_GRACE_S: Final = 2.0
"""Longest wait for the output of a process that has ended: a child of its own may hold the pipes open."""

_OOM_COUNTS: Final = 4
"""Checks over which processes killed for lack of memory are counted."""

_WORKER_ENVIRONMENT: Final = {
    # At each of the ~1,000 barriers of a step, libgomp's threads wait in a loop of this many rounds, then sleep. Too
    # few: slower on a quiet machine, as each wake-up takes longer than the wait. Too many: until ``worker.threads`` has
    # reacted to a busy program, threads keep the one that they wait for from running. A round takes 15 to 50 ns on x86,
    # which has a slow pause instruction, and about 1 ns elsewhere. Measured on two cores: quiet, 2,000 rounds are as
    # fast as the default of 300,000; next to a busy process, eight tokens take 0.1 s with 2,000 and 0.8 s with 300,000.
    "GOMP_SPINCOUNT": "2000" if platform.machine() in ("x86_64", "AMD64") else "20000",
    # numpy computes nothing here that its threads would be for; they wait in loops at first.
    "OPENBLAS_NUM_THREADS": "1",
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


class WorkerProcess(asyncio.SubprocessProtocol):
    """One worker process, without what it is asked. Make one with ``spawn``."""

    def __init__(self) -> None:
        self._transport: asyncio.SubprocessTransport
        self._stdin: asyncio.WriteTransport
        self._frames = FrameDecoder()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._stderr_line = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self._closing = False
        self._load_cancelled = False
        self._protocol_violated = False
        self._hung = False
        self._has_ended = False  # the process has; why may not be known yet
        self._threads = 1
        self._liveness = Liveness()
        self._check: asyncio.TimerHandle | None = None  # runs while the worker has work
        self._checked_at = 0.0
        # The last counts: a process that was chosen needs a while to end.
        self._oom_kills = deque([count_oom_kills()], maxlen=_OOM_COUNTS)
        self.exited: asyncio.Future[WorkerExit] = asyncio.get_running_loop().create_future()
        """Done when the process has ended; says why."""

    @property
    @abstractmethod
    def _working(self) -> bool:
        """Whether the worker has work, and must make progress."""

    @abstractmethod
    def _receive(self, frame: protocol.Frame | protocol.Unreadable) -> None:
        """Take a frame from the worker."""

    @abstractmethod
    def _lost(self, ended: WorkerExit) -> None:
        """End what waits for the process, which has ended."""

    @classmethod
    async def spawn(cls, command: Sequence[str] = ()) -> Self:
        """Start a worker process, by default this installation's.

        Raises:
            ModelLoadError: The system cannot start it.
            InsufficientMemoryError: It has no memory for it.
        """
        try:
            transport, process = await asyncio.get_running_loop().subprocess_exec(
                cls, *(command or worker_command()), env=_worker_environment()
            )
        except OSError as error:
            raise start_error(error) from error
        # uvloop's transports have asyncio's methods but not its types.
        process._stdin = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        return process

    @property
    def pid(self) -> int:
        """The process id."""
        return self._transport.get_pid()

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

    def cancel_load(self) -> None:
        """Stop a running load by killing the process.

        It holds nothing worth keeping yet, and may be in a long native call; an orderly exit took 0.15 s.
        """
        self._load_cancelled = True
        if self.alive:
            self._kill()

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
        if not self.alive or not self._working:
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
        if self._has_ended:
            return
        self._has_ended = True
        self._transport.close()
        if self._hung:
            self._report(UNRESPONSIVE)
        elif returncode is None:
            self._report(WorkerExit(msg("exit_killed")))
        elif self._protocol_violated:
            self._report(WorkerExit(msg("exit_protocol")))
        elif self._closing or self._load_cancelled:
            self._report(WorkerExit(exit_reason(returncode)))
        else:
            self._explain(returncode)

    def _explain(self, returncode: int) -> None:
        """Report why the process ended by itself. llama.cpp's files, 40 MB, are read on another thread."""
        before, now = self._oom_kills[0], count_oom_kills()
        ended = explain_exit(returncode, self._stderr, None if before is None or now is None else now - before)
        if not damage_possible(returncode):
            self._report(ended)
            return

        def report(found: asyncio.Future[Path | None]) -> None:
            damaged = None if found.cancelled() or found.exception() else found.result()
            self._report(ended if damaged is None else library_damaged(damaged.name))

        asyncio.get_running_loop().run_in_executor(None, damaged_library).add_done_callback(report)

    def _report(self, ended: WorkerExit) -> None:
        if not self._closing:
            detail = "\n  ".join(self._stderr)
            logger.error("worker %d: %s\n  %s", self.pid, ended.reason, detail)
        self.exited.set_result(ended)
        self._writable.set()
        fail(self._ready, load_error(ended))
        self._lost(ended)


def fail(future: asyncio.Future[Any], error: Exception) -> None:
    """Set a future's error, unless it is done."""
    if not future.done():
        future.set_exception(error)
        future.exception()  # there may be no one waiting for it, which asyncio would log
