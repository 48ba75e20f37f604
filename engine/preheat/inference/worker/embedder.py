"""Embeddings: inputs of all waiting requests, many to one decode; recent ones from a cache.

``submit``, ``cancel`` and ``stop`` may be called from any thread; the rest runs on the worker's decode thread.
"""

from __future__ import annotations

import ctypes
import math
import threading
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from preheat.inference.requests import EMBEDDING_BATCH_TOKENS, Embeddings
from preheat.inference.worker.bindings import llama
from preheat.inference.worker.llama_model import MAX_EMBEDDING_SEQUENCES, Batch, LlamaModel
from preheat.inference.worker.scheduler import DecodeError

FLOAT_BYTES: Final = 4

Emit = Callable[[int, Embeddings], None]


@dataclass(slots=True, eq=False)
class EmbeddingJob:
    """One request's inputs, as tokens, and the vectors that are ready."""

    request_id: int
    inputs: list[tuple[int, ...]]
    vectors: dict[int, bytes] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every input has its vector."""
        return len(self.vectors) == len(self.inputs)


class VectorCache:
    """The most recently used (tokens, vector) pairs, at most ``capacity``. Any thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._vectors: OrderedDict[tuple[int, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tokens: tuple[int, ...]) -> bytes | None:
        """Return the vector, if remembered."""
        with self._lock:
            vector = self._vectors.get(tokens)
            if vector is not None:
                self._vectors.move_to_end(tokens)
            return vector

    def put(self, tokens: tuple[int, ...], vector: bytes) -> None:
        """Remember a vector; the least recently used one goes when there are too many."""
        with self._lock:
            self._vectors[tokens] = vector
            self._vectors.move_to_end(tokens)
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)


class Embedder:
    """Embeds the inputs of all requests.

    Args:
        cache_entries: How many vectors to remember.
        emit: Told each request's vectors once all are there; any thread.
    """

    def __init__(self, model: LlamaModel, *, cache_entries: int, emit: Emit) -> None:
        self._model = model
        self._emit = emit
        self._cache = VectorCache(cache_entries)
        capacity: int = llama.llama_n_ubatch(model.ctx)
        self._batch = Batch(capacity)
        self.max_input_tokens: Final = min(capacity, model.context_length)
        """The longest input that can be embedded. Any thread."""
        self._changed = threading.Condition()
        self._todo: deque[tuple[EmbeddingJob, int]] = deque()
        self._cancelled: set[int] = set()
        self._stopping = False

    def submit(self, job: EmbeddingJob) -> None:
        """Embed a request's inputs; answered at once if all are remembered."""
        missing = []
        for at, tokens in enumerate(job.inputs):
            vector = self._cache.get(tokens)
            if vector is None:
                missing.append((job, at))
            else:
                job.vectors[at] = vector
        if not missing:
            self._finish(job)
            return
        with self._changed:
            self._todo.extend(missing)
            self._changed.notify()

    def cancel(self, request_id: int) -> None:
        """Drop what is left of a request."""
        with self._changed:
            self._todo = deque(item for item in self._todo if item[0].request_id != request_id)

    def stop(self) -> None:
        """Let ``run`` return after the current decode."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Embed until stopped; sleeps while there is nothing to do.

        Raises:
            DecodeError: llama.cpp failed; the process has to end.
        """
        while items := self._take_batch():
            self._embed(items)
            for job in dict.fromkeys(job for job, _ in items):
                if job.complete:
                    self._finish(job)

    def _take_batch(self) -> list[tuple[EmbeddingJob, int]]:
        """Wait for inputs; return as many as one decode takes, or none when stopping."""
        with self._changed:
            while not self._todo and not self._stopping:
                self._changed.wait()
            self._batch.clear()
            items: list[tuple[EmbeddingJob, int]] = []
            while self._todo and len(items) < MAX_EMBEDDING_SEQUENCES and not self._stopping:
                job, at = self._todo[0]
                tokens = job.inputs[at]
                if len(tokens) > self._batch.room or (
                    items and self._batch.size + len(tokens) > EMBEDDING_BATCH_TOKENS
                ):
                    break
                for position, token in enumerate(tokens):
                    self._batch.add(token, position, len(items), output=True)
                items.append(self._todo.popleft())
            return items

    def _embed(self, items: list[tuple[EmbeddingJob, int]]) -> None:
        if self._model.memory:
            llama.llama_memory_clear(self._model.memory, False)
        status: int = llama.llama_decode(self._model.ctx, self._batch.native)
        if status != 0:
            raise DecodeError(f"llama_decode returned {status} for {self._batch.size} tokens of {len(items)} inputs")
        size = self._model.dimensions * FLOAT_BYTES
        for sequence, (job, at) in enumerate(items):
            pointer = llama.llama_get_embeddings_seq(self._model.ctx, sequence)
            vector = normalised(ctypes.string_at(pointer, size))
            job.vectors[at] = vector
            self._cache.put(job.inputs[at], vector)

    def _finish(self, job: EmbeddingJob) -> None:
        vectors = tuple(job.vectors[at] for at in range(len(job.inputs)))
        self._emit(job.request_id, Embeddings(self._model.dimensions, vectors, sum(map(len, job.inputs))))


def normalised(vector: bytes) -> bytes:
    """Return the 32-bit floats scaled to Euclidean length 1; a zero vector stays zero."""
    values = array("f", vector)
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return array("f", [value / length for value in values]).tobytes()
