"""Runs generation requests: the lease, one or several generations, a stream or a whole answer.

Independent of the protocol: an ``AnswerFormat`` writes the output.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import UnsupportedOperationError
from preheat.inference import FinishReason, GenerateRequest, GenerationChunk, TokenLogprob, Usage
from preheat.messages import msg
from preheat.residency import State
from preheat.server.access import CLIENT_GONE_STATUS
from preheat.server.clients import client_name
from preheat.server.in_flight import ClientGoneError, InFlight
from preheat.server.sse import EventStream

if TYPE_CHECKING:
    from preheat.core import Engine, Lease

# A stream sends its headers with its first token, or after this delay; errors before get an HTTP status.
HOT_HEADER_DELAY_S: Final = 5.0
LOAD_HEADER_DELAY_S: Final = 0.05  # enough for immediate failures, too short for a client to notice

NumberedChunk = tuple[int, GenerationChunk]


@dataclass(slots=True)
class Answer:
    """One complete choice."""

    parts: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    finish_reason: FinishReason = FinishReason.STOP
    usage: Usage = field(default_factory=lambda: Usage(0, 0))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.parts)


class AnswerFormat(Protocol):
    """Format of an answer in a protocol. ``feed`` and ``end`` are for streams, ``whole`` for complete answers."""

    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for a chunk of choice ``index``; may be empty."""

    def end(self) -> str:
        """Return the events after the last chunk."""

    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole answer as JSON."""


@dataclass(frozen=True, slots=True)
class Generator:
    """Runs generation requests on the engine. Engine thread only."""

    engine: Engine
    in_flight: InFlight

    async def model_id(self, name: str) -> str:
        """Return the id of the text model with this name; raises EngineError if there is none."""
        model = await self.engine.find(name)
        if model.embeddings:
            raise UnsupportedOperationError(msg("endpoint_needs_text", model=model.model_id), param="model")
        return model.model_id

    async def respond(
        self, request: Request, model_id: str, requests: Sequence[GenerateRequest], form: AnswerFormat, *, stream: bool
    ) -> Response:
        """Run the requests under one lease, and answer in this format."""
        if stream:
            return self._stream(client_name(request), model_id, requests, form)
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
                    answer.finish_reason = chunk.finish_reason or answer.finish_reason
                    answer.usage = chunk.usage or answer.usage
        except ClientGoneError:
            return client_gone()
        return Response(json.dumps(form.whole(answers)), media_type="application/json")

    def _stream(self, client: str, model_id: str, requests: Sequence[GenerateRequest], form: AnswerFormat) -> Response:
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

        model = self.engine.snapshot.model(model_id)
        hot = model is not None and model.state is State.HOT
        return EventStream(
            events,
            self.in_flight,
            header_delay_s=HOT_HEADER_DELAY_S if hot else LOAD_HEADER_DELAY_S,
            comment=lambda: _waiting_comment(self.engine, model_id),
        )


def client_gone() -> Response:
    """Return the response for a client that has closed its connection."""
    return Response(status_code=CLIENT_GONE_STATUS)


def _waiting_comment(engine: Engine, model_id: str) -> str:
    """Return the comment of a waiting stream, such as ``loading smollm2 37 %``."""
    name = " ".join(model_id.split())  # a line break would end the comment
    model = engine.snapshot.model(model_id)
    if model is None or model.state is State.HOT:
        return f"waiting for {name}"
    return f"loading {name} {round((model.progress or 0.0) * 100)} %"


async def _chunks(lease: Lease, requests: Sequence[GenerateRequest]) -> AsyncGenerator[NumberedChunk, None]:
    """Yield (index of the request, chunk) in the order of arrival. A failure or closing it cancels the rest."""
    if len(requests) == 1:
        async with aclosing(lease.generate(requests[0])) as chunks:
            async for chunk in chunks:
                yield 0, chunk
        return
    merged: asyncio.Queue[NumberedChunk | asyncio.Task[None]] = asyncio.Queue()

    async def pump(index: int, request: GenerateRequest) -> None:
        async with aclosing(lease.generate(request)) as chunks:
            async for chunk in chunks:
                merged.put_nowait((index, chunk))

    tasks = [asyncio.create_task(pump(index, request)) for index, request in enumerate(requests)]
    for task in tasks:
        task.add_done_callback(merged.put_nowait)
    try:
        running = len(tasks)
        while running:
            item = await merged.get()
            if isinstance(item, asyncio.Task):
                item.result()  # raises its error
                running -= 1
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
