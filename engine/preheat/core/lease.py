"""What a request holds while a model works for it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from preheat.inference import Embeddings, GenerateRequest, GenerationChunk, ModelInfo, Usage
from preheat.residency import HotModel


class Lease:
    """A hot model, kept hot while a request uses it. ``Engine.lease`` makes it.

    Args:
        arrived_at: Monotonic time at which the request arrived.
        on_token: Called with every piece of text.
    """

    def __init__(self, model_id: str, hot: HotModel, arrived_at: float, on_token: Callable[[], None]) -> None:
        self.model_id = model_id
        self.info: ModelInfo = hot.info
        self._worker = hot.worker
        self._arrived_at = arrived_at
        self._on_token = on_token
        self.ttft_s: float | None = None
        """From the request's arrival to its first text, in seconds."""
        self.usages: list[Usage] = []
        """Of the generations that came to their end."""
        self.answered = False
        """The model has answered a request in full."""

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[GenerationChunk, None]:
        """Yield the answer's chunks; closing the generator drops the request in the worker within a step.

        Raises:
            InvalidRequestError: The chat template, schema or tokens cannot be used.
            ContextLengthExceededError: The prompt is too long.
            UnsupportedOperationError: The model makes embeddings.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        async with aclosing(self._worker.generate(request)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    if self.ttft_s is None:
                        self.ttft_s = time.monotonic() - self._arrived_at
                    self._on_token()
                if chunk.usage is not None:
                    self.answered = True
                    self.usages.append(chunk.usage)
                yield chunk

    async def embed(self, inputs: Sequence[str | Sequence[int]]) -> Embeddings:
        """Return a normalised vector for each input, a text or its token ids.

        Raises:
            InvalidRequestError, ContextLengthExceededError: An input is empty, not tokens, or too long.
            UnsupportedOperationError: The model writes text.
            WorkerDiedError: The worker ended; the next request loads the model again.
        """
        embeddings = await self._worker.embed(inputs)
        self.answered = True
        self.usages.append(Usage(embeddings.prompt_tokens, 0))
        return embeddings
