from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.preload import DeviceNeeds, PlanAction, PolicySettings, PreloadPlan, PreloadTarget, TargetKind
from preheat.preload.estimate import keeping_values
from preheat.preload.foresight import PAUSE_S, Chances, Expert
from preheat.preload.policy import (
    LEAST_CHANCE,
    PlanBasis,
    eviction_view,
    expected_model,
    just_used,
    plan_preloads,
    prices_of,
    what_counts,
)
from preheat.residency import ResidentModel, is_small, plan_eviction
from preheat.usage import DAY_S

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC).timestamp()
GB = 1_000_000_000
IDS = ("a", "b", "c", "d", "e", "f")
ALL = PolicySettings(read_ahead="all")


def chances(unknown: float = 0.0, **models: float) -> Chances:
    """Return chances that what is used most is the reason for."""
    return Chances(models, unknown, models, {Expert.MOST: 1.0})


def woken(**models: float) -> Chances:
    """Return chances that a client which woke is the reason for."""
    return Chances(models, 0.0, models, {Expert.MOST: 0.2, Expert.CLIENT: 0.8}, models)


def idle(model_id: str, size: float = 1, age_s: float = 3600.0, **flags: Any) -> ResidentModel:
    """Return a model in memory; its size is in gigabytes."""
    return ResidentModel(model_id, int(size * GB), NOW - age_s, **flags)


def unused(model_id: str, size: float = 1) -> ResidentModel:
    return ResidentModel(model_id, int(size * GB), 0.0, speculative=True)


def plan_of(
    known: Chances,
    residents: Sequence[ResidentModel] = (),
    room: float = 3,
    *,
    favourites: tuple[str, ...] = (),
    settings: PolicySettings = PolicySettings(),  # noqa: B008 # it is frozen
    devices: DeviceNeeds = DeviceNeeds(),  # noqa: B008
    small_bytes: int = 0,
    **sizes: float,
) -> PreloadPlan:
    """Plan for six models of one gigabyte, except for those with another size in gigabytes."""
    in_bytes = {name: int(size * GB) for name, size in {**dict.fromkeys(IDS, 1), **sizes}.items()}
    basis = PlanBasis(in_bytes, int(room * GB), favourites, settings, devices, small_bytes)
    return plan_preloads(known, residents, basis, NOW)


def preloads(plan: PreloadPlan) -> list[tuple[str, tuple[str, ...]]]:
    return [(target.model_id, target.displaces) for target in plan.preloads]


class Situation(NamedTuple):
    """Any state of memory and knowledge."""

    chances: Chances
    residents: list[ResidentModel]
    sizes: dict[str, int]
    limit_bytes: int
    favourites: list[str]

    def plan(self, settings: PolicySettings = PolicySettings()) -> PreloadPlan:  # noqa: B008 # it is frozen
        basis = PlanBasis(self.sizes, self.limit_bytes, tuple(self.favourites), settings)
        return plan_preloads(self.chances, self.residents, basis, NOW)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Draw any state that fits its limit."""
    shares = {name: draw(st.floats(0, 1)) for name in draw(st.sets(st.sampled_from(IDS)))}
    whole = sum(shares.values()) + draw(st.floats(0.01, 1))
    models = {name: share / whole for name, share in shares.items()}
    told = draw(st.sampled_from([{}, models]))
    sizes = {name: draw(st.integers(1, 10)) * GB for name in draw(st.sets(st.sampled_from(IDS)))}
    favourites = list(draw(st.permutations(IDS))[: draw(st.integers(0, 3))])
    residents = []
    for name in draw(st.sets(st.sampled_from(IDS))):
        speculative = draw(st.booleans())
        residents.append(
            ResidentModel(
                name,
                sizes.get(name, 3 * GB),
                0.0 if speculative else NOW - draw(st.floats(0, 7200.0)),
                leased=draw(st.booleans()),
                favourite=name in favourites,
                speculative=speculative,
            )
        )
    limit = sum(model.resident_bytes for model in residents) + draw(st.integers(0, 12)) * GB
    return Situation(Chances(models, 1 - sum(models.values()), models, {}, told), residents, sizes, limit, favourites)


def carried_out(situation: Situation, targets: Sequence[PreloadTarget]) -> list[ResidentModel]:
    """Return what is in memory after these preloads."""
    present = {model.model_id: model for model in situation.residents}
    for target in targets:
        for name in target.displaces:
            del present[name]
        assert target.model_id not in present
        size = situation.sizes[target.model_id]
        favourite = target.model_id in situation.favourites
        present[target.model_id] = ResidentModel(target.model_id, size, 0.0, favourite=favourite, speculative=True)
    return list(present.values())


@given(situations())
def test_no_step_of_a_plan_exceeds_the_limit(situation: Situation) -> None:
    preloads = situation.plan().preloads
    for count in range(len(preloads) + 1):
        present = carried_out(situation, preloads[:count])
        assert sum(model.resident_bytes for model in present) <= situation.limit_bytes


@given(situations(), st.sampled_from([0.0, 60.0, 600.0]), st.sampled_from([0.0, 1.0, 5.0]))
def test_leased_favourite_and_just_used_models_are_never_displaced(
    situation: Situation, keep_after_use_s: float, waste_price: float
) -> None:
    settings = PolicySettings(keep_after_use_s=keep_after_use_s, waste_price=waste_price)
    displaced = {name for target in situation.plan(settings).targets for name in target.displaces}
    for model in situation.residents:
        just_used = not model.speculative and NOW - model.last_used_at < keep_after_use_s
        if model.leased or model.model_id in situation.favourites or just_used:
            assert model.model_id not in displaced


@given(situations())
def test_a_learned_model_displaces_only_what_is_worth_less(situation: Situation) -> None:
    plan, settings = situation.plan(), PolicySettings()
    present = [*situation.residents, *(ResidentModel(name, size, 0.0) for name, size in situation.sizes.items())]
    values = keeping_values(situation.chances, present, replace(prices_of(settings, {}), vain=0.0))
    for target in plan.preloads:
        if target.kind is TargetKind.LEARNED:
            assert all(values[name] < values[target.model_id] for name in target.displaces)


@given(situations())
def test_each_model_on_disk_is_one_target_at_most_in_order(situation: Situation) -> None:
    targets = situation.plan().targets
    names = [target.model_id for target in targets]
    assert len(names) == len(set(names))
    assert set(names) <= situation.sizes.keys()
    order = [TargetKind.EXPECTED, TargetKind.FAVOURITE, TargetKind.LEARNED]
    assert [order.index(target.kind) for target in targets] == sorted(order.index(target.kind) for target in targets)
    expected = expected_model(situation.chances)
    chosen = [target.model_id for target in targets if target.kind is TargetKind.FAVOURITE]
    assert chosen == [name for name in situation.favourites if name in situation.sizes and name != expected]
    learned = [target for target in targets if target.kind is TargetKind.LEARNED]
    assert [target.rank for target in learned] == list(range(1, len(learned) + 1))
    of_learned = [situation.chances.models[target.model_id] for target in learned]
    assert of_learned == sorted(of_learned, reverse=True)
    for target in targets:
        assert (target.action is PlanAction.TOO_LARGE) <= (situation.sizes[target.model_id] > situation.limit_bytes)
        assert (target.missing_bytes > 0) == (target.action in (PlanAction.NO_ROOM, PlanAction.TOO_LARGE))


@given(situations())
def test_hot_models_that_are_likely_are_kept(situation: Situation) -> None:
    targets = {target.model_id: target for target in situation.plan().targets}
    displaced = {name for target in targets.values() for name in target.displaces}
    for model in situation.residents:
        name = model.model_id
        if name in situation.sizes and name not in displaced and situation.chances.models.get(name, 0) >= LEAST_CHANCE:
            assert targets[name].action is PlanAction.KEEP


@given(situations(), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan(situation: Situation, shuffler: random.Random) -> None:
    plan = situation.plan()
    assert situation.plan() == plan
    shuffled, names, models = situation.residents[:], list(situation.sizes), list(situation.chances.models)
    for sequence in (shuffled, names, models):
        shuffler.shuffle(sequence)
    known = situation.chances._replace(models={name: situation.chances.models[name] for name in models})
    again = situation._replace(
        chances=known, residents=shuffled, sizes={name: situation.sizes[name] for name in names}
    ).plan()
    # Among models that are worth the same, the order may be another.
    assert [target.kind for target in again.targets] == [target.kind for target in plan.targets]
    if len(set(models)) == len({known.models[name] for name in models}):
        assert again.standby == plan.standby


@given(situations(), st.floats(0, 600), st.permutations(IDS))
def test_the_plan_is_the_same_while_what_counts_is(situation: Situation, later_s: float, order: list[str]) -> None:
    settings, residents = PolicySettings(), situation.residents
    later = [
        model._replace(last_used_at=model.last_used_at - later_s + order.index(model.model_id) / 100)
        for model in residents
    ]
    if what_counts(later, NOW, settings) == what_counts(residents, NOW, settings):
        assert situation._replace(residents=later).plan() == situation.plan()


@pytest.mark.parametrize(
    "change",
    [
        {"last_used_at": NOW - 30.0},  # just used
        {"last_used_at": NOW - 200.0},  # no favourite displaces it
        {"last_used_at": NOW - 3000.0},  # used after the other one
        {"resident_bytes": 2 * GB},
        {"leased": True},
        {"favourite": True},
        {"speculative": True},
        {"device_bytes": {"GPU": GB}},
    ],
)
def test_all_that_decides_about_a_model_in_memory_counts(change: dict[str, Any]) -> None:
    before, settings = [idle("a", age_s=3600.0), idle("b", age_s=3500.0)], PolicySettings()
    after = [before[0]._replace(**change), before[1]]
    assert what_counts(after, NOW, settings) != what_counts(before, NOW, settings)
    assert what_counts(before[:1], NOW, settings) != what_counts(before, NOW, settings)


@given(situations())
def test_repeated_plans_converge(situation: Situation) -> None:
    loads = []
    while plan := situation.plan().preloads:
        loads.append(plan[0].model_id)
        assert len(loads) <= 2 * len(IDS), f"churn: {loads}"
        situation = situation._replace(residents=carried_out(situation, plan[:1]))


@given(situations())
def test_standby_lists_all_other_models_likeliest_first(situation: Situation) -> None:
    plan = situation.plan(ALL)
    hot = {model.model_id for model in carried_out(situation, plan.preloads)}
    assert sorted(plan.standby) == sorted(situation.sizes.keys() - hot)
    first = {target.model_id for target in plan.targets if target.kind is not TargetKind.LEARNED}
    others = [situation.chances.models.get(name, -1.0) for name in plan.standby if name not in first]
    assert others == sorted(others, reverse=True)


def test_files_of_models_that_were_never_used_are_read_only_if_asked() -> None:
    def standby(read_ahead: Literal["used", "all", "off"]) -> tuple[str, ...]:
        settings = PolicySettings(learned=False, read_ahead=read_ahead)
        basis = PlanBasis(dict.fromkeys("abcd", 4), 3, ("c",), settings)
        return plan_preloads(chances(b=0.9), [], basis, NOW).standby

    assert standby("used") == ("c", "b")
    assert standby("all") == ("c", "b", "a", "d")
    assert standby("off") == ()


def test_favourites_come_first_in_the_users_order_then_the_likeliest() -> None:
    plan = plan_of(chances(a=0.1, b=0.4, c=0.3, d=0.2), room=4, favourites=("e", "a"))
    assert [(target.model_id, target.kind, target.rank) for target in plan.targets[:4]] == [
        ("e", TargetKind.FAVOURITE, 1),
        ("a", TargetKind.FAVOURITE, 2),
        ("b", TargetKind.LEARNED, 1),
        ("c", TargetKind.LEARNED, 2),
    ]
    assert preloads(plan) == [("e", ()), ("a", ()), ("b", ()), ("c", ())]


def test_for_somebody_unknown_there_is_nothing_but_favourites() -> None:
    nothing = Chances({}, 0.5, {}, {Expert.MOST: 1.0})
    assert plan_of(nothing) == ((), ())
    assert preloads(plan_of(nothing, favourites=("b", "gone"))) == [("b", ())]


def test_only_favourites_and_expected_models_without_learning() -> None:
    settings = PolicySettings(learned=False)
    assert plan_of(chances(a=0.9), settings=settings).targets == ()
    assert preloads(plan_of(woken(a=0.9), settings=settings, favourites=("b",))) == [("a", ()), ("b", ())]


def test_favourites_are_never_displaced_by_learned_models() -> None:
    held = [idle("a", favourite=True), idle("b", favourite=True)]
    assert plan_of(chances(c=0.99), held, room=2, favourites=("a", "b")).preloads == ()
    assert plan_of(woken(c=0.99), held, room=2, favourites=("a", "b")).preloads == ()
    # Favourites are loaded into the room that there is, whatever is likelier.
    assert preloads(plan_of(chances(c=0.99), room=2, favourites=("a", "b"))) == [("a", ()), ("b", ())]


def test_favourites_return_once_the_session_with_a_large_model_is_over() -> None:
    def plan(age_s: float) -> PreloadPlan:
        known = chances(visitor=0.8, a=0.01)
        return plan_of(known, [idle("visitor", 3, age_s)], favourites=("a", "b"), visitor=3)

    assert not plan(PAUSE_S - 1).preloads
    assert preloads(plan(PAUSE_S)) == [("a", ("visitor",)), ("b", ())]
    assert preloads(plan_of(chances(visitor=0.8), room=2, favourites=("a", "b"))) == [("a", ()), ("b", ())]


def test_an_expected_model_displaces_idle_models_but_no_favourites() -> None:
    held = [idle("a"), idle("b", age_s=5.0), idle("c", favourite=True)]
    known = woken(a=0.1, b=0.1, c=0.1, d=0.7)
    assert preloads(plan_of(known, held, favourites=("c",))) == [("d", ("a",))]
    blocked = plan_of(known, held[1:], room=2, favourites=("c",))
    assert blocked.targets[0] == PreloadTarget("d", TargetKind.EXPECTED, 1, PlanAction.NO_ROOM, (), GB)
    assert not blocked.preloads


def test_an_expected_model_does_not_displace_one_that_is_worth_more() -> None:
    """A client that woke uses it hardly more often than the model in memory, and a swap may be in vain."""
    known = woken(a=0.48, b=0.52)
    plan = plan_of(known, [idle("a")], room=1)
    assert expected_model(known) == "b"
    assert plan.targets[0] == PreloadTarget("b", TargetKind.EXPECTED, 1, PlanAction.NO_ROOM, (), GB)
    assert not plan.preloads
    assert preloads(plan_of(woken(a=0.1, b=0.9), [idle("a")], room=1)) == [("b", ("a",))]


def test_a_model_is_expected_only_if_a_sign_says_so_and_it_is_likelier_than_all_others() -> None:
    assert expected_model(woken(a=0.6, b=0.4)) == "a"
    assert expected_model(woken(a=0.4, b=0.3)) is None
    assert expected_model(chances(a=0.9)) is None
    assert expected_model(Chances({"a": 0.9}, 0.1, {"a": 0.9}, {}, {"a": 0.4, "b": 0.6})) is None
    assert expected_model(Chances({}, 1.0, {}, {}, {})) is None


def test_a_favourite_may_be_worth_a_load_before_its_turn() -> None:
    plan = plan_of(chances(a=0.05, b=0.9), [idle("a", age_s=120.0)], room=1, favourites=("b",))
    assert plan.targets[0] == PreloadTarget("b", TargetKind.FAVOURITE, 1, PlanAction.PRELOAD, ("a",), vain=ANY)


def test_a_likelier_model_waits_for_the_room_that_a_load_before_it_makes() -> None:
    """The first one would not fit yet, though what leaves for the other one is enough for both."""
    held = [unused("f", 9), unused("c", 4), idle("d", 10), idle("b", 2)]
    known = chances(a=0.36, b=0.18, c=0.01, d=0.13, e=0.29)
    plan = plan_of(known, held, room=25, a=3, b=2, c=4, d=10, e=4, f=9)
    assert [target.model_id for target in plan.targets if target.kind is TargetKind.LEARNED][:2] == ["a", "e"]
    assert preloads(plan) == [("e", ("f",)), ("a", ())]


def test_a_likelier_model_displaces_a_less_likely_one() -> None:
    known = chances(a=0.05, b=0.9)
    assert preloads(plan_of(known, [idle("a")], room=1)) == [("b", ("a",))]
    just_used = plan_of(known, [idle("a", age_s=59.0)], room=1)
    assert just_used.preloads == ()
    assert just_used.targets[0] == PreloadTarget("b", TargetKind.LEARNED, 1, PlanAction.NO_ROOM, (), GB)
    settings = PolicySettings(keep_after_use_s=30.0)
    assert preloads(plan_of(known, [idle("a", age_s=59.0)], room=1, settings=settings)) == [("b", ("a",))]
    assert plan_of(chances(a=0.5, b=0.5), [idle("a")], room=1).preloads == ()


def test_a_small_model_is_spared_when_a_large_one_suffices() -> None:
    known = chances(a=0.01, b=0.01, d=0.9)
    plan = plan_of(known, [idle("a", 1), idle("b", 5)], room=6, b=5, d=5)
    assert preloads(plan) == [("d", ("b",))]


def test_a_model_larger_than_the_limit_does_not_block_the_others() -> None:
    plan = plan_of(chances(a=0.3, b=0.7), favourites=("a",), a=9, b=2)
    assert plan.targets[0] == PreloadTarget("a", TargetKind.FAVOURITE, 1, PlanAction.TOO_LARGE, (), 6 * GB)
    assert preloads(plan) == [("b", ())]
    learned = plan_of(chances(a=0.3, b=0.7), a=9, b=2)
    assert learned.targets[1] == PreloadTarget("a", TargetKind.LEARNED, 2, PlanAction.TOO_LARGE, (), 6 * GB)
    assert preloads(learned) == [("b", ())]


def test_a_higher_price_of_waste_means_fewer_preloads() -> None:
    known, held = chances(0.3, a=0.3, b=0.2, c=0.2), [idle("b"), idle("c")]

    def loads(waste_price: float) -> int:
        return len(plan_of(known, held, settings=PolicySettings(waste_price=waste_price)).preloads)

    assert loads(0.0) >= loads(1.0) >= loads(100.0) == 0
    assert loads(0.0) == 1


def test_room_for_small_models_is_not_filled_with_a_large_one() -> None:
    known, held = chances(b=0.5, c=0.3), [idle("c", 0.1)]
    assert preloads(plan_of(known, held, room=4, b=3.85, c=0.1)) == [("b", ())]
    assert preloads(plan_of(known, held, room=4, small_bytes=GB // 5, b=3.85, c=0.1)) == []
    alone = plan_of(known, room=4, small_bytes=GB // 5, b=4, c=9)
    assert preloads(alone) == [("b", ())]  # with all memory it may be loaded, as nothing else fits
    small = plan_of(chances(a=0.5), [idle("c", 3.8)], room=4, small_bytes=GB // 5, a=0.2, c=3.8)
    assert preloads(small) == [("a", ())]


@pytest.mark.parametrize("kind", [TargetKind.FAVOURITE, TargetKind.LEARNED])
def test_devices_have_their_own_room(kind: TargetKind) -> None:
    known = chances(a=0.6, b=0.05, c=0.05)
    favourites = ("a",) if kind is TargetKind.FAVOURITE else ()
    held = [idle("b", device_bytes={"gpu": 3 * GB}), idle("c")]

    def plan(gpu: int) -> PreloadPlan:
        needs = DeviceNeeds({"gpu": gpu * GB}, {"a": {"gpu": 2 * GB}, "b": {"gpu": 3 * GB}})
        return plan_of(known, held, room=9, favourites=favourites, devices=needs)

    assert plan(5).targets[0][:5] == ("a", kind, 1, PlanAction.PRELOAD, ())
    assert plan(4).targets[0][:5] == ("a", kind, 1, PlanAction.PRELOAD, ("b",))
    too_large = plan(1).targets[0]
    assert (too_large.action, too_large.missing_bytes, too_large.device) == (PlanAction.TOO_LARGE, GB, "gpu")


def test_a_plan_of_a_thousand_models_has_few_targets() -> None:
    models = {f"model-{number}": 1 / (number + 1) for number in range(1000)}
    whole = sum(models.values())
    known = chances(**{name: share / whole for name, share in models.items()})
    held = [idle(name) for name in list(models)[500:520]]
    plan = plan_preloads(known, held, PlanBasis(dict.fromkeys(models, GB), 20 * GB), NOW)
    assert [target.model_id for target in plan.preloads] == list(models)[:3]
    assert len(plan.targets) < 10
    assert len(plan.standby) == 1000 - 20


@given(situations(), st.integers(1, 30), st.sampled_from(["foresight", "lru"]))
def test_a_request_evicts_in_order(situation: Situation, needed: int, eviction: Literal["foresight", "lru"]) -> None:
    settings = PolicySettings(eviction=eviction)
    residents, limit = situation.residents, situation.limit_bytes
    by_id = {model.model_id: model for model in residents}
    view = eviction_view(residents, situation.chances, settings, {})
    victims, missing, _ = plan_eviction(view, needed * GB, limit, for_request=True)
    if missing:
        free = limit - sum(model.resident_bytes for model in residents if model.leased)
        assert free < needed * GB
        return
    assert sum(model.resident_bytes for model in residents if model.model_id not in victims) + needed * GB <= limit
    assert not any(by_id[name].leased for name in victims)
    values = keeping_values(situation.chances, residents, prices_of(settings, {}))
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
            if eviction == "foresight":
                assert values[chosen.model_id] <= values[other.model_id]
            else:
                assert chosen.speculative >= other.speculative
                if chosen.speculative == other.speculative:
                    assert chosen.last_used_at <= other.last_used_at


def test_what_is_worth_least_makes_room_and_among_equals_the_least_recently_used() -> None:
    def first(known: Chances, *residents: ResidentModel, settings: PolicySettings | None = None) -> str:
        view = eviction_view(residents, known, settings or PolicySettings(), {})
        return plan_eviction(view, GB, len(view) * GB, for_request=True).victims[0]

    recent, old = idle("a", age_s=60.0), idle("b", age_s=3600.0)
    lru = PolicySettings(eviction="lru")
    assert first(chances(a=0.1, b=0.9), recent, old) == "a"
    assert first(chances(a=0.1, b=0.9), recent, old, settings=lru) == "b"
    assert first(chances(a=0.4, b=0.4), recent, old) == "b"
    assert first(chances(), recent, old) == "b"
    assert first(chances(), recent, unused("p")) == "p"
    assert first(chances(a=0.1, p=0.1), recent, unused("p")) == "a"  # what was read would be wasted
    assert first(chances(p=0.9), recent, unused("p"), settings=lru) == "p"
    assert first(chances(p=0.9, q=0.1), unused("p"), unused("q"), settings=lru) == "q"
    assert first(chances(a=0.9), recent._replace(favourite=True), old) == "b"
    assert first(chances(b=0.9), recent._replace(favourite=True), old) == "b"


@pytest.mark.parametrize(
    ("idle_s", "protected"),
    [(0.0, (True, True)), (59.0, (True, True)), (60.0, (False, True)), (299.0, (False, True)), (300.0, (False, False))],
)
def test_a_model_that_was_just_used_is_protected(idle_s: float, protected: tuple[bool, bool]) -> None:
    assert just_used(ResidentModel("a", GB, NOW - idle_s), NOW, PolicySettings()) == protected
    assert just_used(ResidentModel("a", GB, NOW - idle_s, speculative=True), NOW, PolicySettings()) == (False, False)


def test_a_model_that_was_used_before_the_clock_was_set_back_is_not() -> None:
    assert just_used(ResidentModel("a", GB, NOW + DAY_S), NOW, PolicySettings()) == (False, False)
