"""Logs bugs without what clients wrote."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

logger = logging.getLogger(__name__)


def log_bug(doing: str, error: Exception) -> None:
    """Log where an error comes from, but not its own words, which may quote a prompt. Any thread.

    Args:
        doing: What failed, such as ``encoding an image``.
        error: The unexpected error.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    logger.error("%s failed: %s at %s", doing, type(error).__name__, places)
