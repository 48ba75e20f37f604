"""Lanes: small requests pass long ones, clients take turns, cancelled requests take no effect."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import pytest

from bug_watch import BugWatch
from preheat.errors import EngineError, InsufficientMemoryError, InternalError, InvalidRequestError
from preheat.inference.worker.lanes import Job, Lane, Lanes, TurnQueue

WAIT_S = 60


def job(request_id: int, client: str = "", work: Callable[[Job], Callable[[], None]] | None = None) -> Job:
    return Job(request_id, client, work or (lambda _: lambda: None))


def taken(queue: TurnQueue, count: int) -> list[int]:
    """Take and end jobs one after the other; return their ids."""
    ids = []
    for _ in range(count):
        each = queue.take()
        assert each is not None
        ids.append(each.request_id)
        queue.done(each)
    return ids


def test_clients_take_turns() -> None:
    queue = TurnQueue(threads=2)
    for request_id, client in enumerate(["hostile"] * 4 + ["a", "b", "b"]):
        queue.add(job(request_id, client))
    assert taken(queue, 7) == [0, 4, 5, 1, 6, 2, 3]
    assert queue.take() is None


def test_one_client_never_takes_the_last_thread() -> None:
    queue = TurnQueue(threads=2)
    for request_id in range(3):
        queue.add(job(request_id, "hostile"))
    first = queue.take()
    assert first is not None
    assert queue.take() is None
    queue.add(job(9, "other"))
    other = queue.take()
    assert other is not None
    assert other.request_id == 9
    queue.done(first)
    assert taken(queue, 1) == [1]
    assert len(queue) == 2


def test_a_removed_job_is_not_taken() -> None:
    queue = TurnQueue(threads=1)
    first, second = job(1), job(2)
    for each in (first, second):
        queue.add(each)
    queue.remove(first)
    queue.remove(first)
    assert taken(queue, 1) == [2]
    assert not queue.waiting


class Outcome:
    """What took effect and what failed."""

    def __init__(self) -> None:
        self.effects: SimpleQueue[int] = SimpleQueue()
        self.failures: SimpleQueue[tuple[int, EngineError]] = SimpleQueue()
        self.lanes = Lanes(lambda request_id, error: self.failures.put((request_id, error)))

    def quick(self, request_id: int, client: str = "") -> Job:
        return job(request_id, client, lambda each: lambda: self.effects.put(each.request_id))


@pytest.fixture
def outcome() -> Outcome:
    return Outcome()


class Blocking:
    """Work that waits until it is allowed to end, or until its request is cancelled."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self.began = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, job: Job) -> Callable[[], None]:
        self.began.set()
        assert self.may_end.wait(WAIT_S)
        job.check()
        return lambda: self._outcome.effects.put(job.request_id)


def test_a_small_request_does_not_wait_for_a_large_one(outcome: Outcome) -> None:
    large = Blocking(outcome)
    outcome.lanes.submit(Lane.SLOW, job(1, "hostile", large))
    assert large.began.wait(WAIT_S)
    outcome.lanes.submit(Lane.QUICK, outcome.quick(2, "other"))
    assert outcome.effects.get(timeout=WAIT_S) == 2
    outcome.lanes.submit(Lane.SLOW, outcome.quick(3, "other"))
    assert outcome.effects.get(timeout=WAIT_S) == 3
    large.may_end.set()
    assert outcome.effects.get(timeout=WAIT_S) == 1


def test_a_cancelled_request_takes_no_effect(outcome: Outcome) -> None:
    running = Blocking(outcome)
    outcome.lanes.submit(Lane.SLOW, job(1, "a", running))
    assert running.began.wait(WAIT_S)
    outcome.lanes.submit(Lane.SLOW, outcome.quick(2, "a"))
    outcome.lanes.submit(Lane.SLOW, outcome.quick(3, "a"))
    outcome.lanes.cancel(1)
    outcome.lanes.cancel(2)
    outcome.lanes.cancel(2)
    running.may_end.set()
    assert outcome.effects.get(timeout=WAIT_S) == 3
    assert outcome.effects.empty()
    assert outcome.failures.empty()


def _raise(error: Exception) -> Callable[[Job], Callable[[], None]]:
    def work(_: Job) -> Callable[[], None]:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequestError("no"), InvalidRequestError),
        (RecursionError("secret"), InvalidRequestError),
        (MemoryError("secret"), InsufficientMemoryError),
        (RuntimeError("secret"), InternalError),
    ],
)
def test_an_exception_costs_its_request_alone(
    outcome: Outcome, bugs: BugWatch, error: Exception, kind: type[EngineError]
) -> None:
    outcome.lanes.submit(Lane.QUICK, job(1, "a", _raise(error)))
    request_id, failure = outcome.failures.get(timeout=WAIT_S)
    assert (request_id, type(failure)) == (1, kind)
    lines = bugs.take()
    assert len(lines) == (kind is InternalError)
    assert "secret" not in "".join(lines)
    outcome.lanes.submit(Lane.QUICK, outcome.quick(2, "a"))
    assert outcome.effects.get(timeout=WAIT_S) == 2
