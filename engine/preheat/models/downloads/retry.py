"""How long to wait for what, when to try again after a fault, and when to give up."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses that double, with jitter, so that a thousand clients of a hub that comes back do not come at once.

    Attributes:
        stall_s: How long the other side may be silent.
        room_poll_s: How often to look whether a full disk has room again.
        first_s: The first pause.
        longest_s: No pause is longer, unless the hub asks for more.
        attempts: How often in a row to try without one new byte; about seven minutes.
        hopeless_attempts: The same, for what trying again hardly mends.
        longest_asked_s: The longest wait that a hub may ask for; beyond that it is a failure.
    """

    stall_s: float = 20.0
    room_poll_s: float = 5.0
    first_s: float = 1.0
    longest_s: float = 60.0
    attempts: int = 12
    hopeless_attempts: int = 3
    longest_asked_s: float = 3600.0

    def pause_s(self, attempt: int, asked_s: float | None = None) -> float:
        """Return how long to wait after the ``attempt``-th failure in a row, counted from 1."""
        pause = min(self.first_s * 2.0 ** (attempt - 1), self.longest_s) * random.uniform(0.75, 1.25)
        return max(pause, min(asked_s or 0.0, self.longest_asked_s))

    def gives_up(self, attempt: int, *, hopeless: bool) -> bool:
        """Whether the ``attempt``-th failure in a row is the last."""
        return attempt >= (self.hopeless_attempts if hopeless else self.attempts)
