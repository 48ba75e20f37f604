"""The routes of Ollama's protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from preheat import paths
from preheat.server.api_docs import endpoint_docs
from preheat.server.bodies import JsonBody
from preheat.server.generation import Generator
from preheat.server.ollama.described import FAMILY
from preheat.server.ollama.endpoints import RunEndpoints
from preheat.server.ollama.library import LibraryEndpoints
from preheat.server.ollama.named_models import NamedModels
from preheat.server.ollama.pulling import PullEndpoint
from preheat.server.ollama.schema import (
    CopyBody,
    CreateBody,
    EmbedBody,
    EmbeddingsBody,
    GenerateBody,
    ModelBody,
    OllamaChatBody,
    PullBody,
    ShowBody,
)
from preheat.server.streams import NDJSON

Handler = Callable[[Request], Awaitable[Response]]

BODIES: Final[Mapping[str, type[JsonBody]]] = {
    "/api/chat": OllamaChatBody,
    "/api/generate": GenerateBody,
    "/api/embed": EmbedBody,
    "/api/embeddings": EmbeddingsBody,
    "/api/show": ShowBody,
    "/api/pull": PullBody,
    "/api/delete": ModelBody,
    "/api/copy": CopyBody,
    "/api/create": CreateBody,
}
"""Bodies of requests by path."""

_WITH_HEAD: Final = ("/", "/api/version", "/api/tags", "/api/blobs/{digest}")


def add_ollama_routes(app: FastAPI, generator: Generator) -> None:
    """Add Ollama's endpoints. They read bodies themselves: FastAPI validates more slowly, with errors of its own."""
    named = NamedModels(paths.data_dir() / "ollama-models.json")
    run, library = RunEndpoints(generator, named), LibraryEndpoints(generator, named)
    handlers: Mapping[str, Handler] = {
        "/": library.root,
        "/api/version": library.version,
        "/api/tags": library.tags,
        "/api/ps": library.ps,
        "/api/show": library.show,
        "/api/chat": run.chat,
        "/api/generate": run.generate,
        "/api/embed": run.embed,
        "/api/embeddings": run.embeddings,
        "/api/pull": PullEndpoint(generator).pull,
        "/api/delete": library.delete,
        "/api/copy": library.copy,
        "/api/create": library.create,
        "/api/push": library.refuse,
        "/api/blobs/{digest}": library.refuse,
    }
    for endpoint in FAMILY.endpoints:
        for method in (endpoint.method, *(("HEAD",) if endpoint.path in _WITH_HEAD else ())):
            app.add_api_route(
                endpoint.path,
                handlers[endpoint.path],
                methods=[method],
                tags=["ollama"],
                name=f"ollama_{method.lower()}",
                summary=endpoint.summary,
                response_class=Response,
                openapi_extra=endpoint_docs(
                    endpoint,
                    BODIES.get(endpoint.path),
                    stream=NDJSON,
                    text=endpoint.path == "/",
                ),
            )
