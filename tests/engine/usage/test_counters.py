"""What the counters add up."""

from __future__ import annotations

import pytest

from preheat.inference import Usage
from preheat.residency import Outcome
from preheat.usage import PreloadCounters


@pytest.mark.parametrize(
    ("outcome", "saved_s", "counted"),
    [
        (Outcome.HIT, 1.5, (1, 0, 0, 1.5)),
        (Outcome.LATE_HIT, 0.0, (0, 1, 0, 0.0)),
        (Outcome.MISS, 0.0, (0, 0, 1, 0.0)),
    ],
)
def test_a_request_counts_once(outcome: Outcome, saved_s: float, counted: tuple[int, int, int, float]) -> None:
    counters = PreloadCounters()
    counters.count_request(outcome, saved_s)
    assert (counters.hits, counters.late_hits, counters.misses, counters.time_saved_s) == counted


def test_tokens_of_all_generations_count() -> None:
    counters = PreloadCounters()
    counters.count_tokens([Usage(10, 2, 4), Usage(5, 1, 0)])
    assert (counters.prompt_tokens, counters.prefix_tokens_reused) == (15, 4)
