"""State that survives a restart but is not a setting: the pause of preloading."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

from preheat.files import write_atomic

logger = logging.getLogger(__name__)


class PersistentState:
    """A small state file; losing it loses only the pause. Reading and writing block briefly on the disk.

    Args:
        path: The file; it may be missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._paused_until: float | None = None
        try:
            value = json.loads(path.read_text(encoding="utf-8")).get("paused_until")
        except FileNotFoundError:
            return
        except (OSError, ValueError, AttributeError) as error:
            logger.warning("%s cannot be read and is ignored: %s", path, error)
            return
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._paused_until = float(value)
        elif value == "resumed":
            self._paused_until = math.inf

    @property
    def paused_until(self) -> float | None:
        """Unix time until which preloading is paused; infinite until resumed; None when not paused."""
        return self._paused_until

    @paused_until.setter
    def paused_until(self, until: float | None) -> None:
        self._paused_until = until
        value = "resumed" if until is not None and math.isinf(until) else until
        try:
            write_atomic(self._path, json.dumps({"paused_until": value}), durable=False)
        except OSError as error:
            logger.warning("the pause cannot be saved: %s", error)
