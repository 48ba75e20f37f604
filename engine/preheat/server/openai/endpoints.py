"""OpenAI's endpoints: chat, completions, embeddings and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from preheat.errors import UnsupportedOperationError
from preheat.messages import msg
from preheat.models import printable
from preheat.server.api_docs import body_docs
from preheat.server.bodies import parse_body
from preheat.server.clients import client_name, is_own
from preheat.server.generation import Generator, client_gone
from preheat.server.in_flight import ClientGoneError
from preheat.server.openai.formatting import ChatFormat, CompletionFormat, embeddings_json
from preheat.server.openai.requests import chat_requests, completion_requests, is_forced, offered_tools
from preheat.server.openai.schema import ChatBody, CompletionBody, EmbeddingBody
from preheat.server.vectors import shortened

if TYPE_CHECKING:
    from preheat.models import ModelFile


@dataclass(frozen=True, slots=True)
class OpenAiApi:
    """OpenAI's protocol over one engine. Engine's loop only."""

    generator: Generator

    def add_routes(self, app: FastAPI) -> None:
        """Add the endpoints. They read bodies themselves: FastAPI validates more slowly, with errors of its own."""
        for path, endpoint, body in (
            ("/v1/chat/completions", self.chat, ChatBody),
            ("/v1/completions", self.complete, CompletionBody),
            ("/v1/embeddings", self.embed, EmbeddingBody),
        ):
            app.add_api_route(
                path,
                endpoint,
                methods=["POST"],
                tags=["openai"],
                name="create",
                response_class=Response,
                openapi_extra=body_docs(body),
            )
        app.add_api_route("/v1/models", self.list_models, methods=["GET"], tags=["openai"])
        app.add_api_route("/v1/models/{model_id:path}", self.get_model, methods=["GET"], tags=["openai"])

    async def chat(self, request: Request) -> Response:
        """Answer a chat, whole or as a stream of events."""
        body = parse_body(ChatBody, await request.body())
        model_id = await self.generator.model_id(body.model)
        form = ChatFormat(
            model_id,
            choices=body.choices,
            logprobs=bool(body.logprobs),
            tools=bool(offered_tools(body)),
            forced=is_forced(body),
            include_usage=body.include_usage,
        )
        return await self.generator.respond(request, model_id, chat_requests(body), form, stream=bool(body.stream))

    async def complete(self, request: Request) -> Response:
        """Continue one or several prompts, whole or as a stream of events."""
        body = parse_body(CompletionBody, await request.body())
        model_id = await self.generator.model_id(body.model)
        requests = completion_requests(body)
        form = CompletionFormat(
            model_id,
            [(each.prompt or "") if body.echo else "" for each in requests],
            choices=body.choices,
            logprobs=body.logprobs is not None,
            include_usage=body.include_usage,
        )
        return await self.generator.respond(request, model_id, requests, form, stream=bool(body.stream))

    async def embed(self, request: Request) -> Response:
        """Answer with one vector for each input."""
        body = parse_body(EmbeddingBody, await request.body())
        model = await self.generator.engine.find(body.model)
        if not model.embeddings:
            raise UnsupportedOperationError(msg("endpoint_needs_embeddings", model=model.model_id), param="model")
        try:
            async with (
                self.generator.in_flight.answer(request.receive),
                self.generator.lease(request, model.model_id) as lease,
            ):
                embeddings = await lease.embed(body.inputs)
        except ClientGoneError:
            return client_gone()
        vectors = shortened(embeddings, body.dimensions)
        return _json(embeddings_json(model.model_id, vectors, embeddings.prompt_tokens, body.encoding_format))

    async def list_models(self, request: Request) -> Response:
        """Answer with every model on disk."""
        models = [self._model_json(model) for model in await self.generator.engine.models()]
        self._note_client(request)
        return _json({"object": "list", "data": models})

    async def get_model(self, request: Request) -> Response:
        """Answer with one model, by its id or a unique prefix."""
        model = await self.generator.engine.find(request.path_params["model_id"])
        self._note_client(request, model.model_id)
        return _json(self._model_json(model))

    def _note_client(self, request: Request, model_id: str = "") -> None:
        """Report a client that lists models: it may be about to use one."""
        client = client_name(request)
        if client and not is_own(client):
            self.generator.engine.client_woke(client, model_id)

    def _model_json(self, model: ModelFile) -> dict[str, Any]:
        now = self.generator.engine.snapshot
        snapshot = now.model(model.model_id)
        return {
            "id": model.model_id,
            "object": "model",
            "created": model.modified_ns // 10**9,
            "owned_by": "preheat",
            # Extensions of Preheat.
            "state": snapshot.state.value if snapshot is not None else None,
            "embeddings": model.embeddings,
            "context_length": model.context_length,
            "architecture": printable(model.architecture),
            "parameters": model.parameters,
            "quantization": model.quantization,
            "abilities": [ability.value for ability in model.abilities],
            "licence": model.licence,
            "file_bytes": model.file_bytes,
            "expected_bytes": snapshot.expected_bytes if snapshot is not None else None,
            "fits": snapshot.expected_bytes <= now.memory.limit_bytes if snapshot is not None else None,
            "source": model.source.value,
            "aliases": list(model.aliases),
        }


def _json(content: dict[str, Any]) -> Response:
    return Response(to_json(content), media_type="application/json")
