"""Which idle conversations leave the KV cache, by what they cost."""

from __future__ import annotations

import pytest

from preheat.inference.worker.scheduling.idle import PARKED_BYTES, CellCosts, IdleRule, Leaving
from preheat.inference.worker.scheduling.slots import Slot

COSTS = CellCosts(step_s=4e-7, n_bytes=20_000)
"""Those of a small model: a thousand cells cost a token 0.4 ms."""


def slot(index: int, tokens: int, **fields: object) -> Slot:
    made = Slot(index, cached=[index * 10_000 + token for token in range(tokens)], used_at=index + 1)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def leaving(*slots: Slot, answer: float, back_s: float = 0.1, **fields: object) -> tuple[list[int], list[int]]:
    """Return the indexes of the slots to park, and of those to forget."""
    rule = IdleRule(COSTS, 40_000, lambda _slot, _now: back_s)
    options = {"prompt": 0, "busy": 0, "now": 0.0, **fields}
    found: Leaving = rule.leaving(slots, answer, **options)  # type: ignore[arg-type]
    return [each.index for each in found.park], [each.index for each in found.forget]


def test_a_short_conversation_is_parked_for_an_answer() -> None:
    assert leaving(slot(0, 500), answer=100) == ([0], [])


@pytest.mark.parametrize("tokens", [500, 10_000])
def test_a_title_moves_nothing(tokens: int) -> None:
    assert leaving(slot(0, tokens), answer=10) == ([], [])


def test_what_a_conversation_has_cost_counts() -> None:
    assert leaving(slot(0, 500, rent_s=0.01), answer=10) == ([0], [])


@pytest.mark.parametrize(("answer", "forgotten"), [(10, []), (200, [0])])
def test_a_long_conversation_leaves_only_for_a_long_answer(answer: int, forgotten: list[int]) -> None:
    assert leaving(slot(0, 10_000), answer=answer, back_s=0.5) == ([], forgotten)


def test_a_long_prompt_counts_as_well() -> None:
    assert leaving(slot(0, 500), answer=1, prompt=4000) == ([0], [])


def test_the_parked_ones_share_a_budget() -> None:
    tokens = PARKED_BYTES // COSTS.n_bytes // 2
    slots = [slot(at, tokens) for at in range(3)]
    slots[1].parked = memoryview(b"cells")
    slots[0].parked = memoryview(b"cells")
    assert leaving(*slots, answer=100, back_s=60) == ([2], [0])
    assert leaving(*slots, answer=100, back_s=60, spared=slots[0]) == ([2], [])


def test_what_is_to_be_stored_stays() -> None:
    waiting = slot(0, 500, to_store=[object()])
    assert leaving(waiting, answer=1000, back_s=0) == ([], [])


def test_images_are_not_parked() -> None:
    pictured = slot(0, 500)
    pictured.cached[3] = -7
    assert leaving(pictured, answer=100) == ([], [])


def test_the_source_of_a_beginning_gets_room_to_come_back() -> None:
    parked, other = slot(0, 1000, parked=memoryview(b"cells")), slot(1, 6000)
    assert leaving(parked, other, answer=0, busy=32_000, spared=parked) == ([], [])
    assert leaving(parked, other, answer=0, busy=33_500, spared=parked) == ([], [1])


def test_costs_follow_the_shape_of_a_model() -> None:
    costs = CellCosts.of(layers=30, heads=9, kv_heads=3, width=576, threads=2)
    assert costs.n_bytes == 23_040
    assert costs.step_s == pytest.approx(3.5e-7, rel=0.01)
