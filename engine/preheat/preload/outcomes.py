"""How preloads turned out: whether the chances that they were based on were right. Pure.

The chance of a preload in vain is estimated from habits; this corrects it by one factor of its odds for each kind of
preload, fitted to what became of earlier ones as in logistic regression.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from preheat.usage import OutcomeRow


class Circumstances(NamedTuple):
    """What kind of preload one is.

    Attributes:
        displaces: It displaces other models.
        paused: Nothing was requested for a while: what it is based on does not change soon.
    """

    displaces: bool
    paused: bool


_FIRST_ODDS: Final = {
    Circumstances(displaces=False, paused=False): 1.5,
    Circumstances(displaces=False, paused=True): 1.0,
    Circumstances(displaces=True, paused=False): 2.5,
    Circumstances(displaces=True, paused=True): 2.0,
}
"""What displaces other models is displaced in turn, and what is likely in a session changes soon."""

_FIRST_INFORMATION: Final = 3.0
"""How sure the first odds are; a preload that was as likely in vain as not adds a quarter."""

_FORGETTING: Final = 0.97
"""What earlier preloads count for each later one of their kind."""

_REMEMBERED: Final = 200
"""Number of outcomes that are kept over a restart. Earlier ones have almost no weight."""

_LEAST_VAIN: Final = 0.001
_MOST_LOG_ODDS: Final = 5.0


class _Pending(NamedTuple):
    kind: Circumstances | None
    vain: float


class Outcomes:
    """Compares the expected share of wasted preloads with the real one. Not thread-safe.

    Args:
        save: Called with the last outcomes, the oldest first, after each.
    """

    def __init__(self, save: Callable[[Sequence[OutcomeRow]], None] = lambda rows: None) -> None:
        self._save = save
        self._settled: deque[OutcomeRow] = deque(maxlen=_REMEMBERED)
        self._pending: dict[str, _Pending] = {}
        self._log_odds = {kind: math.log(odds) for kind, odds in _FIRST_ODDS.items()}
        self._information = dict.fromkeys(_FIRST_ODDS, 0.0)

    def odds(self, kind: Circumstances) -> float:
        """Return the factor by which the odds of a wasted preload are higher than they were estimated."""
        return math.exp(self._log_odds[kind])

    def vain(self, model_id: str) -> float:
        """Return the chance that a preloaded model leaves unused; 0 if none is pending."""
        pending = self._pending.get(model_id)
        if pending is None:
            return 0.0
        return pending.vain if pending.kind is None else corrected(pending.vain, self.odds(pending.kind))

    def started(self, model_id: str, kind: Circumstances | None, vain: float) -> None:
        """Note that a preload began, and the estimated chance that it is in vain.

        Args:
            kind: None if its outcome says nothing about the estimate.
        """
        self._pending[model_id] = _Pending(kind, min(max(vain, _LEAST_VAIN), 1.0 - _LEAST_VAIN))

    def used(self, model_id: str) -> None:
        """Note a request for a model."""
        self._settle(model_id, wasted=False)

    def left(self, model_id: str) -> None:
        """Note that a model was unloaded unused."""
        self._settle(model_id, wasted=True)

    def forget(self, model_id: str) -> None:
        """Note that a preload ended for a reason that says nothing about it."""
        self._pending.pop(model_id, None)

    def lost(self) -> None:
        """Note that the machine was switched off: preloads that were not used yet count neither way."""
        self._pending.clear()

    def recall(self, rows: Sequence[OutcomeRow]) -> None:
        """Learn from outcomes before the restart, unless there have been others since."""
        if not self._settled:
            for row in rows:
                self._learn(row)

    def _settle(self, model_id: str, *, wasted: bool) -> None:
        pending = self._pending.pop(model_id, None)
        if pending is not None and pending.kind is not None:
            self._learn(OutcomeRow(*pending.kind, pending.vain, wasted))
            self._save(tuple(self._settled))

    def _learn(self, row: OutcomeRow) -> None:
        self._settled.append(row)
        kind, wasted = Circumstances(row.displaces, row.paused), row.wasted
        expected = corrected(row.vain, self.odds(kind))
        information = self._information[kind] * _FORGETTING + expected * (1.0 - expected)
        log_odds = self._log_odds[kind] + (wasted - expected) / (_FIRST_INFORMATION + information)
        self._information[kind] = information
        self._log_odds[kind] = min(max(log_odds, -_MOST_LOG_ODDS), _MOST_LOG_ODDS)


def corrected(chance: float, odds: float) -> float:
    """Return a chance with its odds multiplied."""
    return chance * odds / (1.0 - chance + chance * odds)
