"""Judges whether a worker that has work to do still makes progress.

The engine pings a busy worker once a second. The answer comes from the worker's reading thread and names the pieces of
work in progress, each with a count of its signs of progress: steps of the scheduler and nodes of the graph within long
ones, stages of a request's preparation. Work without progress is judged by what its process does meanwhile, so that a
slow, busy or thrashing machine is not taken for a hung worker: a process that computes or reads is alive for a long
time, one that does neither is not. Only time during which the engine itself ran counts: a suspended machine or a
stopped program, once continued, is not a hung worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import psutil

CHECK_S: Final = 1.0
"""Interval of checks, in seconds. No check counts for more than twice that."""

_BUSY_SHARE: Final = 0.02
"""Share of one processor from which a process computes. Answering pings takes less."""

_DISK_S: Final = 60.0
"""Longest wait for a disk that delivers nothing, in seconds."""

_Work: TypeAlias = tuple[str, int]
"""Kind and id of a piece of work."""

_PROCESS: Final = "process"
_NOTHING: Final = "nothing"
_ANSWERING: Final[_Work] = (_PROCESS, 0)


class Limits(NamedTuple):
    """How long a piece of work may go without a sign of progress.

    Attributes:
        quiet_s: Time in which its process neither computes nor reads, in seconds.
        cpu_s: Processor time that its process spends, in seconds for each thread of the model. Unlike time, it does not
            depend on what else the machine does.
    """

    quiet_s: float
    cpu_s: float


LIMITS: Final[Mapping[str, Limits]] = {
    _PROCESS: Limits(10.0, 60.0),  # no answer to pings
    _NOTHING: Limits(30.0, 600.0),  # requests, but no work: one was lost
    "decode": Limits(10.0, 60.0),
    "quick": Limits(30.0, 120.0),  # preparation includes waiting for helper processes
    "slow": Limits(30.0, 120.0),
    "images": Limits(30.0, 300.0),  # one large image takes a minute without a sign
}
"""By kind of work: of the whole process, of the decode thread (loading included), and of ``worker.lanes``."""


class Activity(Enum):
    """What a process does at one instant: its most active thread, the first one here."""

    RUNNING = "running"  # or waiting for a processor
    READING = "reading"  # waiting for a disk
    NOTHING = "nothing"


class Signs(NamedTuple):
    """What the system knows of a process: processor time in seconds, bytes read from disks, and its activity."""

    cpu_s: float
    read_bytes: int
    activity: Activity


class _Account:
    """The time since the last sign of progress of one piece of work."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.quiet_s = self.cpu_s = self.disk_s = 0.0

    def add(self, before: Signs, now: Signs, seconds: float) -> None:
        spent_s = now.cpu_s - before.cpu_s
        self.cpu_s += spent_s
        if now.read_bytes > before.read_bytes:
            self.quiet_s = self.disk_s = 0.0
        elif spent_s >= _BUSY_SHARE * seconds or now.activity is Activity.RUNNING:
            self.quiet_s = 0.0
        elif now.activity is Activity.READING:
            self.disk_s += seconds
        else:
            self.quiet_s += seconds

    def __str__(self) -> str:
        return (
            f"{self.quiet_s:.0f} s idle, {self.disk_s:.0f} s waiting for a disk, {self.cpu_s:.0f} s of processor time"
        )

    def exceeds(self, limits: Limits, threads: int) -> bool:
        return self.quiet_s >= limits.quiet_s or self.cpu_s >= limits.cpu_s * max(threads, 1) or self.disk_s >= _DISK_S


class Liveness:
    """Judges one worker, check by check, while it has work."""

    def __init__(self) -> None:
        self._accounts: dict[_Work, _Account] = {}
        self._beats: dict[_Work, int] = {}
        self._answer: Sequence[tuple[str, int, int]] | None = None
        self._before: Signs | None = None

    def begin(self, signs: Signs | None) -> None:
        """Start: the worker has got work. A ping that it has not answered still counts."""
        silent = self._accounts.get(_ANSWERING) if self._answer is None else None
        self._accounts = {} if silent is None else {_ANSWERING: silent}
        self._beats = {}
        self._answer, self._before = None, signs

    def answered(self, works: Sequence[tuple[str, int, int]]) -> None:
        """Note the answer to a ping: kind, id and beats of each piece of work."""
        self._answer = works

    def hung(self, signs: Signs | None, elapsed_s: float, threads: int) -> str:
        """Return what hangs, in words for the log; empty if nothing does.

        Args:
            signs: What the process has done until now; None if it has ended.
            elapsed_s: Time since the last check, in seconds.
            threads: Threads that the model computes with.
        """
        before, self._before = self._before, signs
        if before is None or signs is None:
            return ""
        seconds = min(elapsed_s, 2 * CHECK_S)
        works, self._answer = self._answer, None
        if works is None:
            self._account(_ANSWERING).add(before, signs, seconds)
        else:
            self._take(works or [(_NOTHING, 0, 0)], before, signs, seconds)
        for (kind, _), account in self._accounts.items():
            if account.exceeds(LIMITS[kind], threads):
                return f"{kind}: {account}"
        return ""

    def _take(self, works: Sequence[tuple[str, int, int]], before: Signs, now: Signs, seconds: float) -> None:
        beats = {(kind, work_id): count for kind, work_id, count in works}
        self._accounts = {work: account for work, account in self._accounts.items() if work in beats}
        for work, count in beats.items():
            if self._beats.get(work) == count:
                self._account(work).add(before, now, seconds)
            else:
                self._account(work).restart()
        self._beats = beats

    def _account(self, work: _Work) -> _Account:
        return self._accounts.setdefault(work, _Account())


_ACTIVITIES: Final = {psutil.STATUS_RUNNING: Activity.RUNNING, psutil.STATUS_DISK_SLEEP: Activity.READING}
_THREADS: Final = {"R": Activity.RUNNING, "D": Activity.READING}
"""Activities by state in ``/proc``."""


def read_signs(pid: int) -> Signs | None:
    """Return the signs of a process now; None if it has ended."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            activity = _thread_activity(pid) or _ACTIVITIES.get(process.status(), Activity.NOTHING)
        return Signs(times.user + times.system, _read_bytes(process), activity)
    except psutil.Error:
        return None


def _thread_activity(pid: int) -> Activity | None:
    """Return what the most active thread does; None where the system does not tell.

    The first thread, whose state is the process's, may wait for one that waits for a processor.
    """
    found = {_THREADS.get(state, Activity.NOTHING) for state in _thread_states(pid)}
    return next((activity for activity in Activity if activity in found), None)


def _thread_states(pid: int) -> Iterator[str]:
    for path in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):  # the thread has ended
            yield path.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2][:1]


def is_stopped(pid: int) -> bool:
    """Return whether a process is stopped, as by SIGSTOP."""
    try:
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.Error:
        return False


def _read_bytes(process: psutil.Process) -> int:
    try:
        return int(process.io_counters().read_bytes)
    except (AttributeError, psutil.AccessDenied, OSError):  # macOS has no such figure
        return 0
