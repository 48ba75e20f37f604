"""OpenAI's endpoints, and those of llama.cpp and vLLM that their clients expect next to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import UnsupportedOperationError
from preheat.inference import Chat
from preheat.messages import msg
from preheat.server.access import caller_of
from preheat.server.api_docs import endpoint_docs
from preheat.server.bodies import JsonBody, read_body, run_for
from preheat.server.clients import client_name, is_own
from preheat.server.generation import Generator, client_gone, priority_of
from preheat.server.in_flight import ClientGoneError
from preheat.server.openai.chat_format import ChatFormat
from preheat.server.openai.completion_format import CompletionFormat
from preheat.server.openai.inputs import DetokenizeBody, EmbeddingBody, RerankBody, TokenizeBody
from preheat.server.openai.model_list import model_json
from preheat.server.openai.requests import chat_messages, chat_requests, completion_requests, is_legacy, tools_of
from preheat.server.openai.schema import ChatBody, CompletionBody
from preheat.server.openai.vectors import embeddings_json, reranked
from preheat.server.protocols import Endpoint
from preheat.server.vectors import FEW_VECTORS, shortened

if TYPE_CHECKING:
    from preheat.core import Lease
    from preheat.models import ModelFile

BODIES: Final[dict[str, type[JsonBody]]] = {
    "/v1/chat/completions": ChatBody,
    "/v1/completions": CompletionBody,
    "/v1/embeddings": EmbeddingBody,
    "/v1/rerank": RerankBody,
    "/tokenize": TokenizeBody,
    "/detokenize": DetokenizeBody,
}
"""Bodies of requests by path."""

ENDPOINTS: Final = (
    *(
        Endpoint("POST", path, summary, BODIES[path].fields(), aliases)
        for path, summary, aliases in (
            ("/v1/chat/completions", "Answer a chat, whole or as a stream", ("/chat/completions",)),
            ("/v1/completions", "Continue one or several prompts, whole or as a stream", ("/completions",)),
            ("/v1/embeddings", "One vector for each input", ("/embeddings",)),
            (
                "/v1/rerank",
                "Order documents by the similarity of their embeddings to that of a query",
                ("/rerank", "/v1/reranking", "/reranking"),
            ),
            ("/tokenize", "The tokens of a text or a chat, as in llama.cpp and vLLM", ("/v1/tokenize",)),
            ("/detokenize", "The text of tokens, as in llama.cpp and vLLM", ("/v1/detokenize",)),
        )
    ),
    Endpoint("GET", "/v1/models", "All models on disk", aliases=("/models",)),
    Endpoint(
        "GET", "/v1/models/{model_id}", "One model, by its id or a unique prefix", aliases=("/models/{model_id}",)
    ),
)


@dataclass(frozen=True, slots=True)
class OpenAiApi:
    """OpenAI's protocol over one engine. Engine's loop only."""

    generator: Generator

    def add_routes(self, app: FastAPI) -> None:
        """Add the endpoints. They read bodies themselves: FastAPI validates more slowly, with errors of its own."""
        handlers = {
            "/v1/chat/completions": self.chat,
            "/v1/completions": self.complete,
            "/v1/embeddings": self.embed,
            "/v1/rerank": self.rerank,
            "/tokenize": self.tokenize,
            "/detokenize": self.detokenize,
            "/v1/models": self.list_models,
            "/v1/models/{model_id}": self.get_model,
        }
        for endpoint in ENDPOINTS:
            app.add_api_route(
                endpoint.path.replace("{model_id}", "{model_id:path}"),
                handlers[endpoint.path],
                methods=[endpoint.method],
                tags=["openai"],
                summary=endpoint.summary,
                response_class=Response,
                openapi_extra=endpoint_docs(endpoint, BODIES.get(endpoint.path)),
            )

    async def chat(self, request: Request) -> Response:
        """Answer a chat, whole or as a stream of events."""
        body = await read_body(request, ChatBody)
        requests = await run_for(request, chat_requests, body)
        model_id = await self.generator.model_id(body.model)
        excluded = body.include_reasoning is False or (body.reasoning is not None and body.reasoning.exclude is True)
        form = ChatFormat(
            model_id,
            choices=body.choices,
            include_usage=body.include_usage,
            logprobs=bool(body.logprobs),
            reasoning=not excluded,
            legacy=is_legacy(body),
            progress=bool(body.return_progress),
        )
        return await self.generator.respond(request, model_id, requests, form, stream=bool(body.stream))

    async def complete(self, request: Request) -> Response:
        """Continue one or several prompts, whole or as a stream of events."""
        body = await read_body(request, CompletionBody)
        requests = await run_for(request, completion_requests, body)
        model_id = await self.generator.model_id(body.model)
        form = CompletionFormat(
            model_id,
            [prompt for prompt in body.prompts for _ in range(body.generated)],
            choices=body.choices,
            generated=body.generated,
            include_usage=body.include_usage,
            logprobs=body.logprobs is not None,
            echo=bool(body.echo),
            progress=bool(body.return_progress),
        )
        return await self.generator.respond(request, model_id, requests, form, stream=bool(body.stream))

    async def embed(self, request: Request) -> Response:
        """Answer with one vector for each input."""
        body = await read_body(request, EmbeddingBody)
        model = await self._embedding_model(body.model)
        try:
            async with self._lease(request, model) as lease:
                embeddings = await lease.embed(body.inputs, priority_of(request))
        except ClientGoneError:
            return client_gone()
        vectors = shortened(model, embeddings, body.dimensions)
        write = partial(embeddings_json, model.model_id, vectors, embeddings.prompt_tokens, body.encoding_format)
        content = write() if len(vectors) <= FEW_VECTORS else await asyncio.to_thread(write)
        return Response(content, media_type="application/json")

    async def rerank(self, request: Request) -> Response:
        """Answer with the documents in the order of their similarity to the query."""
        body = await read_body(request, RerankBody)
        model = await self._embedding_model(body.model)
        try:
            async with self._lease(request, model) as lease:
                return _json(await reranked(lease, model.model_id, body, priority_of(request)))
        except ClientGoneError:
            return client_gone()

    async def tokenize(self, request: Request) -> Response:
        """Answer with the tokens of a text or a chat."""
        body = await read_body(request, TokenizeBody)
        model = await self.generator.engine.find(body.model)
        llama = body.content is not None  # whose form adds no start token unless asked
        special = next((each for each in (body.add_special, body.add_special_tokens) if each is not None), not llama)
        source: str | Chat = body.content if body.content is not None else body.prompt or ""
        if body.messages is not None:
            messages = await run_for(request, chat_messages, body.messages)
            source = Chat(messages=messages, tools=tools_of(body.tools))
        try:
            async with self._lease(request, model) as lease:
                tokens = await lease.tokenize(
                    source, add_special=special, parse_special=body.parse_special is not False
                )
                pieces = await lease.pieces(tokens) if body.with_pieces else ()
        except ClientGoneError:
            return client_gone()
        written = [{"id": token, "piece": _piece(piece)} for token, piece in zip(tokens, pieces, strict=False)]
        limit = self.generator.engine.contexts.length(model)
        return _json({"tokens": written or tokens, "count": len(tokens), "max_model_len": limit})

    async def detokenize(self, request: Request) -> Response:
        """Answer with the text of tokens."""
        body = await read_body(request, DetokenizeBody)
        model = await self.generator.engine.find(body.model)
        try:
            async with self._lease(request, model) as lease:
                text = await lease.detokenize(body.tokens)
        except ClientGoneError:
            return client_gone()
        return _json({"content": text, "prompt": text})  # llama.cpp's name and vLLM's

    async def list_models(self, request: Request) -> Response:
        """Answer with every model on disk."""
        engine = self.generator.engine
        sees = caller_of(request).sees
        models = [model_json(engine, model) for model in await engine.models() if sees(model.model_id)]
        self._note_client(request)
        return _json({"object": "list", "data": models})

    async def get_model(self, request: Request) -> Response:
        """Answer with one model, by its id or a unique prefix."""
        model = await self.generator.engine.find(request.path_params["model_id"])
        caller_of(request).require_seen(model.model_id)
        self._note_client(request, model.model_id)
        return _json(model_json(self.generator.engine, model))

    async def _embedding_model(self, name: str) -> ModelFile:
        model = await self.generator.engine.find(name)
        if not model.embeddings:
            raise UnsupportedOperationError(msg("endpoint_needs_embeddings", model=model.model_id), param="model")
        return model

    @asynccontextmanager
    async def _lease(self, request: Request, model: ModelFile) -> AsyncIterator[Lease]:
        """Hold the model; raises ClientGoneError when the client disconnects."""
        async with (
            self.generator.in_flight.answer(request.scope, request.receive),
            self.generator.lease(request, model.model_id) as lease,
        ):
            yield lease

    def _note_client(self, request: Request, model_id: str = "") -> None:
        """Report a client that lists models: it may be about to use one."""
        client = client_name(request)
        if client and not is_own(client):
            self.generator.engine.client_woke(client, model_id)


def _piece(piece: bytes) -> str | list[int]:
    """Return a token's text; the bytes of a part of a character, as llama.cpp does."""
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return list(piece)


def _json(content: Any) -> Response:
    return Response(to_json(content), media_type="application/json")
