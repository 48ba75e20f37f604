"""Serves embeddings: many inputs per decode, whichever requests they belong to, and a cache of recent vectors.

``submit`` runs on the reading thread, preparation on the threads of ``Lanes``, and ``step`` on the decode thread.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Final, NoReturn

from preheat.errors import ContextLengthExceededError, EngineError, InvalidRequestError, UnsupportedOperationError
from preheat.inference import Chat, LoadOptions
from preheat.inference.protocol import Detokenize, Embed, Embedded, Failed, Generate, Request, Tokenize, client_of
from preheat.inference.request_size import are_quick
from preheat.inference.worker.channel import Channel, take
from preheat.inference.worker.embedding_queue import EmbeddingJob, EmbeddingQueue, Tokens
from preheat.inference.worker.lanes import Job, Lane, Lanes, Preparer
from preheat.inference.worker.llama_model import MAX_EMBEDDING_SEQUENCES, LlamaModel
from preheat.inference.worker.runner import EmbeddingRunner
from preheat.inference.worker.tokenizing import answer_tokens, input_limit
from preheat.messages import msg

_LONG_TOKENS: Final = 1024
"""Smallest decode that shows progress while it runs, which costs it about 1 ms."""


class VectorCache:
    """The most recently used (tokens, vector) pairs. Any thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._vectors: OrderedDict[Tokens, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tokens: Tokens) -> bytes | None:
        """Return the vector; None if it is not in the cache."""
        with self._lock:
            vector = self._vectors.get(tokens)
            if vector is not None:
                self._vectors.move_to_end(tokens)
            return vector

    def put(self, tokens: Tokens, vector: bytes) -> None:
        """Add a vector, and drop the least recently used ones beyond the capacity."""
        with self._lock:
            self._vectors[tokens] = vector
            self._vectors.move_to_end(tokens)
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)


class EmbeddingService:
    """Embeddings of one model. Requests are prepared in ``lanes``, on threads by default."""

    def __init__(
        self, model: LlamaModel, options: LoadOptions, channel: Channel, lanes: Preparer | None = None
    ) -> None:
        self._model = model
        self._channel = channel
        self._lanes: Preparer = lanes or Lanes(self._fail, channel.pulse)
        self._runner = EmbeddingRunner(model)
        self._cache = VectorCache(options.embedding_cache)
        self._queue = EmbeddingQueue(batch_tokens=self._runner.batch_tokens, sequences=MAX_EMBEDDING_SEQUENCES)
        self._inbox: SimpleQueue[EmbeddingJob | int] = SimpleQueue()  # an id cancels its request
        self._max_input_tokens = min(self._runner.batch_tokens, model.context_length)

    def step(self, *, wait: bool = False) -> bool:
        """Take in new requests and embed one batch; return whether inputs are left. ``wait`` blocks while idle."""
        for arrived in take(self._inbox, self._channel.pulse.decode, wait=wait and not self._queue):
            if isinstance(arrived, int):
                self._queue.cancel(arrived)
            else:
                self._queue.add(arrived)
        items = self._queue.take()
        if items:
            self._watch(sum(len(job.inputs[at]) for job, at in items))
            vectors = self._runner.run([job.inputs[at] for job, at in items])
            for (job, at), vector in zip(items, vectors, strict=True):
                job.vectors[at] = vector
                self._cache.put(job.inputs[at], vector)
                self._send_if_complete(job)
        return bool(self._queue)

    def _watch(self, tokens: int) -> None:
        """Show progress within a long decode."""
        beat = self._channel.pulse.decode.beat
        self._model.interrupt_when(beat if tokens >= _LONG_TOKENS else None)

    def cancel(self, request_id: int) -> None:
        """Drop a request. Any thread."""
        self._lanes.cancel(request_id)
        self._inbox.put(request_id)

    def submit(self, frame: Request) -> None:
        """Prepare a request on another thread. Reading thread.

        Raises:
            UnsupportedOperationError: It asks for text.
        """
        if isinstance(frame, Generate):
            raise UnsupportedOperationError(msg("model_makes_embeddings"))
        texts = frame.inputs if isinstance(frame, Embed) else [_content(frame)]
        lane = Lane.QUICK if are_quick(texts) else Lane.SLOW
        self._lanes.submit(lane, Job(frame.id, client_of(frame), lambda job: self._prepared(frame, job)))

    def _prepared(self, frame: Embed | Tokenize | Detokenize, job: Job) -> Callable[[], None]:
        """Turn inputs into tokens; return what queues them, or answers at once if the cache has all vectors."""
        if not isinstance(frame, Embed):
            return partial(self._channel.send, answer_tokens(self._model, frame, _refuse_chat, job))
        inputs = []
        for at, value in enumerate(frame.inputs):
            job.check()
            inputs.append(self._tokens(at, value, job))
        embedding = EmbeddingJob(frame.id, inputs, frame.priority)
        for at, tokens in enumerate(inputs):
            vector = self._cache.get(tokens)
            if vector is not None:
                embedding.vectors[at] = vector
        return lambda: None if self._send_if_complete(embedding) else self._inbox.put(embedding)

    def _fail(self, request_id: int, error: EngineError) -> None:
        self._channel.send(Failed(request_id, error))

    def _tokens(self, at: int, value: str | Sequence[int], job: Job) -> Tokens:
        if isinstance(value, str):
            limit = input_limit(job, at, self._max_input_tokens)
            tokens: Sequence[int] = self._model.tokenize(value, parse_special=False, on_piece=limit)
        else:
            tokens = value
            self._model.check_tokens(tokens, "input")
        if not tokens:
            raise InvalidRequestError(msg("input_empty", index=at), param="input")
        if len(tokens) > self._max_input_tokens:
            raise ContextLengthExceededError(
                msg("input_too_long", index=at, tokens=len(tokens), limit=self._max_input_tokens), param="input"
            )
        return tuple(tokens)

    def _send_if_complete(self, job: EmbeddingJob) -> bool:
        if len(job.vectors) < len(job.inputs):
            return False
        vectors = b"".join(vector for _, vector in sorted(job.vectors.items()))
        prompt_tokens = sum(map(len, job.inputs))
        self._channel.send(Embedded(job.request_id, self._model.dimensions, prompt_tokens, vectors))
        return True


def _content(frame: Tokenize | Detokenize) -> str | Sequence[int]:
    return frame.tokens if isinstance(frame, Detokenize) else frame.text or ""


def _refuse_chat(_chat: Chat) -> NoReturn:
    raise UnsupportedOperationError(msg("model_makes_embeddings"))
