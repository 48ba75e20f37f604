"""Anthropic's endpoints: messages, token counts and models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI
from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

from preheat.server.access import caller_of
from preheat.server.anthropic.formatting import MessageFormat
from preheat.server.anthropic.models import model_json, models_json
from preheat.server.anthropic.requests import chat_of, generate_request
from preheat.server.anthropic.schema import MessagesBody, TokenCountBody
from preheat.server.anthropic.threads import ThreadStore
from preheat.server.api_docs import endpoint_docs
from preheat.server.bodies import JsonBody, parse_json, read_body, read_with, run_for, validated
from preheat.server.clients import client_name, is_own
from preheat.server.errors import REQUEST_ID, VERSION_HEADER, new_request_id
from preheat.server.generation import Generator, client_gone
from preheat.server.in_flight import ClientGoneError
from preheat.server.protocols import Endpoint, Family

MESSAGES: Final = "/v1/messages"
COUNT_TOKENS: Final = "/v1/messages/count_tokens"
MODELS: Final = "/v1/models"

BODIES: Final[dict[str, type[JsonBody]]] = {MESSAGES: MessagesBody, COUNT_TOKENS: TokenCountBody}
"""Bodies of requests by path."""

FAMILY: Final = Family(
    "anthropic",
    "Anthropic",
    (
        Endpoint(
            "POST", MESSAGES, "Answer a conversation, whole or as a stream", MessagesBody.fields(), ("/messages",)
        ),
        Endpoint(
            "POST",
            COUNT_TOKENS,
            "The number of tokens of a prompt",
            TokenCountBody.fields(),
            ("/messages/count_tokens",),
        ),
        Endpoint("GET", MODELS, f"All models on disk; in this form for requests with the header {VERSION_HEADER}"),
        Endpoint("GET", f"{MODELS}/{{model_id}}", "One model, by its id or a unique prefix; likewise"),
    ),
)


class _VersionedRoute(Route):
    """A route for requests with ``VERSION_HEADER``; others go to the next route of the same path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (match, child) if VERSION_HEADER in Headers(scope=scope) else (Match.NONE, {})


@dataclass(frozen=True, slots=True)
class AnthropicApi:
    """Anthropic's protocol over one engine. Engine's loop only."""

    generator: Generator
    threads: ThreadStore = field(default_factory=ThreadStore)

    def add_routes(self, app: FastAPI) -> None:
        """Add the endpoints, before those of OpenAI with the same paths."""
        handlers = {MESSAGES: self.create, COUNT_TOKENS: self.count_tokens}
        for endpoint in FAMILY.endpoints[: len(handlers)]:
            app.add_api_route(
                endpoint.path,
                handlers[endpoint.path],
                methods=[endpoint.method],
                tags=["anthropic"],
                summary=endpoint.summary,
                response_class=Response,
                openapi_extra=endpoint_docs(endpoint, BODIES[endpoint.path]),
            )
        app.router.routes += (
            _VersionedRoute(MODELS, self.list_models, methods=["GET"]),
            _VersionedRoute(f"{MODELS}/{{model_id:path}}", self.get_model, methods=["GET"]),
        )

    async def create(self, request: Request) -> Response:
        """Answer a conversation, whole or as a stream of events."""
        value = self.threads.complete(await read_with(request, parse_json))
        body = await run_for(request, validated, MessagesBody, value)
        generate = await run_for(request, generate_request, body)
        model_id = await self.generator.model_id(body.model)
        form = MessageFormat(
            model_id,
            max_tokens=body.max_tokens,
            show_thinking=body.thinking is None or body.thinking.display != "omitted",
            finished=None if body.thread is None else lambda id_, content: self.threads.put(id_, value, content),
        )
        return await self.generator.respond(request, model_id, [generate], form, stream=bool(body.stream))

    async def count_tokens(self, request: Request) -> Response:
        """Answer with the number of tokens of a conversation's prompt."""
        body = await read_body(request, TokenCountBody)
        chat = await run_for(request, chat_of, body)
        model_id = await self.generator.model_id(body.model)
        try:
            async with (
                self.generator.in_flight.answer(request.scope, request.receive),
                self.generator.lease(request, model_id) as lease,
            ):
                tokens = await lease.count_tokens(chat)
        except ClientGoneError:
            return client_gone()
        return _json({"input_tokens": tokens})

    async def list_models(self, request: Request) -> Response:
        """Answer with the models on disk."""
        self._note_client(request)
        engine, sees = self.generator.engine, caller_of(request).sees
        models = [model for model in await engine.models() if sees(model.model_id)]
        return _json(models_json(models, request.query_params, engine.contexts.length))

    async def get_model(self, request: Request) -> Response:
        """Answer with one model, by its id or a unique prefix."""
        model = await self.generator.engine.find(request.path_params["model_id"])
        caller_of(request).require_seen(model.model_id)
        self._note_client(request, model.model_id)
        return _json(model_json(model, self.generator.engine.contexts.length(model)))

    def _note_client(self, request: Request, model_id: str = "") -> None:
        """Report a client that lists models: it may be about to use one."""
        client = client_name(request)
        if client and not is_own(client):
            self.generator.engine.client_woke(client, model_id)


def _json(content: dict[str, Any]) -> Response:
    return Response(to_json(content), headers={REQUEST_ID: new_request_id()}, media_type="application/json")
