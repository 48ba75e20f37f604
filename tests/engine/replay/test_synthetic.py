from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from preheat.replay import ALL_USERS, USERS, Kind, Trace, describe_users, synthetic_trace


def requests_by_model(trace: Trace) -> Counter[str]:
    return Counter(event.model_id for event in trace.events if event.kind is Kind.REQUEST)


def local(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@pytest.mark.parametrize("name", ALL_USERS)
def test_a_seed_gives_one_trace(name: str) -> None:
    trace = synthetic_trace(name, seed=3, days=14)
    assert synthetic_trace(name, seed=3, days=14) == trace
    assert synthetic_trace(name, seed=4, days=14) != trace


@pytest.mark.parametrize("name", ALL_USERS)
def test_traces_are_ordered_and_the_machine_is_off_at_night(name: str) -> None:
    trace = synthetic_trace(name, seed=1, days=14)
    times = [event.at for event in trace.events]
    assert times == sorted(times)
    on = False
    for event in trace.events:
        assert on == (event.kind is not Kind.BOOT)
        on = event.kind is not Kind.OFF
        assert 7 <= local(event.at).hour <= 22
        if event.kind is Kind.REQUEST:
            assert event.model_id in trace.sizes
    assert not on


@pytest.mark.parametrize("name", ALL_USERS)
def test_every_session_starts_with_a_wake_or_an_open_client(name: str) -> None:
    awake: set[str] = set()
    for event in synthetic_trace(name, seed=1, days=7).events:
        if event.kind is Kind.BOOT:
            awake.clear()
        elif event.kind is Kind.WAKE:
            awake.add(event.client)
        elif event.kind is Kind.REQUEST:
            assert event.client in awake


def test_steady_follows_zipfs_law() -> None:
    counts = requests_by_model(synthetic_trace("steady", days=400))
    total = counts.total()
    harmonic = sum(1 / rank for rank in range(1, 7))
    for rank, model_id in enumerate(sorted(counts), 1):
        assert counts[model_id] / total == pytest.approx(1 / rank / harmonic, abs=0.02)


def test_the_office_is_empty_at_weekends_and_keeps_its_hours() -> None:
    by_hour: dict[int, Counter[str]] = defaultdict(Counter)
    for event in synthetic_trace("office-day", days=84).events:
        assert local(event.at).weekday() < 5
        if event.kind is Kind.REQUEST and local(event.at).weekday() < 4:
            by_hour[local(event.at).hour][event.model_id] += 1
    usual = {hour: by_hour[hour].most_common(1)[0][0] for hour in (9, 11, 13, 15, 17)}
    assert usual == {9: "model-a", 11: "model-b", 13: "model-c", 15: "model-b", 17: "model-d"}
    assert by_hour[11]["model-b"] < 0.95 * by_hour[11].total()


def test_projects_change_what_is_used_most() -> None:
    weeks: dict[int, Counter[str]] = defaultdict(Counter)
    events = synthetic_trace("project-switch").events
    for event in events:
        if event.kind is Kind.REQUEST:
            weeks[int((event.at - events[0].at) // (7 * 86_400))][event.model_id] += 1
    favourites = {frozenset(name for name, _ in week.most_common(2)) for week in weeks.values()}
    assert len(favourites) >= 3


def test_bursts_alternate_between_two_models() -> None:
    agent = [event for event in synthetic_trace("bursts").events if event.client == "agent"]
    requests = [event.model_id for event in agent if event.kind is Kind.REQUEST]
    assert set(requests) == {"model-a", "model-b"}
    turns = sum(one != other for one, other in pairwise(requests))
    assert turns / len(requests) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", ["explorer", "explorer-by-list"])
def test_the_explorer_never_reuses_a_model(name: str) -> None:
    trace = synthetic_trace(name)
    seen: list[str] = []
    for event in trace.events:
        if event.kind is Kind.REQUEST and event.model_id != (seen[-1] if seen else ""):
            seen.append(event.model_id)
    assert len(seen) == len(set(seen)) == len(trace.sizes) > 500


def test_one_explorer_asks_for_details_and_the_other_for_the_list() -> None:
    asked = [event.model_id for event in synthetic_trace("explorer", days=7).events if event.kind is Kind.WAKE]
    listed = [event.model_id for event in synthetic_trace("explorer-by-list", days=7).events if event.kind is Kind.WAKE]
    assert all(asked)
    assert not any(listed)
    assert len(asked) == len(listed)


def test_users_are_described() -> None:
    described = dict(describe_users())
    assert tuple(described) == ALL_USERS
    assert set(USERS) <= set(ALL_USERS)
    assert all(described.values())
    with pytest.raises(KeyError):
        synthetic_trace("nobody")
