"""Chooses the number of threads for each step, from the times of the steps and the load by other programs. Pure."""

from __future__ import annotations

from typing import Final

from preheat.inference.worker.threads.choosing import Allowance, CountChooser

_PREFILL_TOKENS: Final = 64
"""From this size on, the time of a step is proportional to its tokens."""

_SINGLE_SIZES: Final = 16
"""Up to this number of tokens, each size is a kind of its own: so many streams that decode."""

_NOTABLE_CORES: Final = 0.55
"""Distance from a whole number of cores at which the other programs' load counts as another number."""


class ThreadController:
    """Chooses the number of threads for each step.

    Args:
        most: Largest number of threads.
    """

    def __init__(self, most: int) -> None:
        self.most: Final = most
        self._choosers: dict[int, CountChooser] = {}
        self._allowance = Allowance()
        self._others = 0  # cores that other programs use
        self._kind = 0

    @property
    def steady(self) -> int:
        """The number that leaves a core to each other program. It depends on nothing else."""
        return min(max(self.most - self._others, 1), self.most)

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
        self._chooser(_kind(tokens)).took(cost, seconds)

    def note_load(self, others_cores: float) -> None:
        """Take in the load by other programs, in cores, averaged over the last moments."""
        if abs(others_cores - self._others) <= _NOTABLE_CORES:
            return
        self._others = round(others_cores)
        for kind, chooser in self._choosers.items():
            chooser.note_load(self._others, active=kind == self._kind)

    def _chooser(self, kind: int) -> CountChooser:
        chooser = self._choosers.get(kind)
        if chooser is None:
            first = self._first(kind)
            chooser = self._choosers[kind] = CountChooser(self.most, first, self._allowance, self._others)
        return chooser

    def _first(self, kind: int) -> int:
        """Return the number of the most similar kind that is known."""
        known = min(self._choosers, key=lambda other: abs(other - kind), default=None)
        return self.steady if known is None else self._choosers[known].current


def _kind(tokens: int) -> int:
    """Return a number for steps of about this size; similar ones have close numbers."""
    if tokens <= _SINGLE_SIZES:
        return tokens
    return _SINGLE_SIZES + min(tokens, _PREFILL_TOKENS).bit_length()
