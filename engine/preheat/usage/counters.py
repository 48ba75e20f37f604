"""Counts the results of preloading: hits, misses, and load time saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from preheat.inference import Usage
from preheat.residency.resident import Resident
from preheat.residency.states import State
from preheat.usage.records import Outcome

IDLE_UNLOAD_S: Final = 300.0
"""Idle time after which other servers unload a model (the default keep-alive of Ollama), in seconds."""


@dataclass(slots=True)
class PreloadCounters:
    """Sums since the engine started. Written on the engine's loop."""

    hits: int = 0
    late_hits: int = 0
    misses: int = 0
    preloads: int = 0
    wasted: int = 0
    time_saved_s: float = 0.0
    prompt_tokens: int = 0
    prefix_tokens_reused: int = 0

    def count_request(self, resident: Resident, now: float) -> tuple[Outcome, float]:
        """Count a request as it arrives, before it takes its lease; ``now`` is Unix time.

        A hit saves its model's load time only where another server would have had to load: at the first request after
        a preload, and after five idle minutes.

        Returns:
            The outcome, and the load seconds saved.
        """
        if resident.state is State.HOT:
            self.hits += 1
            idle = resident.last_used_at is None or now - resident.last_used_at > IDLE_UNLOAD_S
            saved_s = (resident.load_s or 0.0) if resident.unused or idle else 0.0
            self.time_saved_s += saved_s
            return Outcome.HIT, saved_s
        if resident.loading is not None and not resident.leaving:
            self.late_hits += 1
            return Outcome.LATE_HIT, 0.0
        self.misses += 1
        return Outcome.MISS, 0.0

    def count_tokens(self, usages: Iterable[Usage]) -> None:
        """Count the tokens of a request's generations."""
        for usage in usages:
            self.prompt_tokens += usage.prompt_tokens
            self.prefix_tokens_reused += usage.cached_tokens
