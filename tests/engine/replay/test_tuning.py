from __future__ import annotations

import pytest

from preheat.errors import InvalidRequestError
from preheat.replay import Kind, Machine, Trace, TraceEvent, Tuning, tune
from preheat.replay.executor import Figures
from preheat.replay.trace import ModelSize
from preheat.replay.tuning import Candidate, choose
from preheat.settings import FIELDS, Settings, bounds_of
from preheat.usage import DAY_S

GB = 1_000_000_000
T0 = 1_767_600_000.0
MOST_DAYS = bounds_of(FIELDS["popularity_half_life"])["le"]


def candidate(days: float, *waited_s: float, wasted_s: float = 0.0) -> Candidate:
    weeks = [Figures(hits=90, misses=10, waited_s=seconds, wasted_s=wasted_s) for seconds in waited_s]
    return Candidate({"popularity_half_life": days, "keep_after_use": 60.0}, weeks)


def days_of_use(days: int) -> Trace:
    """Return a trace of two models used by turns, ten times a day; then the machine is off."""
    events = []
    for begin in (T0 + day * DAY_S for day in range(days)):
        events += [TraceEvent(begin + number * 60, Kind.REQUEST, "ab"[number % 2]) for number in range(10)]
        events.append(TraceEvent(begin + 3600, Kind.OFF))
    return Trace(tuple(events), {model_id: ModelSize(GB, GB) for model_id in "ab"})


def test_models_that_follow_each_other_at_once_need_not_stay_after_use() -> None:
    """There is room for one of them."""
    shown = list[tuple[int, int]]()
    settings = Settings(popularity_half_life=MOST_DAYS)
    found = tune(days_of_use(29), Machine(GB), settings, tried=lambda *numbers: shown.append(numbers))
    assert (found.weeks, found.requests, found.better_weeks) == (4, 220, 4)
    assert found.present == {"popularity_half_life": MOST_DAYS, "keep_after_use": 60}
    assert found.proposed["keep_after_use"] < 60
    assert found.after.waited_s < found.before.waited_s
    assert shown == [(number, 12) for number in range(1, 13)], "a longer half-life is no setting"


def test_too_little_use_is_refused_at_once() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        tune(days_of_use(21), Machine(GB), Settings())
    assert refused.value.message.params["weeks"] == 2


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
