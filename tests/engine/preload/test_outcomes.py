from __future__ import annotations

import pytest

from preheat.preload.outcomes import Outcomes


@pytest.mark.parametrize("displaces", [False, True])
def test_estimates_that_are_right_change_nothing(displaces: bool) -> None:
    outcomes = Outcomes()
    first = outcomes.odds(displaces)
    for number in range(400):
        outcomes.started("a", displaces, 0.25)
        outcomes.used("a") if number % 4 else outcomes.left("a")
    assert outcomes.odds(displaces) == pytest.approx(1, abs=0.7 * first)
    assert outcomes.odds(not displaces) == Outcomes().odds(not displaces)


def test_preloads_that_displace_are_doubted_at_first() -> None:
    assert Outcomes().odds(True) > Outcomes().odds(False) == 1


def test_preloads_in_vain_raise_the_odds_and_useful_ones_lower_them() -> None:
    wrong, right = Outcomes(), Outcomes()
    for _ in range(10):
        for outcomes in (wrong, right):
            outcomes.started("a", False, 0.3)
        right.used("a")
        wrong.left("a")
    assert right.odds(False) < 1 < wrong.odds(False)


def test_a_preload_counts_once() -> None:
    outcomes, same = Outcomes(), Outcomes()
    for each in (outcomes, same):
        each.started("a", False, 0.5)
        each.used("a")
    same.used("a")
    same.left("a")
    assert same.odds(False) == outcomes.odds(False) < 1


def test_models_that_were_not_preloaded_do_not_count() -> None:
    outcomes = Outcomes()
    outcomes.started("a", False, 0.5)
    outcomes.used("b")
    outcomes.left("c")
    assert outcomes.odds(False) == 1


def test_what_is_lost_with_the_machine_does_not_count() -> None:
    outcomes = Outcomes()
    outcomes.started("a", False, 0.5)
    outcomes.lost()
    outcomes.left("a")
    assert outcomes.odds(False) == 1
