from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from preheat.messages import verbatim
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.usage import Counts, RequestRecord, UsageBucket, UsageLog
from tests.engine.usage.passing import Time, look

HOUR_S = 3600
DAY_S = 86_400
NOW = 20_000 * DAY_S + 10.5 * HOUR_S


@pytest.fixture
def log(tmp_path: Path) -> UsageLog:
    return UsageLog(tmp_path / "usage.db", clock=lambda: NOW)


def request(age_s: float, outcome: Outcome = Outcome.HIT, model_id: str = "a") -> RequestRecord:
    return RequestRecord(model_id, NOW - age_s, outcome, saved_s=1.5 if outcome is Outcome.HIT else 0.0)


def used(buckets: tuple[UsageBucket, ...]) -> dict[int, int]:
    """Return the requests of the buckets that have any, by place from the last."""
    return {place: bucket.counts.requests for place, bucket in enumerate(reversed(buckets)) if bucket.counts.requests}


def test_without_use_there_are_empty_buckets(log: UsageLog) -> None:
    history = log.history()
    assert (len(history.hours), len(history.days)) == (48, 90)
    assert used(history.hours) == used(history.days) == {}
    assert history.hours[-1] == UsageBucket(20_000 * DAY_S + 10 * HOUR_S, HOUR_S)
    assert history.days[-1] == UsageBucket(20_000 * DAY_S, DAY_S)
    for buckets in (history.hours, history.days):
        assert {b.begins_at - a.begins_at for a, b in pairwise(buckets)} == {buckets[0].length_s}


def test_models_and_outcomes_are_added_up(log: UsageLog) -> None:
    log.record(request(60, model_id="a"))
    log.record(request(70, model_id="b"))
    log.record(request(80, Outcome.LATE_HIT))
    log.record(request(90, Outcome.MISS))
    log.record(DecisionRecord(NOW - 30, "a", Action.PRELOAD, verbatim(""), seconds=0.5))
    assert log.write_pending()
    counts = Counts(hits=2, late_hits=1, misses=1, saved_s=3.0, loads=1, preloads=1, load_s=0.5)
    history = log.history()
    assert history.hours[-1].counts == history.days[-1].counts == counts
    assert history.days[-1].counts.preload_hit_rate == 0.5
    log.close()


def test_hours_and_days_are_where_they_belong(log: UsageLog) -> None:
    # 10:30 is now: half an hour ago the hour began, and ten and a half hours ago the day.
    ages_h = (0.4, 0.6, 10.4, 10.6, 47.4, 47.6, 24 * 89 + 10.4, 24 * 89 + 10.6, -1.0)
    for age_h in ages_h:
        log.record(request(age_h * HOUR_S))
    assert log.write_pending()
    history = log.history()
    assert used(history.hours) == {0: 1, 1: 1, 10: 1, 11: 1, 47: 1}
    assert used(history.days) == {0: 4, 1: 1, 2: 2, 89: 1}  # the clock was ahead, and then set back
    assert used(log.history(hours=2, days=1).hours) == {0: 1, 1: 1}
    assert used(log.history(now=NOW + HOUR_S).hours) == {0: 1, 1: 1, 2: 1, 11: 1, 12: 1}
    log.close()


def test_folded_days_are_there(tmp_path: Path) -> None:
    time = Time(NOW - 9 * DAY_S)
    log = UsageLog(tmp_path / "usage.db", clock=time.clock, ticks=time.ticks, history_days=7)
    for age_days in range(10, 60, 10):
        log.record(request(age_days * DAY_S))
    look(log)
    time.let_pass(log, 9)
    log.record(request(0))
    assert log.write_pending()
    assert len(list(log.requests_between(0, 2 * NOW))) == 1
    assert used(log.history().days) == {0: 1, 10: 1, 20: 1, 30: 1, 40: 1, 50: 1}
    log.close()


def test_an_unreadable_log_gives_what_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "usage.db").mkdir()
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NOW)
    log.record(request(5))
    assert used(log.history().hours) == {0: 1}
