"""Errors of requests that could not be served."""

from __future__ import annotations

from preheat.bugs import report_bug
from preheat.errors import EngineError, InsufficientMemoryError, InvalidRequestError
from preheat.messages import msg


def failure_of(doing: str, error: Exception) -> EngineError:
    """Return what the client gets for an exception, and log it if it is a bug. Any thread.

    Args:
        doing: What failed, such as ``encoding an image``.
        error: The exception.
    """
    match error:
        case EngineError():
            return error
        case MemoryError():
            return InsufficientMemoryError(msg("request_out_of_memory"))
        case RecursionError():
            return InvalidRequestError(msg("request_nested_too_deeply"))
    return report_bug(doing, error)
