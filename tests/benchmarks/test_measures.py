"""The measures without their figures."""

from __future__ import annotations

import time

import pytest

from benchmarks.measures import COMPARED, MEASURES
from benchmarks.measures.decision_cost import known_usage
from benchmarks.measures.preload_beside import Phase, p95
from benchmarks.measures.speculation import edits


def test_columns_belong_to_existing_measures() -> None:
    assert COMPARED.keys() <= MEASURES.keys()


@pytest.mark.parametrize(
    ("state", "progress", "phases"),
    [
        ("cold", None, set()),
        ("queued", None, set()),
        ("loading", None, set()),
        ("loading", 0.01, set()),
        ("loading", 0.5, {Phase.READING, Phase.MAKING}),
        ("warming", 1.0, {Phase.WARMING}),
        ("hot", None, set()),
    ],
)
def test_the_phase_of_a_preload(state: str, progress: float | None, phases: set[Phase]) -> None:
    assert {phase for phase in Phase if phase.is_on({"state": state, "progress": progress})} == phases


def test_an_edit_begins_with_the_changed_name() -> None:
    prompts = list(edits(20))
    assert len(set(prompts)) == 20
    for prompt in prompts:
        file, copy = prompt.split("\n\n# The same file, with ")
        old, new = copy.split("\n")[0].split(" renamed to ")
        assert old in file
        assert new in copy.split("\n", 1)[1]


def test_95th_percentile() -> None:
    assert p95([float(number) for number in range(1, 101)]) == 95.0
    assert p95([3.0]) == 3.0


def test_a_decision_knows_the_whole_log() -> None:
    with known_usage(5000, time.time()) as known:
        assert known.log.stats().total.span.requests == 5000
        assert known.usage.popularity.usage("model-0000", known.now).score > 50
        known.sample_decision()
        known.sample_readings()
    assert len(known.decisions_ms) == len(known.stats_ms) == len(known.history_ms) == 1
