"""What a step costs by its number of tokens, and the length of a draft that pays. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

_SIZES: Final = (4, 8, 16)
"""Rows of a step with drafts. Few sizes, so that each one's time is known."""

_MEASURED: Final = (4, 8)
"""Sizes that decide whether drafts pay on this machine. The smaller one is tried first: it may be slow enough."""

_MOST_STEPS: Final = 3.0
"""Drafts are off unless a step of the measured sizes takes less time than this number of steps without."""

_HOPELESS_STEPS: Final = 4.5
"""One measurement above this is enough to switch drafts off."""

_LEAST_GAIN: Final = 1.08
"""Expected speed with a draft over that without one. Less is noise."""

_KNOWN: Final = 3
"""Measurements of a step without drafts before the first draft."""

_WINDOW: Final = 9
"""Measurements that a median is made of: contexts grow, and machines become busy."""

_FIRST_RETRY_STEPS: Final = 64
_LAST_RETRY_STEPS: Final = 1024
"""Where drafts do not pay, they are measured again after this number of steps: the machine may have been busy."""


_FORGET_DRAFTS: Final = 64
"""The time of the largest step is forgotten after this number of smaller ones, and tried again if it is likely to pay:
the first one may have been slow for another reason."""


class Offer(NamedTuple):
    """A draft of one generation."""

    available: int  # its tokens
    acceptance: float  # probability that one is right, if all before it are


class StepCosts:
    """Times of decode steps, by rows: one for each running generation, and one for each drafted token.

    Nothing is computed for the measurements alone: they are steps with the first drafts.
    """

    def __init__(self) -> None:
        self._times: dict[int, deque[float]] = {}
        self._retry_steps = _FIRST_RETRY_STEPS
        self._since_draft = 0
        self._drafts = 0
        self._largest_at = 0  # the number of the draft that was measured last with the largest size

    def observe(self, rows: int, seconds: float) -> None:
        """Take in the time of a step in which each generation decodes."""
        if rows < _SIZES[0]:
            self._since_draft += 1
        else:
            if self._off(min(self._times, default=rows)):
                self._times = {few: times for few, times in self._times.items() if few < _SIZES[0]}
                self._retry_steps = min(2 * self._retry_steps, _LAST_RETRY_STEPS)
            self._since_draft = 0
            self._drafts += 1
            if rows >= _SIZES[-1]:
                self._largest_at = self._drafts
            elif self._drafts - self._largest_at > _FORGET_DRAFTS:
                self._times.pop(_SIZES[-1], None)
        self._times.setdefault(rows, deque(maxlen=_WINDOW)).append(seconds)

    def _off(self, base: int) -> bool:
        """Whether drafts were measured and do not pay."""
        limit = _MOST_STEPS * _median(self._known(base) or (0.0,))
        small, large = self._known(_MEASURED[0]), self._known(_MEASURED[1])
        if small and _median(small) >= limit:
            return True
        sure = len(large) > 1 or (bool(large) and large[0] >= limit / _MOST_STEPS * _HOPELESS_STEPS)
        return sure and _median(large) >= limit

    def may_pay(self, base: int) -> bool:
        """Return whether a draft would be verified now in a step of ``base`` rows. Looking for drafts takes time."""
        return len(self._known(base)) >= _KNOWN and not (self._since_draft < self._retry_steps and self._off(base))

    def lengths(self, base: int, offers: Sequence[Offer]) -> list[int]:
        """Return how many tokens of each draft to verify in a step; zeros where it does not pay.

        Args:
            base: Rows of the step without drafts.
            offers: The drafts.
        """
        none = [0] * len(offers)
        if not self.may_pay(base) or not any(offer.available for offer in offers):
            return none
        off = self._off(base)
        single = _median(self._known(base))
        for size in _MEASURED:
            times = self._known(size)
            if off or not times or _median(times) >= _MOST_STEPS * single:  # measure it, for the first time or again
                counts = _shares(size - base, offers)
                return counts if sum(counts) == size - base else none
        best, best_rate = none, _LEAST_GAIN * base / single
        for size in _SIZES:
            counts = _shares(size - base, offers)
            expected = sum(map(expected_tokens, counts, (offer.acceptance for offer in offers)))
            rate = (base + expected) / self._estimate(base + sum(counts))
            if rate > best_rate:
                best, best_rate = counts, rate
        return best

    def _known(self, rows: int) -> Sequence[float]:
        return self._times.get(rows, ())

    def _estimate(self, rows: int) -> float:
        """Return the time of a step: the measured one, or one between or beyond those of other steps."""
        if times := self._known(rows):
            return _median(times)
        sizes = sorted(self._times)
        above = min(max(bisect_left(sizes, rows), 1), len(sizes) - 1)
        low, high = sizes[above - 1], sizes[above]
        low_time, high_time = _median(self._times[low]), _median(self._times[high])
        slope = max(high_time - low_time, 0.0) / (high - low)
        return low_time + slope * (rows - low)


def _shares(rows: int, offers: Sequence[Offer]) -> list[int]:
    """Return how many of a step's further rows each draft gets."""
    counts, left = [], max(rows, 0)
    for waiting, offer in zip(range(len(offers), 0, -1), offers, strict=True):
        counts.append(min(offer.available, -(-left // waiting)))
        left -= counts[-1]
    return counts


def expected_tokens(count: int, acceptance: float) -> float:
    """Return how many of ``count`` drafted tokens are accepted on average."""
    return sum(acceptance**length for length in range(1, count + 1))


def _median(times: Sequence[float]) -> float:
    return sorted(times)[len(times) // 2]
