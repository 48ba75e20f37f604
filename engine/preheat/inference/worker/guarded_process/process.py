"""A worker's end of a guarded process."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from enum import Enum
from typing import Final

from preheat.inference.worker.guarded_process import frames
from preheat.inference.worker.guarded_process.limits import memory_watch
from preheat.inference.worker.guarded_process.pipes import Pipes, TooLarge
from preheat.inference.worker.guarded_process.windows_job import confine
from preheat.installation import module_command

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES: Final = 64 << 20

_START_LIMIT_S: Final = 10.0
"""Time for a process to start on a busy machine."""

_ALARM_GRACE_S: Final = 1.0
"""How much later than the process's own alarm its worker stops waiting."""

_EXIT_GRACE_S: Final = 0.25

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
_CREATE_NO_WINDOW: Final = 0x08000000

_ENVIRONMENT: Final = {
    # More arenas of the allocator would only reserve address space, which is limited.
    "MALLOC_ARENA_MAX": "1",
    # Large blocks go back to the system when they are freed. By default, that ends with the first one.
    "MALLOC_MMAP_THRESHOLD_": "1048576",
    "MALLOC_TRIM_THRESHOLD_": "4194304",
}


class Reason(Enum):
    """Why a question has no answer."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    DIED = "died"  # it crashed or was killed
    HUNG = "hung"  # it does not even end at its time limit: it is stopped, or the system is
    NOT_STARTED = "not started"  # the system cannot start it now


class HelperFailed(Exception):  # noqa: N818 # an internal signal: clients get an EngineError
    """A guarded process did not answer."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason: Final = reason


class GuardedProcess:
    """Answers questions in a warm child process. Any thread; one question at a time.

    The process is replaced when it dies. If it cannot start, further attempts wait up to 30 seconds; questions fail
    until then.

    Args:
        module: Calls ``serving.serve`` when it is run.
        memory_bytes: What the process may allocate for one question, in bytes.
    """

    def __init__(self, module: str, memory_bytes: int) -> None:
        self._module = module
        self._memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._closed = False
        self._failed_starts = 0
        self._retry_at = 0.0

    @property
    def pid(self) -> int | None:
        """The process id; None if no process runs."""
        child = self._child
        return child.pid if child is not None else None

    def start(self) -> None:
        """Start the process if none is running. Takes a few milliseconds; the process warms up in the background."""
        with self._lock, contextlib.suppress(HelperFailed):
            self._running()

    def ask(self, question: bytes, timeout_s: float) -> bytes:
        """Return the answer to a question; raises HelperFailed. ``timeout_s`` excludes waiting for a start or turn."""
        with self._lock:
            child = self._running()
            try:
                self._await_start(child)
                kind, answer = child.ask(question, timeout_s)
            except HelperFailed as failure:
                logger.warning("%s ended: %s", self._module, failure)
                self._replace()
                raise
            if kind == frames.LAST_ANSWER:
                self._replace()
            if kind == frames.BUG:
                logger.error("%s failed: %s", self._module, answer.decode(errors="replace"))
                raise HelperFailed(Reason.DIED)
            return answer

    def close(self) -> None:
        """End the process; a question in progress fails."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._end()

    def _running(self) -> _Child:
        if self._child is not None and self._child.alive:
            return self._child
        self._end()
        if self._closed or time.monotonic() < self._retry_at:
            raise HelperFailed(Reason.NOT_STARTED)
        try:
            self._child = _Child(self._module, self._memory_bytes)
        except OSError as error:
            logger.warning("%s does not start: %s", self._module, error)
            self._postpone()
            raise HelperFailed(Reason.NOT_STARTED) from error
        return self._child

    def _await_start(self, child: _Child) -> None:
        try:
            child.await_ready()
        except HelperFailed as failure:
            self._postpone()
            raise HelperFailed(Reason.NOT_STARTED) from failure
        self._failed_starts = 0

    def _postpone(self) -> None:
        self._retry_at = time.monotonic() + min(_FIRST_PAUSE_S * 2**self._failed_starts, _LONGEST_PAUSE_S)
        self._failed_starts = min(self._failed_starts + 1, 10)

    def _replace(self) -> None:
        self._end()
        with contextlib.suppress(HelperFailed):
            self._running()

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """One process. Raises OSError if the system cannot start it."""

    def __init__(self, module: str, memory_bytes: int) -> None:
        self._process = subprocess.Popen(
            module_command(module, str(memory_bytes)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # might quote a prompt
            bufsize=0,
            env={**os.environ, **_ENVIRONMENT},
            creationflags=_CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._job = confine(self._process, memory_bytes)
        self._pipes = Pipes(
            self._process.stdin.fileno(),
            self._process.stdout.fileno(),
            memory_watch(self._process.pid, memory_bytes),
        )
        self._ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def await_ready(self) -> None:
        """Wait until the process has started; raises HelperFailed."""
        if not self._ready:
            self._receive(time.monotonic() + _START_LIMIT_S)
            self._ready = True

    def ask(self, question: bytes, timeout_s: float) -> tuple[bytes, bytes]:
        """Return the kind and content of the answer; raises HelperFailed."""
        deadline = time.monotonic() + timeout_s + _ALARM_GRACE_S
        head = frames.QUESTION.pack(len(question), max(1, round(timeout_s * 1000)))
        try:
            self._pipes.write(head + question, deadline)
        except (OSError, TooLarge) as error:
            raise self._failure(error) from error
        return self._receive(deadline)

    def _receive(self, deadline: float) -> tuple[bytes, bytes]:
        try:
            kind, length = frames.ANSWER.unpack(self._pipes.read(frames.ANSWER.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise TooLarge
            return kind, self._pipes.read(length, deadline)
        except (EOFError, OSError, TooLarge) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> HelperFailed:
        match error:
            case TimeoutError():
                return HelperFailed(Reason.TIMEOUT if sys.platform == "win32" else Reason.HUNG)
            case TooLarge():
                return HelperFailed(Reason.MEMORY)
        self.kill_after_exit()
        match self._process.returncode:
            case frames.EXIT_MEMORY:
                return HelperFailed(Reason.MEMORY)
            case code if sys.platform != "win32" and code == -signal.SIGALRM:
                return HelperFailed(Reason.TIMEOUT)
        return HelperFailed(Reason.DIED)

    def kill_after_exit(self) -> None:
        """Wait for the exit of a process that has closed its pipes, and end it if it does not come."""
        try:
            self._process.wait(_EXIT_GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()

    def kill(self) -> None:
        """End the process by force."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def end(self) -> None:
        """End the process by force, and free everything of it."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        if self._job is not None:
            self._job.close()
