"""The application: every endpoint, and the handlers that turn errors into responses."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from preheat._version import __version__
from preheat.control import ControlHost, LiveSettings
from preheat.errors import EngineError
from preheat.messages import Message, msg
from preheat.server.access import AccessMiddleware, AccessRules
from preheat.server.anthropic.endpoints import BODIES as ANTHROPIC_BODIES
from preheat.server.anthropic.endpoints import FAMILY as ANTHROPIC
from preheat.server.anthropic.endpoints import AnthropicApi
from preheat.server.api_docs import add_api_docs
from preheat.server.canonical import CanonicalPaths
from preheat.server.control import ControlRoutes
from preheat.server.errors import VERSION_HEADER, MethodNotAllowedError, NotFoundError, error_response
from preheat.server.generation import Generator
from preheat.server.in_flight import InFlight
from preheat.server.metrics import MetricsApi
from preheat.server.ollama.described import FAMILY as OLLAMA
from preheat.server.ollama.routes import BODIES as OLLAMA_BODIES
from preheat.server.ollama.routes import add_ollama_routes
from preheat.server.openai.endpoints import BODIES, ENDPOINTS, OpenAiApi
from preheat.server.openai.responses import BODIES as RESPONSE_BODIES
from preheat.server.openai.responses import ENDPOINTS as RESPONSE_ENDPOINTS
from preheat.server.openai.responses import ResponsesApi
from preheat.server.page import page_routes, page_token
from preheat.server.protocols import Family, aliases_of
from preheat.settings import APP_ORIGINS, KeyScope, KeyStore, Settings, SettingsStore, access_rules

if TYPE_CHECKING:
    from preheat.core import Engine

logger = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

FAMILIES: Final = (Family("openai", "OpenAI", (*ENDPOINTS, *RESPONSE_ENDPOINTS)), ANTHROPIC, OLLAMA)
"""The protocols and their endpoints."""

_BODIES: Final = (
    *BODIES.values(),
    *RESPONSE_BODIES.values(),
    *ANTHROPIC_BODIES.values(),
    *OLLAMA_BODIES.values(),
)


class Application(FastAPI):
    """FastAPI inside Preheat's own layers, so that only what they do not answer passes through FastAPI's."""

    _layers: ASGIApp

    def wrap(self, rules: AccessRules, aliases: Mapping[str, str]) -> None:
        """Put the layers around all routes, which are complete: access control, and before it one form of each path."""
        direct = _DirectEndpoints(super().__call__, _direct_handlers(self.routes))
        self._layers = CanonicalPaths(AccessMiddleware(direct, rules), aliases)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._layers(scope, receive, send)


class _DirectEndpoints:
    """Calls handlers without FastAPI's layers, which take 0.1 ms of each request and some microseconds of each token.

    Args:
        app: Answers everything else.
        handlers: See ``_direct_handlers``.
    """

    def __init__(self, app: ASGIApp, handlers: Mapping[tuple[str, str], Handler]) -> None:
        self._app = app
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await handler(Request(scope, receive, send))
        except EngineError as error:
            response = error_response(error, scope)
        await response(scope, receive, send)


def create_app(
    engine: Engine,
    *,
    port: int,
    settings: Settings | None = None,
    in_flight: InFlight | None = None,
    live: LiveSettings | None = None,
    own_key: str = "",
) -> FastAPI:
    """Return the application over this engine; it runs on the engine's loop.

    Args:
        port: Shown in the status.
        settings: Access rules; the engine's settings if not given.
        in_flight: Collects the requests in progress, for the shutdown.
        live: Changes the engine's settings; made from defaults, file and environment if not given.
        own_key: A key that this user's own programs send, and that allows everything.
    """
    in_flight = in_flight if in_flight is not None else InFlight()  # an empty one is false
    app = Application(
        title="Preheat",
        version=__version__,
        description="Your models, ready before you ask.",
        docs_url=None,  # FastAPI's pages load their scripts from elsewhere
        redoc_url=None,
    )
    generator = Generator(engine, in_flight)
    AnthropicApi(generator).add_routes(app)
    OpenAiApi(generator).add_routes(app)
    add_ollama_routes(app, generator)
    ResponsesApi(generator).add_routes(app)
    host = ControlHost(engine, live or LiveSettings(engine, SettingsStore()), port)
    app.router.routes.extend(ControlRoutes(host, in_flight).routes())
    app.add_api_route("/metrics", MetricsApi(engine).metrics, methods=["GET"], tags=["operations"])
    add_api_docs(app, _BODIES)
    app.router.routes[:0] = page_routes()
    app.add_exception_handler(EngineError, _on_engine_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_bug)
    rules = port_rules(settings or engine.settings, own_key)
    rules = replace(rules, model_rules=lambda: access_rules(engine.settings.access))
    app.wrap(rules, aliases_of(FAMILIES))
    return app


def _direct_handlers(routes: Sequence[BaseRoute]) -> Mapping[tuple[str, str], Handler]:
    """Return the handlers of described endpoints by method and path, where nothing but these decides between them.

    They take a request and return a response.
    """
    paths = Counter(route.path for route in routes if isinstance(route, Route))
    return {
        (method, route.path): route.endpoint
        for route in routes
        if isinstance(route, APIRoute) and "{" not in route.path and paths[route.path] == 1
        for method in route.methods or ()
    }


def build_validators() -> None:
    """Build what ``JsonBody`` defers, so that no request pays for it. Any thread."""
    for body in _BODIES:
        body.model_rebuild()


def port_rules(settings: Settings, own_key: str = "") -> AccessRules:
    """Return the access rules in these settings."""
    from preheat.residency import read_memory  # here: psutil's import costs 10 ms

    return AccessRules(
        host=settings.host,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=(
            *settings.allowed_origins,
            *(origin for app in settings.allowed_apps for origin in APP_ORIGINS[app]),
        ),
        api_keys=settings.api_keys,
        named_keys=KeyStore(),
        web_scope=KeyScope(settings.web_access),
        other_users=settings.other_users,
        own_key=own_key,
        page_token=page_token(),
        max_body_bytes=settings.max_body.resolve(read_memory().total_bytes),
    )


async def _on_engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    return _response(error, request)


async def _on_bug(_request: Request, error: Exception) -> Response:
    raise error  # access control answers and logs it


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        response = _response(MethodNotAllowedError(msg("no_method", method=request.method)), request)
        response.headers.update(error.headers or {})
        return response
    if error.status_code == 404:
        return _response(NotFoundError(_missing(request)), request)
    raise error


def _response(error: EngineError, request: Request) -> Response:
    return error_response(error, request.scope)


def _missing(request: Request) -> Message:
    path = request.url.path
    name = "ollama" if path.startswith("/api/") else "openai" if path.startswith("/v1/") else None
    if path.startswith("/v1/messages/") or VERSION_HEADER in request.headers:
        name = "anthropic"
    paths = dict.fromkeys(each.path for family in FAMILIES if family.name == name for each in family.endpoints)
    return msg("no_endpoint_in_family", endpoints=list(paths)) if paths else msg("no_endpoint")
