"""Which thread embeds what: the decode thread, and a second one that helps while the first one computes.

Short texts have so little to compute that threads which share one decode mostly wait for each other. When several
inputs wait, each of the two threads decodes some of them with half of the processor instead.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from preheat.inference.worker.embeddings.queue import EmbeddingJob, EmbeddingQueue, Item


class Turn(NamedTuple):
    """Inputs to embed now; ``shared`` if the other thread computes at the same time."""

    items: Sequence[Item]
    shared: bool = False


class EmbeddingTurns:
    """Hands out the inputs of a queue. Any thread."""

    def __init__(self, queue: EmbeddingQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._first = threading.Condition(self._lock)  # notified when the decode thread has something to do
        self._second = threading.Condition(self._lock)  # the same for the second one
        self._has_second = False
        self._computing = False  # the decode thread does
        self._helping = False  # the second thread does
        self._failure: Exception | None = None  # of the second thread
        self.crowded = False
        """Several inputs waited at the same time."""

    def put(self, job: EmbeddingJob) -> None:
        """Queue a request that has vectors missing."""
        with self._lock:
            self._queue.add(job)
            (self._second if self._computing else self._first).notify()

    def cancel(self, request_id: int) -> None:
        """Drop the inputs of a request."""
        with self._lock:
            self._queue.cancel(request_id)

    def take(self, *, wait: bool) -> Turn:
        """Return the next inputs for the decode thread, without waiting for any unless ``wait``.

        Raises what the second thread failed with.
        """
        with self._lock:
            self._computing = False
            while wait and not self._queue and self._failure is None:
                self._first.wait()
            if self._failure is not None:
                raise self._failure
            items = self._queue.take(shares=2 if self._has_second else 1)
            self._computing = bool(items)
            self.crowded |= len(items) > 1
            if more := self._has_second and bool(self._queue):
                self._second.notify()
            return Turn(items, self._helping or more)

    def take_second(self, most_tokens: int) -> Sequence[Item]:
        """Wait for inputs for the second thread, of up to this many tokens together, and return them."""
        with self._lock:
            self._has_second, self._helping = True, False
            while not (self._computing and (items := self._queue.take(most_tokens=most_tokens, shares=2))):
                self._second.wait()
            self._helping = True
            return items

    def done(self, items: Sequence[Item], vectors: Sequence[bytes]) -> list[EmbeddingJob]:
        """Take in the vectors of inputs; return the requests that are then complete."""
        with self._lock:
            for (job, at), vector in zip(items, vectors, strict=True):
                job.vectors[at] = vector
            return [job for job in dict.fromkeys(job for job, _ in items) if job.complete]

    def fail(self, error: Exception) -> None:
        """Let the decode thread fail like the second one."""
        with self._lock:
            self._failure = error
            self._first.notify()

    @property
    def left(self) -> bool:
        """Whether inputs wait."""
        return bool(self._queue)
