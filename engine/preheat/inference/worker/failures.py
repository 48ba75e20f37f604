"""Errors of requests that could not be served."""

from __future__ import annotations

from preheat import bugs
from preheat.errors import EngineError, InvalidRequestError
from preheat.messages import msg


def failure_of(doing: str, error: Exception) -> EngineError:
    """Return what the client gets for an exception, and log it if it is a bug. Any thread.

    Args:
        doing: What failed, such as ``encoding an image``.
        error: The exception.
    """
    if isinstance(error, RecursionError):
        return InvalidRequestError(msg("request_nested_too_deeply"))
    return bugs.failure_of(doing, error)
