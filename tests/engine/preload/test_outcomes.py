from __future__ import annotations

from collections.abc import Sequence

import pytest

from preheat.preload.outcomes import Circumstances, Outcomes, corrected
from preheat.usage import OutcomeRow

FREE, DISPLACING = Circumstances(displaces=False, paused=True), Circumstances(displaces=True, paused=True)
KINDS = [Circumstances(displaces, paused) for displaces in (False, True) for paused in (False, True)]


@pytest.mark.parametrize("kind", KINDS)
def test_estimates_that_are_right_change_nothing(kind: Circumstances) -> None:
    outcomes = Outcomes()
    for number in range(400):
        outcomes.started("a", kind, 0.25)
        outcomes.used("a") if number % 4 else outcomes.left("a")
    assert outcomes.odds(kind) == pytest.approx(1, abs=0.3)
    assert all(outcomes.odds(other) == Outcomes().odds(other) for other in KINDS if other != kind)


@pytest.mark.parametrize(("expected", "of_ten"), [(0.1, 8), (0.5, 1), (0.9, 4), (0.3, 3)])
def test_odds_that_are_wrong_are_corrected(expected: float, of_ten: int) -> None:
    """From then on, as many preloads are in vain as is expected."""
    outcomes = Outcomes()
    for number in range(300):
        outcomes.started("a", DISPLACING, expected)
        outcomes.left("a") if number * 7 % 10 < of_ten else outcomes.used("a")
    assert corrected(expected, outcomes.odds(DISPLACING)) == pytest.approx(of_ten / 10, abs=0.1)


@pytest.mark.parametrize("vain", [0.0, 0.5, 1.0])
def test_odds_stay_finite(vain: float) -> None:
    unlucky, lucky = Outcomes(), Outcomes()
    for _ in range(1000):
        unlucky.started("a", FREE, vain)
        unlucky.left("a")
        lucky.started("a", FREE, vain)
        lucky.used("a")
    assert 1 / 1000 < lucky.odds(FREE) <= 1 <= unlucky.odds(FREE) < 1000


def test_a_chance_and_its_odds() -> None:
    assert corrected(0.5, 3.0) == 0.75
    assert corrected(0.2, 1.0) == pytest.approx(0.2)
    assert (corrected(0.0, 9.0), corrected(1.0, 0.1)) == (0.0, 1.0)


def test_preloads_that_displace_and_those_in_a_session_are_doubted_at_first() -> None:
    odds = {(kind.displaces, kind.paused): Outcomes().odds(kind) for kind in KINDS}
    assert odds[False, True] == 1
    assert odds[False, True] < odds[False, False] < odds[True, False]
    assert odds[False, True] < odds[True, True] < odds[True, False]


def test_preloads_in_vain_raise_the_odds_and_useful_ones_lower_them() -> None:
    wrong, right = Outcomes(), Outcomes()
    for _ in range(10):
        for outcomes in (wrong, right):
            outcomes.started("a", FREE, 0.3)
        right.used("a")
        wrong.left("a")
    assert right.odds(FREE) < 1 < wrong.odds(FREE)


def test_a_preload_counts_once() -> None:
    outcomes, same = Outcomes(), Outcomes()
    for each in (outcomes, same):
        each.started("a", FREE, 0.5)
        each.used("a")
    same.used("a")
    same.left("a")
    assert same.odds(FREE) == outcomes.odds(FREE) < 1


def test_a_preload_that_was_not_used_yet_may_be_in_vain() -> None:
    outcomes = Outcomes()
    outcomes.started("a", FREE, 0.2)
    outcomes.started("b", DISPLACING, 0.2)
    assert outcomes.vain("a") == pytest.approx(0.2)
    assert outcomes.vain("b") == corrected(0.2, outcomes.odds(DISPLACING)) > 0.2
    outcomes.used("a")
    assert outcomes.vain("a") == 0.0


def test_models_that_were_not_preloaded_do_not_count() -> None:
    outcomes = Outcomes()
    outcomes.started("a", FREE, 0.5)
    outcomes.used("b")
    outcomes.left("c")
    assert outcomes.odds(FREE) == 1


def test_outcomes_are_learned_again_after_a_restart() -> None:
    saved: list[Sequence[OutcomeRow]] = []
    before = Outcomes(saved.append)
    for number in range(150):
        before.started("a", KINDS[number % 3], 0.3)
        before.left("a") if number % 4 else before.used("a")
    assert len(saved) == len(saved[-1]) == 150
    after = Outcomes(saved.append)
    after.recall(saved[-1])
    assert [after.odds(kind) for kind in KINDS] == [before.odds(kind) for kind in KINDS]
    after.recall(saved[-1])  # the log is read again when a setting changes
    assert after.odds(FREE) == before.odds(FREE)
    for _ in range(100):
        after.started("b", FREE, 0.3)
        after.used("b")
    assert len(saved[-1]) == 200
    assert saved[-1][-1] == OutcomeRow(displaces=False, paused=True, vain=0.3, wasted=False)


def test_what_is_lost_with_the_machine_does_not_count() -> None:
    outcomes = Outcomes()
    outcomes.started("a", FREE, 0.5)
    outcomes.lost()
    outcomes.left("a")
    assert outcomes.odds(FREE) == 1
