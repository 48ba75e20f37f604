"""Lengths of drafts by what steps cost, on simulated machines."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.inference.worker.drafts import Drafter, Offer, StepCosts

LONG = Offer(15, 0.9)
Machine = Callable[[int], float]
"""Returns the time of a step by its rows."""


def decode(costs: StepCosts, machine: Machine, steps: int, *offers: Offer) -> list[int]:
    """Return the rows of each step in which the drafts are what ``offers`` says."""
    rows = []
    for _ in range(steps):
        counts = costs.lengths(len(offers), offers)
        rows.append(len(offers) + sum(counts))
        costs.observe(rows[-1], machine(rows[-1]))
    return rows


def device(rows: int) -> float:
    """A graphics card: a batch costs little more than a token."""
    return 1 + 0.01 * rows


def slow_processor(rows: int) -> float:
    """A processor that computes as slowly as it reads."""
    return 0.2 + 0.8 * rows


def test_a_cheap_batch_is_used_in_full() -> None:
    rows = decode(StepCosts(), device, 20, LONG)
    assert rows[:5] == [1, 1, 1, 4, 8]
    assert set(rows[5:]) == {16}


def test_an_expensive_batch_is_tried_in_longer_and_longer_intervals() -> None:
    rows = decode(StepCosts(), slow_processor, 5000, LONG)
    tried = [step for step, count in enumerate(rows) if count > 1]
    assert [rows[step] for step in tried] == [4] * len(tried)
    intervals = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert intervals == [65, 129, 257, 513, *[1025] * (len(intervals) - 4)]


def test_a_batch_that_is_not_quite_worth_it_is_measured_twice() -> None:
    rows = decode(StepCosts(), lambda rows: 1 + 0.35 * (rows - 1), 60, LONG)
    assert rows == [1, 1, 1, 4, 8, 8, *[1] * 54]


def test_one_slow_step_is_no_measurement() -> None:
    """The first step of a size on a graphics card may compile its programs."""
    costs = StepCosts()
    seen: set[int] = set()

    def first_is_slow(rows: int) -> float:
        known = rows in seen
        seen.add(rows)
        return device(rows) if known else 100.0

    decode(costs, first_is_slow, 400, LONG)
    assert set(decode(costs, first_is_slow, 50, LONG)) == {16}


def test_a_machine_that_becomes_quiet_is_measured_again() -> None:
    costs = StepCosts()
    decode(costs, slow_processor, 500, LONG)
    rows = decode(costs, device, 1024, LONG)
    assert set(rows[-100:]) == {16}


def test_a_machine_that_becomes_busy_is_noticed() -> None:
    costs = StepCosts()
    decode(costs, device, 50, LONG)
    rows = decode(costs, slow_processor, 200, LONG)
    assert rows[-50:].count(1) >= 49


def test_unlikely_tokens_get_short_drafts() -> None:
    def machine(rows: int) -> float:
        return 1 + 0.12 * (rows - 1)

    def usual(acceptance: float) -> int:
        costs = StepCosts()
        decode(costs, machine, 20, LONG)
        return decode(costs, machine, 5, Offer(15, acceptance))[-1]

    assert [usual(acceptance) for acceptance in (0.95, 0.7, 0.2)] == [16, 4, 1]


def test_no_draft_no_rows() -> None:
    assert set(decode(StepCosts(), device, 20, Offer(0, 0.9))) == {1}


def test_two_drafts_share_a_step() -> None:
    costs = StepCosts()
    decode(costs, device, 20, LONG, LONG)
    assert costs.lengths(2, [LONG, LONG]) == [7, 7]
    assert costs.lengths(2, [Offer(3, 0.9), LONG]) == [3, 11]


@given(
    observed=st.lists(st.tuples(st.integers(1, 17), st.floats(1e-6, 1.0)), max_size=30),
    offers=st.lists(st.builds(Offer, st.integers(0, 15), st.floats(0, 1)), min_size=1, max_size=2),
)
def test_any_measurements(observed: list[tuple[int, float]], offers: list[Offer]) -> None:
    costs = StepCosts()
    for rows, seconds in observed:
        costs.observe(rows, seconds)
    counts = costs.lengths(len(offers), offers)
    assert all(0 <= count <= offer.available for count, offer in zip(counts, offers, strict=True))
    assert len(offers) + sum(counts) <= 16


@pytest.mark.parametrize("batch", [1.3, 2.0, 2.9, 4.0, 6.0])
def test_wrong_drafts_cost_little(batch: float) -> None:
    """A text with many long matches, after which another token follows each time."""
    text = [*range(100), *range(200, 300)]
    costs, drafter = StepCosts(), Drafter(text)
    spent, tokens = 0.0, 2000
    for at in range(tokens):
        draft = drafter.draft(text, 15)
        [count] = costs.lengths(1, [Offer(len(draft), drafter.acceptance)])
        seconds = 1 + (batch - 1) / 7 * count
        costs.observe(1 + count, seconds)
        spent += seconds
        if count:
            drafter.verified(count, 0)
        text.append(at % 20)
    assert spent <= tokens / 0.98
