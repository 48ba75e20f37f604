"""Inputs that wait for an embedding, and which of them share the next decode. Pure."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from preheat.inference import EMBEDDING_BATCH_TOKENS, Priority

Tokens = tuple[int, ...]

BULK_BATCH_TOKENS: Final = 128
"""Token limit of a batch of low priority: an interactive request waits for one of them at most."""

MAX_PASSED_BATCHES: Final = 16
"""After this number of batches that went first, there is one of a lower priority."""


@dataclass(slots=True, eq=False)
class EmbeddingJob:
    """One request: its inputs as tokens, and the vectors so far, by input."""

    request_id: int
    inputs: list[Tokens]
    priority: Priority = Priority.INTERACTIVE
    vectors: dict[int, bytes] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether no vector is missing."""
        return len(self.vectors) == len(self.inputs)


Item = tuple[EmbeddingJob, int]
"""One input of a job."""


class EmbeddingQueue:
    """Waiting inputs. Requests of the same priority take turns, input by input. One thread only.

    Args:
        batch_tokens: Maximum tokens of one decode.
        sequences: Maximum inputs of one decode.
    """

    def __init__(self, *, batch_tokens: int, sequences: int) -> None:
        self._batch_tokens = batch_tokens
        self._sequences = sequences
        self._waiting: dict[Priority, deque[tuple[EmbeddingJob, deque[int]]]] = {each: deque() for each in Priority}
        self._passed: Counter[Priority] = Counter()  # batches of a higher priority that went first

    def __bool__(self) -> bool:
        return any(self._waiting.values())

    def add(self, job: EmbeddingJob) -> None:
        """Queue the inputs of a job that have no vector yet; there is at least one."""
        missing = deque(at for at in range(len(job.inputs)) if at not in job.vectors)
        self._waiting[job.priority].append((job, missing))

    def cancel(self, request_id: int) -> None:
        """Drop the inputs of a request."""
        for priority, jobs in self._waiting.items():
            self._waiting[priority] = deque(entry for entry in jobs if entry[0].request_id != request_id)

    def take(self, *, most_tokens: int | None = None, shares: int = 1) -> list[Item]:
        """Remove and return the inputs of the next decode; one longer than a normal batch is decoded alone.

        Args:
            most_tokens: Limit of this decode. An input that is longer stays.
            shares: Take one of this many parts of what waits.
        """
        most = self._batch_tokens if most_tokens is None else most_tokens
        present = [priority for priority in Priority if self._waiting[priority]]
        if not present:
            return []
        overdue = (each for each in present if self._passed[each] >= MAX_PASSED_BATCHES)
        taken = next(overdue, min(present))
        self._passed = Counter({each: self._passed[each] + 1 for each in present if each > taken})
        usual = BULK_BATCH_TOKENS if taken is Priority.BULK else EMBEDDING_BATCH_TOKENS
        return self._take(self._waiting[taken], usual, most, shares)

    def _take(self, jobs: deque[tuple[EmbeddingJob, deque[int]]], usual: int, most: int, shares: int) -> list[Item]:
        items: list[Item] = []
        size = 0
        count = min(self._sequences, -(-sum(len(missing) for _, missing in jobs) // shares))
        while jobs and len(items) < count:
            job, missing = jobs[0]
            size += len(job.inputs[missing[0]])
            if size > (min(usual, most) if items else most):
                break
            items.append((job, missing.popleft()))
            jobs.rotate(-1)
            if not missing:
                jobs.pop()
        return items
