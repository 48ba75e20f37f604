"""Serves embeddings: many inputs per decode, whichever requests they belong to, and a cache of recent vectors.

``submit`` runs on the reading thread, the preparation of all but tiny requests on the threads of ``Lanes``, and
``step`` on the decode thread. See ``turns`` for the second one.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NoReturn

from preheat.errors import ContextLengthExceededError, EngineError, InvalidRequestError, UnsupportedOperationError
from preheat.inference import Chat, LoadOptions
from preheat.inference.protocol import Detokenize, Embed, Embedded, Failed, Generate, Request, Tokenize, client_of
from preheat.inference.request_size import are_quick, are_tiny
from preheat.inference.worker.channel import Channel
from preheat.inference.worker.embeddings.queue import EmbeddingJob, EmbeddingQueue, Item, Tokens
from preheat.inference.worker.embeddings.turns import EmbeddingTurns
from preheat.inference.worker.lanes import Job, Lane, Lanes, Preparer
from preheat.inference.worker.llama_model import MAX_EMBEDDING_SEQUENCES, LlamaModel
from preheat.inference.worker.pulse import Heartbeat
from preheat.inference.worker.runner import EmbeddingRunner
from preheat.inference.worker.text_pieces import OnPiece
from preheat.inference.worker.tokenizing import answer_tokens, input_limit
from preheat.messages import msg

logger = logging.getLogger(__name__)

_SECOND_TOKENS: Final = 256
"""Context size of the second thread, in tokens: the limit of its decodes."""

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
    """Embeddings of one model.

    Args:
        model: The model.
        options: Options of its load.
        channel: Where answers go.
        lanes: Where requests are prepared; threads by default.
        shares: Let a second thread help.
    """

    def __init__(
        self,
        model: LlamaModel,
        options: LoadOptions,
        channel: Channel,
        lanes: Preparer | None = None,
        *,
        shares: bool = False,
    ) -> None:
        self._model = model
        self._channel = channel
        self._lanes: Preparer = lanes or Lanes(self._fail, channel.pulse)
        self._runner = EmbeddingRunner(model)
        self._cache = VectorCache(options.embedding_cache)
        queue = EmbeddingQueue(batch_tokens=self._runner.batch_tokens, sequences=MAX_EMBEDDING_SEQUENCES)
        self._turns = EmbeddingTurns(queue)
        self._threads: Final = options.threads
        # Models with a KV cache are large ones, which keep all threads busy.
        self._may_share = shares and options.threads > 1 and not model.offloads and not model.memory
        self._watched = False  # the step's progress can be seen while it runs
        self._max_input_tokens = min(self._runner.batch_tokens, model.context_length)

    def step(self, *, wait: bool = False) -> bool:
        """Embed one batch; return whether inputs are left. ``wait`` blocks while there are none."""
        heartbeat = self._channel.pulse.decode
        heartbeat.busy = False
        items, shared = self._turns.take(wait=wait)
        heartbeat.busy = True
        heartbeat.beat()
        if items:
            self._watch(sum(len(job.inputs[at]) for job, at in items))
            self._embed(self._runner, items, self._threads - self._threads // 2 if shared else None)
        if self._may_share and self._turns.crowded:
            self._may_share = False
            threading.Thread(target=self._help, daemon=True, name="second").start()
        return self._turns.left

    def _help(self) -> None:
        """Embed what waits while the decode thread computes. The second thread."""
        try:
            runner = EmbeddingRunner(self._model, (_SECOND_TOKENS, self._threads // 2))
        except EngineError as error:
            logger.warning("embeddings are computed one after the other: %s", error)
            return
        heartbeat = Heartbeat()
        try:
            while True:
                items = self._turns.take_second(runner.batch_tokens)
                with self._channel.pulse.work("decode", heartbeat):
                    self._embed(runner, items)
        except Exception as error:
            self._turns.fail(error)

    def _embed(self, runner: EmbeddingRunner, items: Sequence[Item], threads: int | None = None) -> None:
        """Embed inputs, and answer the requests that are then complete."""
        vectors = runner.run([job.inputs[at] for job, at in items], threads)
        for (job, at), vector in zip(items, vectors, strict=True):
            self._cache.put(job.inputs[at], vector)
        if done := self._turns.done(items, vectors):
            self._channel.send(*map(self._answer, done))

    def _watch(self, tokens: int) -> None:
        """Show progress within a long decode."""
        watched = tokens >= _LONG_TOKENS
        if watched != self._watched:
            self._watched = watched
            self._model.interrupt_when(self._channel.pulse.decode.beat if watched else None)

    def cancel(self, request_id: int) -> None:
        """Drop a request. Any thread."""
        self._lanes.cancel(request_id)
        self._turns.cancel(request_id)

    def submit(self, frame: Request) -> None:
        """Prepare a request, on another thread unless it is tiny. Reading thread.

        Raises:
            UnsupportedOperationError: It asks for text.
        """
        if isinstance(frame, Generate):
            raise UnsupportedOperationError(msg("model_makes_embeddings"))
        texts = frame.inputs if isinstance(frame, Embed) else [_content(frame)]
        job = Job(frame.id, client_of(frame), lambda job: self._prepared(frame, job))
        if are_tiny(texts):
            self._lanes.run(job)
        else:
            self._lanes.submit(Lane.QUICK if are_quick(texts) else Lane.SLOW, job)

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
        if embedding.complete:
            return partial(self._channel.send, self._answer(embedding))
        return partial(self._turns.put, embedding)

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

    def _answer(self, job: EmbeddingJob) -> Embedded:
        vectors = b"".join(job.vectors[at] for at in range(len(job.inputs)))
        return Embedded(job.request_id, self._model.dimensions, sum(map(len, job.inputs)), vectors)


def _content(frame: Tokenize | Detokenize) -> str | Sequence[int]:
    return frame.tokens if isinstance(frame, Detokenize) else frame.text or ""


def _refuse_chat(_chat: Chat, _on_piece: OnPiece) -> NoReturn:
    raise UnsupportedOperationError(msg("model_makes_embeddings"))
