"""A pool of guarded processes: slow questions do not delay the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from preheat.inference.worker.guarded_process import GuardedPool, HelperFailed, Reason
from tests.engine.application import eventually

MODULE = "tests.engine.inference.worker.guarded_process.misbehaving"
LONG_S = 60.0


@pytest.fixture
def pool() -> Iterator[GuardedPool]:
    pool = GuardedPool(MODULE, 64 << 20, processes=2)
    yield pool
    pool.close()
    assert pool.pids == []


def ask(pool: GuardedPool, question: bytes, limit_s: float = LONG_S) -> bytes:
    with pool.borrow() as process:
        return process.ask(question, limit_s)


def test_questions_one_after_the_other_have_one_process(pool: GuardedPool) -> None:
    pool.start()
    pids = pool.pids
    assert len(pids) == 1
    for number in range(20):
        assert ask(pool, b"echo %d" % number) == b"%d" % number
    assert pool.pids == pids


def test_a_quick_question_does_not_wait_for_a_slow_one(pool: GuardedPool) -> None:
    asked, may_end = threading.Event(), threading.Event()

    def ask_slowly() -> None:
        with pool.borrow() as process:
            asked.set()
            may_end.wait()
            process.ask(b"echo slow", LONG_S)

    thread = threading.Thread(target=ask_slowly)
    thread.start()
    asked.wait()
    assert ask(pool, b"echo quick") == b"quick"
    may_end.set()
    thread.join()
    assert len(pool.pids) == 1  # what a busy moment needed is not kept


def test_questions_wait_when_all_processes_are_busy(pool: GuardedPool) -> None:
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(pool, b"sleep 0.1"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(pool.pids) == 2, "both processes run")
    for thread in threads:
        thread.join()
    assert answers == [b"done"] * 6
    assert len(pool.pids) == 1


def test_a_closed_pool_refuses_questions(pool: GuardedPool) -> None:
    assert ask(pool, b"echo x") == b"x"
    pool.close()
    with pytest.raises(HelperFailed) as failure:
        ask(pool, b"echo x")
    assert failure.value.reason is Reason.NOT_STARTED
