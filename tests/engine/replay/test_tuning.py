from __future__ import annotations

import pytest

from preheat.replay import Tuning
from preheat.replay.executor import Figures
from preheat.replay.tuning import Candidate, choose


def candidate(days: float, *waited_s: float, wasted_s: float = 0.0) -> Candidate:
    weeks = [Figures(hits=90, misses=10, waited_s=seconds, wasted_s=wasted_s) for seconds in waited_s]
    return Candidate({"popularity_half_life": days, "keep_after_use": 60.0}, weeks)


def chosen(*candidates: Candidate, price: float = 1.0) -> Tuning:
    return choose(candidates, price)


def test_what_is_better_in_each_week_is_proposed() -> None:
    found = chosen(candidate(14, 10, 10, 10), candidate(7, 8, 9, 7), candidate(28, 12, 9, 13))
    assert found.proposed == {"popularity_half_life": 7}
    assert (found.weeks, found.better_weeks, found.requests) == (3, 3, 300)
    assert (found.before.waited_s, found.after.waited_s) == (10, 8)
    assert found.before.ready == pytest.approx(0.9)


def test_what_is_better_by_chance_is_not_proposed() -> None:
    lucky = [candidate(days, *(1 if week == days else 11 for week in range(4))) for days in range(4)]
    found = chosen(candidate(14, 10, 10, 10, 10), *lucky)
    assert found.proposed == {}
    assert found.better_weeks == 0


def test_small_gains_are_not_proposed() -> None:
    assert not chosen(candidate(14, 10, 10, 10), candidate(7, 9.9, 9.9, 9.9)).proposed


def test_loads_in_vain_have_a_price() -> None:
    eager = candidate(7, 8, 8, 8, wasted_s=4)
    assert chosen(candidate(14, 10, 10, 10), eager, price=0.1).proposed
    assert not chosen(candidate(14, 10, 10, 10), eager).proposed


def test_a_result_has_a_row_for_json() -> None:
    row = chosen(candidate(14, 10, 10, 10), candidate(7, 8, 8, 8)).row()
    assert row["proposed"] == {"popularity_half_life": 7}
    assert row["after"] == {"ready": pytest.approx(0.9), "waited_s": 8, "wasted_s": 0}
