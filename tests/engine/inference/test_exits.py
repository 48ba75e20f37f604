"""How the end of a worker is explained."""

from __future__ import annotations

import errno
import resource
import signal
from pathlib import Path

import psutil
import pytest

from preheat.errors import InsufficientMemoryError, ModelLoadError, WorkerDiedError, WorkerHungError
from preheat.inference import WorkerExit
from preheat.inference.exits import (
    UNRESPONSIVE,
    count_oom_kills,
    exit_reason,
    explain_exit,
    load_error,
    request_error,
    start_error,
)
from preheat.messages import Message, msg

OUT_OF_MEMORY = WorkerExit(msg("exit_out_of_memory"), "insufficient_memory")


@pytest.mark.parametrize(
    ("returncode", "reason"),
    [
        (0, msg("exit_normal")),
        (3, msg("exit_code", exit_code=3)),
        (-signal.SIGKILL, msg("exit_killed")),
        (-signal.SIGABRT, msg("exit_aborted")),
        (-signal.SIGILL, msg("exit_illegal_instruction")),
        (-signal.SIGSEGV, msg("exit_memory_fault")),
        (-signal.SIGUSR1, msg("exit_signal", signal="SIGUSR1")),
        (-999, msg("exit_signal", signal="signal 999")),
    ],
)
def test_exit_reasons(returncode: int, reason: Message) -> None:
    assert exit_reason(returncode) == reason


@pytest.mark.parametrize(
    ("oom_kills", "ended"),
    [
        (1, OUT_OF_MEMORY),
        (0, WorkerExit(msg("exit_killed_by_program"))),
        (None, WorkerExit(msg("exit_killed"))),
    ],
)
def test_who_killed_it(oom_kills: int | None, ended: WorkerExit) -> None:
    assert explain_exit(-signal.SIGKILL, [], oom_kills) == ended


@pytest.mark.parametrize(
    "line",
    [
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "MemoryError",
        "ggml_aligned_malloc: insufficient memory (attempted to allocate 9000.00 MB)",
        "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9000",
        "libgomp: Thread creation failed: Resource temporarily unavailable",
        "RuntimeError: can't start new thread",
        "ImportError: libllama.so: failed to map segment from shared object",
        "OSError: [Errno 12] Cannot allocate memory",
        "llama_decode failed for 8 tokens: out of memory",
    ],
)
@pytest.mark.parametrize("returncode", [1, -signal.SIGABRT, -signal.SIGSEGV])
def test_words_of_a_failed_allocation(returncode: int, line: str) -> None:
    assert explain_exit(returncode, ["INFO loading", line, ""], 0) == OUT_OF_MEMORY


def test_a_crash_is_no_lack_of_memory_unless_the_address_space_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    crash = explain_exit(-signal.SIGSEGV, ["INFO"], 0)
    assert crash == WorkerExit(msg("exit_memory_fault"))
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1 << 30, resource.RLIM_INFINITY))
    assert explain_exit(-signal.SIGSEGV, ["INFO"], 0) == OUT_OF_MEMORY
    assert explain_exit(-signal.SIGILL, ["INFO"], 0).reason == msg("exit_illegal_instruction")
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2 * psutil.virtual_memory().total, -1))
    assert explain_exit(-signal.SIGSEGV, ["INFO"], 0) == crash


def test_only_lack_of_memory_has_no_advice_to_try_again() -> None:
    died = WorkerExit(msg("exit_aborted"))
    kinds = [type(request_error(ended)) for ended in (died, UNRESPONSIVE, OUT_OF_MEMORY)]
    assert kinds == [WorkerDiedError, WorkerHungError, InsufficientMemoryError]
    assert [request_error(ended).retry_after_s for ended in (died, UNRESPONSIVE, OUT_OF_MEMORY)] == [1.0, 1.0, None]
    kinds = [type(load_error(ended)) for ended in (died, UNRESPONSIVE, OUT_OF_MEMORY)]
    assert kinds == [ModelLoadError, WorkerHungError, InsufficientMemoryError]


def test_a_process_that_cannot_start() -> None:
    assert isinstance(start_error(OSError(errno.ENOMEM, "Cannot allocate memory")), InsufficientMemoryError)
    assert isinstance(start_error(OSError(errno.EAGAIN, "Resource temporarily unavailable")), ModelLoadError)


def test_counting_oom_kills(tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    assert count_oom_kills(vmstat) is None
    vmstat.write_text("nr_free_pages 1\noom_kill 7\noom_kill_other 9\n")
    assert count_oom_kills(vmstat) == 7
    vmstat.write_text("nr_free_pages 1\n")
    assert count_oom_kills(vmstat) is None
