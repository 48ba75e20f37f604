"""Finds what is likely to follow a growing list of tokens: what followed its last tokens before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MIN_MATCH: Final = 12
"""Fewest last tokens that have to occur elsewhere before a draft is made of what follows there."""

_GRID: Final = 4
"""The index has every fourth position: it takes a quarter of the memory, and no match of ``MIN_MATCH`` is missed."""

_KEY: Final = MIN_MATCH - _GRID + 1
"""Tokens before a position that it is found by. Any ``MIN_MATCH`` tokens contain them once on the grid."""

_RESUME_TOKENS: Final = 128
"""After an edit, text goes on where it was left, or up to this number of tokens later."""

_GAP: Final = -1
"""Separates the prediction from the prompt. Like images, it is no token, and ends a draft."""


class PromptLookup:
    """A prompt with the answer so far, and the place in it, or in a prediction, that the answer repeats.

    Args:
        tokens: The prompt. Negative numbers are images.
        prediction: Tokens that the answer is expected to consist of. It is expected to begin with the first one.
    """

    def __init__(self, tokens: Sequence[int], prediction: Sequence[int] = ()) -> None:
        self._history = [*prediction, _GAP, *tokens] if prediction else list(tokens)
        self._positions: dict[int, int] = {}  # by the hash of the tokens before a position: the latest one
        for end in range(_KEY, len(self._history) + 1):
            if end % _GRID == 0:
                self._positions[self._key(end)] = end
        self._next: int | None = 0 if prediction else None  # the position of the expected next token
        self._matched = MIN_MATCH if prediction else 0
        self._left: int | None = None  # where the last match ended
        if not prediction:
            self._find()

    def append(self, token: int) -> None:
        """Take in the answer's next token."""
        history, at = self._history, self._next
        history.append(token)
        end = len(history)
        if at is not None and history[at] == token:
            self._next = at + 1
            self._matched += 1
        else:
            if self._matched >= MIN_MATCH:
                self._left = at
            self._find()
        if end % _GRID == 0 and end >= _KEY:
            self._positions[self._key(end)] = end

    def draft(self, most: int) -> list[int]:
        """Return the likely next tokens, up to a number; none if the last tokens have not occurred before."""
        start, history = self._next, self._history
        if start is None or self._matched < MIN_MATCH or most <= 0:
            return []
        draft = history[start : start + most]
        distance = len(history) - start
        while len(draft) < most and distance <= len(draft):  # a text that repeats itself goes on so
            draft.append(draft[-distance])
        return draft[: next((at for at, token in enumerate(draft) if token < 0), most)]

    def _find(self) -> None:
        """Look for the last tokens: where an edited text goes on, then anywhere."""
        self._next, self._matched = None, 0
        history, end = self._history, len(self._history)
        if end < _KEY:
            return
        if self._left is not None:
            for at in range(self._left + 1, min(self._left + _RESUME_TOKENS, end - 1) + 1):
                if history[at - 1] == history[-1] and self._shared_before(at) == MIN_MATCH:
                    self._next, self._matched, self._left = at, MIN_MATCH, None
                    return
        found = self._positions.get(self._key(end))
        if found is not None and found < end and (shared := self._shared_before(found)) >= _KEY:
            self._next, self._matched = found, shared

    def _shared_before(self, position: int) -> int:
        """Return how many of the last tokens are also before a position, up to ``MIN_MATCH``."""
        history, end, shared = self._history, len(self._history), 0
        while shared < min(MIN_MATCH, position) and history[position - 1 - shared] == history[end - 1 - shared]:
            shared += 1
        return shared

    def _key(self, end: int) -> int:
        return hash(tuple(self._history[end - _KEY : end]))
