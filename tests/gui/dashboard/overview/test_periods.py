"""Figures of a day, a week and a quarter."""

from __future__ import annotations

import time
from datetime import datetime

import pytest
from PySide6.QtCore import QLocale

from preheat.control import Counts, UsageBucket, UsageHistory
from preheat_gui.dashboard.overview.periods import DAY_S, HOUR_S, Period, hit_rate_series, sum_period, time_saved_series


@pytest.fixture(autouse=True)
def _one_place(qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times and days as in one place, whatever the machine's."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))


@pytest.fixture(autouse=True, scope="module")
def _put_back() -> object:
    yield
    time.tzset()
    QLocale.setDefault(QLocale.system())


def now() -> float:
    return datetime(2026, 3, 4, 15, 20).timestamp()


def history(hour: Counts = Counts(), day: Counts = Counts()) -> UsageHistory:  # noqa: B008 - frozen
    """The same use in every hour, and on every day."""
    this_hour, this_day = int(now() // HOUR_S * HOUR_S), int(now() // DAY_S * DAY_S)
    return UsageHistory(
        tuple(UsageBucket(this_hour - back * HOUR_S, HOUR_S, hour) for back in reversed(range(48))),
        tuple(UsageBucket(this_day - back * DAY_S, DAY_S, day) for back in reversed(range(90))),
    )


def test_today_starts_at_local_midnight() -> None:
    figures = sum_period(history(hour=Counts(hits=2, misses=1, saved_s=3.0)), Period.TODAY, now())
    assert [datetime.fromtimestamp(bucket.begins_at).hour for bucket in figures.buckets] == list(range(16))
    assert (figures.requests, figures.hits, figures.saved_s) == (48, 32, 48.0)
    assert figures.preload_hit_rate == pytest.approx(2 / 3)
    assert (datetime.fromtimestamp(figures.begin).hour, figures.end - figures.begin) == (0, DAY_S)


@pytest.mark.parametrize(("period", "days"), [(Period.WEEK, 7), (Period.QUARTER, 90)])
def test_longer_periods_count_days(period: Period, days: int) -> None:
    figures = sum_period(history(day=Counts(hits=3, late_hits=1)), period, now())
    assert (figures.requests, figures.hits) == (4 * days, 3 * days)
    assert figures.buckets[0].begins_at == figures.begin
    assert figures.end - figures.begin == days * DAY_S


def test_no_rate_without_requests() -> None:
    assert sum_period(history(), Period.TODAY, now()).preload_hit_rate is None


def test_a_day_with_a_clock_change_is_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = sum_period(history(), Period.TODAY, datetime(2026, 3, 29, 12).timestamp())
    assert figures.end - figures.begin == 23 * HOUR_S


def test_hours_without_requests_have_no_point() -> None:
    usual = history(hour=Counts(hits=1))
    quiet = tuple(
        UsageBucket(bucket.begins_at, HOUR_S) if index % 2 else bucket for index, bucket in enumerate(usual.hours)
    )
    series = hit_rate_series(sum_period(UsageHistory(quiet, usual.days), Period.TODAY, now()))
    assert len(series.points) == 8
    assert {point.y for point in series.points} == {1.0}


def test_the_rate_says_when_and_how_many() -> None:
    figures = sum_period(history(hour=Counts(hits=3, misses=1), day=Counts(hits=1200, misses=34)), Period.TODAY, now())
    series = hit_rate_series(figures)
    assert series.points[9].tooltip == "09:00 to 10:00: 75 %, 3 of 4 requests"
    assert series.summary == "75 %: 48 of 64 requests found their model ready."
    assert [label for _, label in series.x_ticks] == ["00:00", "06:00", "12:00", "18:00", "00:00"]
    assert [label for _, label in series.y_ticks] == ["0 %", "50 %", "100 %"]


def test_time_saved_has_a_point_a_day_and_a_label_at_its_top() -> None:
    series = time_saved_series(sum_period(history(day=Counts(saved_s=150)), Period.WEEK, now()))
    assert len(series.points) == 7
    assert series.points[-1].tooltip == "Wed 4 Mar: 3 min saved"
    assert series.y_ticks == ((0.0, "0"), (150.0, "3 min"))
    assert series.summary == "18 min of waiting saved in all."
    assert [label for _, label in series.x_ticks] == ["Thu", "Sat", "Mon", "Wed"]
    assert all(series.begin < at < series.end for at, _ in series.x_ticks)


def test_nothing_saved_is_a_flat_line() -> None:
    series = time_saved_series(sum_period(history(), Period.QUARTER, now()))
    assert (series.top, series.y_ticks) == (0.0, ((0.0, "0"),))
    assert [label for _, label in series.x_ticks] == ["3 Jan", "2 Feb", "4 Mar"]
