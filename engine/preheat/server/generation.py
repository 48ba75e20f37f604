"""Runs generation requests: the lease, one or several generations, a stream or a whole answer.

Independent of the protocol: an ``AnswerFormat`` writes the output.
"""

from __future__ import annotations

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import ContextLengthExceededError, EngineError, InsufficientMemoryError, UnsupportedOperationError
from preheat.inference import (
    FinishReason,
    GenerateRequest,
    GenerationChunk,
    Priority,
    PromptProgress,
    TokenLogprob,
    ToolCall,
    Usage,
)
from preheat.messages import msg
from preheat.residency import State
from preheat.server.access import CLIENT_GONE_STATUS, caller_of
from preheat.server.clients import client_name
from preheat.server.errors import error_json
from preheat.server.in_flight import ClientGoneError, InFlight
from preheat.server.streams import SSE, StreamResponse, StreamWriter
from preheat.settings import KeyScope
from preheat.units import format_done

if TYPE_CHECKING:
    from preheat.core import Engine, Lease

# A stream sends its headers with its first token, or after this delay; errors before get an HTTP status.
HOT_HEADER_DELAY_S: Final = 5.0
LOAD_HEADER_DELAY_S: Final = 0.05  # enough for immediate failures, too short for a client to notice

MIN_ELAPSED_S: Final = 1.0
"""Seconds of a stage before its remaining time is estimated."""

_MOST_LOADS: Final = 3
"""A request with several prompts may find another one too long after the first has grown the model."""

PRIORITY_HEADER: Final = "x-preheat-priority"
"""``low`` lets a request wait for all others."""

OnNumberedChunk: TypeAlias = Callable[[int, GenerationChunk], object]
LeaseOpener: TypeAlias = "Callable[..., AbstractAsyncContextManager[Lease]]"
"""Takes options of ``Engine.lease``."""


@dataclass(slots=True)
class Answer:
    """One complete choice."""

    chunks: list[GenerationChunk] = field(default_factory=list)  # all of them, in the order of the answer
    tool_calls: list[ToolCall] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    prompt_logprobs: list[TokenLogprob] = field(default_factory=list)
    finish_reason: FinishReason = FinishReason.STOP
    stop_text: str | None = None  # the stop string that ended it
    usage: Usage = field(default_factory=lambda: Usage(0, 0))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def reasoning(self) -> str:
        """The whole thinking."""
        return "".join(chunk.reasoning for chunk in self.chunks)

    def add(self, chunk: GenerationChunk) -> None:
        """Append a chunk."""
        self.chunks.append(chunk)
        for delta in chunk.tool_calls:
            if delta.index == len(self.tool_calls):
                self.tool_calls.append(ToolCall(delta.name, delta.arguments, delta.call_id))
            else:
                call = self.tool_calls[delta.index]
                self.tool_calls[delta.index] = replace(call, arguments=call.arguments + delta.arguments)
        self.logprobs.extend(chunk.logprobs)
        self.prompt_logprobs.extend(chunk.prompt_logprobs)
        self.finish_reason = chunk.finish_reason or self.finish_reason
        self.stop_text = chunk.stop_text or self.stop_text
        self.usage = chunk.usage or self.usage


@dataclass(slots=True)
class Wait:
    """What a request without output waits for."""

    model_id: str
    stage: Literal["loading", "queued", "prefill"] = "queued"
    share: float | None = None  # of the load or the prompt, 0.0 to 1.0
    remaining_s: float | None = None  # estimated seconds until the stage ends
    began_at: float = field(default_factory=time.monotonic)  # when the stage began

    def update(self, stage: Literal["loading", "queued", "prefill"], share: float | None) -> None:
        """Note the progress of a stage."""
        if stage != self.stage:
            self.stage, self.began_at = stage, time.monotonic()
        self.share = share
        elapsed_s = time.monotonic() - self.began_at
        known = share is not None and share > 0 and elapsed_s >= MIN_ELAPSED_S
        self.remaining_s = elapsed_s / share * (1 - share) if share and known else None

    def __str__(self) -> str:
        name = " ".join(self.model_id.split()).encode(errors="replace").decode()  # a line break would end a comment
        words = {"loading": f"loading {name}", "queued": f"waiting for {name}", "prefill": "reading the prompt"}
        share = "" if self.share is None else f" {format_done(self.share)}"
        left = "" if self.remaining_s is None else f", {self.remaining_s:.0f} s left"
        return f"{words[self.stage]}{share}{left}"


class AnswerFormat(ABC):
    """The form of one answer in a protocol. Stream methods return whole events, or nothing.

    The defaults are those of OpenAI's server-sent events. Engine thread only.
    """

    media_type: str = SSE
    headers: Mapping[str, str] = MappingProxyType({})  # of the response, in addition to its media type

    def begin(self) -> str:
        """Return the events before everything else, possibly before the model is loaded."""
        return ""

    def waiting(self, wait: Wait) -> str:
        """Return a sign of life while nothing has been generated, twice a second."""
        return f": {wait}\n"  # one line break: openai-go takes a blank line for an event without data

    def progress(self, index: int, progress: PromptProgress) -> str:
        """Return the events for a part of the prompt that has been computed."""
        return ""

    def leased(self, lease: Lease) -> None:
        """Note that the model is hot, before the requests start; may raise EngineError."""
        return  # most protocols do not report it

    @abstractmethod
    def feed(self, index: int, chunk: GenerationChunk) -> str:
        """Return the events for a chunk of choice ``index``."""

    @abstractmethod
    def end(self) -> str:
        """Return the events after the last chunk."""

    def error(self, error: EngineError) -> str:
        """Return the events for an error after the headers."""
        return f"data: {json.dumps(error_json(error))}\n\n"

    @abstractmethod
    def whole(self, answers: Sequence[Answer]) -> dict[str, Any]:
        """Return the whole answer as JSON."""


@dataclass(frozen=True, slots=True)
class _WaitingFormat:
    """Binds an answer's format to what its request waits for."""

    form: AnswerFormat
    engine: Engine
    wait: Wait

    @property
    def media_type(self) -> str:
        return self.form.media_type

    @property
    def headers(self) -> Mapping[str, str]:
        return self.form.headers

    def begin(self) -> str:
        return self.form.begin()

    def error(self, error: EngineError) -> str:
        return self.form.error(error)

    def waiting(self) -> str:
        model = self.engine.snapshot.model(self.wait.model_id)
        if model is not None and model.state is not State.HOT:
            self.wait.update("loading", model.progress or 0.0)
        elif self.wait.stage == "loading":
            self.wait.update("queued", None)
        return self.form.waiting(self.wait)


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

    def lease(self, request: Request, model_id: str, **options: Any) -> AbstractAsyncContextManager[Lease]:
        """Return a lease for a request; see ``Engine.lease`` for the options.

        A keep-alive changes what is in memory for everyone: it is ignored for those who may only use models.

        Raises:
            NotPermittedError: The request's key does not allow this model.
        """
        caller = caller_of(request)
        caller.require_model(model_id)
        if not caller.may(KeyScope.MANAGE):
            options["keep_alive_s"] = None
        return self.engine.lease(model_id, client=client_name(request), priority=priority_of(request), **options)

    async def respond(
        self,
        request: Request,
        model_id: str,
        requests: Sequence[GenerateRequest],
        form: AnswerFormat,
        *,
        stream: bool,
        keep_alive_s: float | None = None,
        context_length: int | None = None,
    ) -> Response:
        """Run the requests under one lease, and answer in this format.

        See ``Engine.lease`` for ``keep_alive_s`` and ``context_length``.
        """
        client = client_name(request)
        priority = priority_of(request)
        prepared = [replace(each, client=client, report_progress=stream, priority=priority) for each in requests]
        open_lease = partial(self.lease, request, model_id, keep_alive_s=keep_alive_s, context_length=context_length)
        caller_of(request).require_model(model_id)  # before a stream's headers
        if stream:
            return self._stream(open_lease, model_id, prepared, form)
        answers = [Answer() for _ in prepared]
        try:
            async with self.in_flight.answer(request.scope, request.receive):
                await self._run(open_lease, model_id, prepared, form, lambda index, chunk: answers[index].add(chunk))
        except ClientGoneError:
            return client_gone()
        return Response(json.dumps(form.whole(answers)), headers=form.headers, media_type="application/json")

    async def _run(
        self,
        open_lease: LeaseOpener,
        model_id: str,
        requests: Sequence[GenerateRequest],
        form: AnswerFormat,
        on_chunk: OnNumberedChunk,
    ) -> None:
        """Run the requests; a model that may grow is loaded again if a prompt is too long for it."""
        began = False

        def take(index: int, chunk: GenerationChunk) -> None:
            nonlocal began
            began = began or chunk.progress is None
            on_chunk(index, chunk)

        model, contexts = await self.engine.find(model_id), self.engine.contexts
        asked = _with_room(requests, contexts.answer_room(model))
        context_length: int | None = None
        too_long: ContextLengthExceededError | None = None
        for loads_left in reversed(range(_MOST_LOADS)):
            options = {} if context_length is None else {"context_length": context_length}
            try:
                async with open_lease(**options) as lease:
                    form.leased(lease)
                    await _run_all(lease, asked, take)
                    return
            except ContextLengthExceededError as error:
                if began or not loads_left:
                    raise
                too_long, context_length = error, contexts.room_for_prompt(model, error)
            except InsufficientMemoryError as error:
                if too_long is None:
                    raise
                if not contexts.is_enough(model, too_long):
                    raise contexts.no_room(model, too_long) from error
                context_length = None
            asked = requests

    def _stream(
        self, open_lease: LeaseOpener, model_id: str, requests: Sequence[GenerateRequest], form: AnswerFormat
    ) -> Response:
        wait = Wait(model_id)

        async def write_events(output: StreamWriter) -> None:
            def write(index: int, chunk: GenerationChunk) -> None:
                if chunk.progress is None:
                    event = form.feed(index, chunk)
                else:
                    wait.update("prefill", chunk.progress.done_tokens / chunk.progress.total_tokens)
                    event = form.progress(index, chunk.progress)
                if event:
                    output.write(event.encode())

            await self._run(open_lease, model_id, requests, form, write)
            output.write(form.end().encode())

        model = self.engine.snapshot.model(model_id)
        hot = model is not None and model.state is State.HOT
        return StreamResponse(
            write_events,
            _WaitingFormat(form, self.engine, wait),
            self.in_flight,
            header_delay_s=HOT_HEADER_DELAY_S if hot else LOAD_HEADER_DELAY_S,
        )


def priority_of(request: Request) -> Priority:
    """Return the priority of a request: what its sender has, or the low one that it asks for."""
    if request.headers.get(PRIORITY_HEADER, "").lower() == "low":
        return Priority.BULK
    return caller_of(request).priority


def client_gone() -> Response:
    """Return the response for a client that has closed its connection."""
    return Response(status_code=CLIENT_GONE_STATUS)


def _with_room(requests: Sequence[GenerateRequest], room: int) -> Sequence[GenerateRequest]:
    """Return requests whose prompts leave this many tokens for their answers, or as many as these may have."""
    if not room:
        return requests
    return [replace(each, answer_room=min(room, each.max_tokens or room)) for each in requests]


async def _run_all(lease: Lease, requests: Sequence[GenerateRequest], on_chunk: OnNumberedChunk) -> None:
    """Call ``on_chunk`` with the index of the request and each chunk, as they arrive. A failure cancels the rest."""
    if len(requests) == 1:
        await lease.run(requests[0], partial(on_chunk, 0))
        return
    running = [
        asyncio.create_task(lease.run(request, partial(on_chunk, index))) for index, request in enumerate(requests)
    ]
    try:
        await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
