"""Errors as the port tells them, back into the engine's own kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from preheat.errors import EngineError, SettingsError


def error_from(body: Mapping[str, Any], status: int, retry_after: str | None = None) -> EngineError:
    """Return the error that OpenAI's error object stands for: the engine's own kind, with the same code."""
    content = body.get("error")
    if not isinstance(content, dict):
        return EngineError(f"Preheat answered with HTTP status {status}")
    title, _, hint = str(content.get("message", "")).partition(". ")
    code = str(content.get("code"))
    kind = _kinds().get(code, EngineError)
    seconds = float(retry_after) if retry_after is not None and retry_after.isdigit() else None
    error = kind(title.removesuffix("."), hint=hint, param=content.get("param"))
    error.code, error.retry_after_s = code, seconds
    if isinstance(error, SettingsError):
        error.reason = str(content.get("reason") or "")
    return error


def _kinds() -> dict[str, type[EngineError]]:
    """Return every kind of error by its code."""
    kinds = {}
    unvisited = [EngineError]
    while unvisited:
        kind = unvisited.pop()
        kinds[kind.code] = kind
        unvisited += kind.__subclasses__()
    return kinds
