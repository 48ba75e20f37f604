from __future__ import annotations

import pytest

from preheat.preload.outcomes import Outcomes
from preheat.residency import ResidentModel

PRELOADED = ResidentModel("a", 1, 0.0, speculative=True)
OTHER = ResidentModel("b", 1, 0.0)


@pytest.mark.parametrize("displaces", [False, True])
def test_estimates_that_are_right_change_nothing(displaces: bool) -> None:
    outcomes = Outcomes()
    first = outcomes.odds(displaces)
    assert first == (3.0 if displaces else 1.0)
    for number in range(100):
        outcomes.proposed("a", displaces, 0.25)
        outcomes.look([PRELOADED, OTHER])
        if number % 4:
            outcomes.used("a")
        outcomes.look([OTHER])
    assert outcomes.odds(displaces) == pytest.approx((1 + first) / 2, abs=0.7)
    assert outcomes.odds(not displaces) != outcomes.odds(displaces)


def test_preloads_in_vain_raise_the_odds_and_useful_ones_lower_them() -> None:
    wrong, right = Outcomes(), Outcomes()
    for _ in range(10):
        for outcomes in (wrong, right):
            outcomes.proposed("a", False, 0.3)
            outcomes.look([PRELOADED, OTHER])
        right.used("a")
        wrong.look([OTHER])
    assert right.odds(False) < 1 < wrong.odds(False)


def test_a_model_that_is_requested_at_once_was_no_waste() -> None:
    outcomes = Outcomes()
    outcomes.proposed("a", False, 0.5)
    outcomes.used("a")
    assert outcomes.odds(False) < 1


def test_what_was_not_carried_out_does_not_count() -> None:
    outcomes = Outcomes()
    outcomes.proposed("a", False, 0.5)
    outcomes.look([OTHER])
    outcomes.used("b")
    assert outcomes.odds(False) == 1


def test_what_is_lost_with_the_machine_does_not_count() -> None:
    outcomes = Outcomes()
    outcomes.proposed("a", False, 0.5)
    outcomes.look([PRELOADED])
    outcomes.look([])
    outcomes.look([OTHER])
    assert outcomes.odds(False) == 1
