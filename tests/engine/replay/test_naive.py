from __future__ import annotations

from preheat.preload import PlanBasis, PolicySettings
from preheat.replay.naive import NaivePlanner
from preheat.residency import ResidentModel
from preheat.settings import Settings
from preheat.usage import UsageTracker

SIZES = {"a": 2, "b": 2, "c": 2, "d": 5}
NOW = 1_767_600_000.0


def planner() -> NaivePlanner:
    """Return one that has seen a 3 times, b twice, d once, and c just now."""
    found = NaivePlanner(UsageTracker(Settings()), PolicySettings())
    for number, model_id in enumerate("aaabbd"):
        found.request_arrived(model_id, "x", NOW - 5000 + number)
    found.request_arrived("c", "x", NOW - 60)
    return found


def test_the_room_is_filled_with_recent_models_and_then_by_counts() -> None:
    plan = planner().plan([], PlanBasis(SIZES, 6), NOW)
    assert [target.model_id for target in plan.preloads] == ["c", "a", "b"]
    assert [target.model_id for target in planner().plan([], PlanBasis(SIZES, 4), NOW + 5000).preloads] == ["a", "b"]


def test_the_ranking_follows_uses_and_their_age() -> None:
    naive = planner()

    def ranking(now: float) -> list[str]:
        return [target.model_id for target in naive.plan([], PlanBasis(SIZES, 11), now).preloads]

    assert ranking(NOW) == ["c", "a", "b", "d"]
    assert ranking(NOW + 1000) == ["a", "b", "c", "d"]
    naive.request_arrived("d", "x", NOW + 1000)
    assert ranking(NOW + 1000) == ["d", "a", "b", "c"]
    assert ranking(NOW + 2000) == ["a", "d", "b", "c"]
    for _ in range(3):
        naive.request_arrived("c", "x", NOW + 3000)
    assert ranking(NOW + 4000) == ["c", "a", "d", "b"]  # nothing was planned while it was recent


def test_others_leave_for_a_preload() -> None:
    held = [ResidentModel("c", 2, 0.0), ResidentModel("d", 5, 0.0)]
    (preload, second) = planner().plan(held, PlanBasis(SIZES, 7), NOW).preloads
    assert (preload.model_id, preload.displaces) == ("a", ("d",))
    assert (second.model_id, second.displaces) == ("b", ())
    leased = [held[0], held[1]._replace(leased=True)]
    assert planner().plan(leased, PlanBasis(SIZES, 7), NOW).preloads == ()


def test_the_last_of_the_ranking_makes_room_for_a_request() -> None:
    held = [ResidentModel(name, 2, NOW) for name in "abc"]
    assert planner().plan_eviction(held, 2, 6, now=NOW, for_request=True).victims == ("b",)
    assert planner().plan_eviction(held, 2, 6, now=NOW, for_request=False).missing_bytes == 2
