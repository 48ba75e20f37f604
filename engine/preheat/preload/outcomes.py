"""How preloads turned out: whether the chances that they were based on were right. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from preheat.residency import ResidentModel

_FIRST_ODDS: Final = {False: 1.0, True: 3.0}
"""By whether a preload displaces other models: what it is based on changes soon, and it is displaced in turn."""

_FIRST_COUNTS: Final = 5.0
_DECAY: Final = 0.97


class _Pending(NamedTuple):
    displaces: bool
    vain: float


class Outcomes:
    """Compares the expected share of wasted preloads with the real one. Not thread-safe."""

    def __init__(self) -> None:
        self._proposed: tuple[str, _Pending] | None = None
        self._pending: dict[str, _Pending] = {}
        self._wasted = {False: 0.0, True: 0.0}
        self._expected = {False: 0.0, True: 0.0}

    def odds(self, displaces: bool) -> float:
        """Return the factor by which the odds of a wasted preload are higher than they were estimated."""
        wasted, expected = self._wasted[displaces], self._expected[displaces]
        return (wasted + _FIRST_COUNTS * _FIRST_ODDS[displaces]) / (expected + _FIRST_COUNTS)

    def proposed(self, model_id: str, displaces: bool, vain: float) -> None:
        """Note the preload that a plan begins with, and the estimated chance that it is in vain."""
        self._proposed = model_id, _Pending(displaces, vain)

    def used(self, model_id: str) -> None:
        """Note a request for a model."""
        if self._proposed is not None and self._proposed[0] == model_id:
            self._pending[model_id] = self._proposed[1]
            self._proposed = None
        if (pending := self._pending.pop(model_id, None)) is not None:
            self._count(pending, wasted=False)

    def look(self, residents: Sequence[ResidentModel]) -> None:
        """Find out which preloads were carried out, and which ones have left unused."""
        held = {model.model_id: model for model in residents}
        if not held:
            self._pending.clear()  # the machine was switched on
        for model_id in [model_id for model_id in self._pending if model_id not in held]:
            self._count(self._pending.pop(model_id), wasted=True)
        if self._proposed is not None:
            model_id, pending = self._proposed
            if model_id in held and held[model_id].speculative:
                self._pending[model_id] = pending
            self._proposed = None

    def _count(self, pending: _Pending, *, wasted: bool) -> None:
        kind = pending.displaces
        self._wasted[kind] = self._wasted[kind] * _DECAY + wasted
        self._expected[kind] = self._expected[kind] * _DECAY + pending.vain
