from __future__ import annotations

from datetime import UTC, datetime

import pytest

from preheat.messages import msg
from preheat.preload import DeviceNeeds, PlanAction, PolicySettings, PreloadPlan, PreloadPlanner
from preheat.residency import ResidentModel
from preheat.settings import Settings
from preheat.usage import DAY_S, EXPECT_S, UsageTracker, Weights

NINE = datetime(2026, 3, 6, 9, tzinfo=UTC).timestamp()  # a Friday
GB = 1_000_000_000
SIZES = {"a": 2 * GB, "b": 3 * GB, "c": GB, "d": 9 * GB, "e": GB, "f": GB}
MORNINGS = msg("weekday_mornings")


def planner_of(uses: dict[str, int] | None = None, *, top: int = 3, min_share: float = 0.1) -> PreloadPlanner:
    """Return a planner with usage on the last three mornings."""
    usage = UsageTracker(Settings(), timezone=UTC)
    wanted = uses or {"a": 12, "b": 6, "c": 5, "f": 1}
    for days_ago in (2, 1, 0):
        for model_id, count in wanted.items():
            for _ in (number for number in range(count) if number * 3 // count == days_ago):
                usage.request_arrived(model_id, "", NINE - days_ago * DAY_S)
    return PreloadPlanner(usage, PolicySettings(top=top, weights=Weights(0.0, 0.0), min_share=min_share))


def plan(planner: PreloadPlanner, limit_gb: int, *residents: ResidentModel, now: float = NINE) -> PreloadPlan:
    return planner.plan(residents, SIZES, limit_gb * GB, now)


def test_each_action_has_a_message() -> None:
    planner = planner_of()
    planner.favourites = ("e", "d")
    made = plan(planner, 5, ResidentModel("c", GB, NINE))
    often = msg("used_mostly", uses=6, part=MORNINGS)
    expected = {
        "e": msg("plan_preload", reason=msg("favourite", rank=1)),
        "d": msg("plan_too_large", missing=4 * GB, reason=msg("favourite", rank=2)),
        "a": msg("plan_preload", reason=msg("used_mostly", uses=12, part=MORNINGS)),
        "b": msg("plan_no_room", missing=2 * GB, reason=often),
        "c": msg("plan_keep", reason=msg("used_mostly", uses=5, part=MORNINGS)),
        "f": msg("plan_too_few_uses", reason=msg("used_once")),
        "unknown": msg("plan_too_few_uses", reason=msg("never_used")),
    }
    assert {model_id: planner.explain(model_id, made, NINE) for model_id in expected} == expected
    assert str(planner.explain("b", made, NINE)) == (
        "needs 2.0 GB more; other models are used more (used 6 times in the last week, mostly on weekday mornings)"
    )


def test_a_device_without_room_is_named() -> None:
    planner = planner_of()
    planner.favourites = ("d",)
    sizes = {"d": {"gpu": 9 * GB}, "a": {"gpu": 2 * GB}, "b": {"gpu": 3 * GB}}
    made = planner.plan((), SIZES, 100 * GB, NINE, DeviceNeeds({"gpu": 4 * GB}, sizes))
    too_large, no_room = (planner.explain(model_id, made, NINE) for model_id in "db")
    favourite, often = msg("favourite", rank=1), msg("used_mostly", uses=6, part=MORNINGS)
    assert too_large == msg("plan_too_large_for_device", missing=5 * GB, device="gpu", reason=favourite)
    assert no_room == msg("plan_no_room_on_device", missing=GB, device="gpu", reason=often)


def test_likely_models_are_as_many_as_are_preloaded() -> None:
    assert planner_of(top=2).likely(NINE) == ("a", "b")
    assert planner_of(top=0).likely(NINE) == ()


def test_displaced_models_are_named() -> None:
    planner = planner_of()
    made = plan(planner, 2, ResidentModel("f", GB, NINE - 3600.0))
    explained = planner.explain("a", made, NINE)
    assert (explained.code, explained.params["displaced"]) == ("plan_replace", ("f",))


@pytest.mark.parametrize(
    ("top", "min_share", "limit_gb", "model_id", "code"),
    [
        (3, 0.1, 9, "c", "plan_not_in_top"),
        (3, 0.4, 3, "a", "plan_small_share"),
        (0, 0.1, 9, "a", "plan_favourites_only"),
    ],
)
def test_why_a_used_model_is_not_a_target(top: int, min_share: float, limit_gb: int, model_id: str, code: str) -> None:
    planner = planner_of({"a": 12, "b": 6, "c": 5, "e": 20}, top=top, min_share=min_share)
    assert planner.explain(model_id, plan(planner, limit_gb), NINE).code == code


@pytest.mark.parametrize(
    ("days", "model_id", "reason"),
    [
        (20, "a", msg("not_used_lately", idle_s=20 * DAY_S)),
        (0, "a", msg("used_mostly", uses=12, part=MORNINGS)),
        (0, "f", msg("used_once")),
    ],
)
def test_usage_in_words(days: int, model_id: str, reason: object) -> None:
    planner, now = planner_of(), NINE + days * DAY_S
    assert planner.explain(model_id, PreloadPlan((), ()), now).params["reason"] == reason


def test_uses_at_all_hours_have_no_part_of_the_day() -> None:
    usage = UsageTracker(Settings(), timezone=UTC)
    for hour in range(24):
        usage.request_arrived("a", "", NINE + hour * 3600)
    planner = PreloadPlanner(usage, PolicySettings())
    reason = planner.explain("a", PreloadPlan((), ()), NINE + DAY_S).params["reason"]
    assert reason == msg("used", uses=24)


def habit(wakes: bool = True) -> PreloadPlanner:
    """Return a planner that knows the client ``notes``, which always uses ``f``."""
    usage = UsageTracker(Settings(wake_with_clients=wakes), timezone=UTC)
    for number in range(9):
        usage.client_woke("notes", "", NINE - 10_000 + number * 100)
        usage.request_arrived("f", "notes", NINE - 10_000 + number * 100 + 1)
    return PreloadPlanner(usage, PolicySettings(min_uses=1000))


@pytest.mark.parametrize(
    ("wakes", "after_s", "targets"), [(True, 10.0, ["f"]), (True, EXPECT_S + 1, []), (False, 10.0, [])]
)
def test_the_model_of_a_client_that_woke_is_a_target_for_a_while(
    wakes: bool, after_s: float, targets: list[str]
) -> None:
    planner = habit(wakes)
    planner.client_woke("notes", "", NINE)
    made = plan(planner, 9, now=NINE + after_s)
    assert [target.model_id for target in made.targets] == targets
    if targets:
        assert planner.explain("f", made, NINE) == msg("plan_preload", reason=msg("expected"))


def test_a_request_ends_the_expectation() -> None:
    planner = habit()
    planner.client_woke("notes", "", NINE)
    planner.request_arrived("f", "notes", NINE + 1)
    assert plan(planner, 9, now=NINE + 2).targets == ()


def test_a_hot_expected_model_is_protected() -> None:
    """Another preload must not displace the model that a client is about to use."""
    planner = habit()
    planner.favourites = ("e",)
    idle = ResidentModel("f", GB, NINE - 5000.0)
    assert plan(planner, 1, idle).preloads[0].displaces == ("f",)
    planner.client_woke("notes", "", NINE)
    assert [target.action for target in plan(planner, 1, idle).targets] == [PlanAction.KEEP, PlanAction.NO_ROOM]


@pytest.mark.parametrize(
    ("wakes", "after_s", "first"), [(True, 10.0, "d"), (True, EXPECT_S + 1, "c"), (False, 10.0, "c")]
)
def test_likely_models_come_first_on_standby_for_a_while(wakes: bool, after_s: float, first: str) -> None:
    usage, at = UsageTracker(Settings(wake_with_clients=wakes), timezone=UTC), NINE - 100_000
    for model_id, client in (("a", "x"), ("b", "x"), ("c", "x"), ("d", "chat"), ("b", "chat")):
        for _ in range(1 if client == "chat" else 9):
            usage.client_woke(client, "", at)
            usage.request_arrived(model_id, client, at + 1)
            at += 100
    planner = PreloadPlanner(usage, PolicySettings())
    assert planner.client_woke("chat", "", NINE) is None  # too few wakes for a prediction
    residents = [ResidentModel("a", 1, NINE), ResidentModel("b", 1, NINE)]
    assert planner.plan(residents, dict.fromkeys("abcd", 1), 2, NINE + after_s).standby[0] == first


@pytest.mark.parametrize("by", ["request", "wake", "allow"])
def test_a_suppressed_model_is_no_target_until_it_is_used_or_wanted(by: str) -> None:
    planner = habit()
    planner.favourites = ("e", "f")
    assert planner.suppressed((), SIZES, 9 * GB, NINE) == ()
    planner.suppress("f")
    assert [target.model_id for target in plan(planner, 9).targets] == ["e"]
    assert planner.suppressed((), SIZES, 9 * GB, NINE) == ("f",)
    assert planner.is_suppressed("f")
    match by:
        case "request":
            planner.request_arrived("f", "", NINE)
        case "wake":
            planner.client_woke("notes", "", NINE)
        case "allow":
            planner.allow("f")
    assert {target.model_id for target in plan(planner, 9).targets} == {"e", "f"}
    assert not planner.is_suppressed("f")


def test_unused_preloads_are_evicted_before_used_models() -> None:
    residents = [ResidentModel("a", 1, NINE), ResidentModel("f", 1, 0.0, speculative=True)]
    assert planner_of().plan_eviction(residents, 1, 2, now=NINE, for_request=True).victims == ("f",)


def test_another_limit_says_what_stays_and_what_leaves() -> None:
    planner = planner_of()
    planner.favourites = ("e", "d")
    residents = [
        ResidentModel("a", 2 * GB, NINE - 60.0, leased=True),
        ResidentModel("b", 4 * GB, NINE - 3600.0, extra_bytes=GB),
        ResidentModel("f", GB, NINE - 7200.0),
    ]
    shrunk = planner.under_limit(residents, SIZES, 6 * GB, NINE)
    assert (shrunk.stays, shrunk.shrinks, shrunk.leaves) == (("a", "b"), ("b",), ("f",))
    less = planner.under_limit(residents, SIZES, 3 * GB, NINE)
    # Without b, f needs not leave for the limit; but it does for the favourite.
    assert (less.stays, less.leaves, less.loads) == (("a",), ("b", "f"), ("e",))
    assert "d" in less.left_out
    more = planner.under_limit(residents, SIZES, 40 * GB, NINE)
    assert (more.leaves, more.left_out) == ((), ())
    assert {"d", "e"} <= set(more.loads)
