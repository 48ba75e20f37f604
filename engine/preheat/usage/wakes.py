"""Which wake-ups of clients are worth keeping. Pure."""

from __future__ import annotations

from typing import Final

PAUSE_S: Final = 60.0
"""Of an app that asks for the list of models every second, one wake-up in so long is kept."""

_MAX_CLIENTS: Final = 1000
"""Anyone on the machine can invent names; those whose wake-up was kept longest ago are forgotten."""


class WakeThinner:
    """Keeps from the usage log the wake-ups that would tell replay nothing new.

    A client's habits are learned from its last wake-up before a request, and a preload begins with the first. So the
    first in ``PAUSE_S`` is kept, of those that named a model and of those that did not; after a request the next one
    is kept at once. Not thread-safe; the engine's thread owns it.
    """

    def __init__(self) -> None:
        self._kept_at: dict[tuple[str, bool], float] = {}

    def keeps(self, client: str, at: float, model_id: str = "") -> bool:
        """Return whether to keep this wake-up, and take note of it.

        Args:
            at: Unix time.
            model_id: The model whose details the client asked for; empty if it asked for none in particular.
        """
        key = client, bool(model_id)
        before = self._kept_at.get(key)
        # A clock that was set back makes the time between them negative.
        if not client or (before is not None and 0 <= at - before < PAUSE_S):
            return False
        self._kept_at.pop(key, None)
        self._kept_at[key] = at
        if len(self._kept_at) > _MAX_CLIENTS:
            del self._kept_at[next(iter(self._kept_at))]
        return True

    def used(self, client: str) -> None:
        """The client asked for an answer: what it does next is news."""
        self._kept_at.pop((client, False), None)
        self._kept_at.pop((client, True), None)
