"""Completes ``/openapi.json``: request bodies that FastAPI does not read, and the control API's commands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from preheat.control import (
    COMMANDS,
    REF,
    Command,
    FieldForm,
    Schemas,
    choices_of,
    codec_of,
    field_forms,
    place_of,
    result_type,
    wants_body,
)
from preheat.server.control import PREFIX
from preheat.server.protocols import Endpoint
from preheat.server.streams import SSE

_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
                "details": {"type": "object", "description": "Code and parameters of the message"},
            },
        }
    },
}


_ANTHROPIC_ERROR: Final = {
    "type": "object",
    "required": ["type", "error"],
    "properties": {
        "type": {"const": "error"},
        "error": {
            "type": "object",
            "required": ["type", "message"],
            "properties": {"type": {"type": "string"}, "message": {"type": "string"}, "code": {"type": "string"}},
        },
    },
}
_OLLAMA_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "code": {"type": "string"}},
}


def _error_docs(path: str) -> dict[str, Any]:
    """Return the entry for the errors of a protocol's endpoint; see ``error_response``."""
    name = (
        "OllamaError" if path.startswith("/api/") else "AnthropicError" if path.startswith("/v1/messages") else "Error"
    )
    return {"description": "An error", "content": {"application/json": {"schema": {"$ref": f"{REF}{name}"}}}}


def body_docs(body: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI entry of an endpoint that reads this body itself."""
    return {"requestBody": _json_content({"$ref": f"{REF}{body.__name__}"})}


def endpoint_docs(
    endpoint: Endpoint,
    body: type[BaseModel] | None,
    *,
    stream: str = SSE,
    text: bool = False,
) -> dict[str, Any]:
    """Return the OpenAPI entry of a protocol's endpoint: parameters of its path, body, answers and errors.

    Args:
        stream: Content type of its streams.
        text: It answers with plain text.
    """
    content: dict[str, Any] = {"application/json": {"schema": {"type": ["object", "array"]}}}
    if text:
        content = {"text/plain": {"schema": {"type": "string"}}}
    if body is not None and "stream" in body.model_fields:
        content[stream] = {"schema": {"type": "string"}}
    docs: dict[str, Any] = {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", endpoint.path)
        ],
        "responses": {"200": {"description": "Success", "content": content}},
    }
    return docs if body is None else {**docs, **body_docs(body)}


def add_api_docs(app: FastAPI, bodies: Sequence[type[BaseModel]]) -> None:
    """Complete the application's OpenAPI document at its first request."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            schemas: Schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for body in bodies:
                # Two protocols have classes of one name, such as their tools.
                schema = body.model_json_schema(ref_template=f"{REF}{body.__name__}.{{model}}")
                definitions = schema.pop("$defs", {})
                schemas.update({f"{body.__name__}.{name}": each for name, each in definitions.items()})
                schemas[body.__name__] = schema
            schemas |= {"Error": _ERROR, "AnthropicError": _ANTHROPIC_ERROR, "OllamaError": _OLLAMA_ERROR}
            for path, operations in document["paths"].items():
                for operation in operations.values():
                    operation["responses"].setdefault("default", _error_docs(path))
            for kind in COMMANDS:
                path = f"{PREFIX}{kind.route.path.replace(':path', '')}"
                document["paths"].setdefault(path, {})[kind.route.method.lower()] = _operation(kind, schemas)
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
    document = _Document(app)
    app.router.routes.insert(0, Route("/openapi.json", document.answer, methods=["GET"], include_in_schema=False))


class _Document:
    """The OpenAPI document, written once, and not on the loop: it takes a second. Engine's loop only."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._content = b""
        self._writing = asyncio.Lock()

    async def answer(self, _: Request) -> Response:
        async with self._writing:
            if not self._content:
                self._content = await asyncio.to_thread(lambda: to_json(self._app.openapi()))
        return Response(self._content, media_type="application/json")


def _operation(kind: type[Command[Any]], schemas: Schemas) -> dict[str, Any]:
    media = "text/event-stream" if kind.route.streams else "application/json"
    result = {media: {"schema": codec_of(result_type(kind)).schema(schemas)}}
    operation: dict[str, Any] = {
        "tags": ["control"],
        "operationId": kind.__name__,
        "summary": (kind.__doc__ or "").strip(),
        "x-preheat-risk": kind.route.risk.value,
        "parameters": [
            {
                "name": field.name if place == "path" else field.key,
                "in": place,
                "required": place == "path" or field.needed,
                "schema": _schema(field, schemas),
            }
            for field in field_forms(kind)
            if (place := place_of(kind, field)) in ("path", "query")
        ],
        "responses": {str(kind.route.status): {"description": "Success", "content": result}, **_errors(kind)},
    }
    if kind.accepted is not Command.accepted:
        operation["parameters"].append({"name": "wait", "in": "query", "schema": {"type": "boolean", "default": True}})
        operation["responses"]["202"] = {"description": "Started; with wait=false", "content": result}
    if wants_body(kind):
        operation["requestBody"] = _json_content(_body_schema(kind, schemas))
    return operation


def _errors(kind: type[Command[Any]]) -> dict[str, Any]:
    codes: dict[int, dict[str, None]] = {400: {"invalid_request": None}}
    for error in kind.route.errors:
        codes.setdefault(error.status, {})[error.code] = None
    content = {"application/json": {"schema": {"$ref": f"{REF}Error"}}}
    return {str(status): {"description": ", ".join(codes[status]), "content": content} for status in sorted(codes)}


def _body_schema(kind: type[Command[Any]], schemas: Schemas) -> dict[str, Any]:
    for field in field_forms(kind):
        if place_of(kind, field) == "body":
            return _schema(field, schemas)
    fields = [field for field in field_forms(kind) if place_of(kind, field) == "field"]
    properties = {field.key: _schema(field, schemas) for field in fields}
    return {"type": "object", "properties": properties, "required": [field.key for field in fields if field.needed]}


def _schema(field: FieldForm, schemas: Schemas) -> dict[str, Any]:
    schema = dict(field.schema(schemas))
    choices, metadata = choices_of(field), field.field.metadata
    if choices:
        schema = {"type": "string", "enum": list(choices)}
    text = schema.get("type") == "string"
    names = {"maximum": "maxLength"} if text else {"minimum": "minimum", "maximum": "maximum"}
    schema |= {name: metadata[key] for key, name in names.items() if key in metadata}
    if "parse" in metadata:
        schema = {"type": "string"}
    return schema


def _json_content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}
