"""The routes of Ollama's protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from preheat import paths
from preheat.server.api_docs import body_docs
from preheat.server.generation import Generator
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

Handler = Callable[[Request], Awaitable[Response]]

BODIES: tuple[type[BaseModel], ...] = (
    OllamaChatBody,
    GenerateBody,
    EmbedBody,
    EmbeddingsBody,
    ShowBody,
    PullBody,
    ModelBody,
    CopyBody,
    CreateBody,
)
"""Bodies of requests, for the API's documentation."""


def add_ollama_routes(app: FastAPI, generator: Generator) -> None:
    """Add Ollama's endpoints. They read bodies themselves: FastAPI validates more slowly, with errors of its own."""
    named = NamedModels(paths.data_dir() / "ollama-models.json")
    run, library = RunEndpoints(generator, named), LibraryEndpoints(generator, named)
    table: tuple[tuple[tuple[str, ...], str, Handler, type[BaseModel] | None], ...] = (
        (("GET", "HEAD"), "/", library.root, None),
        (("GET", "HEAD"), "/api/version", library.version, None),
        (("GET", "HEAD"), "/api/tags", library.tags, None),
        (("GET",), "/api/ps", library.ps, None),
        (("POST",), "/api/show", library.show, ShowBody),
        (("POST",), "/api/chat", run.chat, OllamaChatBody),
        (("POST",), "/api/generate", run.generate, GenerateBody),
        (("POST",), "/api/embed", run.embed, EmbedBody),
        (("POST",), "/api/embeddings", run.embeddings, EmbeddingsBody),
        (("POST",), "/api/pull", PullEndpoint(generator).pull, PullBody),
        (("DELETE",), "/api/delete", library.delete, ModelBody),
        (("POST",), "/api/copy", library.copy, CopyBody),
        (("POST",), "/api/create", library.create, CreateBody),
        (("POST",), "/api/push", library.refuse, None),
        (("HEAD", "POST"), "/api/blobs/{digest}", library.refuse, None),
    )
    for methods, path, handler, body in table:
        for method in methods:
            app.add_api_route(
                path,
                handler,
                methods=[method],
                tags=["ollama"],
                name=f"ollama_{handler.__name__}_{method.lower()}",
                response_class=Response,
                openapi_extra=body_docs(body) if body is not None else None,
            )
