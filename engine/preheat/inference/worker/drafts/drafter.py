"""One generation's drafts: how good they have been, and when to stop making them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from preheat.inference.worker.drafts.lookup import PromptLookup

_PRIOR_ACCEPTED: Final = 3.0
_PRIOR_TRIED: Final = 4.0
"""Before the first draft: three of four tokens are right."""

_MEMORY: Final = 0.9
"""Weight of the drafts so far, at each new one."""

_BAD_STREAK: Final = 2
"""Consecutive drafts without a right token after which drafting pauses."""

_PAUSE_TOKENS: Final = 32
"""Length of the first pause. Each further one is twice as long."""


class Drafter:
    """Makes the drafts of one generation.

    Args:
        tokens: Its prompt.
        prediction: See ``PromptLookup``.
    """

    def __init__(self, tokens: Sequence[int], prediction: Sequence[int] = ()) -> None:
        self._lookup = PromptLookup(tokens, prediction)
        self._known = len(tokens)  # those that the lookup has
        self._accepted, self._tried = _PRIOR_ACCEPTED, _PRIOR_TRIED
        self._failures = 0
        self._pause = _PAUSE_TOKENS
        self._paused = 0  # tokens until drafts are made again

    @property
    def acceptance(self) -> float:
        """Probability that a drafted token is right, if all before it are."""
        return self._accepted / self._tried

    def draft(self, tokens: Sequence[int], most: int) -> list[int]:
        """Return a draft of at most this length, of what follows the prompt and the answer so far."""
        for token in tokens[self._known :]:
            self._lookup.append(token)
        self._paused = max(self._paused - len(tokens) + self._known, 0)
        self._known = len(tokens)
        return [] if self._paused else self._lookup.draft(most)

    def verified(self, drafted: int, accepted: int) -> None:
        """Take in how many tokens of a draft were right."""
        self._accepted = self._accepted * _MEMORY + accepted
        self._tried = self._tried * _MEMORY + min(accepted + 1, drafted)
        if accepted:
            self._failures, self._pause = 0, _PAUSE_TOKENS
            return
        self._failures += 1
        if self._failures >= _BAD_STREAK:
            self._paused, self._pause = self._pause, 2 * self._pause
