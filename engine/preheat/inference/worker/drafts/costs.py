"""What a step costs by its number of tokens, and the length of a draft that pays. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

MEASURED_ROWS: Final = 8
"""Size of the batch that decides whether drafts pay on this machine."""

_MOST_STEPS: Final = 3.0
"""Drafts are off unless a batch of ``MEASURED_ROWS`` takes less time than this number of single steps."""

_HOPELESS_STEPS: Final = 4.5
"""One measurement above this is enough to switch drafts off."""

_SIZES: Final = (4, MEASURED_ROWS, 16)
"""Rows of a step with drafts. Few sizes, so that each one's time is known."""

_LEAST_GAIN: Final = 1.08
"""Expected speed with a draft over that without one. Less is noise."""

_KNOWN: Final = 3
"""Measurements of a step without drafts before the first draft."""

_KNOWN_LARGE: Final = 2
"""Measurements of the large batch before drafts are switched off because of them."""

_WINDOW: Final = 9
"""Measurements that a median is made of: contexts grow, and machines become busy."""

_RETRY_STEPS: Final = 1024
"""Where drafts do not pay, they are measured again after this number of steps: the machine may have been busy."""


class Offer(NamedTuple):
    """A draft of one generation."""

    available: int  # its tokens
    acceptance: float  # probability that one is right, if all before it are


class StepCosts:
    """Times of decode steps, by rows: one for each running generation, and one for each drafted token.

    Args:
        seconds: Times that are known from the load, by rows.
    """

    def __init__(self, seconds: Mapping[int, float] | None = None) -> None:
        self._times = {rows: deque([time], _WINDOW) for rows, time in (seconds or {}).items()}
        self._since_draft = 0

    def observe(self, rows: int, seconds: float) -> None:
        """Take in the time of a step in which each generation decodes."""
        if rows < _SIZES[0]:
            self._since_draft += 1
        else:
            if self._since_draft >= _RETRY_STEPS:
                self._times = {few: times for few, times in self._times.items() if few < _SIZES[0]}
            self._since_draft = 0
        self._times.setdefault(rows, deque(maxlen=_WINDOW)).append(seconds)

    def lengths(self, base: int, offers: Sequence[Offer]) -> list[int]:
        """Return how many tokens of each draft to verify in a step; zeros where it does not pay.

        Args:
            base: Rows of the step without drafts.
            offers: The drafts.
        """
        none = [0] * len(offers)
        without = self._times.get(base)
        if without is None or len(without) < _KNOWN or not any(offer.available for offer in offers):
            return none
        single = _median(without)
        large = self._times.get(MEASURED_ROWS)
        explore = _shares(MEASURED_ROWS - base, offers)
        if large is None or (len(large) < _KNOWN_LARGE and _median(large) < _HOPELESS_STEPS * single):
            return explore if sum(explore) == MEASURED_ROWS - base else none
        if _median(large) >= _MOST_STEPS * single:
            return explore if self._since_draft >= _RETRY_STEPS else none
        best, best_rate = none, _LEAST_GAIN * base / single
        for size in _SIZES:
            counts = _shares(size - base, offers)
            expected = sum(map(expected_tokens, counts, (offer.acceptance for offer in offers)))
            rate = (base + expected) / self._estimate(base + sum(counts))
            if rate > best_rate:
                best, best_rate = counts, rate
        return best

    def _estimate(self, rows: int) -> float:
        """Return the time of a step: the measured one, or one between or beyond those of other steps."""
        if times := self._times.get(rows):
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


def _median(times: deque[float]) -> float:
    return sorted(times)[len(times) // 2]
