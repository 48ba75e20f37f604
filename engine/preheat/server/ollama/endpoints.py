"""Ollama's endpoints that run a model: chat, generate and embeddings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import UnsupportedOperationError
from preheat.inference import Embeddings, GenerateRequest
from preheat.messages import msg
from preheat.server.access import caller_of
from preheat.server.bodies import read_body, run_for
from preheat.server.generation import AnswerFormat, Generator, client_gone, priority_of
from preheat.server.in_flight import ClientGoneError
from preheat.server.ollama.context import to_context
from preheat.server.ollama.formatting import ChatFormat, GenerateFormat, Stopwatch, loaded_json
from preheat.server.ollama.named_models import NamedModels
from preheat.server.ollama.requests import chat_request, generate_messages, generate_request
from preheat.server.ollama.schema import (
    NO_OPTIONS,
    AnswerBody,
    EmbedBody,
    EmbeddingsBody,
    GenerateBody,
    MessageBody,
    OllamaChatBody,
    Options,
    RunBody,
)
from preheat.server.vectors import FEW_VECTORS, embeddings_field, numbers, shortened
from preheat.settings import KeyScope

if TYPE_CHECKING:
    from preheat.core import Lease
    from preheat.models import ModelFile

Run = TypeVar("Run", bound=RunBody)

_SPECIAL_TOKENS: Final = 2
"""Most start and end tokens around a text."""

_ENOUGH_CHARACTERS: Final = 8
"""Characters of a token; most have fewer."""


@dataclass(frozen=True, slots=True)
class RunEndpoints:
    """Chat, generate and embeddings over one engine. Engine's loop only."""

    generator: Generator
    named: NamedModels

    async def chat(self, request: Request) -> Response:
        """Answer a chat, whole or as lines of JSON. Without messages, load or unload the model."""
        body, model = await self._read(OllamaChatBody, request)
        if not body.messages:
            return await self._load(request, body, model, {"message": {"role": "assistant", "content": ""}})
        form = ChatFormat(body.model_name, needs_thinking=bool(body.think))
        generate = await run_for(request, chat_request, body)
        return await self._respond(request, body, model, generate, form)

    async def generate(self, request: Request) -> Response:
        """Continue a prompt, whole or as lines of JSON. Without one, load or unload the model."""
        body, model = await self._read(GenerateBody, request)
        if not (body.prompt or body.suffix or body.images):
            return await self._load(request, body, model, {"response": ""})
        generate = await run_for(request, lambda: generate_request(body, chat_template=model.chat_template))
        messages = () if body.raw or body.suffix else await run_for(request, generate_messages, body)
        context = partial(to_context, messages) if messages else None
        form = GenerateFormat(body.model_name, context, needs_thinking=bool(body.think and messages))
        return await self._respond(request, body, model, generate, form)

    async def embed(self, request: Request) -> Response:
        """Answer with one vector for each input."""
        body, model = await self._read(EmbedBody, request)
        watch = Stopwatch()
        cut: list[int] | None = None if body.truncate is False else []
        embeddings = await self._embed(request, body, model, body.inputs, watch, cut)
        if embeddings is None:
            return client_gone()
        vectors = shortened(model, embeddings, body.dimensions or None)
        few = len(vectors) <= FEW_VECTORS
        field = embeddings_field(vectors) if few else await asyncio.to_thread(embeddings_field, vectors)
        counts: dict[str, Any] = {"prompt_eval_count": embeddings.prompt_tokens}
        if cut:
            counts["truncated"] = cut
        rest = to_json({"model": body.model_name, **watch.durations(), **counts})
        return Response(b"{" + field + b"," + rest[1:], media_type="application/json")

    async def embeddings(self, request: Request) -> Response:
        """Answer with the vector of one prompt; the older form of ``embed``."""
        body, model = await self._read(EmbeddingsBody, request)
        inputs = [body.prompt] if body.prompt else []
        embeddings = await self._embed(request, body, model, inputs, Stopwatch())
        if embeddings is None:
            return client_gone()
        vectors = list(map(numbers, embeddings.vectors))
        return json_response({"embedding": vectors[0] if vectors else []})

    async def _read(self, kind: type[Run], request: Request) -> tuple[Run, ModelFile]:
        """Return the body, with the defaults of its model, and the model's file."""
        body = await read_body(request, kind)
        named = self.named.find(body.model_name)
        if named is None:
            return body, await self.generator.engine.find(body.model_name)
        given = body.options or NO_OPTIONS
        changes: dict[str, Any] = {"options": given.over(Options.model_validate(named.parameters))}
        if named.system:
            changes |= _system_defaults(body, named.system)
        return body.model_copy(update=changes), await self.generator.engine.find(named.model_id)

    async def _respond(
        self, request: Request, body: AnswerBody, model: ModelFile, generate: GenerateRequest, form: AnswerFormat
    ) -> Response:
        if model.embeddings:
            raise UnsupportedOperationError(msg("endpoint_needs_text", model=model.model_id), param="model")
        return await self.generator.respond(
            request,
            model.model_id,
            [generate],
            form,
            stream=body.streams,
            keep_alive_s=body.keep_alive_s,
            context_length=body.chosen.context_length,
        )

    async def _load(self, request: Request, body: AnswerBody, model: ModelFile, empty: dict[str, Any]) -> Response:
        """Load the model, or unload it if the keep-alive is 0."""
        caller = caller_of(request)
        caller.require_model(model.model_id)
        unload = body.keep_alive_s == 0
        if unload:
            caller.require(KeyScope.MANAGE)
        watch = Stopwatch()
        try:
            async with self.generator.in_flight.answer(request.scope, request.receive):
                if unload:
                    await self.generator.engine.unload(model.model_id)
                else:
                    async with self._lease(request, body, model):
                        watch.leased()
        except ClientGoneError:
            return client_gone()
        return json_response(loaded_json(body.model_name, {**empty, **watch.durations()}, unloaded=unload))

    async def _embed(
        self,
        request: Request,
        body: RunBody,
        model: ModelFile,
        inputs: Sequence[str],
        watch: Stopwatch,
        cut: list[int] | None = None,
    ) -> Embeddings | None:
        """Return the vectors; None if the client has disconnected.

        Args:
            cut: Inputs that are too long are cut, and their indexes added to it; without it, they are an error.
        """
        if not model.embeddings:
            raise UnsupportedOperationError(msg("endpoint_needs_embeddings", model=model.model_id), param="model")
        try:
            async with (
                self.generator.in_flight.answer(request.scope, request.receive),
                self._lease(request, body, model) as lease,
            ):
                watch.leased()
                if not inputs:
                    return Embeddings(lease.info.dimensions, (), 0)
                if cut is None:
                    return await lease.embed(inputs, priority_of(request))
                texts = [await _cut(lease, text) for text in inputs]
                cut += (at for at, text in enumerate(texts) if text is not inputs[at])
                return await lease.embed(texts, priority_of(request))
        except ClientGoneError:
            return None

    def _lease(self, request: Request, body: RunBody, model: ModelFile) -> AbstractAsyncContextManager[Lease]:
        return self.generator.lease(
            request,
            model.model_id,
            keep_alive_s=body.keep_alive_s,
            context_length=body.chosen.context_length,
        )


def json_response(content: dict[str, Any]) -> Response:
    """Return a JSON response."""
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")


def _system_defaults(body: RunBody, system: str) -> dict[str, Any]:
    """Return the changes of a body that has no system prompt of its own."""
    if isinstance(body, OllamaChatBody):
        messages = body.messages or []
        own = not messages or any(message.role in ("system", "developer") for message in messages)
        return {} if own else {"messages": [MessageBody(role="system", content=system), *messages]}
    if isinstance(body, GenerateBody) and not (body.system or body.raw or body.suffix):
        return {"system": system}
    return {}


async def _cut(lease: Lease, text: str) -> str | tuple[int, ...]:
    """Return a text, or its first tokens if it is too long for the model."""
    limit = lease.info.context_length
    if len(text.encode("utf-8", "replace")) + _SPECIAL_TOKENS <= limit:
        return text  # no token is shorter than a byte
    beginning = text[: _ENOUGH_CHARACTERS * limit]
    tokenize = partial(lease.tokenize, parse_special=False)  # as inputs are
    if len(beginning) < len(text) and len(await tokenize(beginning, add_special=False)) > limit:
        text = beginning
    tokens = await tokenize(text)
    if len(tokens) <= limit:
        return text
    plain = await tokenize(text, add_special=False)
    before = next((at for at in range(len(tokens)) if tokens[at : at + len(plain)] == plain), 0)
    after = tokens[before + len(plain) :]
    return tokens[: limit - len(after)] + after
