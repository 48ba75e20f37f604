from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.preload import PlanAction, PolicySettings, PreloadPlan, PreloadTarget, TargetKind
from preheat.preload.policy import eviction_view, plan_preloads
from preheat.residency import ResidentModel, is_small, plan_eviction
from preheat.usage import DAY_S, Popularity, Weights

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC).timestamp()
IDS = ("a", "b", "c", "d", "e", "f")
Situation = tuple[Popularity, list[ResidentModel], dict[str, int], int, list[str], str | None]
"""Usage, residents, sizes, limit, favourites and the expected model."""

PLAIN = PolicySettings(weights=Weights(recent=0.0, time_of_day=0.0), min_share=0.0)
READING_ALL = PolicySettings(read_ahead="all")


def used(**times: int) -> Popularity:
    """Return a popularity with this number of uses per model, all just now."""
    popularity = Popularity(timezone=UTC)
    for model_id, count in times.items():
        for _ in range(count):
            popularity.note(model_id, NOW)
    return popularity


def idle(model_id: str, size: int = 1, age_s: float = 3600.0, **flags: Any) -> ResidentModel:
    return ResidentModel(model_id, size, NOW - age_s, **flags)


def preloads(plan: PreloadPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(target.model_id, target.displaces) for target in plan.preloads]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw any state of memory and usage that fits its limit."""
    log = draw(st.lists(st.tuples(st.sampled_from(IDS), st.floats(0, 30 * DAY_S)), max_size=40))
    popularity = Popularity(timezone=UTC)
    for model_id, age_s in sorted(log, key=lambda use: -use[1]):
        popularity.note(model_id, NOW - age_s)
    sizes = {model_id: draw(st.integers(1, 10)) for model_id in draw(st.sets(st.sampled_from(IDS)))}
    favourites = draw(st.permutations(IDS))[: draw(st.integers(0, 3))]
    residents = []
    for model_id in draw(st.sets(st.sampled_from(IDS))):
        speculative = draw(st.booleans())
        residents.append(
            ResidentModel(
                model_id,
                sizes.get(model_id, 3),
                0.0 if speculative else NOW - draw(st.floats(0, 7200.0)),
                leased=draw(st.booleans()),
                favourite=model_id in favourites,
                speculative=speculative,
            )
        )
    limit = sum(model.resident_bytes for model in residents) + draw(st.integers(0, 12))
    return popularity, residents, sizes, limit, favourites, draw(st.none() | st.sampled_from(IDS))


def make_plan(
    situation: Situation,
    settings: PolicySettings | None = None,
) -> PreloadPlan:
    popularity, residents, sizes, limit, favourites, expected = situation
    return plan_preloads(
        popularity, residents, sizes, limit, NOW, favourites=favourites, expected=expected, settings=settings
    )


def apply(
    plan: PreloadPlan, residents: Sequence[ResidentModel], sizes: dict[str, int], favourites: list[str]
) -> list[ResidentModel]:
    """Execute the plan at once."""
    present = {model.model_id: model for model in residents}
    for target in plan.preloads:
        for model_id in target.displaces:
            del present[model_id]
        assert target.model_id not in present
        present[target.model_id] = ResidentModel(
            target.model_id,
            sizes[target.model_id],
            0.0,
            favourite=target.model_id in favourites,
            speculative=True,
        )
    return list(present.values())


@given(situations())
def test_no_step_of_a_plan_exceeds_the_limit(situation: Situation) -> None:
    _, residents, sizes, limit, favourites, _ = situation
    plan = make_plan(situation)
    for count in range(len(plan.preloads) + 1):
        partly = PreloadPlan(plan.preloads[:count], ())
        assert sum(model.resident_bytes for model in apply(partly, residents, sizes, favourites)) <= limit


@given(situations())
def test_leased_favourite_and_just_used_models_are_never_displaced(situation: Situation) -> None:
    _, residents, _, _, favourites, _ = situation
    settings = PolicySettings()
    displaced = {model_id for target in make_plan(situation).targets for model_id in target.displaces}
    for model in residents:
        just_used = not model.speculative and NOW - model.last_used_at < settings.protected_s
        if model.leased or model.model_id in favourites or just_used:
            assert model.model_id not in displaced


@given(situations())
def test_a_learned_model_displaces_only_models_used_much_less(situation: Situation) -> None:
    popularity = situation[0]
    settings = PolicySettings()
    heat = popularity.heat(NOW, settings.weights)
    for target in make_plan(situation).preloads:
        if target.kind is TargetKind.LEARNED:
            lost = sum(heat.get(model_id, 0.0) for model_id in target.displaces)
            assert heat[target.model_id] >= settings.margin * lost * (1 - 1e-12)


@given(situations())
def test_each_model_on_disk_is_one_target_at_most_in_order(situation: Situation) -> None:
    _, _, sizes, limit, favourites, expected = situation
    targets = make_plan(situation).targets
    names = [target.model_id for target in targets]
    assert len(names) == len(set(names))
    assert set(names) <= sizes.keys()
    order = [TargetKind.EXPECTED, TargetKind.FAVOURITE, TargetKind.LEARNED]
    assert [order.index(target.kind) for target in targets] == sorted(order.index(target.kind) for target in targets)
    chosen = [target.model_id for target in targets if target.kind is TargetKind.FAVOURITE]
    assert chosen == [model_id for model_id in favourites if model_id in sizes and model_id != expected]
    assert sum(target.kind is TargetKind.LEARNED for target in targets) <= 3
    for target in targets:
        assert (target.action is PlanAction.TOO_LARGE) <= (sizes[target.model_id] > limit)
        assert (target.missing_bytes > 0) == (target.action in (PlanAction.NO_ROOM, PlanAction.TOO_LARGE))


@given(situations(), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan(situation: Situation, shuffler: random.Random) -> None:
    popularity, residents, sizes, limit, favourites, expected = situation
    rows = list(popularity.to_rows())
    shuffled, names = residents[:], list(sizes)
    for sequence in (rows, shuffled, names):
        shuffler.shuffle(sequence)
    again = (
        Popularity(timezone=UTC, rows=rows),
        shuffled,
        {name: sizes[name] for name in names},
        limit,
        favourites,
        expected,
    )
    assert make_plan(again) == make_plan(situation)


@given(situations(), st.sampled_from(IDS))
def test_another_use_never_lowers_a_models_place(situation: Situation, model_id: str) -> None:
    def place(plan: PreloadPlan) -> int:
        learned = [target.model_id for target in plan.targets if target.kind is TargetKind.LEARNED]
        return learned.index(model_id) if model_id in learned else len(IDS)

    before = place(make_plan(situation))
    situation[0].note(model_id, NOW)
    assert place(make_plan(situation)) <= before


@given(situations())
def test_repeated_plans_converge(situation: Situation) -> None:
    popularity, residents, sizes, limit, favourites, expected = situation
    loads = []
    while plan := make_plan((popularity, residents, sizes, limit, favourites, expected)).preloads:
        first = PreloadPlan(plan[:1], ())
        loads.append(plan[0].model_id)
        assert len(loads) <= 2 * len(IDS), f"churn: {loads}"
        residents = apply(first, residents, sizes, favourites)


@given(situations())
def test_standby_lists_all_other_models_most_used_first(situation: Situation) -> None:
    popularity, residents, sizes, _, favourites, _ = situation
    plan = make_plan(situation, READING_ALL)
    hot = {model.model_id for model in apply(plan, residents, sizes, favourites)}
    assert sorted(plan.standby) == sorted(sizes.keys() - hot)
    heat = popularity.heat(NOW, Weights())
    planned = {target.model_id for target in plan.targets}
    others = [heat.get(model_id, -1.0) for model_id in plan.standby if model_id not in planned]
    assert others == sorted(others, reverse=True)


@given(situations(), st.lists(st.sampled_from([*IDS, "no such model"]), unique=True))
def test_likely_models_come_first_on_standby_and_change_nothing_else(situation: Situation, likely: list[str]) -> None:
    popularity, residents, sizes, limit, favourites, expected = situation
    plain = make_plan(situation, READING_ALL)
    plan = plan_preloads(
        popularity,
        residents,
        sizes,
        limit,
        NOW,
        favourites=favourites,
        expected=expected,
        likely=likely,
        settings=READING_ALL,
    )
    assert plan.targets == plain.targets
    first = [name for name in plain.standby if name == expected and expected in sizes]
    second = [name for name in likely if name in plain.standby and name not in first]
    rest = [name for name in plain.standby if name not in first and name not in second]
    assert list(plan.standby) == first + second + rest


def test_files_of_models_that_were_never_used_are_read_only_if_asked() -> None:
    def standby(read_ahead: Literal["used", "all", "off"]) -> tuple[str, ...]:
        settings = PolicySettings(top=0, read_ahead=read_ahead)
        sizes = dict.fromkeys("abcd", 4)
        return plan_preloads(used(b=5), [], sizes, 3, NOW, favourites=("c",), settings=settings).standby

    assert standby("used") == ("c", "b")
    assert standby("all") == ("c", "b", "a", "d")
    assert standby("off") == ()


def test_favourites_come_first_in_the_users_order_then_the_most_used() -> None:
    sizes = dict.fromkeys("abcde", 1)
    plan = plan_preloads(
        used(a=5, b=9, c=7, d=2), [], sizes, 10, NOW, favourites=("e", "a"), settings=replace(PLAIN, top=2)
    )
    assert [(d.model_id, d.kind, d.rank) for d in plan.targets] == [
        ("e", TargetKind.FAVOURITE, 1),
        ("a", TargetKind.FAVOURITE, 2),
        ("b", TargetKind.LEARNED, 1),
        ("c", TargetKind.LEARNED, 2),
    ]
    assert preloads(plan) == [("e", ()), ("a", ()), ("b", ()), ("c", ())]
    assert plan.standby == ("d",)


def test_models_with_too_few_uses_are_not_targets() -> None:
    sizes = dict.fromkeys("ab", 1)
    assert preloads(plan_preloads(used(a=1, b=2), [], sizes, 5, NOW, settings=PLAIN)) == [("b", ())]
    later = plan_preloads(used(b=2), [], sizes, 5, NOW + 6 * DAY_S, settings=PLAIN)
    assert preloads(later) == [("b", ())]
    assert not plan_preloads(used(b=2), [], sizes, 5, NOW + 8 * DAY_S, settings=PLAIN).preloads
    assert preloads(plan_preloads(used(a=1), [], sizes, 5, NOW, settings=replace(PLAIN, min_uses=1))) == [("a", ())]
    assert not plan_preloads(used(a=2), [], sizes, 5, NOW, settings=replace(PLAIN, min_uses=3)).preloads


@pytest.mark.parametrize(("top", "count"), [(0, 0), (1, 1), (5, 5), (50, 5)])
def test_top_limits_the_learned_models(top: int, count: int) -> None:
    popularity = used(a=9, b=9, c=9, d=9, e=9, f=9)
    plan = plan_preloads(popularity, [], dict.fromkeys(IDS, 1), 9, NOW, settings=replace(PLAIN, top=top))
    assert len(plan.targets) == count


@pytest.mark.parametrize(
    ("uses", "limit", "chosen"), [(15, 2, ["a"]), (20, 2, ["a", "b"]), (15, 3, ["a", "b"]), (2, 3, ["a", "b"])]
)
def test_a_small_share_of_all_use_is_not_preloaded_when_memory_is_short(
    uses: int, limit: int, chosen: list[str]
) -> None:
    plan = plan_preloads(used(a=80, b=uses), [], {"a": 1, "b": 2}, limit, NOW)
    assert [target.model_id for target in plan.targets] == chosen


def test_an_unused_favourite_counts_towards_memory() -> None:
    plan = plan_preloads(used(a=80, b=15), [], dict.fromkeys("abc", 1), 2, NOW, favourites=("c",))
    assert [target.model_id for target in plan.targets] == ["c", "a"]


@pytest.mark.parametrize(("uses", "displaces"), [(29, None), (30, ("a",))])
def test_a_hot_model_stays_unless_another_is_used_much_more(uses: int, displaces: tuple[str, ...] | None) -> None:
    plan = plan_preloads(
        used(a=10, b=uses), [idle("a")], dict.fromkeys("ab", 1), 1, NOW, settings=replace(PLAIN, top=1)
    )
    assert preloads(plan) == ([("b", displaces)] if displaces else [])
    if displaces is None:
        assert plan.targets == (PreloadTarget("b", TargetKind.LEARNED, 1, PlanAction.NO_ROOM, missing_bytes=1),)


def test_unused_preloads_are_displaced_first_then_the_least_used() -> None:
    residents = [idle("a"), idle("b"), ResidentModel("c", 1, 0.0, speculative=True)]
    popularity = used(a=1, b=2, c=3, d=100)
    sizes = dict.fromkeys(IDS, 1) | {"d": 2}
    plan = plan_preloads(popularity, residents, sizes, 3, NOW, settings=replace(PLAIN, top=1))
    assert preloads(plan) == [("d", ("c", "a"))]


def test_a_small_model_is_spared_when_a_large_one_suffices() -> None:
    residents = [idle("a", 1), idle("b", 5)]
    popularity = used(a=1, b=2, d=100)
    plan = plan_preloads(popularity, residents, {"a": 1, "b": 5, "d": 5}, 6, NOW, settings=replace(PLAIN, top=1))
    assert preloads(plan) == [("d", ("b",))]


def test_favourites_return_once_a_large_model_is_idle() -> None:
    sizes = {"a": 2, "b": 2, "visitor": 5}
    popularity = used(a=3, b=3, visitor=40)

    def plan(age_s: float) -> PreloadPlan:
        residents = [idle("visitor", 5, age_s)]
        return plan_preloads(popularity, residents, sizes, 5, NOW, favourites=("a", "b"), settings=PLAIN)

    assert not plan(60.0).preloads
    assert preloads(plan(1000.0)) == [("a", ("visitor",)), ("b", ())]
    gone = plan_preloads(popularity, [], sizes, 5, NOW, favourites=("a", "b"), settings=PLAIN)
    assert preloads(gone) == [("a", ()), ("b", ())]


def test_an_expected_model_displaces_any_idle_model() -> None:
    residents = [idle("a"), idle("b", age_s=5.0), idle("c", favourite=True)]
    popularity = used(a=50, b=50, c=50, d=1)
    sizes = dict.fromkeys("abcd", 1)
    plan = plan_preloads(popularity, residents, sizes, 3, NOW, favourites=("c",), expected="d", settings=PLAIN)
    assert preloads(plan) == [("d", ("a",))]
    blocked = plan_preloads(popularity, residents[1:], sizes, 2, NOW, favourites=("c",), expected="d", settings=PLAIN)
    assert not blocked.preloads


def test_a_model_larger_than_the_limit_does_not_block_the_others() -> None:
    plan = plan_preloads(used(a=9, b=8), [], {"a": 9, "b": 2}, 3, NOW, settings=PLAIN)
    assert plan.targets == (
        PreloadTarget("a", TargetKind.LEARNED, 1, PlanAction.TOO_LARGE, missing_bytes=6),
        PreloadTarget("b", TargetKind.LEARNED, 2, PlanAction.PRELOAD),
    )


@given(situations(), st.integers(1, 30))
def test_a_request_evicts_in_order(situation: Situation, needed: int) -> None:
    popularity, residents, _, limit, _, _ = situation
    settings = PolicySettings()
    heat = popularity.heat(NOW, settings.weights)
    by_id = {model.model_id: model for model in residents}
    victims, missing, _ = plan_eviction(eviction_view(residents, popularity, NOW), needed, limit, for_request=True)
    if missing:
        free = limit - sum(model.resident_bytes for model in residents if model.leased)
        assert free < needed
        return
    assert sum(model.resident_bytes for model in residents if model.model_id not in victims) + needed <= limit
    assert not any(by_id[name].leased for name in victims)
    spared = [model for model in residents if model.model_id not in victims and not model.leased]
    for chosen in (by_id[name] for name in victims):
        for other in spared:
            # Small and large models have orders of their own, and what a larger one makes needless stays.
            small = [is_small(model.resident_bytes, limit) for model in (chosen, other)]
            if other.resident_bytes < chosen.resident_bytes or small[0] is not small[1]:
                continue
            assert chosen.favourite <= other.favourite  # favourites last
            if chosen.favourite or other.favourite:
                continue
            if not chosen.speculative and not other.speculative:
                assert chosen.last_used_at <= other.last_used_at
            if chosen.speculative and other.speculative:
                assert heat.get(chosen.model_id, 0.0) <= heat.get(other.model_id, 0.0)
            if other.speculative and not chosen.speculative:  # only stale models go before a preload
                assert NOW - chosen.last_used_at >= settings.protected_s


def test_an_unused_preload_goes_before_used_models_and_after_stale_ones() -> None:
    preloaded = ResidentModel("p", 1, 0.0, speculative=True)

    def first(popularity: Popularity, *residents: ResidentModel) -> str:
        view = eviction_view([*residents, preloaded], popularity, NOW)
        return plan_eviction(view, 1, len(view), for_request=True).victims[0]

    assert first(used(a=1, p=9), idle("a", age_s=60.0)) == "p"
    assert first(used(a=1, p=9), idle("a", age_s=3600.0)) == "a"
    assert first(used(a=9, p=1), idle("a", age_s=3600.0)) == "p"
    assert first(used(a=1, b=1, p=9), idle("a", age_s=60.0), idle("b", age_s=1800.0)) == "b"
    assert first(used(p=9, q=1), ResidentModel("q", 1, 0.0, speculative=True)) == "q"
    assert first(used(p=9), ResidentModel("q", 1, 0.0, speculative=True), idle("r", age_s=900.0)) == "q"
    assert first(used(a=9, p=1), preloaded._replace(model_id="f", favourite=True), idle("a", age_s=60.0)) == "p"
