"""The limit on requests that wait for a model, and when a place is likely to be free again."""

from __future__ import annotations

from typing import Final

from preheat.errors import QueueFullError
from preheat.messages import msg

_GUESS_S: Final = 2.0
"""Duration of a request, in seconds, before one has been measured."""

_WEIGHT: Final = 0.3
_LONGEST_S: Final = 120.0


class QueueLimit:
    """Refuses requests when too many use a model, and measures how long they take. Engine's loop only."""

    def __init__(self) -> None:
        self._took_s: dict[str, float] = {}  # average duration of recent requests, by model id

    def ended(self, model_id: str, took_s: float) -> None:
        """Note that a request took this long with its model hot, in seconds."""
        average = self._took_s.setdefault(model_id, took_s)
        self._took_s[model_id] = average + _WEIGHT * (took_s - average)

    def check(self, model_id: str, *, active: int, own: int, parallel: int, max_queue: int) -> None:
        """Check that there is room for another request.

        A client without any request is let in for as long again, so that others cannot shut it out.

        Args:
            model_id: The model.
            active: Requests that use it or wait for it.
            own: Those of the same client.
            parallel: Requests that the model answers at once.
            max_queue: How many more may wait.

        Raises:
            QueueFullError: There is none. Says when the requests that now wait are likely to have started.
        """
        limit = parallel + max_queue
        if active < limit or (not own and active < 2 * limit):
            return
        expected_s = self._took_s.get(model_id, _GUESS_S) * (active - parallel) / active
        raise QueueFullError(
            msg("queue_full", limit=limit, model=model_id), retry_after_s=min(max(expected_s, 1.0), _LONGEST_S)
        )
