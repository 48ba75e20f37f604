from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from preheat.preload import PreloadPlan, PreloadPlanner
from preheat.replay import (
    USERS,
    Kind,
    Machine,
    Report,
    Trace,
    TraceEvent,
    compare,
    compare_with_lru,
    replay,
    synthetic_trace,
)
from preheat.replay.executor import Figures
from preheat.replay.machine import PAGE_CACHE_SHARE
from preheat.replay.reports import CLAIRVOYANT, LRU, PREHEAT, clairvoyant
from preheat.replay.simulation import Strategy
from preheat.replay.trace import ModelSize
from preheat.usage import DAY_S

pytestmark = pytest.mark.no_cover  # tracing triples their time; test_simulation.py covers the same code

SEED = 1000
"""Not used for choosing the constants of the policy."""

GB = 1_000_000_000


TRACE_DAYS = {"steady": 56, "office-day": 56, "project-switch": 28, "bursts": 21, "explorer": 28}
"""As few as tell something: bursts has the most requests, and explorer the most models."""


@cache
def trace_of(user: str) -> Trace:
    return synthetic_trace(user, seed=SEED, days=TRACE_DAYS[user])


@cache
def reports(user: str) -> dict[str, Report]:
    trace = trace_of(user)
    return {report.strategy: report for report in compare(trace, Machine(trace.room_for(3)))}


def replayed(user: str, strategy: Strategy, page_cache: float = PAGE_CACHE_SHARE) -> Figures:
    limit = trace_of(user).room_for(3)
    return replay(trace_of(user), Machine(limit, page_cache_bytes=int(limit * page_cache)), strategy).steady


def share(user: str, strategy: str) -> float:
    return reports(user)[strategy].steady.preload_hit_rate


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


@pytest.mark.parametrize("user", ["steady", "office-day"])
def test_users_with_habits_hardly_wait(user: str) -> None:
    steady = reports(user)["preheat"].steady
    assert steady.preload_hit_rate >= 0.92
    assert steady.wasted_share <= 0.22


def test_five_users_on_average() -> None:
    assert mean([share(user, "preheat") for user in USERS]) >= 0.90
    left = [reports(user)["preheat"].steady.waits / reports(user)["lru"].steady.waits for user in USERS]
    assert mean(left) <= 0.55
    assert mean([share(user, "preheat") / share(user, CLAIRVOYANT) for user in USERS]) >= 0.93


def test_seconds_waited_depend_on_the_page_cache() -> None:
    usual = [reports(user)["preheat"].steady.waited_s / reports(user)["lru"].steady.waited_s for user in USERS]
    assert mean(usual) <= 0.15
    less = [replayed(user, PREHEAT, 0.25).waited_s / replayed(user, LRU, 0.25).waited_s for user in USERS]
    assert mean(less) <= 0.24


def test_preloading_cannot_help_a_user_of_ever_new_models() -> None:
    trace = synthetic_trace("explorer-by-list", seed=SEED, days=14)
    found = compare_with_lru("explorer-by-list", trace, Machine(trace.room_for(3)))
    assert (found.waits_ratio, found.seconds_ratio) == pytest.approx((1.0, 1.0), abs=0.01)


def test_waking_clients_save_seconds() -> None:
    """Most for the user with an application for some of the models.

    The others use any model in one of their applications, and habits know the rest: few waits are left to save, and one
    trace says little about seconds.
    """
    with_clients = {user: reports(user)["preheat"].steady for user in USERS[:4]}
    without = {user: replayed(user, replace(PREHEAT, wake_ups=False)) for user in USERS[:4]}
    assert with_clients["steady"].waited_s < 0.5 * without["steady"].waited_s
    assert all(with_clients[user].waits <= 1.05 * without[user].waits for user in without)
    assert sum(each.waited_s for each in with_clients.values()) < 0.75 * sum(each.waited_s for each in without.values())


@pytest.mark.parametrize("user", ["steady", "office-day"])
def test_a_lower_price_of_waste_wastes_more(user: str) -> None:
    eager = replace(PREHEAT, policy=replace(PREHEAT.policy, waste_price=0.1))
    usual, more = reports(user)["preheat"].steady, replayed(user, eager)
    assert more.waits <= usual.waits
    assert usual.wasted_share < more.wasted_share


@pytest.mark.parametrize("user", USERS)
def test_no_strategy_beats_the_bound_and_all_beat_keep_alive(user: str) -> None:
    found = reports(user)
    assert all(found[CLAIRVOYANT].overall.hits >= report.overall.hits for report in found.values())
    assert found["preheat"].overall.hits >= found["lru"].overall.hits >= found["keep-alive 5 min"].overall.hits


def test_learning_reduces_waits_in_an_office() -> None:
    without = replace(PREHEAT, policy=replace(PREHEAT.policy, learned=False))
    assert reports("office-day")["preheat"].steady.waits < 0.95 * replayed("office-day", without).waits


def test_more_memory_means_more_hits() -> None:
    trace = synthetic_trace("steady", seed=SEED, days=14)
    rates = [replay(trace, Machine(limit * GB)).steady.preload_hit_rate for limit in (4, 6, 8, 16)]
    assert rates == sorted(rates)


def test_models_larger_than_the_limit_are_refused_without_waiting() -> None:
    events = (TraceEvent(100.0, Kind.REQUEST, "a"), TraceEvent(200.0, Kind.REQUEST, "b"))
    trace = Trace(events, {"a": ModelSize(2 * GB, GB), "b": ModelSize(GB, GB)})
    for report in compare(trace, Machine(GB)):
        assert (report.overall.requests, report.overall.misses - report.overall.waits) == (2, 1)
        assert report.overall.refused == 1


def test_steady_state_begins_after_a_week() -> None:
    days = [TraceEvent(day * DAY_S, Kind.REQUEST, "a") for day in range(10)]
    trace = Trace(tuple(days), {"a": ModelSize(GB, GB)})
    for report in compare(trace, Machine(GB)):
        assert (report.overall.requests, report.steady.requests) == (10, 3)
    assert replay(Trace((), {}), Machine(GB)).overall.requests == 0
    assert clairvoyant(Trace((), {}), Machine(GB)).steady.preload_hit_rate == 0.0


def test_rows_are_flat_and_serializable() -> None:
    rows = [report.row() for report in reports("steady").values()]
    assert len({tuple(row) for row in rows}) == 1
    assert json.loads(json.dumps(rows)) == rows
    assert rows[0]["waits"] == rows[0]["late_hits"] + rows[0]["misses"]  # type: ignore[operator]


def test_each_event_is_planned_for_at_most_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[None] = []
    plan = PreloadPlanner.plan

    def counted(planner: PreloadPlanner, *arguments: Any, **options: Any) -> PreloadPlan:
        planned.append(None)
        return plan(planner, *arguments, **options)

    monkeypatch.setattr(PreloadPlanner, "plan", counted)
    trace = synthetic_trace("steady", seed=SEED, days=8)
    replay(trace, Machine(trace.room_for(3)))
    assert len(trace.events) < len(planned) <= 2 * len(trace.events)
