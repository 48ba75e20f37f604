"""How a worker ended: by itself, killed, hung, or for lack of memory."""

from __future__ import annotations

import errno
import re
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil

from preheat.errors import (
    EngineError,
    InsufficientMemoryError,
    ModelLoadError,
    WorkerDiedError,
    WorkerHungError,
    reason_of,
)
from preheat.inference import WorkerExit
from preheat.messages import Message, msg

_RETRY_S: Final = 1.0
"""When to send a request again, in seconds: the model is loaded again then."""

_SIGKILL: Final = 9  # not in Windows's signal module

_NO_MEMORY: Final = re.compile(
    r"bad_alloc|MemoryError|out of memory|cannot allocate memory|failed to (?:allocate|reserve)|unable to allocate"
    r"|insufficient memory|can't start new thread|thread creation failed|failed to map segment|error 12\b|ENOMEM",
    re.IGNORECASE,
)
"""What Python, the C++ runtime, OpenMP, the dynamic loader and llama.cpp write when an allocation fails."""

_CRASHES: Final = {"SIGABRT", "SIGSEGV", "SIGBUS"}

_DAMAGED: Final = "llama_library_damaged"

_EXITS: Final = {
    "SIGKILL": "exit_killed",
    "SIGABRT": "exit_aborted",
    "SIGILL": "exit_illegal_instruction",
    "SIGSEGV": "exit_memory_fault",
    "SIGTERM": "exit_terminated",
}


def exit_reason(returncode: int) -> Message:
    """Return how a process ended, as its return code says."""
    if returncode >= 0:
        return msg("exit_code", exit_code=returncode) if returncode else msg("exit_normal")
    name = _signal_name(returncode)
    return msg(_EXITS[name]) if name in _EXITS else msg("exit_signal", signal=name)


def _signal_name(returncode: int) -> str:
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"


def explain_exit(returncode: int, last_lines: Iterable[str], oom_kills: int | None) -> WorkerExit:
    """Return why a worker ended unexpectedly.

    Args:
        last_lines: The end of its log.
        oom_kills: Processes that the system has killed for lack of memory since it was last looked at; None if unknown.
    """
    if returncode == 0:
        return WorkerExit(exit_reason(returncode))
    if returncode == -_SIGKILL:
        if oom_kills:
            return _OUT_OF_MEMORY
        return WorkerExit(msg("exit_killed" if oom_kills is None else "exit_killed_by_program"))
    if any(_NO_MEMORY.search(line) for line in last_lines):
        return _OUT_OF_MEMORY
    if _signal_name(returncode) in _CRASHES and address_space_limited():
        # Native code that does not check a failed allocation crashes a moment later.
        return _OUT_OF_MEMORY
    return WorkerExit(exit_reason(returncode))


_OUT_OF_MEMORY: Final = WorkerExit(msg("exit_out_of_memory"), InsufficientMemoryError.code)
UNRESPONSIVE: Final = WorkerExit(msg("exit_unresponsive"), WorkerHungError.code)


def damage_possible(returncode: int) -> bool:
    """Return whether a damaged library of llama.cpp may have ended a process."""
    return returncode > 0 or _signal_name(returncode) in {"SIGILL", "SIGBUS", "SIGSEGV"}


def library_damaged(file: str) -> WorkerExit:
    """Return the end of a worker that a damaged file of llama.cpp explains."""
    return WorkerExit(msg("exit_library_damaged", file=file), _DAMAGED)


def request_error(ended: WorkerExit) -> EngineError:
    """Return the error of the requests that a worker had when it ended."""
    if ended.cause == InsufficientMemoryError.code:
        return InsufficientMemoryError(msg("worker_out_of_memory"))
    if ended.cause == WorkerHungError.code:
        return WorkerHungError(msg("worker_hung"), retry_after_s=_RETRY_S)
    if ended.cause == _DAMAGED:
        return WorkerDiedError(msg("llama_library_damaged", **ended.reason.params))
    killed = ended.reason.code == "exit_killed"
    words = msg("worker_killed") if killed else msg("worker_died", reason=ended.reason)
    return WorkerDiedError(words, retry_after_s=_RETRY_S)


def load_error(ended: WorkerExit) -> EngineError:
    """Return the error of the load during which a worker ended."""
    if ended.cause == InsufficientMemoryError.code or ended.reason.code == "exit_killed":
        return InsufficientMemoryError(msg("worker_out_of_memory_while_loading"))
    if ended.cause == WorkerHungError.code:
        return WorkerHungError(msg("worker_hung_while_loading"), retry_after_s=_RETRY_S)
    if ended.cause == _DAMAGED:
        return ModelLoadError(msg("llama_library_damaged", **ended.reason.params))
    return ModelLoadError(msg("worker_failed_to_load", reason=ended.reason))


def start_error(error: OSError) -> EngineError:
    """Return the error of a process that the system did not start."""
    if error.errno == errno.ENOMEM:
        return InsufficientMemoryError(msg("worker_not_started_memory"))
    return ModelLoadError(msg("worker_not_started", reason=reason_of(error)))


def count_oom_kills(vmstat: Path = Path("/proc/vmstat")) -> int | None:
    """Return how many processes the system has killed for lack of memory, also of single control groups.

    None where the system does not count them.
    """
    try:
        found = re.search(r"^oom_kill (\d+)", vmstat.read_text(), re.MULTILINE)
    except (OSError, MemoryError):
        return None
    return int(found[1]) if found else None


def address_space_limited() -> bool:
    """Return whether this process and its children may use less memory than there is (``ulimit -v``)."""
    if sys.platform == "win32":
        return False
    import resource

    total = psutil.virtual_memory().total
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return any(limit not in (resource.RLIM_INFINITY, -1) and limit < total for limit in limits)
