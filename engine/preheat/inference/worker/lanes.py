"""Prepares requests on threads of their own, so that none waits for another one that takes long.

Small requests have a lane of their own; what may take long shares another one, in which clients take turns; images have
the third. Threads start when a lane needs them, and end after a while without work.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

from preheat.errors import EngineError, InsufficientMemoryError
from preheat.inference.worker.failures import failure_of
from preheat.inference.worker.pulse import Heartbeat, Pulse
from preheat.inference.worker.stacks import start_thread
from preheat.messages import msg

_IDLE_S: Final = 10.0
"""Time without work after which a thread ends, in seconds."""

_STACK_BYTES: Final = 16 << 20
"""Stack of a thread: the regular expressions of some tokenizers take 330 bytes for each character that they match."""


class Lane(Enum):
    """A lane's name."""

    QUICK = "quick"
    SLOW = "slow"
    IMAGES = "images"


_THREADS: Final = {Lane.QUICK: 2, Lane.SLOW: 2, Lane.IMAGES: 1}
"""Threads of each lane. Where there are several, one client's requests never take the last one."""


class CancelledError(Exception):
    """The request was cancelled while it was prepared."""


class Job:
    """A request in preparation.

    Args:
        request_id: The request's id.
        client: Its client, for taking turns.
        work: Prepares the request; returns what lets it take effect, which is not called if it was cancelled.
    """

    def __init__(self, request_id: int, client: str, work: Callable[[Job], Callable[[], None]]) -> None:
        self.request_id: Final = request_id
        self.client: Final = client
        self.work: Final = work
        self.cancelled = False
        self.heartbeat: Final = Heartbeat()

    def check(self) -> None:
        """Raise CancelledError if the request was cancelled. For ``work`` to call between its stages."""
        self.heartbeat.beat()
        if self.cancelled:
            raise CancelledError


class Preparer(Protocol):
    """Runs jobs; ``Lanes`` does so on threads."""

    def submit(self, lane: Lane, job: Job) -> None:
        """Run a job, now or later."""

    def run(self, job: Job) -> None:
        """Run a job now, on the calling thread."""

    def cancel(self, request_id: int) -> None:
        """Drop a job. Its request does not take effect after this."""


class TurnQueue:
    """Waiting jobs of one lane. Clients take turns. Pure.

    Args:
        threads: Jobs that run at once. All but one may belong to the same client.
    """

    def __init__(self, threads: int) -> None:
        self._most = max(1, threads - 1)
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()  # by client, the next one first
        self._running: Counter[str] = Counter()

    @property
    def waiting(self) -> bool:
        """Whether any job waits."""
        return bool(self._waiting)

    def __len__(self) -> int:
        """Jobs that wait or run."""
        return sum(map(len, self._waiting.values())) + self._running.total()

    def add(self, job: Job) -> None:
        """Queue a job."""
        self._waiting.setdefault(job.client, deque()).append(job)

    def take(self) -> Job | None:
        """Remove and return the next job to run; None if there is none that may run now."""
        client = next((client for client in self._waiting if self._running[client] < self._most), None)
        if client is None:
            return None
        self._running[client] += 1
        jobs = self._waiting[client]
        job = jobs.popleft()
        self._waiting.move_to_end(client)
        if not jobs:
            del self._waiting[client]
        return job

    def done(self, job: Job) -> None:
        """Note that a job that was taken has ended."""
        self._running[job.client] -= 1
        self._running += Counter()  # drops zeros

    def remove(self, job: Job) -> None:
        """Remove a job, if it is still waiting."""
        jobs = self._waiting.get(job.client, deque())
        if job in jobs:
            jobs.remove(job)
            if not jobs:
                del self._waiting[job.client]


class _LaneState:
    def __init__(self, lane: Lane, lock: threading.Lock) -> None:
        self.lane: Final = lane
        self.queue: Final = TurnQueue(_THREADS[lane])
        self.changed: Final = threading.Condition(lock)
        self.threads = 0


class Lanes:
    """The threads that prepare one model's requests.

    Args:
        failed: Called for each request that cannot be served.
        pulse: Knows which jobs run.
    """

    def __init__(self, failed: Callable[[int, EngineError], None], pulse: Pulse | None = None) -> None:
        self._failed = failed
        self._pulse = pulse or Pulse()
        self._lock = threading.Lock()
        self._lanes = {lane: _LaneState(lane, self._lock) for lane in Lane}
        self._jobs: dict[int, tuple[Job, _LaneState]] = {}

    def submit(self, lane: Lane, job: Job) -> None:
        """Queue a job; raises InsufficientMemoryError if no thread can be started for it. Any thread."""
        state = self._lanes[lane]
        with self._lock:
            self._jobs[job.request_id] = job, state
            state.queue.add(job)
            state.changed.notify()
            if state.threads < min(_THREADS[lane], len(state.queue)):
                self._start_thread(state, job)

    def run(self, job: Job) -> None:
        """Run a tiny job now: a change of threads would take longer. Any thread."""
        try:
            job.work(job)()
        except Exception as error:
            self._failed(job.request_id, failure_of("preparing a request", error))

    def _start_thread(self, state: _LaneState, job: Job) -> None:
        try:
            start_thread(lambda: self._run(state), f"prepare-{state.lane.value}", _STACK_BYTES)
            state.threads += 1
        except RuntimeError as error:  # no memory for its stack
            if state.threads == 0:
                state.queue.remove(job)
                del self._jobs[job.request_id]
                raise InsufficientMemoryError(msg("request_out_of_memory")) from error

    def cancel(self, request_id: int) -> None:
        """Drop a job. Any thread."""
        with self._lock:
            job, state = self._jobs.pop(request_id, (None, None))
            if job is not None and state is not None:
                job.cancelled = True
                state.queue.remove(job)

    def _run(self, state: _LaneState) -> None:
        while (job := self._next(state)) is not None:
            try:
                with self._pulse.work(state.lane.value, job.heartbeat):
                    self._prepare(job)
            finally:
                with self._lock:
                    state.queue.done(job)
                    state.changed.notify()

    def _next(self, state: _LaneState) -> Job | None:
        """Wait for the next job; return None if the thread is not needed any more."""
        with self._lock:
            while (job := state.queue.take()) is None:
                if not state.changed.wait(_IDLE_S) and not state.queue.waiting:
                    state.threads -= 1
                    return None
        return job

    def _prepare(self, job: Job) -> None:
        try:
            job.check()
            take_effect = job.work(job)
            with self._lock:  # a cancellation comes before, or finds the request in the batch
                if self._jobs.pop(job.request_id, None) is not None:
                    take_effect()
        except CancelledError:
            pass
        except Exception as error:
            with self._lock:
                wanted = self._jobs.pop(job.request_id, None) is not None
            if wanted:
                self._failed(job.request_id, failure_of("preparing a request", error))
