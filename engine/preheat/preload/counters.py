"""Counts what preloading brings: hits, misses, and the waiting that it saved."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from preheat.residency.resident import Resident
from preheat.residency.states import State

IDLE_UNLOAD_S: Final = 300.0
"""After so long without a request other servers unload a model (Ollama's default keep-alive)."""


class Outcome(StrEnum):
    """How a request found its model."""

    HIT = "hit"
    LATE_HIT = "late hit"
    MISS = "miss"


@dataclass(slots=True)
class PreloadCounters:
    """Sums since the engine started. Written on the engine's loop."""

    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    wasted: int = 0
    time_saved_s: float = 0.0

    def count_request(self, resident: Resident, now: float) -> Outcome:
        """Count a request as it arrives, before it takes its lease; ``now`` is Unix time.

        A hit saves its model's load time only where another server would have had to load: for the first request
        after a preload, and after five minutes without one.
        """
        if resident.state is State.HOT:
            self.hits += 1
            idle = resident.last_used_at is None or now - resident.last_used_at > IDLE_UNLOAD_S
            if resident.unused or idle:
                self.time_saved_s += resident.load_s or 0.0
            return Outcome.HIT
        if resident.loading is not None and not resident.leaving:
            self.late_hits += 1
            return Outcome.LATE_HIT
        self.misses += 1
        return Outcome.MISS
