"""Timeouts and retries of downloads."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with jitter, so that the clients of a recovering hub do not return all at once."""

    stall_s: float = 20.0  # longest silence of a connection
    space_poll_s: float = 5.0  # interval of checks whether a full disk has space again
    first_s: float = 1.0  # first pause
    longest_s: float = 60.0  # longest pause, unless the hub asks for more
    attempts: int = 12  # consecutive attempts without a new byte before giving up; about seven minutes
    unlikely_attempts: int = 3  # the same for failures that a retry hardly mends
    longest_asked_s: float = 3600.0  # longest pause that the hub may ask for; more is a failure

    def pause_s(self, attempt: int, asked_s: float | None = None) -> float:
        """Return the pause after the ``attempt``-th consecutive failure, counted from 1."""
        pause = min(self.first_s * 2.0 ** (attempt - 1), self.longest_s) * random.uniform(0.75, 1.25)
        return max(pause, min(asked_s or 0.0, self.longest_asked_s))

    def gives_up(self, attempt: int, *, retryable: bool, asked_s: float | None = None) -> bool:
        """Return whether the ``attempt``-th consecutive failure is the last."""
        most = self.attempts if retryable else self.unlikely_attempts
        return attempt >= most or (asked_s or 0) > self.longest_asked_s
