"""Limits of a guarded process, and what happens when it reaches them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from preheat.inference.worker.guarded_process import GuardedProcess, HelperFailed, Reason
from preheat.inference.worker.guarded_process.limits import watch_resident
from preheat.inference.worker.guarded_process.pipes import Pipes, TooLarge, poll_until
from preheat.inference.worker.guarded_process.windows_job import Job
from tests.engine.application import eventually

HERE = "tests.engine.inference.worker.guarded_process"
MEMORY = 64 << 20
LONG_S = 60.0
SHORT_S = 0.1


@pytest.fixture(scope="module")
def shared() -> Iterator[GuardedProcess]:
    process = GuardedProcess(f"{HERE}.misbehaving", MEMORY)
    yield process
    process.close()
    assert process.pid is None


@pytest.fixture
def guarded(shared: GuardedProcess) -> GuardedProcess:
    """A running process."""
    assert shared.ask(b"echo ready", LONG_S) == b"ready"
    return shared


def test_answers_of_all_sizes(guarded: GuardedProcess) -> None:
    pid = guarded.pid
    for size in (0, 1, 70_000, 8 << 20):
        content = os.urandom(size)
        assert guarded.ask(b"echo " + content, LONG_S) == content
    assert guarded.pid == pid


@pytest.mark.parametrize(
    ("question", "limit_s", "reason"),
    [
        (b"loop", SHORT_S, Reason.TIMEOUT),
        (b"native", SHORT_S, Reason.TIMEOUT),
        (b"sleep 1000", SHORT_S, Reason.TIMEOUT),
        (b"allocate %d" % (2 * MEMORY), LONG_S, Reason.MEMORY),
        (b"allocate %d" % (1 << 50), LONG_S, Reason.MEMORY),
        (b"echo " + bytes(2 * MEMORY), LONG_S, Reason.MEMORY),
        (b"crash", LONG_S, Reason.DIED),
        (b"raise", LONG_S, Reason.DIED),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else None,
)
def test_a_failure_costs_only_its_question(
    guarded: GuardedProcess, question: bytes, limit_s: float, reason: Reason
) -> None:
    with pytest.raises(HelperFailed) as failure:
        guarded.ask(question, limit_s)
    assert failure.value.reason is reason
    assert guarded.ask(b"echo again", LONG_S) == b"again"


def test_an_allowed_amount_of_memory(guarded: GuardedProcess) -> None:
    for _ in range(5):
        assert guarded.ask(b"allocate %d" % (MEMORY // 2), LONG_S) == str(MEMORY // 2).encode()


def test_a_process_that_has_grown_is_replaced_after_its_answer(guarded: GuardedProcess) -> None:
    pid = guarded.pid
    assert guarded.ask(b"keep %d" % (MEMORY // 2), LONG_S) == b"done"
    assert guarded.pid != pid


def test_the_words_of_an_exception_are_not_logged(guarded: GuardedProcess, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(HelperFailed):
        guarded.ask(b"raise", LONG_S)
    assert "ValueError at misbehaving.py" in caplog.text
    assert "secret" not in caplog.text


def test_no_inherited_descriptors_and_no_files(guarded: GuardedProcess, tmp_path: Path) -> None:
    with (tmp_path / "open").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        assert guarded.ask(b"open", LONG_S) == b"5"  # standard streams, the answers' own, the listing's
    with pytest.raises(HelperFailed):
        guarded.ask(b"write " + os.fsencode(tmp_path / "new"), LONG_S)
    assert guarded.ask(b"limits", LONG_S) == b"(0, 0)"


def test_prints_do_not_come_between_answers(guarded: GuardedProcess) -> None:
    assert guarded.ask(b"print", LONG_S) == b"done"
    assert guarded.ask(b"echo x", LONG_S) == b"x"


def test_signals_of_the_process_group_are_ignored(guarded: GuardedProcess) -> None:
    pid = guarded.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert guarded.ask(b"echo x", LONG_S) == b"x"
    assert guarded.pid == pid


def test_a_killed_process_is_started_again(guarded: GuardedProcess) -> None:
    pid = guarded.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, "ended")
    assert guarded.ask(b"echo x", LONG_S) == b"x"


def test_a_stopped_process_is_replaced(guarded: GuardedProcess) -> None:
    assert guarded.pid is not None
    os.kill(guarded.pid, signal.SIGSTOP)
    with pytest.raises(HelperFailed) as failure:
        guarded.ask(b"echo " + bytes(1 << 20), SHORT_S)
    assert failure.value.reason is Reason.HUNG
    assert guarded.ask(b"echo x", LONG_S) == b"x"


def test_many_threads(guarded: GuardedProcess) -> None:
    answers: list[bytes] = []

    def ask(number: int) -> None:
        for at in range(20):
            question = b"%d.%d" % (number, at)
            answers.append(question if guarded.ask(b"echo " + question, LONG_S) == question else b"wrong")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 160
    assert b"wrong" not in answers


def test_closing_ends_a_question_in_progress() -> None:
    process = GuardedProcess(f"{HERE}.misbehaving", MEMORY)
    process.start()
    failures: list[Reason] = []

    def ask() -> None:
        try:
            process.ask(b"sleep 1000", LONG_S)
        except HelperFailed as failure:
            failures.append(failure.reason)

    thread = threading.Thread(target=ask)
    thread.start()
    process.close()
    thread.join()
    assert failures in ([Reason.DIED], [Reason.NOT_STARTED])  # either may come first
    assert process.pid is None
    with pytest.raises(HelperFailed):
        process.ask(b"echo x", LONG_S)


def test_one_that_cannot_start_is_not_tried_all_the_time() -> None:
    process = GuardedProcess(f"{HERE}.dying", MEMORY)
    process.start()
    first = process.pid
    for _ in range(20):
        with pytest.raises(HelperFailed) as failure:
            process.ask(b"echo x", LONG_S)
        assert failure.value.reason is Reason.NOT_STARTED
    assert first is not None
    assert process.pid is None
    process.close()


PARENT = f"""
import sys, threading, time
from preheat.inference.worker.guarded_process import GuardedProcess
process = GuardedProcess("{HERE}.misbehaving", {MEMORY})
process.ask(b"echo x", 60.0)
print(process.pid, flush=True)
process.ask(sys.argv[1].encode(), 1.0) if len(sys.argv) > 1 else time.sleep(1000)
"""


@pytest.mark.parametrize("question", [(), ("loop",)])
def test_no_orphan_outlives_a_killed_parent(question: tuple[str, ...]) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, *question], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    eventually(lambda: not psutil.pid_exists(pid), "the process has ended")


def test_growth_of_a_process() -> None:
    growing = 'input(); kept = b"x" * (64 << 20); print(flush=True); input()'
    # Not this process: what earlier tests leave is freed meanwhile.
    with subprocess.Popen([sys.executable, "-c", growing], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        has_grown = watch_resident(process.pid, 32 << 20)
        assert not has_grown()
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        assert has_grown()
        process.stdin.write(b"\n")


def test_waiting_looks_at_the_memory() -> None:
    out, into = os.pipe()
    try:
        with pytest.raises(TooLarge):
            Pipes(into, out, lambda: True).read(1, float("inf"))
    finally:
        os.close(out)
        os.close(into)


def test_polling() -> None:
    answers = iter([False, False, True])
    assert poll_until(lambda: next(answers), LONG_S)
    assert not poll_until(lambda: False, 0.0)


class Kernel:
    """Job objects of Windows."""

    def __init__(self, *, assigns: bool) -> None:
        self.assigns = assigns
        self.calls: list[str] = []
        self.limits: Any = None
        self.CreateJobObjectW = self.create  # a function whose result's type can be set

    class _Create:
        restype: Any = None

        def __call__(self, _security: None, _name: None) -> int:
            return 7

    create = _Create()

    def SetInformationJobObject(self, _job: Any, _kind: int, limits: Any, size: int) -> int:  # noqa: N802 # as Windows calls it
        self.limits = ctypes.string_at(limits, size)
        self.calls.append("limit")
        return 1

    def AssignProcessToJobObject(self, _job: Any, process: Any) -> int:  # noqa: N802 # as Windows calls it
        self.calls.append(f"assign {process.value}")
        return int(self.assigns)

    def CloseHandle(self, job: Any) -> int:  # noqa: N802 # as Windows calls it
        self.calls.append(f"close {job.value}")
        return 1


def test_a_job_of_windows() -> None:
    kernel = Kernel(assigns=True)
    job = Job(kernel, 42, MEMORY)
    assert len(kernel.limits) == 144
    assert int.from_bytes(kernel.limits[16:20], "little") == 0x2108
    assert int.from_bytes(kernel.limits[112:120], "little") == MEMORY + (128 << 20)
    job.close()
    assert kernel.calls == ["limit", "assign 42", "close 7"]


def test_a_process_that_windows_cannot_limit() -> None:
    kernel = Kernel(assigns=False)
    with pytest.raises(OSError, match="limited"):
        Job(kernel, 42, MEMORY)
    assert kernel.calls[-1] == "close 7"
