"""Remembers failed preloads, so that plans skip these models for some time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from preheat.models import ModelFile

FAILED_PAUSE_S: Final = 60.0
"""Time until a failed preload is tried again, in seconds; twice that after the next failure, and so on."""

MOST_FAILED_PAUSE_S: Final = 3600.0
"""Longest such time. Each try may displace models in vain; a request may load the model at any time."""


class _Failure(NamedTuple):
    """A preload of this file failed, and is tried again at a monotonic time, after a pause in seconds."""

    model: ModelFile
    again_at: float
    pause_s: float


class FailedPreloads:
    """The last failure of each model, until a preload of it succeeds. ``now`` is monotonic time."""

    def __init__(self) -> None:
        self._failed: dict[str, _Failure] = {}

    def add(self, model: ModelFile, now: float) -> None:
        """Note that a preload failed."""
        before = self._failed.get(model.model_id)
        pause_s = FAILED_PAUSE_S if before is None else min(2 * before.pause_s, MOST_FAILED_PAUSE_S)
        self._failed[model.model_id] = _Failure(model, now + pause_s, pause_s)

    def discard(self, model_id: str) -> None:
        """Note that a preload succeeded."""
        self._failed.pop(model_id, None)

    def clear(self) -> None:
        """Forget all failures."""
        self._failed.clear()

    def waits(self, models: Iterable[ModelFile], now: float) -> dict[str, float]:
        """Return the seconds until each model may be tried again; at once, if its file is another since it failed."""
        found = ((model, self._failed.get(model.model_id)) for model in models)
        return {
            model.model_id: failure.again_at - now
            for model, failure in found
            if failure is not None and failure.again_at > now and failure.model.same_content(model)
        }
