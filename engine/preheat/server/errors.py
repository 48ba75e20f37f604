"""Turns errors into HTTP responses: status and OpenAI's error body."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Scope

from preheat.errors import ContextLengthExceededError, EngineError, InternalError, SettingsError
from preheat.messages import message_json

REQUEST_ID: Final = "request-id"
"""Header of Anthropic's answers."""

VERSION_HEADER: Final = "anthropic-version"
"""Sent by every client of Anthropic."""

_VERSION_HEADER: Final = VERSION_HEADER.encode()
_RESPONSES_FIELDS: Final = {"messages": "input", "response_format": "text.format"}


class NotFoundError(EngineError, code="not_found", status=404):
    """No such endpoint."""


class MethodNotAllowedError(EngineError, code="method_not_allowed", status=405):
    """The endpoint exists, but not for this method."""


class HostNotAllowedError(EngineError, code="host_not_allowed", status=403):
    """The Host header does not name this machine (DNS rebinding)."""


class OriginNotAllowedError(EngineError, code="origin_not_allowed", status=403):
    """The request comes from a web page of another origin."""


class InvalidHttpError(EngineError, code="invalid_http", status=400):
    """The request is not HTTP."""


class InvalidHeadersError(EngineError, code="invalid_headers", status=400):
    """Headers that are missing, repeated or contradict each other."""


class OtherUserError(EngineError, code="other_user", status=401):
    """The request comes from a program of another user of this machine, without a key."""


class InvalidApiKeyError(EngineError, code="invalid_api_key", status=401):
    """The API key is missing or wrong."""


class BodyTooLargeError(EngineError, code="body_too_large", status=413):
    """The request's body is larger than ``max_body``."""


class ServerBusyError(EngineError, code="server_busy", status=503):
    """Large requests of others take the memory for requests."""


class UploadTooSlowError(EngineError, code="upload_too_slow", status=408):
    """Others waited for the memory of a body that arrived too slowly."""


class UnsupportedEncodingError(EngineError, code="unsupported_encoding", status=415):
    """The request's body is compressed."""


class HeadersTooLargeError(EngineError, code="headers_too_large", status=431):
    """The request's headers are too large."""


class ThreadNotFoundError(EngineError, code="thread_not_found", status=404):
    """The conversation to continue is not stored."""


def error_json(error: EngineError) -> dict[str, Any]:
    """Return OpenAI's error object: title and hint as its message, the stable code as its code."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    content: dict[str, Any] = {"message": error_text(error), "type": kind, "param": error.param, "code": error.code}
    if error.message.code != "text":
        content["details"] = message_json(error.message)
    if isinstance(error, InternalError):
        content["id"] = error.bug_id
    if isinstance(error, SettingsError) and error.reason:
        content["reason"] = str(error.reason)
    return {"error": content}


def responses_error_json(error: EngineError) -> dict[str, Any]:
    """Return OpenAI's error object for Responses. Its fields have other names than in chats."""
    content = error_json(error)
    content["error"]["param"] = _RESPONSES_FIELDS.get(error.param or "", error.param)
    return content


def anthropic_error_json(error: EngineError, request_id: str = "") -> dict[str, Any]:
    """Return Anthropic's error object (https://docs.anthropic.com/en/api/errors)."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large"}
    kinds |= {429: "rate_limit_error", 503: "overloaded_error", 504: "timeout_error"}
    kind = kinds.get(error.status, "invalid_request_error" if error.status < 500 else "api_error")
    message = error_text(error)
    if isinstance(error, ContextLengthExceededError):
        message = f"prompt is too long: {message}"  # agents look for these words, and shorten their conversation
    content: dict[str, Any] = {"type": kind, "message": message, "code": error.code}
    if isinstance(error, InternalError):
        content["id"] = error.bug_id
    if isinstance(error, ThreadNotFoundError):
        content["details"] = {"error_code": error.code}  # Anthropic's client sends the whole conversation then
    return {"type": "error", "error": content, "request_id": request_id or new_request_id()}


def new_request_id() -> str:
    """Return an id in Anthropic's form, for the header ``request-id``."""
    return f"req_{uuid.uuid4().hex[:24]}"


def ollama_error_json(error: EngineError) -> dict[str, Any]:
    """Return Ollama's error object."""
    content = {"error": error_text(error), "code": error.code}
    return content | {"id": error.bug_id} if isinstance(error, InternalError) else content


def error_text(error: EngineError) -> str:
    """Return title and hint as one text."""
    return f"{error.title}. {error.hint}" if error.hint else error.title


def error_response(error: EngineError, scope: Scope) -> Response:
    """Return the response for an error in the protocol of its request, with ``Retry-After`` if waiting helps."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    content = _form_of(scope)(error)
    if "request_id" in content:
        headers[REQUEST_ID] = content["request_id"]
    return Response(json.dumps(content), error.status, headers, media_type="application/json")


def _form_of(scope: Scope) -> Callable[[EngineError], dict[str, Any]]:
    path: str = scope["path"]
    # Anthropic's clients also ask for the models and for what Preheat does not have.
    if path.startswith("/v1/messages") or any(name == _VERSION_HEADER for name, _ in scope["headers"]):
        return anthropic_error_json
    if path.startswith("/api/"):
        return ollama_error_json
    return responses_error_json if path.startswith("/v1/responses") else error_json
