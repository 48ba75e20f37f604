"""The placements that llama.cpp has confirmed, kept over restarts: by file, settings, devices and their limits."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from preheat.devices.placement import Placement
from preheat.files import read_json, write_atomic

logger = logging.getLogger(__name__)

_MOST: Final = 200


class KeptPlacement(NamedTuple):
    """What is kept of a placement; all else follows from the model and its devices."""

    split: Mapping[str, int]  # layers by device
    cpu_experts: int
    device_bytes: Mapping[str, int]


class PlacementTable:
    """The known placements. Engine's loop only; reads and writes a small file, whose loss only costs a second a model.

    Args:
        path: The file; None keeps nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept: dict[str, KeptPlacement] = {}  # the latest last

    def open(self) -> None:
        """Read what is kept, before anything else is done. Blocks; any thread."""
        try:
            content: Any = read_json(self._path) if self._path is not None else {}
            self._kept = {str(key): _kept(entry) for key, entry in content.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError):  # none, or edited
            self._kept = {}

    def get(self, key: str) -> KeptPlacement | None:
        """Return what is known under a key."""
        return self._kept.get(key)

    def note(self, key: str, placement: Placement) -> None:
        """Keep a placement."""
        split = dict(zip(placement.devices, placement.split, strict=True))
        self._kept.pop(key, None)
        self._kept[key] = KeptPlacement(split, placement.cpu_experts, dict(placement.device_bytes))
        self._kept = dict(list(self._kept.items())[-_MOST:])
        if self._path is None:
            return
        content = {key: kept._asdict() for key, kept in self._kept.items()}
        try:
            write_atomic(self._path, json.dumps(content, indent=1), durable=False)
        except OSError as error:
            logger.warning("where models are put is not kept: %s", error)


def _kept(entry: Mapping[str, Any]) -> KeptPlacement:
    """Return an entry of the file.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, ArithmeticError: The file was edited.
    """
    split, sizes = ({str(name): int(value) for name, value in entry[key].items()} for key in ("split", "device_bytes"))
    experts = int(entry["cpu_experts"])
    if split.keys() != sizes.keys() or min((*split.values(), *sizes.values(), experts), default=0) < 0:
        raise ValueError("no placement")
    return KeptPlacement(split, experts, sizes)
