"""How preloads turned out: whether the chances that they were based on were right. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

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
        self._pending: dict[str, _Pending] = {}
        self._wasted = {False: 0.0, True: 0.0}
        self._expected = {False: 0.0, True: 0.0}

    def odds(self, displaces: bool) -> float:
        """Return the factor by which the odds of a wasted preload are higher than they were estimated."""
        wasted, expected = self._wasted[displaces], self._expected[displaces]
        return (wasted + _FIRST_COUNTS * _FIRST_ODDS[displaces]) / (expected + _FIRST_COUNTS)

    def started(self, model_id: str, displaces: bool, vain: float) -> None:
        """Note that a preload began, and the estimated chance that it is in vain."""
        self._pending[model_id] = _Pending(displaces, vain)

    def used(self, model_id: str) -> None:
        """Note a request for a model."""
        self._settle(model_id, wasted=False)

    def left(self, model_id: str) -> None:
        """Note that a model was unloaded, or its load was cancelled."""
        self._settle(model_id, wasted=True)

    def lost(self) -> None:
        """Note that the machine was switched off: preloads that were not used yet count neither way."""
        self._pending.clear()

    def _settle(self, model_id: str, *, wasted: bool) -> None:
        if (pending := self._pending.pop(model_id, None)) is not None:
            kind = pending.displaces
            self._wasted[kind] = self._wasted[kind] * _DECAY + wasted
            self._expected[kind] = self._expected[kind] * _DECAY + pending.vain
