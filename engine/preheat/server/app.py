"""The application: every endpoint, and the one table that turns errors into answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from preheat._version import __version__
from preheat.control import ControlHost
from preheat.core import LiveSettings
from preheat.errors import EngineError
from preheat.messages import msg
from preheat.server.access import AccessMiddleware, AccessRules
from preheat.server.api_docs import add_api_docs, body_docs
from preheat.server.control import ControlRoutes
from preheat.server.errors import InternalError, MethodNotAllowedError, NotFoundError, error_response
from preheat.server.generation import Generator
from preheat.server.in_flight import InFlight
from preheat.server.metrics import MetricsApi
from preheat.server.openai.chat import ChatApi
from preheat.server.openai.completions import CompletionApi
from preheat.server.openai.embeddings import EmbeddingApi
from preheat.server.openai.models import ModelsApi
from preheat.server.openai.schema import ChatBody, CompletionBody, EmbeddingBody
from preheat.settings import Settings, SettingsStore

if TYPE_CHECKING:
    from preheat.core import Engine

logger = logging.getLogger(__name__)


def create_app(
    engine: Engine,
    *,
    port: int,
    settings: Settings | None = None,
    in_flight: InFlight | None = None,
    live: LiveSettings | None = None,
) -> FastAPI:
    """Return the application over this engine; it must run on the engine's loop.

    Args:
        engine: Not started or stopped here.
        port: The port that it will be reached at, for the status.
        settings: Who may ask, and how much; the engine's if not given.
        in_flight: Where the answers being given are kept, for whoever shuts the server down.
        live: Changes the engine's settings; made of the defaults, the file and the environment if not given.
    """
    in_flight = in_flight if in_flight is not None else InFlight()
    # The pages /docs and /redoc load their script from a public CDN, in the reader's browser and only when opened;
    # /openapi.json needs nothing.
    app = FastAPI(title="Preheat", version=__version__, description="Local models, ready before they are asked for.")
    _add_openai(app, engine, in_flight)
    host = ControlHost(engine, live or LiveSettings(engine, SettingsStore()), port)
    app.router.routes.extend(ControlRoutes(host, in_flight).routes())
    app.add_api_route("/metrics", MetricsApi(engine).metrics, methods=["GET"], tags=["operations"])
    add_api_docs(app, (ChatBody, CompletionBody, EmbeddingBody))
    app.add_exception_handler(EngineError, _on_engine_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_bug)
    app.add_middleware(AccessMiddleware, rules=access_rules(settings or engine.settings))
    return app


def access_rules(settings: Settings) -> AccessRules:
    """Return what these settings let through."""
    return AccessRules(
        host=settings.host,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
        api_keys=settings.api_keys,
        max_body_bytes=settings.max_body.resolve(_total_memory_bytes()),
    )


def _total_memory_bytes() -> int:
    from preheat.residency import read_memory  # here: psutil's import costs 10 ms

    return read_memory().total_bytes


def _add_openai(app: FastAPI, engine: Engine, in_flight: InFlight) -> None:
    generator = Generator(engine, in_flight)
    models = ModelsApi(engine)
    bodies: list[tuple[str, Any, type]] = [
        ("/v1/chat/completions", ChatApi(generator).create, ChatBody),
        ("/v1/completions", CompletionApi(generator).create, CompletionBody),
        ("/v1/embeddings", EmbeddingApi(engine, in_flight).create, EmbeddingBody),
    ]
    for path, endpoint, body in bodies:
        # The endpoint reads the body itself: FastAPI would validate it twice as slowly, and answer errors its own way.
        app.add_api_route(
            path, endpoint, methods=["POST"], tags=["openai"], response_class=Response, openapi_extra=body_docs(body)
        )
    app.add_api_route("/v1/models", models.list_models, methods=["GET"], tags=["openai"])
    app.add_api_route("/v1/models/{model_id:path}", models.get_model, methods=["GET"], tags=["openai"])


async def _on_engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    return error_response(error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        response = error_response(MethodNotAllowedError(msg("no_method", method=request.method)))
        response.headers.update(error.headers or {})
        return response
    if error.status_code == 404:
        return error_response(NotFoundError(msg("no_endpoint")))
    raise error


async def _on_bug(request: Request, error: Exception) -> Response:
    # Starlette raises the error again after this answer, and uvicorn logs its traceback.
    return error_response(InternalError(msg("internal_error")))
