from __future__ import annotations

from datetime import UTC, datetime

from preheat.preload.estimating import EstimatingPlanner
from preheat.preload.policy import PolicySettings
from preheat.residency import ResidentModel
from preheat.settings import Settings
from preheat.usage import UsageTracker

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()
SIZES = dict.fromkeys("abcd", 10**9)


def planner(uses: str = "") -> EstimatingPlanner:
    """Return one that has seen these models, one an hour, the last one an hour ago."""
    found = EstimatingPlanner(UsageTracker(Settings(), timezone=UTC), PolicySettings())
    for number, model_id in enumerate(uses):
        found.request_arrived(model_id, "x", MONDAY + (number - len(uses)) * 3600)
    return found


def resident(model_id: str, *, speculative: bool = False) -> ResidentModel:
    return ResidentModel(model_id, 10**9, MONDAY, speculative=speculative)


def test_nothing_is_preloaded_for_somebody_unknown() -> None:
    assert planner().plan([], SIZES, 10**10, MONDAY) == ((), ())


def test_a_model_that_was_added_is_preloaded() -> None:
    found = planner("aabaabaab")
    found.model_added("c", MONDAY)
    assert [target.model_id for target in found.plan([], SIZES, 10**9, MONDAY).preloads] == ["c"]


def test_a_model_that_a_client_names_is_preloaded() -> None:
    found = planner("aabaabaab")
    found.client_woke("x", "d", MONDAY)
    assert [target.model_id for target in found.plan([], SIZES, 10**9, MONDAY).preloads] == ["d"]


def test_a_model_that_was_just_used_is_not_displaced() -> None:
    found = planner("aaaaaaaaab")
    found.request_arrived("b", "x", MONDAY - 30)
    assert found.plan([resident("b")], SIZES, 10**9, MONDAY).preloads == ()


def test_the_model_that_is_worth_least_makes_room_for_a_request() -> None:
    found = planner("aabaabaabc")
    held = [resident(name) for name in "abc"]
    assert found.plan_eviction(held, 10**9, 3 * 10**9, now=MONDAY, for_request=True).victims == ("c",)
    assert found.plan_eviction(held, 10**9, 4 * 10**9, now=MONDAY, for_request=True).victims == ()
    assert found.plan_eviction(held, 10**9, 3 * 10**9, now=MONDAY, for_request=False).missing_bytes == 10**9
