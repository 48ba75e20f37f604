"""How much faster models decode with repacked weights: measured once for each file, and kept over restarts.

A gain holds for a processor and a build of llama.cpp; others are forgotten.
"""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any, Final

from preheat.files import read_json, write_atomic
from preheat.inference.processor import processor_key
from preheat.models import ModelFile

logger = logging.getLogger(__name__)

LEAST_GAIN: Final = 0.10
"""Gain from which repacked weights are worth their memory."""

_MOST_REMEMBERED: Final = 1000
_REPACKED_SHARE: Final = 0.3
"""Share of the weights from which repacking can gain something."""


class GainTable:
    """The known gains. Engine's loop only; reads and writes a small file, whose loss only costs measurements.

    Args:
        path: The file; None keeps nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._processor = ""
        self._gains: dict[str, float] = {}

    def open(self) -> None:
        """Read the gains on this processor, before anything else is done. Blocks; any thread."""
        self._processor = processor_key()
        self._gains = self._read()

    def gain(self, model: ModelFile) -> float | None:
        """Return the model's gain, such as 0.25; None if it has not been measured."""
        return self._gains.get(_key(model))

    def note(self, model: ModelFile, gain: float) -> None:
        """Keep a measured gain."""
        key = _key(model)
        self._gains.pop(key, None)
        self._gains[key] = round(gain, 3)
        self._gains = dict(list(self._gains.items())[-_MOST_REMEMBERED:])
        if self._path is not None:
            try:
                content = {"processor": self._processor, "gains": self._gains}
                write_atomic(self._path, json.dumps(content, indent=1), durable=False)
            except OSError as error:
                logger.warning("the gain of repacked weights is not kept: %s", error)

    def _read(self) -> dict[str, float]:
        try:
            content: Any = read_json(self._path) if self._path is not None else {}
            if content["processor"] != self._processor:
                return {}
            gains = {str(key): float(gain) for key, gain in content["gains"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # there is none, or it was edited
            return {}
        return {key: gain for key, gain in gains.items() if math.isfinite(gain)}


def is_repackable(model: ModelFile) -> bool:
    """Return whether enough of the model's weights have a repacked form on this kind of processor."""
    shape = model.shape
    return (
        not model.embeddings and shape.repack_bytes > 0 and shape.repack_bytes >= _REPACKED_SHARE * shape.weight_bytes
    )


def _key(model: ModelFile) -> str:
    return f"{model.path}|{model.file_bytes}|{model.modified_ns}"
