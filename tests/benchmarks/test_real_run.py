from __future__ import annotations

import pytest

from benchmarks.real_run import HISTORY_DAYS, Tally, days_of, find_user, simulate
from preheat.messages import msg, verbatim
from preheat.replay import FIRST_DAY, Kind, TraceEvent
from preheat.residency import Action, DecisionRecord, Outcome
from preheat.settings import Settings
from preheat.usage import RequestRecord

BEGIN = FIRST_DAY + HISTORY_DAYS * 86_400.0


def asked(at: float) -> TraceEvent:
    return TraceEvent(at, Kind.REQUEST, "a")


def test_days_after_the_history() -> None:
    events = [asked(BEGIN - 1), asked(BEGIN), TraceEvent(BEGIN + 1, Kind.WAKE), asked(BEGIN + 2), asked(BEGIN + 3)]
    earlier, later = days_of(events, 2)
    assert earlier == events[:1]
    assert later == [TraceEvent(BEGIN, Kind.BOOT), *events[1:4], TraceEvent(BEGIN + 62, Kind.OFF)]
    assert days_of(events, None)[1][-2:] == [asked(BEGIN + 3), TraceEvent(BEGIN + 63, Kind.OFF)]
    with pytest.raises(ValueError, match="only 3 requests"):
        days_of(events, 4)


def test_results_are_described() -> None:
    tally = Tally()
    for outcome, wait_s, ttft_s, tally.ready in (
        (Outcome.HIT, 0.0, 0.1, True),
        (Outcome.MISS, 0.3, 0.4, True),
        (Outcome.MISS, 0.7, None, False),
        (Outcome.LATE_HIT, 0.2, 0.9, True),
    ):
        tally.take(RequestRecord("a", 1.0, outcome, wait_s, ttft_s))
    for model_id, why in (("a", verbatim("used twice")), ("b", msg("expected")), ("c", msg("expected"))):
        tally.take(DecisionRecord(1.0, model_id, Action.PRELOAD, why, cause="preload"))
    tally.take(DecisionRecord(2.0, "a", Action.EVICT, verbatim(""), cause="preload"))
    tally.take(DecisionRecord(2.0, "b", Action.EVICT, verbatim(""), cause="room", wasted=True))
    lines = tally.describe("steady").splitlines()
    assert lines[0].startswith("steady: 4 requests, preload_hit_rate 0.250, 1 late, 2 misses, waited 1.2 s in total")
    assert lines[1] == "  preloads: 1 learned (0 wasted), 2 expected (1 wasted); wasted 0.333, unloaded 1 for room"
    assert lines[2].endswith("0.500; 0.667 of the 3 with a hot or standby model")


def test_empty_results_have_no_ratios() -> None:
    tally = Tally()
    tally.take(RequestRecord("a", 1.0, Outcome.MISS, 0.3))
    assert "preloads: none; wasted -" in tally.describe("steady")


def test_users_have_models_of_different_sizes() -> None:
    steady, tuned = find_user("steady", 7), find_user("tuning:1", 7)
    for user in (steady, tuned):
        assert user.contexts.keys() == user.trace.sizes.keys()
        assert 512 <= min(user.contexts.values()) < max(user.contexts.values()) <= 40_000
    trace = steady.measured(dict.fromkeys(steady.trace.sizes, 100), 10)
    assert steady.limit_of(trace) == 303
    assert tuned.trace != find_user("tuning:2", 7).trace
    with pytest.raises(ValueError, match="held-out:NUMBER"):
        find_user("others:1", 7)


def test_the_same_requests_are_simulated() -> None:
    user = find_user("steady", HISTORY_DAYS + 1)
    trace = user.measured(dict.fromkeys(user.trace.sizes, 10**8), 10**8)
    _, later = days_of(trace.events, 5)
    found = simulate(trace, later, user.limit_of(trace), Settings())
    assert len(found.ready) == 5
    assert {outcome.displaces for outcome in found.outcomes} == {False, True}


def test_both_results_are_compared() -> None:
    tally = Tally()
    for outcome in (Outcome.HIT, Outcome.MISS, Outcome.LATE_HIT):
        tally.take(RequestRecord("a", 1.0, outcome, 0.3))
    assert [line.strip() for line in tally.compare([False, True, True]).splitlines()] == [
        "ready: 0.333, simulated 0.667; 1 only here, 2 only in the simulation",
        "request 1, a: hit, waited 0.30 s",
        "request 2, a: miss, waited 0.30 s",
        "request 3, a: late_hit, waited 0.30 s",
    ]
