from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.usage import DAY_S, HALF_LIFE_S, Popularity, Weights
from preheat.usage.popularity import RECENT_HALF_LIFE_S, Row

MONDAY = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
PLAIN = Weights(recent=0.0, time_of_day=0.0)
IDS = ("a", "b", "c", "d")

uses = st.lists(st.tuples(st.sampled_from(IDS), st.floats(0, 6 * DAY_S)), min_size=1, max_size=60).map(
    lambda log: [
        (name, at) for (name, _), at in zip(log, accumulate((gap for _, gap in log), initial=MONDAY), strict=False)
    ]
)


def filled(log: list[tuple[str, float]], zone: timezone = UTC) -> Popularity:
    popularity = Popularity(timezone=zone)
    for model_id, at in log:
        popularity.note(model_id, at)
        popularity.granted(model_id, at)
    return popularity


@given(uses, st.floats(0, 30 * DAY_S))
def test_score_is_the_sum_of_uses_each_halved_every_half_life(log: list[tuple[str, float]], later: float) -> None:
    popularity = filled(log)
    now = log[-1][1] + later
    for model_id in IDS:
        exact = sum(2.0 ** (-(now - at) / HALF_LIFE_S) for name, at in log if name == model_id)
        assert popularity.score(model_id, now) == pytest.approx(exact, rel=1e-9)


def test_one_use_halves_in_exactly_a_half_life() -> None:
    popularity = filled([("a", MONDAY)])
    assert popularity.score("a", MONDAY) == 1.0
    assert popularity.score("a", MONDAY + HALF_LIFE_S) == 0.5
    assert popularity.score("a", MONDAY + 2 * HALF_LIFE_S) == 0.25
    assert popularity.score("never", MONDAY) == 0.0


@given(st.lists(st.floats(0, DAY_S - 1), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_requests_within_a_day_does_not_matter(times: list[float], shuffler: random.Random) -> None:
    shuffled = times[:]
    shuffler.shuffle(shuffled)
    now = MONDAY + 2 * DAY_S
    one, other = filled([("a", MONDAY + at) for at in times]), filled([("a", MONDAY + at) for at in shuffled])
    assert one.score("a", now) == pytest.approx(other.score("a", now), rel=1e-9)


@given(uses)
def test_restored_counters_are_the_same(log: list[tuple[str, float]]) -> None:
    popularity = filled(log)
    restored = Popularity(timezone=UTC, rows=popularity.to_rows())
    now = log[-1][1] + 5000.0
    assert restored.heat(now, Weights()) == popularity.heat(now, Weights())
    assert [restored.usage(name, now) for name in IDS] == [popularity.usage(name, now) for name in IDS]
    later = [("b", now), ("a", now + 1)]
    for model_id, at in later:
        popularity.note(model_id, at)
        restored.note(model_id, at)
    assert restored.to_rows() == popularity.to_rows()


def test_a_model_has_few_counters_however_long_the_log() -> None:
    popularity = filled([("a", MONDAY + hour * 3600.0) for hour in range(24 * 30)])
    rows = popularity.to_rows()
    assert len(rows) == len({row.counter for row in rows}) == 3 + 48 + 7


@given(uses, st.sampled_from(IDS), st.floats(0, 1), st.floats(0, 6 * DAY_S))
def test_another_use_never_lowers_a_rank(
    log: list[tuple[str, float]], model_id: str, when: float, later: float
) -> None:
    now = log[-1][1] + later
    before, after = filled(log), filled(log)
    after.note(model_id, max(log[-1][1], MONDAY + when * (now - MONDAY)))
    heat, heat_after = before.heat(now, Weights()), after.heat(now, Weights())
    ahead = {name for name, value in heat.items() if value <= heat.get(model_id, 0.0)} - {model_id}
    assert all(heat_after[model_id] >= heat_after[name] for name in ahead)
    assert all(heat_after[name] == value for name, value in heat.items() if name != model_id)


def test_recent_uses_and_uses_at_this_hour_count_more() -> None:
    nine = MONDAY + 9 * 3600.0
    popularity = filled([("a", nine)])
    assert popularity.heat(nine, PLAIN) == {"a": 1.0}
    assert popularity.heat(nine, Weights(recent=4.0, time_of_day=0.0)) == {"a": 5.0}
    assert popularity.heat(nine, Weights(recent=0.0, time_of_day=8.0)) == {"a": 9.0}
    weights = Weights(recent=4.0, time_of_day=0.0)
    later = nine + DAY_S
    assert popularity.heat(later, weights)["a"] == pytest.approx(
        2.0 ** (-DAY_S / HALF_LIFE_S) + 4 * 2.0 ** (-DAY_S / RECENT_HALF_LIFE_S)
    )


@pytest.mark.parametrize(
    ("hour", "days", "counted"),
    [
        (9.0, 1, 1.0),  # the same hour on another weekday
        (8.5, 1, 0.5),  # half an hour before
        (9.25, 1, 0.75),
        (10.0, 1, 0.0),
        (9.0, 5, 0.0),  # a Saturday
        (23.5, 1, 0.0),
    ],
)
def test_an_hour_counts_by_proximity_on_its_kind_of_day(hour: float, days: int, counted: float) -> None:
    popularity = filled([("a", MONDAY + 9 * 3600.0 + 1800.0)])
    now = MONDAY + days * DAY_S + hour * 3600.0
    extra = popularity.heat(now, Weights(recent=0.0, time_of_day=1.0))["a"] - popularity.score("a", now)
    assert extra == pytest.approx(counted * popularity.score("a", now))


def test_midnight_follows_the_last_hour_of_a_day() -> None:
    popularity = filled([("a", MONDAY + DAY_S + 60.0)])
    now = MONDAY + 2 * DAY_S - 900.0  # 23:45
    extra = popularity.heat(now, Weights(recent=0.0, time_of_day=1.0))["a"] - popularity.score("a", now)
    assert extra == pytest.approx(0.75 * popularity.score("a", now))


def test_hours_are_those_of_the_time_zone() -> None:
    east = timezone(timedelta(hours=9))
    log = [("a", MONDAY + day * DAY_S + 1.5 * 3600.0) for day in range(5)]  # 1:30 UTC is 10:30 there
    assert filled(log).usage("a", MONDAY + 5 * DAY_S).part_of_day == "weekday_nights"
    assert filled(log, east).usage("a", MONDAY + 5 * DAY_S).part_of_day == "weekday_mornings"


def test_usage_counts_seven_days_and_today() -> None:
    log = [("a", MONDAY + day * DAY_S + 9 * 3600.0) for day in range(10)]  # Monday to Wednesday week
    usage = filled(log).usage("a", MONDAY + 9 * DAY_S + 10 * 3600.0)
    assert (usage.last_week, usage.today) == (7, 1)
    assert usage.last_used_at == MONDAY + 9 * DAY_S + 9 * 3600.0
    assert filled(log).usage("a", MONDAY + 12 * DAY_S + 10 * 3600.0).last_week == 4
    assert filled(log).usage("a", MONDAY + 40 * DAY_S).last_week == 0
    assert filled(log).usage("b", MONDAY).last_used_at is None


def test_only_a_request_that_got_its_model_is_a_use_but_all_are_wanted() -> None:
    popularity = Popularity(timezone=UTC)
    popularity.note("a", MONDAY)
    assert popularity.last_used_at("a") is None
    assert popularity.score("a", MONDAY) == popularity.usage("a", MONDAY).today == 1
    assert popularity.usage("a", MONDAY).last_used_at == MONDAY
    popularity.granted("a", MONDAY)
    popularity.note("a", MONDAY + 60)
    popularity.granted("unknown", MONDAY)
    stored = Popularity(timezone=UTC, rows=popularity.to_rows())
    for each in (popularity, stored):
        assert each.last_used_at("a") == each.usage("a", MONDAY + 60).last_used_at == MONDAY
        assert each.last_used_at("unknown") is None


def test_counters_of_older_versions_know_the_last_request() -> None:
    old = Popularity(timezone=UTC, rows=[Row("a", -1, 1.0, MONDAY)])
    assert old.last_used_at("a") == MONDAY
    old.note("a", MONDAY + 60)
    assert old.last_used_at("a") == MONDAY


def test_spread_uses_have_no_part_of_the_day() -> None:
    log = [("a", MONDAY + hour * 3600.0) for hour in range(24 * 7)]
    assert filled(log).usage("a", MONDAY + 7 * DAY_S).part_of_day == ""


def test_counting_continues_after_the_clock_was_years_ahead() -> None:
    popularity = filled([("a", MONDAY), ("a", MONDAY + 4000 * DAY_S), ("a", MONDAY + 60), ("a", MONDAY + 120)])
    assert popularity.score("a", MONDAY + 120) > 2.9
    assert popularity.score("a", MONDAY + 120 + HALF_LIFE_S) == pytest.approx(popularity.score("a", MONDAY + 120) / 2)


@pytest.mark.parametrize("days", [(365,), (-365,), (365, -365), (-365, 365), (365, -365, 365, -365), (4000, -3000)])
def test_a_clock_that_jumps_changes_no_order(days: tuple[float, ...]) -> None:
    popularity = filled([("often", MONDAY + hour * 3600.0) for hour in range(40)] + [("once", MONDAY + 40 * 3600.0)])
    now = MONDAY + 41 * 3600.0
    before = popularity.score("often", now)
    for jump in days:
        now += jump * DAY_S
        popularity.note("once", now)
        popularity.granted("once", now)
    scores, heat = popularity.scores(now), popularity.heat(now, Weights())
    assert scores["often"] >= before * 0.5 ** sum(jump > 0 for jump in days)
    assert scores["often"] > scores["once"]
    assert popularity.usage("often", now).last_used_at == min(MONDAY + 39 * 3600.0, now)
    assert popularity.usage("once", now).last_used_at == now
    assert all(value >= 0.5 for value in heat.values())
