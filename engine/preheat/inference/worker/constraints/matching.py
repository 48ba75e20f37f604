"""Matchers: one for each generation that follows a constraint. Decode thread only."""

from __future__ import annotations

import time
from typing import Any, Final

from preheat.inference.worker.constraints.native import USUAL_TOKEN_S, failure

_PATIENCE_S: Final = 0.3
"""Processor time that all slow tokens of a generation may take: other generations wait for each one."""

_TOO_SLOW: Final = "Each token takes too long"


class TokenMatcher:
    """Follows one generation through a grammar."""

    def __init__(self, matcher: Any, n_vocab: int, words: int) -> None:
        import numpy as np

        self._matcher = matcher
        self._n_vocab = n_vocab
        self._bits = np.zeros(words, dtype=np.uint32)
        self._patience_s = _PATIENCE_S

    def copy(self) -> TokenMatcher:
        """Return a matcher at the same place."""
        return TokenMatcher(self._matcher.deep_copy(), self._n_vocab, len(self._bits))

    def accept(self, token: int) -> bool:
        """Advance past a token; return False, and change nothing, if the grammar does not allow it.

        Also returns False after ``failure``.
        """
        began = time.thread_time()
        accepted = self._matcher.try_consume_tokens([token]) == 1
        self._spend(time.thread_time() - began)
        return accepted and self._patience_s > 0

    def allowed(self) -> Any:
        """Return the ids of the tokens that may come next, as an array; an empty one after ``failure``."""
        import numpy as np

        if self._patience_s > 0:
            began = time.thread_time()
            self._matcher.unsafe_compute_mask_ptr(self._bits.ctypes.data, self._bits.nbytes)
            self._spend(time.thread_time() - began)
        bits = np.unpackbits(self._bits.view(np.uint8), bitorder="little", count=self._n_vocab)
        return np.flatnonzero(bits)[: 0 if self.failure else None].astype(np.int32)

    def _spend(self, seconds: float) -> None:
        if seconds > USUAL_TOKEN_S:
            self._patience_s -= seconds

    @property
    def complete(self) -> bool:
        """Nothing can follow."""
        return bool(self._matcher.is_stopped() and not self._matcher.is_error())

    @property
    def failure(self) -> str:
        """Reason why the grammar cannot be followed any further; empty while it can."""
        return _TOO_SLOW if self._patience_s <= 0 else failure(self._matcher)
