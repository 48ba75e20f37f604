"""State that survives a restart but is not a setting: the pause of preloading."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeGuard

from preheat.clock import MAX_SPAN_S, unix_time
from preheat.files import read_json, write_atomic

logger = logging.getLogger(__name__)

_MAX_TIME: Final = 1e11


class PersistentState:
    """A small state file; losing it loses only the pause. Reading and writing block briefly on the disk.

    Args:
        path: The file; it may be missing.
        clock: Returns Unix time.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = unix_time) -> None:
        self._path = path
        self._clock = clock
        self._paused_until: float | None = None
        try:
            content = read_json(path)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            logger.warning("%s cannot be read and is ignored: %s", path, error)
            return
        if isinstance(content, dict):
            self._paused_until = _until(content.get("paused_until"), content.get("paused_at"), clock())

    @property
    def paused_until(self) -> float | None:
        """Unix time until which preloading is paused; infinite until resumed; None when not paused."""
        return self._paused_until

    @paused_until.setter
    def paused_until(self, until: float | None) -> None:
        self._paused_until = until
        value = "resumed" if until is not None and math.isinf(until) else until
        try:
            write_atomic(self._path, json.dumps({"paused_until": value, "paused_at": self._clock()}), durable=False)
        except OSError as error:
            logger.warning("the pause cannot be saved: %s", error)


def _until(value: object, paused_at: object, now: float) -> float | None:
    """Return the end of a stored pause. It lasts no longer than it was meant to, also if the clock was set back."""
    if value == "resumed":
        return math.inf
    if not _is_time(value):
        return None
    length_s = max(value - paused_at, 0) if _is_time(paused_at) else MAX_SPAN_S
    return min(value, now + min(length_s, MAX_SPAN_S))


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_TIME
