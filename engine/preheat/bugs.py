"""Bugs: logged under an id that the client gets too, and without what clients wrote."""

from __future__ import annotations

import errno
import logging
import os
import traceback
from collections import deque
from pathlib import Path
from typing import Final

from preheat.errors import EngineError, InsufficientMemoryError, InternalError
from preheat.messages import msg

logger = logging.getLogger(__name__)

_ID_BYTES: Final = 4
_MOST_PLACES: Final = 25  # a RecursionError has a thousand
_MOST_CAUSES: Final = 4


def failure_of(doing: str, error: BaseException) -> EngineError:
    """Return the error for the client: an expected one unchanged, lack of memory, or a bug, which is logged.

    Args:
        doing: As for ``report_bug``.
    """
    if isinstance(error, EngineError):
        return error
    if lacks_memory(error):
        logger.error("%s failed: memory ran out", doing)
        return InsufficientMemoryError(msg("process_out_of_memory"))
    return report_bug(doing, error)


def lacks_memory(error: BaseException) -> bool:
    """Return whether an exception means that the system gives this process no memory, or no thread."""
    match error:
        case MemoryError():
            return True
        case OSError(errno=errno.ENOMEM):
            return True
        case RuntimeError():
            return "can't start new thread" in str(error)
        case ImportError():
            return "failed to map segment" in str(error) or "cannot allocate memory" in str(error).lower()
    return False


def report_bug(doing: str, error: BaseException) -> InternalError:
    """Log an unexpected error, and return the one for the client; both have the same id. Any thread.

    The log has the types of the error and its causes and where they come from, but not their own words: those may
    quote a prompt.

    Args:
        doing: What failed, such as ``encoding an image``; without input.
    """
    bug_id = os.urandom(_ID_BYTES).hex()
    logger.error("internal error %s: %s failed: %s", bug_id, doing, places_of(error))
    return InternalError(msg("internal_error", id=bug_id))


def places_of(error: BaseException) -> str:
    """Return the types of an error and its causes and where they come from, without their own words."""
    causes: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < _MOST_CAUSES:
        causes.append(f"{type(cause).__name__} at {_places(cause)}")
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "; after ".join(causes)


def _places(error: BaseException) -> str:
    """Return the innermost places of a traceback, the last call first."""
    last = deque(traceback.walk_tb(error.__traceback__), _MOST_PLACES)
    frames = [(frame.f_code, line) for frame, line in reversed(last)]
    return " < ".join(f"{Path(code.co_filename).name}:{line} {code.co_name}" for code, line in frames)
