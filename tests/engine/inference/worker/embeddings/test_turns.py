"""Which thread embeds what."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from preheat.inference.worker.embeddings.queue import EmbeddingJob, EmbeddingQueue, Item
from preheat.inference.worker.embeddings.turns import EmbeddingTurns


@pytest.fixture
def turns() -> EmbeddingTurns:
    return EmbeddingTurns(EmbeddingQueue(batch_tokens=100, sequences=8))


class Second:
    """The second thread, which takes inputs once."""

    def __init__(self, turns: EmbeddingTurns) -> None:
        self.items: Sequence[Item] = ()
        self._turns = turns
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        self.items = self._turns.take_second(10)

    def join(self) -> list[int]:
        """Return the requests of what it took."""
        self._thread.join(10)
        assert not self._thread.is_alive()
        return [job.request_id for job, _ in self.items]


def put(turns: EmbeddingTurns, *ids: int, tokens: int = 2) -> None:
    for each in ids:
        turns.put(EmbeddingJob(each, [(0,) * tokens]))


def test_alone_the_decode_thread_takes_everything(turns: EmbeddingTurns) -> None:
    put(turns, 1)
    assert (len(turns.take(wait=True).items), turns.crowded) == (1, False)
    put(turns, 2, 3, 4)
    taken = turns.take(wait=False)
    assert (len(taken.items), taken.shared, turns.crowded) == (3, False, True)
    assert turns.take(wait=False).items == []


def test_the_second_thread_takes_what_waits_while_the_first_computes(turns: EmbeddingTurns) -> None:
    second = Second(turns)
    put(turns, 1)
    turns.take(wait=True)
    put(turns, 2)
    assert second.join() == [2]
    put(turns, 3)
    assert turns.take(wait=False).shared


def test_inputs_that_are_too_long_for_the_second_thread_stay(turns: EmbeddingTurns) -> None:
    second = Second(turns)
    put(turns, 1)
    turns.take(wait=True)
    put(turns, 2, tokens=11)
    taken = turns.take(wait=False)
    assert [job.request_id for job, _ in taken.items] == [2]
    put(turns, 3)
    assert second.join() == [3]


def test_a_request_is_complete_once(turns: EmbeddingTurns) -> None:
    job = EmbeddingJob(1, [(1,), (2,)])
    assert turns.done([(job, 1)], [b"b"]) == []
    assert turns.done([(job, 0)], [b"a"]) == [job]


def test_the_decode_thread_fails_with_the_second_one(turns: EmbeddingTurns) -> None:
    threading.Thread(target=turns.fail, args=(ValueError("broken"),)).start()
    with pytest.raises(ValueError, match="broken"):
        turns.take(wait=True)
