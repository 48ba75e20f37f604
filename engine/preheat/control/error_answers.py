"""Errors in HTTP answers, back as the engine's own errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from preheat.errors import EngineError, SettingsError
from preheat.messages import message_from_json, msg, verbatim


def error_from(body: Mapping[str, Any], status: int, retry_after: str | None = None) -> EngineError:
    """Return the error that OpenAI's error object stands for: the same class and code."""
    content = body.get("error")
    if not isinstance(content, dict):
        return EngineError(msg("http_status", status=status))
    code = str(content.get("code"))
    kind = next((kind for kind in _kinds(EngineError) if kind.code == code), EngineError)
    title, _, hint = str(content.get("message", "")).partition(". ")
    message = verbatim(title.removesuffix("."), hint)
    if isinstance(content.get("details"), dict):
        message = message_from_json(content["details"])
    error = kind(message, param=content.get("param"))
    error.code = code
    error.retry_after_s = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    if isinstance(error, SettingsError):
        reason = content.get("reason")
        error.reason = msg("text", text=str(reason)) if reason else None
    return error


def _kinds(kind: type[EngineError]) -> Iterator[type[EngineError]]:
    for below in kind.__subclasses__():
        yield from _kinds(below)
    yield kind
