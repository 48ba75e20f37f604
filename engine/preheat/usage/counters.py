"""Counts the results of preloading: hits, misses, and load time saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from preheat.inference import Usage
from preheat.residency import Outcome


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

    def count_request(self, outcome: Outcome, saved_s: float) -> None:
        """Count a request and the load seconds that it was spared."""
        self.hits += outcome is Outcome.HIT
        self.late_hits += outcome is Outcome.LATE_HIT
        self.misses += outcome is Outcome.MISS
        self.time_saved_s += saved_s

    def count_tokens(self, usages: Iterable[Usage]) -> None:
        """Count the tokens of a request's generations."""
        for usage in usages:
            self.prompt_tokens += usage.prompt_tokens
            self.prefix_tokens_reused += usage.cached_tokens
