from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.preload.policy import (
    Decision,
    PolicySettings,
    PreloadPlan,
    Verdict,
    Wish,
    eviction_view,
    plan_preloads,
)
from preheat.residency.eviction import ResidentModel, plan_eviction
from preheat.usage.popularity import DAY_S, Popularity, Weights

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC).timestamp()
IDS = ("a", "b", "c", "d", "e", "f")
PLAIN = PolicySettings(weights=Weights(recent=0.0, time_of_day=0.0), min_share=0.0)


def used(**times: int) -> Popularity:
    """Return a popularity in which each model was used so often, just now."""
    popularity = Popularity(timezone=UTC)
    for model_id, count in times.items():
        for _ in range(count):
            popularity.note(model_id, NOW)
    return popularity


def rested(model_id: str, size: int = 1, age_s: float = 3600.0, **flags: bool) -> ResidentModel:
    return ResidentModel(model_id, size, NOW - age_s, **flags)


def preloads(plan: PreloadPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(decision.model_id, decision.displaces) for decision in plan.preloads]


@st.composite
def situations(draw: st.DrawFn) -> tuple[Popularity, list[ResidentModel], dict[str, int], int, list[str], str | None]:
    """Return any state of memory and knowledge that fits its limit."""
    log = draw(st.lists(st.tuples(st.sampled_from(IDS), st.floats(0, 30 * DAY_S)), max_size=40))
    popularity = Popularity(timezone=UTC)
    for model_id, age_s in sorted(log, key=lambda use: -use[1]):
        popularity.note(model_id, NOW - age_s)
    sizes = {model_id: draw(st.integers(1, 10)) for model_id in draw(st.sets(st.sampled_from(IDS)))}
    favourites = draw(st.permutations(IDS))[: draw(st.integers(0, 3))]
    tenants = []
    for model_id in draw(st.sets(st.sampled_from(IDS))):
        speculative = draw(st.booleans())
        tenants.append(
            ResidentModel(
                model_id,
                sizes.get(model_id, 3),
                0.0 if speculative else NOW - draw(st.floats(0, 7200.0)),
                leased=draw(st.booleans()),
                favourite=model_id in favourites,
                speculative=speculative,
            )
        )
    limit = sum(tenant.resident_bytes for tenant in tenants) + draw(st.integers(0, 12))
    return popularity, tenants, sizes, limit, favourites, draw(st.none() | st.sampled_from(IDS))


def make_plan(
    situation: tuple[Popularity, list[ResidentModel], dict[str, int], int, list[str], str | None],
    settings: PolicySettings | None = None,
) -> PreloadPlan:
    popularity, tenants, sizes, limit, favourites, expected = situation
    return plan_preloads(
        popularity, tenants, sizes, limit, NOW, favourites=favourites, expected=expected, settings=settings
    )


def apply(
    plan: PreloadPlan, tenants: Sequence[ResidentModel], sizes: dict[str, int], favourites: list[str]
) -> list[ResidentModel]:
    """Do what the plan says, at once."""
    present = {tenant.model_id: tenant for tenant in tenants}
    for decision in plan.preloads:
        for model_id in decision.displaces:
            del present[model_id]
        assert decision.model_id not in present
        present[decision.model_id] = ResidentModel(
            decision.model_id,
            sizes[decision.model_id],
            0.0,
            favourite=decision.model_id in favourites,
            speculative=True,
        )
    return list(present.values())


@given(situations())
def test_what_is_planned_never_exceeds_the_limit_at_any_step(situation) -> None:  # type: ignore[no-untyped-def]
    _, tenants, sizes, limit, favourites, _ = situation
    plan = make_plan(situation)
    for count in range(len(plan.preloads) + 1):
        partly = PreloadPlan(plan.preloads[:count], ())
        assert sum(tenant.resident_bytes for tenant in apply(partly, tenants, sizes, favourites)) <= limit


@given(situations())
def test_nothing_leased_favourite_or_just_used_is_displaced(situation) -> None:  # type: ignore[no-untyped-def]
    _, tenants, _, _, favourites, _ = situation
    settings = PolicySettings()
    displaced = {model_id for decision in make_plan(situation).decisions for model_id in decision.displaces}
    for tenant in tenants:
        just_used = not tenant.speculative and NOW - tenant.last_used_at < settings.protected_s
        if tenant.leased or tenant.model_id in favourites or just_used:
            assert tenant.model_id not in displaced


@given(situations())
def test_a_learned_model_displaces_only_what_is_clearly_less_used(situation) -> None:  # type: ignore[no-untyped-def]
    popularity = situation[0]
    settings = PolicySettings()
    heat = popularity.heat(NOW, settings.weights)
    for decision in make_plan(situation).preloads:
        if decision.wish is Wish.LEARNED:
            lost = sum(heat.get(model_id, 0.0) for model_id in decision.displaces)
            assert heat[decision.model_id] >= settings.margin * lost * (1 - 1e-12)


@given(situations())
def test_every_wish_is_decided_once_in_order_and_only_models_on_disk(situation) -> None:  # type: ignore[no-untyped-def]
    _, _, sizes, limit, favourites, expected = situation
    decisions = make_plan(situation).decisions
    names = [decision.model_id for decision in decisions]
    assert len(names) == len(set(names))
    assert set(names) <= sizes.keys()
    order = [Wish.EXPECTED, Wish.FAVOURITE, Wish.LEARNED]
    assert [order.index(decision.wish) for decision in decisions] == sorted(
        order.index(decision.wish) for decision in decisions
    )
    chosen = [decision.model_id for decision in decisions if decision.wish is Wish.FAVOURITE]
    assert chosen == [model_id for model_id in favourites if model_id in sizes and model_id != expected]
    assert sum(decision.wish is Wish.LEARNED for decision in decisions) <= 3
    for decision in decisions:
        assert (decision.verdict is Verdict.TOO_LARGE) <= (sizes[decision.model_id] > limit)
        assert (decision.missing_bytes > 0) == (decision.verdict in (Verdict.NO_ROOM, Verdict.TOO_LARGE))


@given(situations(), st.randoms(use_true_random=False))
def test_the_same_knowledge_gives_the_same_plan(situation, shuffler: random.Random) -> None:  # type: ignore[no-untyped-def]
    popularity, tenants, sizes, limit, favourites, expected = situation
    rows = list(popularity.to_rows())
    shuffled, names = tenants[:], list(sizes)
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
def test_one_more_use_never_lowers_a_models_place(situation, model_id: str) -> None:  # type: ignore[no-untyped-def]
    def place(plan: PreloadPlan) -> int:
        learned = [decision.model_id for decision in plan.decisions if decision.wish is Wish.LEARNED]
        return learned.index(model_id) if model_id in learned else len(IDS)

    before = place(make_plan(situation))
    situation[0].note(model_id, NOW)
    assert place(make_plan(situation)) <= before


@given(situations())
def test_carried_out_again_and_again_it_comes_to_rest(situation) -> None:  # type: ignore[no-untyped-def]
    popularity, tenants, sizes, limit, favourites, expected = situation
    loads = []
    while plan := make_plan((popularity, tenants, sizes, limit, favourites, expected)).preloads:
        first = PreloadPlan(plan[:1], ())
        loads.append(plan[0].model_id)
        assert len(loads) <= 2 * len(IDS), f"churn: {loads}"
        tenants = apply(first, tenants, sizes, favourites)


@given(situations())
def test_standby_is_everything_else_on_disk_most_used_first(situation) -> None:  # type: ignore[no-untyped-def]
    popularity, tenants, sizes, _, favourites, _ = situation
    plan = make_plan(situation)
    hot = {tenant.model_id for tenant in apply(plan, tenants, sizes, favourites)}
    assert sorted(plan.standby) == sorted(sizes.keys() - hot)
    heat = popularity.heat(NOW, Weights())
    wished = {decision.model_id for decision in plan.decisions}
    others = [heat.get(model_id, -1.0) for model_id in plan.standby if model_id not in wished]
    assert others == sorted(others, reverse=True)


@given(situations(), st.lists(st.sampled_from([*IDS, "no such model"]), unique=True))
def test_what_a_woken_client_uses_comes_first_on_standby_and_changes_nothing_else(  # type: ignore[no-untyped-def]
    situation, likely: list[str]
) -> None:
    popularity, tenants, sizes, limit, favourites, expected = situation
    plain = make_plan(situation)
    plan = plan_preloads(
        popularity, tenants, sizes, limit, NOW, favourites=favourites, expected=expected, likely=likely
    )
    assert plan.decisions == plain.decisions
    first = [name for name in plain.standby if name == expected and expected in sizes]
    second = [name for name in likely if name in plain.standby and name not in first]
    rest = [name for name in plain.standby if name not in first and name not in second]
    assert list(plan.standby) == first + second + rest


def test_favourites_come_first_in_the_users_order_then_the_most_used() -> None:
    sizes = dict.fromkeys("abcde", 1)
    plan = plan_preloads(
        used(a=5, b=9, c=7, d=2), [], sizes, 10, NOW, favourites=("e", "a"), settings=replace(PLAIN, top=2)
    )
    assert [(d.model_id, d.wish, d.rank) for d in plan.decisions] == [
        ("e", Wish.FAVOURITE, 1),
        ("a", Wish.FAVOURITE, 2),
        ("b", Wish.LEARNED, 1),
        ("c", Wish.LEARNED, 2),
    ]
    assert preloads(plan) == [("e", ()), ("a", ()), ("b", ()), ("c", ())]
    assert plan.standby == ("d",)


def test_too_few_uses_are_no_habit() -> None:
    sizes = dict.fromkeys("ab", 1)
    assert preloads(plan_preloads(used(a=1, b=2), [], sizes, 5, NOW, settings=PLAIN)) == [("b", ())]
    later = plan_preloads(used(b=2), [], sizes, 5, NOW + 6 * DAY_S, settings=PLAIN)
    assert preloads(later) == [("b", ())]
    assert not plan_preloads(used(b=2), [], sizes, 5, NOW + 8 * DAY_S, settings=PLAIN).preloads
    assert preloads(plan_preloads(used(a=1), [], sizes, 5, NOW, settings=replace(PLAIN, min_uses=1))) == [("a", ())]
    assert not plan_preloads(used(a=2), [], sizes, 5, NOW, settings=replace(PLAIN, min_uses=3)).preloads


@pytest.mark.parametrize(("top", "count"), [(0, 0), (1, 1), (5, 5), (50, 5)])
def test_top_is_how_many_are_learned(top: int, count: int) -> None:
    popularity = used(a=9, b=9, c=9, d=9, e=9, f=9)
    plan = plan_preloads(popularity, [], dict.fromkeys(IDS, 1), 9, NOW, settings=replace(PLAIN, top=top))
    assert len(plan.decisions) == count


@pytest.mark.parametrize(
    ("uses", "limit", "chosen"), [(15, 2, ["a"]), (20, 2, ["a", "b"]), (15, 3, ["a", "b"]), (2, 3, ["a", "b"])]
)
def test_a_small_share_of_all_use_is_not_worth_a_preload_where_memory_is_short(
    uses: int, limit: int, chosen: list[str]
) -> None:
    plan = plan_preloads(used(a=80, b=uses), [], {"a": 1, "b": 2}, limit, NOW)
    assert [decision.model_id for decision in plan.decisions] == chosen


def test_a_favourite_never_used_needs_room_as_well() -> None:
    plan = plan_preloads(used(a=80, b=15), [], dict.fromkeys("abc", 1), 2, NOW, favourites=("c",))
    assert [decision.model_id for decision in plan.decisions] == ["c", "a"]


@pytest.mark.parametrize(("uses", "displaces"), [(29, None), (30, ("a",))])
def test_what_is_hot_stays_unless_something_is_clearly_more_used(uses: int, displaces: tuple[str, ...] | None) -> None:
    plan = plan_preloads(
        used(a=10, b=uses), [rested("a")], dict.fromkeys("ab", 1), 1, NOW, settings=replace(PLAIN, top=1)
    )
    assert preloads(plan) == ([("b", displaces)] if displaces else [])
    if displaces is None:
        assert plan.decisions == (Decision("b", Wish.LEARNED, 1, Verdict.NO_ROOM, missing_bytes=1),)


def test_speculative_residents_go_first_then_the_least_used() -> None:
    tenants = [rested("a"), rested("b"), ResidentModel("c", 1, 0.0, speculative=True)]
    popularity = used(a=1, b=2, c=3, d=100)
    sizes = dict.fromkeys(IDS, 1) | {"d": 2}
    plan = plan_preloads(popularity, tenants, sizes, 3, NOW, settings=replace(PLAIN, top=1))
    assert preloads(plan) == [("d", ("c", "a"))]


def test_a_small_one_is_spared_when_a_large_one_is_enough() -> None:
    tenants = [rested("a", 1), rested("b", 5)]
    popularity = used(a=1, b=2, d=100)
    plan = plan_preloads(popularity, tenants, {"a": 1, "b": 5, "d": 5}, 6, NOW, settings=replace(PLAIN, top=1))
    assert preloads(plan) == [("d", ("b",))]


def test_favourites_come_back_when_a_large_visitor_has_rested() -> None:
    sizes = {"a": 2, "b": 2, "visitor": 5}
    popularity = used(a=3, b=3, visitor=40)

    def plan(age_s: float) -> PreloadPlan:
        tenants = [rested("visitor", 5, age_s)]
        return plan_preloads(popularity, tenants, sizes, 5, NOW, favourites=("a", "b"), settings=PLAIN)

    assert not plan(60.0).preloads
    assert preloads(plan(1000.0)) == [("a", ("visitor",)), ("b", ())]
    gone = plan_preloads(popularity, [], sizes, 5, NOW, favourites=("a", "b"), settings=PLAIN)
    assert preloads(gone) == [("a", ()), ("b", ())]


def test_what_a_waking_client_needs_takes_the_place_of_anything_that_rests() -> None:
    tenants = [rested("a"), rested("b", age_s=5.0), rested("c", favourite=True)]
    popularity = used(a=50, b=50, c=50, d=1)
    sizes = dict.fromkeys("abcd", 1)
    plan = plan_preloads(popularity, tenants, sizes, 3, NOW, favourites=("c",), expected="d", settings=PLAIN)
    assert preloads(plan) == [("d", ("a",))]
    blocked = plan_preloads(popularity, tenants[1:], sizes, 2, NOW, favourites=("c",), expected="d", settings=PLAIN)
    assert not blocked.preloads


def test_a_model_larger_than_the_limit_stops_none_of_the_others() -> None:
    plan = plan_preloads(used(a=9, b=8), [], {"a": 9, "b": 2}, 3, NOW, settings=PLAIN)
    assert plan.decisions == (
        Decision("a", Wish.LEARNED, 1, Verdict.TOO_LARGE, missing_bytes=6),
        Decision("b", Wish.LEARNED, 2, Verdict.PRELOAD),
    )


@given(situations(), st.integers(1, 30))
def test_a_request_evicts_in_a_right_order(situation, needed: int) -> None:  # type: ignore[no-untyped-def]
    popularity, tenants, _, limit, _, _ = situation
    settings = PolicySettings()
    heat = popularity.heat(NOW, settings.weights)
    by_id = {tenant.model_id: tenant for tenant in tenants}
    victims, missing = plan_eviction(eviction_view(tenants, popularity, NOW), needed, limit, for_request=True)
    if missing:
        free = limit - sum(tenant.resident_bytes for tenant in tenants if tenant.leased)
        assert free < needed
        return
    assert sum(tenant.resident_bytes for tenant in tenants if tenant.model_id not in victims) + needed <= limit
    assert not any(by_id[name].leased for name in victims)
    spared = [tenant for tenant in tenants if tenant.model_id not in victims and not tenant.leased]
    for chosen in (by_id[name] for name in victims):
        for other in spared:
            assert chosen.favourite <= other.favourite  # favourites after all others
            if chosen.favourite or other.favourite:
                continue
            if not chosen.speculative and not other.speculative:
                assert chosen.last_used_at <= other.last_used_at
            if chosen.speculative and other.speculative:
                assert heat.get(chosen.model_id, 0.0) <= heat.get(other.model_id, 0.0)
            if other.speculative and not chosen.speculative:  # only what is stale goes before a preload
                assert NOW - chosen.last_used_at >= settings.protected_s


def test_a_preload_goes_before_what_was_used_and_after_what_is_stale() -> None:
    preloaded = ResidentModel("p", 1, 0.0, speculative=True)

    def first(popularity: Popularity, *tenants: ResidentModel) -> str:
        view = eviction_view([*tenants, preloaded], popularity, NOW)
        return plan_eviction(view, 1, len(view), for_request=True).victims[0]

    assert first(used(a=1, p=9), rested("a", age_s=60.0)) == "p"
    assert first(used(a=1, p=9), rested("a", age_s=3600.0)) == "a"
    assert first(used(a=9, p=1), rested("a", age_s=3600.0)) == "p"
    assert first(used(a=1, b=1, p=9), rested("a", age_s=60.0), rested("b", age_s=1800.0)) == "b"
    assert first(used(p=9, q=1), ResidentModel("q", 1, 0.0, speculative=True)) == "q"
    assert first(used(p=9), ResidentModel("q", 1, 0.0, speculative=True), rested("r", age_s=900.0)) == "q"
    assert first(used(a=9, p=1), replace(preloaded, model_id="f", favourite=True), rested("a", age_s=60.0)) == "p"


def test_a_decision_among_a_thousand_models_takes_at_most_10_ms() -> None:
    popularity = Popularity(timezone=UTC)
    names = [f"model-{number}" for number in range(1000)]
    for number in range(60_000):
        popularity.note(names[number % 1000], NOW - 60_000 + number)
    tenants = [rested(name, 10) for name in names[:20]]
    sizes = dict.fromkeys(names, 10)
    costs = []
    for _ in range(10):
        start = time.process_time()
        plan_preloads(popularity, tenants, sizes, 200, NOW, favourites=names[5:8])
        costs.append(time.process_time() - start)
    assert min(costs) <= 0.010
