"""How far a round of preloads has come."""

from __future__ import annotations

from collections.abc import Mapping


class Round:
    """Preloads from when there was something to preload until nothing was left.

    The plan is made anew after each of them, so the queue may change on the way; the progress never falls.
    """

    def __init__(self) -> None:
        self._queue: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._progress = 0.0

    def plan(self, queue: Mapping[str, int]) -> None:
        """Go on with this queue: the bytes of each model still to be preloaded, by id, the first one first."""
        self._queue = dict(queue)
        for model_id in queue:
            self._done.pop(model_id, None)  # it was preloaded in this round, and went again

    def loaded(self, model_id: str) -> None:
        """A preload has ended hot."""
        size = self._queue.pop(model_id, None)
        if size is not None:
            self._done[model_id] = size

    def end(self) -> None:
        """Nothing is left, or preloading is paused."""
        self._queue.clear()
        self._done.clear()
        self._progress = 0.0

    @property
    def queue(self) -> tuple[str, ...]:
        """The models still to be preloaded, the one that is being loaded first; empty when no round runs."""
        return tuple(self._queue)

    @property
    def done(self) -> int:
        """How many of the round's preloads have ended hot."""
        return len(self._done)

    @property
    def total(self) -> int:
        """How many there are in all, as far as is known now."""
        return len(self._done) + len(self._queue)

    def progress(self, share: float) -> float | None:
        """Return how far the round is, 0 to 1, by bytes, never less than before; None when no round runs.

        Args:
            share: Of the first in the queue, how much is loaded, 0 to 1.
        """
        if not self.total:
            return None
        sizes = list(self._queue.values())
        loaded = sum(self._done.values()) + (sizes[0] * share if sizes else 0.0)
        self._progress = max(self._progress, min(loaded / max(sum(self._done.values()) + sum(sizes), 1), 1.0))
        return self._progress
