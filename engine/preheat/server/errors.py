"""Turns errors into HTTP responses: status and OpenAI's error body."""

from __future__ import annotations

import json
import math
from typing import Any, Final

from starlette.responses import Response

from preheat.errors import EngineError, SettingsError
from preheat.messages import message_json

STATUS: Final = {
    "engine_error": 500,
    "invalid_settings": 400,
    "invalid_request": 400,
    "model_not_found": 404,
    "ambiguous_model": 400,
    "unsupported_operation": 400,
    "invalid_model_file": 500,
    "model_load_failed": 503,
    "load_timeout": 504,
    "load_cancelled": 503,
    "insufficient_memory": 507,
    "context_length_exceeded": 400,
    "queue_full": 503,
    "worker_died": 502,
    "engine_stopped": 503,
    "port_in_use": 500,
    "not_running": 503,
    # Failures of the hub; the port is a gateway to it.
    "hub_error": 502,
    "hub_offline": 503,
    "hub_unreachable": 504,
    "repo_not_found": 404,
    "hub_file_not_found": 404,
    "gated_repo": 403,
    "hub_rate_limited": 429,
    "download_not_found": 404,
    "download_busy": 409,
    "checksum_mismatch": 502,
    "disk_full": 507,
    "folder_error": 500,
    "not_own_file": 409,
    "model_in_use": 409,
    "model_exists": 409,
    # Raised by the port only.
    "not_found": 404,
    "method_not_allowed": 405,
    "host_not_allowed": 403,
    "origin_not_allowed": 403,
    "invalid_api_key": 401,
    "body_too_large": 413,
    "internal_error": 500,
}
"""HTTP status by ``EngineError.code``; 500 for other codes."""


class NotFoundError(EngineError):
    """No such endpoint."""

    code = "not_found"


class MethodNotAllowedError(EngineError):
    """The endpoint exists, but not for this method."""

    code = "method_not_allowed"


class HostNotAllowedError(EngineError):
    """The Host header does not name this machine (DNS rebinding)."""

    code = "host_not_allowed"


class OriginNotAllowedError(EngineError):
    """The request comes from a web page of another origin."""

    code = "origin_not_allowed"


class InvalidApiKeyError(EngineError):
    """The API key is missing or wrong."""

    code = "invalid_api_key"


class BodyTooLargeError(EngineError):
    """The request's body is larger than ``max_body``."""

    code = "body_too_large"


class InternalError(EngineError):
    """A bug in Preheat; the log has its traceback."""

    code = "internal_error"


def status_of(code: str) -> int:
    """Return the HTTP status of an error code."""
    return STATUS.get(code, 500)


def error_json(error: EngineError) -> dict[str, Any]:
    """Return OpenAI's error object: title and hint as its message, the stable code as its code."""
    status = status_of(error.code)
    message = f"{error.title}. {error.hint}" if error.hint else error.title
    kind = "invalid_request_error" if status < 500 else "server_error"
    content: dict[str, Any] = {"message": message, "type": kind, "param": error.param, "code": error.code}
    if error.message.code != "text":
        content["details"] = message_json(error.message)
    if isinstance(error, SettingsError) and error.reason:
        content["reason"] = str(error.reason)
    return {"error": content}


def error_response(error: EngineError) -> Response:
    """Return the response for an error, with ``Retry-After`` if waiting helps."""
    status = status_of(error.code)
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after_s)))
    elif error.code == "queue_full":
        headers["Retry-After"] = "1"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(error_json(error)), status, headers, media_type="application/json")
