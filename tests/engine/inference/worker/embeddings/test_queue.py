"""Which inputs share a decode, and which request is next."""

from __future__ import annotations

import pytest

from preheat.inference import Priority
from preheat.inference.worker.embeddings.queue import (
    BULK_BATCH_TOKENS,
    MAX_PASSED_BATCHES,
    EmbeddingJob,
    EmbeddingQueue,
)


def job(request_id: int, *lengths: int, priority: Priority = Priority.INTERACTIVE) -> EmbeddingJob:
    return EmbeddingJob(request_id, [(0,) * length for length in lengths], priority)


def queue(*jobs: EmbeddingJob, batch_tokens: int = 1024) -> EmbeddingQueue:
    made = EmbeddingQueue(batch_tokens=batch_tokens, sequences=64)
    for each in jobs:
        made.add(each)
    return made


def batch(of: EmbeddingQueue) -> list[tuple[int, int]]:
    """Return the next batch as (request, input)."""
    return [(each.request_id, at) for each, at in of.take()]


@pytest.mark.parametrize(
    ("lengths", "batches"),
    [
        ([90, 200, 222, 1], [3, 1]),  # 512 tokens are a batch
        ([600, 5, 5], [1, 2]),  # a long input goes alone
        ([5, 600], [1, 1]),
        ([1] * 150, [64, 64, 22]),
        ([], []),
    ],
)
def test_batches_are_bounded(lengths: list[int], batches: list[int]) -> None:
    """llama.cpp keeps room for a vocabulary's logits for every token of the largest batch so far."""
    pending = queue(*([job(1, *lengths)] if lengths else []))
    sizes = []
    while items := pending.take():
        sizes.append(len(items))
    assert sizes == batches
    assert not pending


def test_a_batch_never_exceeds_what_the_model_takes() -> None:
    assert len(queue(job(1, 60, 60), batch_tokens=100).take()) == 1


def test_requests_take_turns() -> None:
    pending = queue(job(1, 200, 200, 200, 200), job(2, 100, 100))
    assert [batch(pending), batch(pending), batch(pending)] == [
        [(1, 0), (2, 0), (1, 1)],
        [(2, 1), (1, 2), (1, 3)],
        [],
    ]


def test_inputs_with_a_vector_are_left_out() -> None:
    partly = job(1, 5, 5)
    partly.vectors[0] = b""
    assert batch(queue(partly)) == [(1, 1)]


def test_bulk_batches_are_small_and_come_last() -> None:
    pending = queue(job(1, *[32] * 8, priority=Priority.BULK), job(2, 5))
    assert batch(pending) == [(2, 0)]
    assert batch(pending) == [(1, at) for at in range(BULK_BATCH_TOKENS // 32)]
    pending.add(job(3, 5))
    assert batch(pending) == [(3, 0)]


def test_bulk_inputs_get_a_batch_in_the_end() -> None:
    pending = queue(job(1, 5, priority=Priority.BULK), *(job(at, 500) for at in range(2, 40)))
    first = [batch(pending)[0][0] for _ in range(MAX_PASSED_BATCHES + 2)]
    assert first.index(1) == MAX_PASSED_BATCHES


def test_a_cancelled_request_is_dropped() -> None:
    pending = queue(job(1, 5, 5), job(2, 5), job(1, 5, priority=Priority.BULK))
    pending.cancel(1)
    assert batch(pending) == [(2, 0)]
    assert not pending


def test_every_priority_has_its_turn() -> None:
    of = queue(*(job(int(priority), *[400] * 60, priority=priority) for priority in Priority))
    taken = [batch(of)[0][0] for _ in range(2 * MAX_PASSED_BATCHES + 4)]
    assert taken[0] == Priority.HIGH
    assert taken.count(Priority.INTERACTIVE) == taken.count(Priority.BULK) == 2
