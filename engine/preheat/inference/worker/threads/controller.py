"""Chooses the number of threads for each step, from the times of the steps and the load by other programs. Pure."""

from __future__ import annotations

from typing import Final

from preheat.inference.worker.threads.choosing import Allowance, CountChooser

_PREFILL_TOKENS: Final = 64
"""From this size on, the time of a step is proportional to its tokens."""

_SINGLE_SIZES: Final = 16
"""Up to this number of tokens, each size is a kind of its own: so many streams that decode."""

_NOTABLE_CORES: Final = 0.5
"""A change of the other programs' load, in cores, that makes other numbers worth a trial."""


class ThreadController:
    """Chooses the number of threads for each step.

    Args:
        most: Largest number of threads.
    """

    def __init__(self, most: int) -> None:
        self.most: Final = most
        self._choosers: dict[int, CountChooser] = {}
        self._allowance = Allowance()
        self._others_cores = 0.0  # at the last notable change
        self._kind = 0

    @property
    def likely(self) -> int:
        """The number that leaves a core to each other busy program."""
        return min(max(round(self.most - self._others_cores), 1), self.most)

    def count(self, tokens: int) -> int:
        """Return the number of threads for a step with this many tokens."""
        if self.most == 1:
            return 1
        self._kind = _kind(tokens)
        return self._chooser(self._kind).count

    def took(self, tokens: int, seconds: float) -> None:
        """Take in the duration of a step that ran with ``count(tokens)`` threads."""
        if self.most == 1 or seconds <= 0:
            return
        cost = seconds if tokens <= _SINGLE_SIZES else seconds / tokens
        if self._chooser(_kind(tokens)).took(cost, seconds):
            self._chooser(_kind(tokens)).note_change(self.likely)

    def note_load(self, others_cores: float) -> None:
        """Take in the load by other programs, in cores, averaged over the last moments."""
        if abs(others_cores - self._others_cores) < _NOTABLE_CORES:
            return
        self._others_cores = others_cores
        for kind, chooser in self._choosers.items():
            if kind == self._kind:
                chooser.note_change(self.likely)
            else:
                chooser.expect(self.likely)

    def _chooser(self, kind: int) -> CountChooser:
        chooser = self._choosers.get(kind)
        if chooser is None:
            chooser = self._choosers[kind] = CountChooser(self.most, self._first(kind), self._allowance)
        return chooser

    def _first(self, kind: int) -> int:
        """Return the number of the most similar kind that is known."""
        known = min(self._choosers, key=lambda other: abs(other - kind), default=None)
        return self.likely if known is None else self._choosers[known].current


def _kind(tokens: int) -> int:
    """Return a number for steps of about this size; similar ones have close numbers."""
    if tokens <= _SINGLE_SIZES:
        return tokens
    return _SINGLE_SIZES + min(tokens, _PREFILL_TOKENS).bit_length()
