"""From a request to its chunks: the lease, one or several generations, a stream or a whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import UnsupportedOperationError
from preheat.inference import FinishReason, GenerateRequest, GenerationChunk, TokenLogprob, Usage
from preheat.residency.states import State
from preheat.server.access import CLIENT_GONE_STATUS
from preheat.server.clients import client_name
from preheat.server.in_flight import ClientGoneError, InFlight
from preheat.server.sse import EventStream

if TYPE_CHECKING:
    from preheat.core.engine import Engine
    from preheat.core.lease import Lease

HOT_HEADER_DELAY_S: Final = 5.0
"""A hot model's stream waits so long for its first token: an error before it is a proper HTTP status."""

LOAD_HEADER_DELAY_S: Final = 0.05
"""A stream that waits for a load: long enough for what fails at once, too short for a client to notice."""

Numbered = tuple[int, GenerationChunk]


@dataclass(slots=True)
class Answer:
    """One choice, complete."""

    parts: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    finish_reason: FinishReason = FinishReason.STOP
    usage: Usage = field(default_factory=lambda: Usage(0, 0))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.parts)


class StreamFormat(Protocol):
    """Turns chunks into server-sent events."""

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for one chunk of choice ``index``; may be empty."""

    def end(self) -> str:
        """Return the events after all choices have ended."""


@dataclass(frozen=True, slots=True)
class Generator:
    """Runs generation requests on the engine. Engine thread only."""

    engine: Engine
    in_flight: InFlight

    async def model_id(self, name: str) -> str:
        """Return the id of the text model with this name.

        Raises:
            ModelNotFoundError, AmbiguousModelError: No such model, or several.
            UnsupportedOperationError: It makes embeddings; said before it is loaded for nothing.
        """
        model = await self.engine.find(name)
        if model.embeddings:
            raise UnsupportedOperationError(
                f"{model.model_id} makes embeddings, not text",
                hint="Use it with /v1/embeddings, or choose a text model",
                param="model",
            )
        return model.model_id

    def stream(self, client: str, model_id: str, requests: Sequence[GenerateRequest], form: StreamFormat) -> Response:
        """Return a response that streams the requests' chunks in this form; ``client`` is who asks."""

        async def events() -> AsyncGenerator[bytes, None]:
            async with (
                self.engine.lease(model_id, client=client) as lease,
                aclosing(_chunks(lease, requests)) as chunks,
            ):
                async for index, chunk in chunks:
                    event = form.feed(index, chunk)
                    if event:
                        yield event.encode()
            yield form.end().encode()

        return EventStream(
            events,
            self.in_flight,
            header_delay_s=header_delay_s(self.engine, model_id),
            comment=lambda: waiting_comment(self.engine, model_id),
        )

    async def answers(
        self, request: Request, model_id: str, requests: Sequence[GenerateRequest]
    ) -> list[Answer] | None:
        """Return the requests' whole answers; None if the client went away."""
        answers = [Answer() for _ in requests]
        try:
            async with (
                self.in_flight.answer(request.receive),
                self.engine.lease(model_id, client=client_name(request)) as lease,
                aclosing(_chunks(lease, requests)) as chunks,
            ):
                async for index, chunk in chunks:
                    answer = answers[index]
                    answer.parts.append(chunk.text)
                    answer.logprobs.extend(chunk.logprobs)
                    if chunk.finish_reason is not None:
                        answer.finish_reason = chunk.finish_reason
                    if chunk.usage is not None:
                        answer.usage = chunk.usage
        except ClientGoneError:
            return None
        return answers


def client_gone() -> Response:
    """Return the answer to nobody."""
    return Response(status_code=CLIENT_GONE_STATUS)


def header_delay_s(engine: Engine, model_id: str) -> float:
    """Return how long a stream's headers may wait for its first token, in seconds."""
    model = engine.snapshot.model(model_id)
    hot = model is not None and model.state is State.HOT
    return HOT_HEADER_DELAY_S if hot else LOAD_HEADER_DELAY_S


def waiting_comment(engine: Engine, model_id: str) -> str:
    """Return what a waiting stream tells its client: ``loading smollm2 37 %``."""
    name = " ".join(model_id.split())  # a line break would end the comment
    model = engine.snapshot.model(model_id)
    if model is None or model.state is State.HOT:
        return f"waiting for {name}"
    return f"loading {name} {round((model.progress or 0.0) * 100)} %"


def usage_json(usages: Sequence[Usage], choices: int = 1) -> dict[str, Any]:
    """Return OpenAI's usage object for all answers; a prompt with several choices counts once."""
    prompts = usages[::choices]
    prompt_tokens = sum(usage.prompt_tokens for usage in prompts)
    completion_tokens = sum(usage.completion_tokens for usage in usages)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": sum(usage.cached_tokens for usage in prompts)},
    }


async def _chunks(lease: Lease, requests: Sequence[GenerateRequest]) -> AsyncGenerator[Numbered, None]:
    """Yield (index of the request, chunk) as they come; closing it cancels all of them in the worker.

    Raises:
        EngineError: The first failure of any of them; it ends the others.
    """
    if len(requests) == 1:
        async with aclosing(lease.generate(requests[0])) as chunks:
            async for chunk in chunks:
                yield 0, chunk
        return
    merged: asyncio.Queue[Numbered | asyncio.Task[None]] = asyncio.Queue()
    tasks = [asyncio.create_task(_pump(lease, index, request, merged)) for index, request in enumerate(requests)]
    for task in tasks:
        task.add_done_callback(merged.put_nowait)
    try:
        running = len(tasks)
        while running:
            item = await merged.get()
            if isinstance(item, asyncio.Task):
                item.result()  # raises what ended it
                running -= 1
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(
    lease: Lease, index: int, request: GenerateRequest, merged: asyncio.Queue[Numbered | asyncio.Task[None]]
) -> None:
    async with aclosing(lease.generate(request)) as chunks:
        async for chunk in chunks:
            merged.put_nowait((index, chunk))
