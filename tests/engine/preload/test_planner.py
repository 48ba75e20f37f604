from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from preheat.messages import msg
from preheat.preload import (
    DeviceNeeds,
    PlanAction,
    PolicySettings,
    PreloadPlan,
    PreloadPlanner,
    PreloadTarget,
    TargetKind,
)
from preheat.preload.foresight import Expert
from preheat.preload.reasons import describe_usage, describe_voices
from preheat.residency import EXCHANGE, Action, DecisionRecord, EvictionReason, Outcome, ResidentModel
from preheat.settings import Settings
from preheat.usage import DAY_S, RequestRecord, UsageLog, UsageTracker, WakeRecord

NINE = datetime(2026, 3, 6, 9, tzinfo=UTC).timestamp()  # a Friday
GB = 1_000_000_000
SIZES = {"a": 2 * GB, "b": 3 * GB, "c": GB, "d": 9 * GB, "e": GB, "f": GB}
MORNINGS = msg("weekday_mornings")
AWAKE_S = 600.0


def planner_of(settings: Settings | None = None, policy: PolicySettings | None = None) -> PreloadPlanner:
    """Return a planner that knows nobody."""
    return PreloadPlanner(UsageTracker(settings or Settings(), timezone=UTC), policy or PolicySettings())


def used(uses: str = "abacabacbacf", *, policy: PolicySettings | None = None) -> PreloadPlanner:
    """Return a planner that has seen these uses in turn, on the last three mornings, the last one an hour ago."""
    planner = planner_of(policy=policy)
    for number, model_id in enumerate(uses):
        days_ago = 2 - 3 * number // len(uses)
        planner.request_arrived(model_id, "", NINE - days_ago * DAY_S - 3600.0 + number * 10)
    return planner


def plan(planner: PreloadPlanner, limit_gb: int, *residents: ResidentModel, now: float = NINE) -> PreloadPlan:
    return planner.plan(residents, planner.basis(SIZES, limit_gb * GB, now), now)


def test_each_action_has_a_message() -> None:
    planner = used("abacabacabac" * 3 + "d" * 5 + "f")
    planner.favourites = ("e",)
    made = plan(planner, 5, ResidentModel("c", GB, NINE), ResidentModel("b", 3 * GB, NINE, leased=True))
    explained = {model_id: planner.explain(model_id, made, NINE) for model_id in "abcdef"}
    assert {model_id: message.code for model_id, message in explained.items()} == {
        "a": "plan_no_room",
        "b": "plan_keep",
        "c": "plan_keep",
        "d": "plan_too_large",
        "e": "plan_preload",
        "f": "plan_unlikely",
    }
    assert explained["e"] == msg("plan_preload", reason=msg("favourite", rank=1))
    assert explained["c"] == msg(
        "plan_keep", reason=describe_voices(planner.voices("c", NINE), msg("used_mostly", uses=9, part=MORNINGS))
    )
    assert explained["a"].params["missing"] == 2 * GB
    assert explained["d"].params["missing"] == 4 * GB
    assert planner.explain("unknown", made, NINE) == msg("plan_unlikely", reason=msg("never_used"))


def test_what_a_load_is_worth_is_told_where_that_decides() -> None:
    planner = used("abacabacabac" * 3 + "d" * 5 + "f")
    planner.favourites = ("e",)
    made = plan(planner, 5, ResidentModel("c", GB, NINE), ResidentModel("b", 3 * GB, NINE, leased=True))
    told = {model_id: planner.explain(model_id, made, NINE, load_bytes=SIZES[model_id]) for model_id in "abcdef"}
    estimated = {model_id: message for model_id, message in told.items() if message.code == "plan_estimated"}
    assert set(estimated) == {"a"}  # the chance alone decides about what is unlikely
    assert estimated["a"].params["plan"] == planner.explain("a", made, NINE)
    assert estimated["a"].params["load"] == SIZES["a"]
    assert estimated["a"].params["saved_s"] == pytest.approx(0.5 + 2 / 1.9)
    assert str(estimated["a"]).endswith("may load 2.0 GB in vain")


def test_measured_loads_take_the_place_of_estimated_ones() -> None:
    planner = PreloadPlanner(tracker := UsageTracker(Settings(), timezone=UTC), PolicySettings())
    for number, model_id in enumerate("ab" * 20):
        planner.request_arrived(model_id, "", NINE - 80_000 + number * 1000)
    full = ResidentModel("b", 3 * GB, NINE, leased=True)
    made = plan(planner, 3, full)
    for seconds in (4.0, 6.0, 5.0):
        tracker.decided(DecisionRecord(NINE, "a", Action.LOAD, msg("never_used"), 2 * GB, seconds))
    assert planner.explain("a", made, NINE, 2 * GB).params["saved_s"] == 5.0
    tracker.decided(DecisionRecord(NINE, "b", Action.LOAD, msg("never_used"), 3 * GB, 0.1))
    assert planner.load_s == {"a": 5.0, "b": 0.1}
    idle = [ResidentModel(model_id, 2 * GB, NINE - 3600.0) for model_id in "ab"]
    assert planner.plan_eviction(idle, GB, 4 * GB, now=NINE, for_request=True).victims == ("b",)


def test_a_model_that_was_never_used_has_no_estimate() -> None:
    planner = used()
    assert planner.explain("unknown", plan(planner, 9), NINE, GB) == msg("plan_unlikely", reason=msg("never_used"))


def test_without_learned_models_only_the_use_is_told() -> None:
    planner = used(policy=PolicySettings(learned=False))
    told = planner.explain("a", plan(planner, 9), NINE, SIZES["a"])
    assert (told.code, str(told)[:49]) == ("plan_favourites_only", "not preloaded: only favourites are preloaded (use")


def test_a_device_without_room_is_named() -> None:
    planner = used("a" * 20 + "b" * 20)
    planner.favourites = ("d",)
    needs = DeviceNeeds({"gpu": 4 * GB}, {"d": {"gpu": 9 * GB}, "a": {"gpu": 2 * GB}, "b": {"gpu": 3 * GB}})
    held = [ResidentModel("a", 2 * GB, NINE, device_bytes={"gpu": 2 * GB})]
    made = planner.plan(held, planner.basis(SIZES, 100 * GB, NINE, needs), NINE)
    too_large, no_room = (planner.explain(model_id, made, NINE) for model_id in "db")
    assert (too_large.code, too_large.params["missing"], too_large.params["device"]) == (
        "plan_too_large_for_device",
        5 * GB,
        "gpu",
    )
    assert (no_room.code, no_room.params["missing"], no_room.params["device"]) == ("plan_no_room_on_device", GB, "gpu")


def test_displaced_models_are_named() -> None:
    planner = used("ae" * 20)
    made = plan(planner, 3, ResidentModel("e", GB, NINE - 3600.0), ResidentModel("f", GB, NINE - 3600.0))
    explained = planner.explain("a", made, NINE)
    assert (explained.code, explained.params["displaced"]) == ("plan_replace", ("f",))


def test_why_a_used_model_is_not_a_target() -> None:
    only = used("ab", policy=PolicySettings(learned=False))
    assert only.explain("a", plan(only, 9), NINE).code == "plan_favourites_only"
    dear = used("abac" * 10, policy=PolicySettings(waste_price=100.0))
    made = plan(dear, 5, ResidentModel("a", 2 * GB, 0.0))
    assert made.preloads == ()
    assert dear.explain("b", made, NINE).code == "plan_in_vain"


def test_a_plan_changes_nothing() -> None:
    planner, twin = used(), used()
    planner.favourites = twin.favourites = ("e",)
    residents = [ResidentModel("c", GB, NINE - 100.0), ResidentModel("f", GB, 0.0, speculative=True)]
    first = plan(planner, 4, *residents)
    assert first.preloads
    for hour in range(1, 30):
        plan(planner, 3, now=NINE + hour * 3600.0)
        planner.plan_eviction(residents, 4 * GB, 4 * GB, now=NINE, for_request=True)
    assert plan(planner, 4, *residents) == first == plan(twin, 4, *residents)


def odds(planner: PreloadPlanner, now: float = NINE) -> float:
    """Return the factor of the odds of a preload in vain that displaces nothing."""
    return planner.basis({}, 0, now).odds[False]


def ended(model_id: str, *, wasted: bool, action: Action = Action.EVICT, cause: str = "") -> DecisionRecord:
    return DecisionRecord(NINE, model_id, action, msg("never_used"), cause=cause, wasted=wasted)


def test_a_plan_follows_what_has_changed_since_the_last_one() -> None:
    planner, held = used("abacabacabac" * 3), ResidentModel("c", GB, NINE)
    plans = []
    for after_s, residents in (
        (30.0, (held,)),  # it was just used
        (70.0, (held,)),
        (70.0, (held, ResidentModel("b", GB, NINE))),
        (70.0, ()),
    ):
        made = plan(planner, 3, *residents, now=NINE + after_s)
        assert made == plan(used("abacabacabac" * 3), 3, *residents, now=NINE + after_s)
        assert made not in plans
        plans.append(made)
    planner.favourites = ("e",)
    assert plan(planner, 3, now=NINE + 70.0) not in plans


@pytest.mark.parametrize("action", [Action.UNLOAD, Action.CANCEL, Action.FAIL])
def test_a_preload_that_ended_for_another_reason_says_nothing(action: Action) -> None:
    """The request that has to load the model itself does not count as a success of the preload before."""
    planner = used()
    target = PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.5)
    later = NINE + 3600
    first = odds(planner, NINE + 3600.0)
    for _ in range(50):
        planner.preload_started(target, later)
        planner.decided(ended("a", wasted=False, action=action))
        planner.request_arrived("a", "", NINE)
    assert odds(planner, NINE + 3600.0) == first


def test_a_preload_that_never_became_a_load_says_nothing() -> None:
    """A load that fails again too soon is refused without a decision."""
    planner = used()
    planner.preload_started(PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.5), NINE)
    planner.preload_failed("a")
    first = odds(planner, NINE + 3600.0)
    planner.request_arrived("a", "", NINE)
    assert odds(planner, NINE + 3600.0) == first


def test_a_preload_that_left_for_a_lower_limit_says_nothing() -> None:
    planner = used()
    first = odds(planner)
    planner.preload_started(PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.5), NINE)
    planner.decided(ended("a", wasted=True, cause=EvictionReason.LIMIT))
    assert planner.vain("a") == 0.0
    assert odds(planner) == first


def test_a_failed_change_of_its_form_is_no_end_of_a_preload() -> None:
    planner = used()
    planner.preload_started(PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.5), NINE)
    planner.decided(ended("a", wasted=False, action=Action.FAIL, cause=EXCHANGE))
    assert planner.vain("a") > 0.0


def test_an_announced_model_may_be_in_vain_but_says_nothing_about_the_estimate() -> None:
    planner = used()
    first = odds(planner)
    for _ in range(50):
        planner.preload_started(PreloadTarget("a", TargetKind.EXPECTED, 1, PlanAction.PRELOAD, vain=0.4), NINE)
        assert planner.vain("a") == 0.4
        planner.decided(ended("a", wasted=True))
        assert planner.vain("a") == 0.0
    assert odds(planner) == first


def test_how_preloads_turn_out_changes_the_odds_of_the_next_ones() -> None:
    planner = used()
    target = PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.5)
    others = target._replace(kind=TargetKind.FAVOURITE)
    first = odds(planner)
    for _ in range(50):
        planner.preload_started(others, NINE)  # a favourite's load says nothing about the estimate
        planner.decided(ended("a", wasted=True))
    assert odds(planner) == first
    for _ in range(50):
        planner.preload_started(target, NINE)
        planner.decided(ended("a", wasted=True))
    assert odds(planner) > 1.5 * first
    for _ in range(200):
        planner.preload_started(target, NINE)
        planner.request_arrived("a", "", NINE)
    assert odds(planner) < 0.5 * first


def test_what_was_lost_with_the_memory_was_not_wasted() -> None:
    planner, twin = used("abc" * 10), used("abc" * 10)
    target = PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.PRELOAD, vain=0.5)
    for _ in range(200):
        planner.preload_started(target, NINE)
        planner.memory_lost()
        planner.decided(ended("a", wasted=True))
    assert odds(planner) == odds(twin)


def test_likely_models_are_those_used_most() -> None:
    assert used("aaaabbbccd").likely(NINE) == ("a", "b", "c")
    assert used("aaaabbbccd", policy=PolicySettings(learned=False)).likely(NINE) == ()
    planner = used("aaaabbbccd")
    planner.favourites = ("a",)
    assert planner.likely(NINE) == ("b", "c")


def test_a_model_is_worth_more_memory_if_it_is_used() -> None:
    planner = used("aab")
    planner.favourites = ("b", "e")
    assert [planner.used_enough(model_id, NINE) for model_id in "abce"] == [True, True, False, False]


@pytest.mark.parametrize(
    ("days", "model_id", "reason"),
    [
        (20, "a", msg("not_used_lately", idle_s=20 * DAY_S + 3490.0)),
        (0, "a", msg("used_mostly", uses=12, part=MORNINGS)),
        (0, "f", msg("used_once")),
    ],
)
def test_usage_in_words(days: int, model_id: str, reason: object) -> None:
    planner, now = used("a" * 12 + "f"), NINE + days * DAY_S
    assert describe_usage(planner.usage(model_id, now), now) == reason


def test_uses_at_all_hours_have_no_part_of_the_day() -> None:
    planner = planner_of()
    for hour in range(24):
        planner.request_arrived("a", "", NINE + hour * 3600)
    reason = planner.explain("a", PreloadPlan((), ()), NINE + DAY_S).params["reason"]
    assert reason == msg("used", uses=24)


def habit(wakes: bool = True) -> PreloadPlanner:
    """Return a planner that knows the client ``notes``, which always uses ``f``, and a person who mostly uses ``c``."""
    planner = planner_of(Settings(wake_with_clients=wakes))
    for number in range(9):
        at = NINE - 100_000 + number * 7000
        planner.client_woke("notes", "", at)
        planner.request_arrived("f", "notes", at + 1)
        for minute in range(1, 5):
            planner.request_arrived("c" if minute % 2 else "e", "chat", at + minute * 600)
    return planner


@pytest.mark.parametrize(("wakes", "after_s", "first"), [(True, 10.0, "f"), (True, AWAKE_S + 1, "c"), (False, 10, "c")])
def test_the_model_of_a_client_that_woke_is_a_target_for_a_while(wakes: bool, after_s: float, first: str) -> None:
    planner = habit(wakes)
    assert planner.client_woke("notes", "", NINE) == ("f" if wakes else None)
    made = plan(planner, 9, now=NINE + after_s)
    assert made.targets[0].model_id == first
    assert made.targets[0].kind is (TargetKind.EXPECTED if first == "f" else TargetKind.LEARNED)
    if first == "f":
        opened = msg("voice_client", client="notes")
        assert planner.explain("f", made, NINE) == msg("plan_preload", reason=msg("expected", sign=opened))
        assert planner.voices("f", NINE + after_s)[0].expert is Expert.CLIENT


@pytest.mark.parametrize(("wakes", "first"), [(True, "f"), (False, "c")])
def test_the_models_of_a_client_that_woke_come_first_on_standby(wakes: bool, first: str) -> None:
    planner = habit(wakes)
    planner.client_woke("notes", "", NINE)
    assert plan(planner, 4, ResidentModel("b", 4 * GB, NINE, leased=True)).standby[0] == first


def test_a_client_without_a_name_or_a_habit_is_no_reason() -> None:
    planner = habit()
    assert planner.client_woke("", "", NINE) is None
    assert planner.client_woke("another", "", NINE) is None


def test_a_request_ends_the_expectation() -> None:
    planner = habit()
    planner.client_woke("notes", "", NINE)
    planner.request_arrived("f", "notes", NINE + 1)
    assert all(target.kind is not TargetKind.EXPECTED for target in plan(planner, 9, now=NINE + 2).targets)


def test_a_hot_expected_model_is_protected() -> None:
    """Another preload must not displace the model that a client is about to use."""
    planner = habit()
    planner.favourites = ("e",)
    idle = ResidentModel("f", GB, NINE - 5000.0)
    assert plan(planner, 1, idle).preloads[0].displaces == ("f",)
    planner.client_woke("notes", "", NINE)
    targets = plan(planner, 1, idle).targets
    assert [target.action for target in targets[:2]] == [PlanAction.KEEP, PlanAction.NO_ROOM]
    assert not plan(planner, 1, idle).preloads


def test_an_added_model_is_preloaded_for_somebody_new() -> None:
    planner = planner_of()
    assert plan(planner, 9).targets == ()
    planner.model_added("c", NINE - 60.0)
    made = plan(planner, 9)
    assert [target.model_id for target in made.preloads] == ["c"]
    added = msg("expected", sign=msg("voice_added"))
    assert planner.explain("c", made, NINE) == msg("plan_preload", reason=added)
    assert plan(planner, 9, now=NINE + DAY_S).targets == ()


def test_a_model_that_a_client_asks_about_is_preloaded_for_somebody_new() -> None:
    planner = planner_of()
    assert planner.client_woke("editor", "c", NINE) == "c"
    assert [target.model_id for target in plan(planner, 9).preloads] == ["c"]


def test_a_model_that_is_chosen_is_preloaded_even_if_it_was_unloaded() -> None:
    planner = planner_of()
    planner.suppress("c")
    assert planner.model_chosen("c", NINE) == "c"
    assert [target.model_id for target in plan(planner, 9).preloads] == ["c"]


def test_somebody_new_has_the_last_models_kept() -> None:
    """Before anything was learned, the one used longer ago makes room."""
    planner = planner_of()
    for number, model_id in enumerate("ef"):
        planner.request_arrived(model_id, "", NINE - 7200 + number * 60)
    held = [ResidentModel("e", GB, NINE - 7200), ResidentModel("f", GB, NINE - 7140)]
    planner.request_arrived("c", "", NINE)
    assert planner.plan_eviction(held, GB, 2 * GB, now=NINE, for_request=True).victims == ("e",)
    for room, loaded in ((3, {"c"}), (9, {"c", "e", "f"})):
        later = plan(planner, room, now=NINE + 2 * 3600)
        assert {target.model_id for target in later.preloads} == loaded


def test_habits_are_recalled_from_the_log(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NINE)
    live = PreloadPlanner(UsageTracker(Settings(), timezone=UTC), PolicySettings())
    for number in range(40):
        at, model_id = NINE - 400_000 + number * 9000.0, "fcfe"[number % 4]
        if model_id == "f":
            live.client_woke("notes", "", at - 5)
            log.record(WakeRecord(at - 5, "notes"))
        if number % 5 == 1:
            live.model_chosen(model_id, at - 3)
            log.record(WakeRecord(at - 3, "", model_id))
        live.request_arrived(model_id, "notes" if model_id == "f" else "chat", at)
        log.record(RequestRecord(model_id, at, Outcome.HIT, client="notes" if model_id == "f" else "chat"))
    tracker = UsageTracker(Settings(), log, timezone=UTC, clock=lambda: NINE)
    tracker.open()
    planner = PreloadPlanner(tracker, PolicySettings())
    recalled = planner.recall()
    live.request_arrived("c", "chat", NINE - 60)
    planner.request_arrived("e", "chat", NINE - 400_000 + 39 * 9000.0)  # it is in the log already
    planner.request_arrived("c", "chat", NINE - 60)  # while it is recalled
    planner.remember(recalled)
    tracker.close()
    assert planner.chances(NINE) == live.chances(NINE)
    assert live.client_woke("notes", "", NINE) == planner.client_woke("notes", "", NINE) == "f"
    assert live.model_chosen("e", NINE) == planner.model_chosen("e", NINE) == "e"
    assert planner.chances(NINE).announced["e"] == live.chances(NINE).announced["e"] > 0.9


def logged(tmp_path: Path, *uses: str, every_s: float = 1000.0) -> UsageTracker:
    """Return a tracker with a log of requests, the last one at ``NINE``."""
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NINE)
    for number, model_id in enumerate(reversed(uses)):
        log.record(RequestRecord(model_id, NINE - number * every_s, Outcome.HIT))
    assert log.write_pending()
    tracker = UsageTracker(Settings(), log, timezone=UTC, clock=lambda: NINE)
    tracker.open()
    return tracker


def test_a_request_that_still_runs_is_recalled_in_its_place(tmp_path: Path) -> None:
    tracker = logged(tmp_path, *"cecece")
    live, planner = planner_of(), PreloadPlanner(tracker, PolicySettings())
    uses = sorted([*((NINE - number * 1000.0, "ec"[number % 2]) for number in range(6)), (NINE - 500.0, "f")])
    for at, model_id in uses:
        live.request_arrived(model_id, "", at)
    planner.request_arrived("f", "", NINE - 500.0)
    planner.remember(planner.recall(planner.latest))
    tracker.close()
    assert planner.chances(NINE) == live.chances(NINE)


@pytest.mark.parametrize("while_recalled", [True, False])
@pytest.mark.parametrize("sign", ["wake", "choice", "addition"])
def test_a_sign_is_not_forgotten_when_habits_are_recalled(tmp_path: Path, sign: str, while_recalled: bool) -> None:
    tracker = logged(tmp_path, *"cece")
    planner = PreloadPlanner(tracker, PolicySettings())

    def speak() -> None:
        match sign:
            case "wake":
                planner.client_woke("notes", "f", NINE + 60)
            case "choice":
                planner.model_chosen("f", NINE + 60)
            case "addition":
                planner.model_added("f", NINE + 60)

    if not while_recalled:
        speak()
    recalled = planner.recall(planner.latest)
    if while_recalled:
        speak()
    expected = planner.chances(NINE + 61).announced["f"]
    planner.remember(recalled)
    tracker.close()
    assert planner.chances(NINE + 61).announced["f"] == expected > 0.5


def test_how_often_added_models_were_used_is_recalled(tmp_path: Path) -> None:
    """Somebody who tries nothing at once has downloads that wait."""
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NINE)
    tracker = UsageTracker(Settings(), log, timezone=UTC, clock=lambda: NINE)
    tracker.open()
    live = PreloadPlanner(tracker, PolicySettings())
    for number in range(10):
        at = NINE - 100_000 + number * 9000
        live.model_added(f"new-{number}", at)
        live.request_arrived("ce"[number % 2], "", at + 60)
        tracker.request_ended(RequestRecord("ce"[number % 2], at + 60, Outcome.HIT))
    planner = PreloadPlanner(tracker, PolicySettings())
    planner.remember(planner.recall())
    tracker.close()
    for each in (live, planner):
        each.model_added("f", NINE)
    assert planner.chances(NINE) == live.chances(NINE)
    assert planner.chances(NINE).announced["f"] < 0.4


def test_a_running_request_is_recalled_however_often_a_client_asks(tmp_path: Path) -> None:
    tracker = logged(tmp_path)
    planner = PreloadPlanner(tracker, PolicySettings())
    planner.request_arrived("f", "chat", NINE)
    for second in range(500):
        planner.client_woke("monitor", "", NINE + second)
    planner.remember(planner.recall(planner.latest))
    tracker.close()
    assert set(planner.chances(NINE).models) == {"f"}


def test_what_happened_while_the_clock_was_a_year_ahead_does_not_count(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NINE)
    for number in range(40):
        log.record(RequestRecord("ce"[number % 2], NINE - 40_000 + number * 1000.0, Outcome.HIT))
    log.record(RequestRecord("f", NINE + 365 * DAY_S, Outcome.HIT))
    tracker = UsageTracker(Settings(), log, timezone=UTC, clock=lambda: NINE)
    tracker.open()
    planner = PreloadPlanner(tracker, PolicySettings())
    planner.remember(planner.recall())
    tracker.close()
    assert planner.chances(NINE).usual["c"] > 0.3
    assert "f" not in planner.chances(NINE).models


def test_only_the_last_changes_of_a_long_log_are_recalled(tmp_path: Path) -> None:
    log, changes = UsageLog(tmp_path / "usage.db", clock=lambda: NINE), 2500
    for number in range(changes):
        model_id = "ef" if number < 400 else "ab"
        at = NINE - (changes - number) * 120.0
        log.record(RequestRecord(model_id[number % 2], at, Outcome.HIT))
    tracker = UsageTracker(Settings(), log, timezone=UTC, clock=lambda: NINE)
    tracker.open()
    planner = PreloadPlanner(tracker, PolicySettings())
    planner.remember(planner.recall())
    tracker.close()
    assert set(planner.chances(NINE).models) == {"a", "b"}


def test_a_log_of_wakes_is_not_used_without_the_setting(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db", clock=lambda: NINE)
    for number in range(9):
        log.record(WakeRecord(NINE - 9000 + number * 1000, "notes"))
        log.record(RequestRecord("f", NINE - 8990 + number * 1000, Outcome.HIT, client="notes"))
    tracker = UsageTracker(Settings(wake_with_clients=False), log, timezone=UTC, clock=lambda: NINE)
    tracker.open()
    planner = PreloadPlanner(tracker, PolicySettings())
    planner.remember(planner.recall())
    tracker.apply_settings(Settings())
    planner.client_woke("notes", "", NINE)
    assert Expert.CLIENT not in planner.chances(NINE).weights
    planner.remember(planner.recall())
    planner.client_woke("notes", "", NINE)
    assert Expert.CLIENT in planner.chances(NINE).weights
    tracker.close()


@pytest.mark.parametrize("by", ["request", "wake", "allow"])
def test_a_suppressed_model_is_no_target_until_it_is_used_or_wanted(by: str) -> None:
    planner = habit()
    planner.favourites = ("e", "f")
    assert planner.suppressed((), planner.basis(SIZES, 9 * GB, NINE), NINE) == ()
    planner.suppress("f")
    assert "f" not in {target.model_id for target in plan(planner, 9).targets}
    assert "f" not in plan(planner, 9).standby
    assert planner.suppressed((), planner.basis(SIZES, 9 * GB, NINE), NINE) == ("f",)
    assert planner.is_suppressed("f")
    match by:
        case "request":
            planner.request_arrived("f", "", NINE)
        case "wake":
            planner.client_woke("notes", "", NINE)
        case "allow":
            planner.allow("f")
    assert "f" in {target.model_id for target in plan(planner, 9).targets}
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
    shrunk = planner.under_limit(residents, planner.basis(SIZES, 6 * GB, NINE), NINE)
    assert (shrunk.stays, shrunk.shrinks, shrunk.leaves) == (("a", "b"), ("b",), ("f",))
    less = planner.under_limit(residents, planner.basis(SIZES, 3 * GB, NINE), NINE)
    # Without b, f needs not leave for the limit; but it does for the favourite.
    assert (less.stays, less.leaves, less.loads) == (("a",), ("b", "f"), ("e",))
    assert "d" in less.left_out
    more = planner.under_limit(residents, planner.basis(SIZES, 40 * GB, NINE), NINE)
    assert (more.leaves, more.left_out) == ((), ())
    assert {"d", "e"} <= set(more.loads)
