"""Which wakes of clients, and which choices of models, are recorded. Pure.

A client wakes when it lists the models, asks for the details of one, or opens a session. A model is chosen in a window,
or by a program that says so.
"""

from __future__ import annotations

from typing import Final

RECORD_INTERVAL_S: Final = 60.0
"""A polling client, or a model that is chosen again and again, is recorded once per interval."""

_MAX_CLIENTS: Final = 1000
"""Any program on the machine can invent names, so the least recently seen clients are forgotten."""


class WakeFilter:
    """Decides which wakes and choices the usage log records: those that replay can learn from. Not thread-safe.

    Habits are learned from the last wake before a request, and a preload starts at the first. The first wake in each
    ``RECORD_INTERVAL_S`` is recorded, separately for wakes with and without a named model, and so is the first wake
    after a request. The first choice of each model in each ``RECORD_INTERVAL_S`` is recorded.
    """

    def __init__(self) -> None:
        self._recorded_at: dict[tuple[str, bool | str], float] = {}

    def accept(self, client: str, at: float, model_id: str = "") -> bool:
        """Return whether to record this wake, and note it. ``model_id`` is the one that it named, if any."""
        return bool(client) and self._accept((client, bool(model_id)), at)

    def accept_choice(self, model_id: str, at: float) -> bool:
        """Return whether to record that the user chose this model, and note it."""
        return self._accept(("", model_id), at)

    def _accept(self, key: tuple[str, bool | str], at: float) -> bool:
        before = self._recorded_at.get(key)
        # The difference is negative after the clock was set back.
        if before is not None and 0 <= at - before < RECORD_INTERVAL_S:
            return False
        self._recorded_at.pop(key, None)
        self._recorded_at[key] = at
        if len(self._recorded_at) > _MAX_CLIENTS:
            del self._recorded_at[next(iter(self._recorded_at))]
        return True

    def reset(self, client: str) -> None:
        """The client sent a request; record its next wake."""
        self._recorded_at.pop((client, False), None)
        self._recorded_at.pop((client, True), None)
