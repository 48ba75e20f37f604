"""A request's hold on a hot model, and its record."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from preheat.core.devices.decode_watch import OpenAnswer
from preheat.inference import Chat, Embeddings, GenerateRequest, GenerationChunk, Priority, Usage
from preheat.inference.client import OnChunk, stream
from preheat.residency import HotModel, Outcome
from preheat.usage import RequestRecord

logger = logging.getLogger(__name__)


class Lease:
    """A hot model, kept hot while a request uses it. ``Engine.lease`` makes it.

    Args:
        arrived_at: Monotonic time of the request's arrival.
        on_token: Called with every piece of text, thinking or a tool call.
        client: Name of the client.
    """

    def __init__(
        self, model_id: str, hot: HotModel, arrived_at: float, on_token: Callable[[], None], client: str = ""
    ) -> None:
        self.model_id = model_id
        self.info = hot.info
        self._worker = hot.worker
        self._arrived_at = arrived_at
        self._on_token = on_token
        self._client = client
        self.ttft_s: float | None = None  # seconds from the request's arrival to its first token
        self.decode_s = 0.0  # seconds from the first token to the latest one
        self.usages: list[Usage] = []  # token counts of the finished generations
        self.unfinished_tokens = 0  # tokens of the generation that has not finished
        self.answered = False  # the model has answered in full at least once

    async def run(self, request: GenerateRequest, on_chunk: OnChunk) -> None:
        """Call ``on_chunk`` with the answer's chunks as they arrive; cancelling drops the request within a step.

        Raises:
            InvalidRequestError: The chat template, schema or tokens cannot be used.
            ContextLengthExceededError: The prompt is too long.
            UnsupportedOperationError: The model makes embeddings.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """

        def take(chunk: GenerationChunk) -> None:
            if chunk.text or chunk.reasoning or chunk.tool_calls:
                since_arrival_s = time.monotonic() - self._arrived_at
                if self.ttft_s is None:
                    self.ttft_s = since_arrival_s
                self.decode_s = since_arrival_s - self.ttft_s
                self.unfinished_tokens += 1
                self._on_token()
            if chunk.usage is not None:
                self.answered = True
                self.unfinished_tokens = 0
                self.usages.append(chunk.usage)
            on_chunk(chunk)

        await self._worker.run(request, take)

    def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerationChunk, None]:
        """Yield the answer's chunks; closing the generator drops the request. The errors are those of ``run``."""
        return stream(self.run, request)

    async def embed(
        self, inputs: Sequence[str | Sequence[int]], priority: Priority = Priority.INTERACTIVE
    ) -> Embeddings:
        """Return a normalised vector for each input, a text or its token ids.

        Raises:
            InvalidRequestError, ContextLengthExceededError: An input is empty, not tokens, or too long.
            UnsupportedOperationError: The model writes text.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        embeddings = await self._worker.embed(inputs, priority, client=self._client)
        self.answered = True
        self.usages.append(Usage(embeddings.prompt_tokens, 0))
        return embeddings

    async def tokenize(
        self, source: str | Chat, *, add_special: bool = True, parse_special: bool = True
    ) -> tuple[int, ...]:
        """Return the token ids of a text, or those of a chat's prompt with its tools.

        Args:
            add_special: Add the start and end tokens that the model wants. For texts only.
            parse_special: Turn text such as ``<|im_end|>`` into its control token. For texts only.

        Raises:
            InvalidRequestError: The chat template cannot be used.
            UnsupportedOperationError: A chat for a model that makes embeddings.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        return await self._worker.tokenize(
            source, add_special=add_special, parse_special=parse_special, client=self._client
        )

    async def count_tokens(self, chat: Chat) -> int:
        """Return the number of prompt tokens of a chat with its tools; raises what ``tokenize`` raises."""
        return len(await self.tokenize(chat))

    async def detokenize(self, tokens: Sequence[int]) -> str:
        """Return the text of token ids, control tokens included.

        Raises:
            InvalidRequestError: The vocabulary does not have one of them.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        text, _ = await self._worker.detokenize(tokens, client=self._client)
        return text

    async def pieces(self, tokens: Sequence[int]) -> tuple[bytes, ...]:
        """Return the bytes of each token; raises what ``detokenize`` raises."""
        _, pieces = await self._worker.detokenize(tokens, client=self._client)
        return pieces


@dataclass(slots=True)
class PendingRequest:
    """A request from its arrival to its end."""

    model_id: str
    client: str  # the client's name, shortened
    arrived_at: float  # monotonic time of its arrival
    started_at: float  # the same as Unix time
    outcome: Outcome  # how it found its model
    saved_s: float  # load seconds that it was spared
    answer: OpenAnswer = field(default_factory=OpenAnswer)  # whether it has the machine for itself
    lease: Lease | None = None  # its lease; None while it waits, and if it got none
    wait_s: float = 0.0  # seconds from its arrival to its lease

    def waited(self) -> None:
        """Note that the wait is over, with a lease or without."""
        self.wait_s = time.monotonic() - self.arrived_at

    def record(self) -> RequestRecord:
        """Return and log the figures of the request, which has ended."""
        usages = self.lease.usages if self.lease is not None else []
        unfinished = self.lease.unfinished_tokens if self.lease is not None else 0  # stopped or failed
        record = RequestRecord(
            model_id=self.model_id,
            started_at=self.started_at,
            outcome=self.outcome,
            wait_s=self.wait_s,
            ttft_s=self.lease.ttft_s if self.lease is not None else None,
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages) + unfinished,
            client=self.client,
            saved_s=self.saved_s,
            slot_tokens=sum(usage.cached_tokens - usage.memory_tokens - usage.disk_tokens for usage in usages),
            memory_tokens=sum(usage.memory_tokens for usage in usages),
            disk_tokens=sum(usage.disk_tokens for usage in usages),
            prefill_saved_s=sum(usage.saved_s for usage in usages),
            draft_tokens=sum(usage.draft_tokens for usage in usages),
            accepted_tokens=sum(usage.accepted_tokens for usage in usages),
            prefix=next((usage.prefix for usage in usages if usage.prefix), ""),
            prefix_tokens=next((usage.prefix_tokens for usage in usages if usage.prefix), 0),
            decode_s=self.lease.decode_s if self.lease is not None else 0.0,
            recomputed=next((usage.recomputed for usage in usages if usage.recomputed is not None), None),
        )
        logger.info(
            "request for %s: %s, waited %.3f s, took %.3f s, %d tokens",
            self.model_id,
            self.outcome,
            self.wait_s,
            time.monotonic() - self.arrived_at,
            record.completion_tokens,
        )
        return record
