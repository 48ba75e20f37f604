"""Progress of a round of preloads."""

from __future__ import annotations

from collections.abc import Mapping


class Round:
    """All preloads until nothing is left to preload.

    The plan is remade after each preload, so the queue may change; the progress never falls.
    """

    def __init__(self) -> None:
        self._queue: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._progress = 0.0

    def plan(self, queue: Mapping[str, int]) -> None:
        """Continue with this queue of model ids and sizes in bytes, in loading order."""
        self._queue = dict(queue)
        for model_id in queue:
            self._done.pop(model_id, None)  # preloaded in this round and evicted again

    def loaded(self, model_id: str) -> None:
        """A preload became hot."""
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
        """Models still to be preloaded, the loading one first; empty outside a round."""
        return tuple(self._queue)

    @property
    def done(self) -> int:
        """Number of completed preloads of the round."""
        return len(self._done)

    @property
    def total(self) -> int:
        """Number of preloads of the round known so far."""
        return len(self._done) + len(self._queue)

    def progress(self, share: float) -> float | None:
        """Return the progress of the round by bytes, 0 to 1; None outside a round.

        Args:
            share: Progress of the first model in the queue, 0 to 1.
        """
        if not self.total:
            return None
        sizes = list(self._queue.values())
        loaded = sum(self._done.values()) + (sizes[0] * share if sizes else 0.0)
        self._progress = max(self._progress, min(loaded / max(sum(self._done.values()) + sum(sizes), 1), 1.0))
        return self._progress
