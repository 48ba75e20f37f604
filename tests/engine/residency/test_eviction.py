"""Which models go: properties of the plan for any tenants, and its order by example."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preheat.residency import (
    DevicePool,
    EvictionPlan,
    ResidentModel,
    is_small,
    kept_small_bytes,
    plan_beside_small,
    plan_eviction,
)
from preheat.residency.eviction import RoomPlan, plan_room

MB = 10**6


def tenant_lists() -> st.SearchStrategy[list[ResidentModel]]:
    tenants = st.builds(
        ResidentModel,
        st.uuids().map(str),
        st.integers(1, 100),
        st.integers(0, 5).map(float),
        leased=st.booleans(),
        favourite=st.booleans(),
        speculative=st.booleans(),
    )
    return st.lists(tenants, max_size=6, unique_by=lambda tenant: tenant.model_id)


@given(tenant_lists(), st.integers(1, 200), st.integers(0, 400), st.booleans())
def test_plans_hold_what_they_promise(tenants: list[ResidentModel], needed: int, limit: int, for_request: bool) -> None:
    by_id = {tenant.model_id: tenant for tenant in tenants}
    held = sum(tenant.resident_bytes for tenant in tenants)
    evictable = sum(tenant.resident_bytes for tenant in tenants if not tenant.leased) if for_request else 0
    possible = held - evictable + needed <= limit
    plan, missing, _ = plan_eviction(tenants, needed, limit, for_request=for_request)
    assert bool(missing) is not possible
    if missing:
        assert missing == held - evictable + needed - limit
        return
    chosen = [by_id[model_id] for model_id in plan]
    remaining = held - sum(tenant.resident_bytes for tenant in chosen)
    assert len(set(plan)) == len(plan)
    assert remaining + needed <= limit
    assert not any(tenant.leased for tenant in chosen)
    assert for_request or not chosen
    # Nothing goes for nothing: without any of them it would not fit.
    assert all(remaining + tenant.resident_bytes + needed > limit for tenant in chosen)
    idle = [tenant for tenant in tenants if not tenant.leased]

    def suffices(*kept: ResidentModel) -> bool:
        return sum(tenant.resident_bytes for tenant in idle if tenant not in kept) >= held + needed - limit

    if is_small(needed, limit):
        # A small load unloads no large model where small ones suffice.
        large = [tenant for tenant in idle if not is_small(tenant.resident_bytes, limit)]
        assert not suffices(*large) or not any(tenant in large for tenant in chosen)
    else:
        # A large load unloads no favourite where others suffice, and no small model where large ones do.
        favoured = [tenant for tenant in idle if tenant.favourite and not tenant.speculative]
        assert not suffices(*favoured) or not any(tenant in favoured for tenant in chosen)
        kept = [tenant for tenant in idle if tenant.favourite or tenant.speculative]
        small = [tenant for tenant in idle if tenant not in kept and is_small(tenant.resident_bytes, limit)]
        assert not suffices(*kept, *small) or not any(tenant in small for tenant in chosen)
    # Of two alike, the one that stays was to go later.
    for tenant in chosen:
        alike = (other for other in idle if other not in chosen and _kind(other) == _kind(tenant))
        assert all(tenant.last_used_at <= other.last_used_at for other in alike)


def _kind(tenant: ResidentModel) -> tuple[bool, bool, int]:
    return tenant.speculative, tenant.favourite, tenant.resident_bytes


@given(tenant_lists(), st.integers(1, 200), st.integers(0, 400), st.integers(0, 40), st.booleans())
def test_room_is_kept_for_small_models_only_by_unloading_large_ones(
    tenants: list[ResidentModel], needed: int, limit: int, pool: int, for_request: bool
) -> None:
    by_id = {tenant.model_id: tenant for tenant in tenants}
    plain = plan_eviction(tenants, needed, limit, for_request=for_request)
    plan = plan_beside_small(tenants, needed, limit, small_bytes=pool, for_request=for_request)
    assert plan.missing_bytes == plain.missing_bytes
    if plan == plain:
        return
    chosen = [by_id[model_id] for model_id in plan.victims]
    assert for_request
    assert not is_small(needed, limit)
    assert not any(tenant.favourite or tenant.leased or is_small(tenant.resident_bytes, limit) for tenant in chosen)
    small = sum(tenant.resident_bytes for tenant in tenants if is_small(tenant.resident_bytes, limit))
    remaining = sum(tenant.resident_bytes for tenant in tenants if tenant not in chosen)
    assert limit - remaining - needed >= pool - small


EMBEDDER = ResidentModel("embedder", 30 * MB, 1.0)
RERANKER = ResidentModel("reranker", 40 * MB, 5.0)
CHAT = ResidentModel("chat", 5_000 * MB, 2.0)
CODER = ResidentModel("coder", 4_000 * MB, 3.0)


def test_small_and_large_models_do_not_unload_each_other() -> None:
    everyone = [EMBEDDER, RERANKER, CHAT, CODER]
    held = sum(model.resident_bytes for model in everyone)
    assert plan_eviction(everyone, 50 * MB, held, for_request=True) == EvictionPlan(("embedder", "reranker"))
    assert plan_eviction(everyone, 20 * MB, held, for_request=True) == EvictionPlan(("embedder",))
    assert plan_eviction(everyone, 3_000 * MB, held, for_request=True) == EvictionPlan(("chat",))
    assert plan_eviction(everyone, 9_070 * MB, held, for_request=True).missing_bytes == 0
    # Small ones go if they alone do not suffice for a small load, but not in vain.
    assert plan_eviction(everyone, 90 * MB, held, for_request=True) == EvictionPlan(("chat",))


def test_the_usual_embedder_is_small_under_a_tight_limit() -> None:
    assert is_small(143 * MB, 1_100 * MB)  # what is reserved for all-MiniLM
    assert not is_small(200 * MB, 1_100 * MB)
    assert not is_small(100 * MB, 500 * MB)
    assert [is_small(size * MB, 16_000 * MB) for size in (1000, 1001)] == [True, False]
    assert kept_small_bytes([143 * MB, 100 * MB, 240 * MB], 1_100 * MB) == 160 * MB
    embedder, chat = EMBEDDER._replace(resident_bytes=143 * MB), CHAT._replace(resident_bytes=800 * MB)
    assert plan_eviction([embedder, chat], 240 * MB, 1_100 * MB, for_request=True) == EvictionPlan(("chat",))


def test_a_large_load_leaves_room_for_the_embedder() -> None:
    limit = 9_020 * MB
    assert plan_beside_small([CHAT], 4_000 * MB, limit, small_bytes=30 * MB, for_request=True) == EvictionPlan(
        ("chat",)
    )
    assert plan_beside_small(
        [CHAT, EMBEDDER], 3_990 * MB, limit, small_bytes=30 * MB, for_request=True
    ) == EvictionPlan(())
    # A favourite does not go for it, nor does a model that needs all memory stay out.
    favourite = CHAT._replace(favourite=True)
    assert plan_beside_small([favourite], 4_000 * MB, limit, small_bytes=30 * MB, for_request=True) == EvictionPlan(())
    assert plan_beside_small([], limit, limit, small_bytes=30 * MB, for_request=True) == EvictionPlan(())
    assert kept_small_bytes([30 * MB, 40 * MB, 5_000 * MB], limit) == 70 * MB
    assert kept_small_bytes([500 * MB, 500 * MB], limit) == limit // 16


@given(tenant_lists(), st.integers(1, 200), st.integers(0, 400), st.randoms())
def test_the_order_of_asking_does_not_matter(
    tenants: list[ResidentModel], needed: int, limit: int, random: Random
) -> None:
    shuffled = list(tenants)
    random.shuffle(shuffled)
    plans = [plan_eviction(each, needed, limit, for_request=True) for each in (shuffled, tenants)]
    assert plans[0] == plans[1]


TENANTS = [
    ResidentModel("favourite-old", 100 * MB, 1.0, favourite=True),
    ResidentModel("new", 100 * MB, 3.0),
    ResidentModel("old", 100 * MB, 2.0),
    ResidentModel("busy", 100 * MB, 0.0, leased=True),
    ResidentModel("preloading", 100 * MB, 9.0, speculative=True),
]


@pytest.mark.parametrize(
    ("limit", "gone"),
    [
        (600 * MB, ()),
        (500 * MB, ("preloading",)),
        (400 * MB, ("preloading", "old")),
        (300 * MB, ("preloading", "old", "new")),
        (200 * MB, ("preloading", "old", "new", "favourite-old")),
    ],
)
def test_running_preloads_go_first_then_the_least_recently_used_and_favourites_last(
    limit: int, gone: tuple[str, ...]
) -> None:
    assert plan_eviction(TENANTS, 100 * MB, limit, for_request=True) == EvictionPlan(gone)


def test_what_is_missing_is_counted() -> None:
    plan = plan_eviction(TENANTS, 700 * MB, 500 * MB, for_request=True)
    assert plan == EvictionPlan(("preloading", "old", "new", "favourite-old"), 300 * MB)


def test_a_preload_takes_only_free_room() -> None:
    assert plan_eviction(TENANTS, 100 * MB, 600 * MB, for_request=False) == EvictionPlan(())
    assert plan_eviction(TENANTS, 101 * MB, 600 * MB, for_request=False) == EvictionPlan((), MB)


def test_a_small_model_does_not_shrink_where_a_larger_one_has_to() -> None:
    small = ResidentModel("small", 30, last_used_at=1.0, extra_bytes=10)
    large = ResidentModel("large", 100, last_used_at=2.0, extra_bytes=50)
    assert plan_room([small, large], 20, 130, plan_eviction, for_request=True) == RoomPlan(("large",))
    assert plan_room([small, large], 5, 130, plan_eviction, for_request=True) == RoomPlan(("small",))


# Memory of devices


def device_tenants() -> st.SearchStrategy[list[ResidentModel]]:
    held = st.dictionaries(st.sampled_from(["gpu0", "gpu1"]), st.integers(1, 100))
    tenants = st.builds(
        ResidentModel,
        st.uuids().map(str),
        st.integers(1, 100),
        st.integers(0, 5).map(float),
        leased=st.booleans(),
        favourite=st.booleans(),
        speculative=st.booleans(),
        device_bytes=held,
    )
    return st.lists(tenants, max_size=6, unique_by=lambda tenant: tenant.model_id)


def pools() -> st.SearchStrategy[list[DevicePool]]:
    pool = st.builds(DevicePool, st.sampled_from(["gpu0", "gpu1"]), st.integers(0, 100), st.integers(0, 200))
    return st.lists(pool, max_size=2, unique_by=lambda each: each.device)


def missing(
    tenants: Iterable[ResidentModel], needed: int, limit: int, wanted: Sequence[DevicePool]
) -> dict[str | None, int]:
    """Return what is missing in each pool; None is main memory."""
    tenants = list(tenants)
    short: dict[str | None, int] = {None: sum(tenant.resident_bytes for tenant in tenants) + needed - limit}
    for pool in wanted:
        held = sum(tenant.device_bytes.get(pool.device, 0) for tenant in tenants)
        short[pool.device] = held + pool.needed_bytes - pool.limit_bytes
    return {name: size for name, size in short.items() if size > 0}


@given(device_tenants(), st.integers(0, 200), st.integers(0, 400), pools(), st.booleans())
def test_a_plan_makes_room_in_every_pool_and_wastes_nothing(
    tenants: list[ResidentModel], needed: int, limit: int, wanted: list[DevicePool], for_request: bool
) -> None:
    plan = plan_eviction(tenants, needed, limit, wanted, for_request=for_request)
    by_id = {tenant.model_id: tenant for tenant in tenants}
    chosen = [by_id[model_id] for model_id in plan.victims]
    assert not any(tenant.leased for tenant in chosen)
    assert for_request or not chosen
    leased = [tenant for tenant in tenants if tenant.leased or not for_request]
    possible = not missing(leased, needed, limit, wanted)
    staying = [tenant for tenant in tenants if tenant not in chosen]
    left = missing(staying, needed, limit, wanted)
    assert possible is not bool(left)
    if left:
        assert left[plan.device] == plan.missing_bytes
        return
    assert (plan.missing_bytes, plan.device) == (0, None)
    if wanted:
        for spared in chosen:  # each of them is needed
            assert missing([*staying, spared], needed, limit, wanted)


def test_only_models_on_the_device_make_way_there() -> None:
    tenants = [
        ResidentModel("ram", 50, 1.0),
        ResidentModel("old", 10, 2.0, device_bytes={"gpu0": 60}),
        ResidentModel("new", 10, 3.0, device_bytes={"gpu0": 30}),
        ResidentModel("other", 10, 0.0, device_bytes={"gpu1": 90}),
    ]
    plan = plan_eviction(tenants, 10, 100, [DevicePool("gpu0", 50, 100)], for_request=True)
    assert plan == EvictionPlan(("old",))
    plan = plan_eviction(tenants, 10, 100, [DevicePool("gpu0", 120, 100)], for_request=True)
    assert plan == EvictionPlan(("old", "new"), 20, "gpu0")


def test_a_model_that_eases_both_pools_spares_one_that_eases_one() -> None:
    tenants = [ResidentModel("ram", 40, 1.0), ResidentModel("both", 40, 2.0, device_bytes={"gpu0": 60})]
    plan = plan_eviction(tenants, 40, 100, [DevicePool("gpu0", 60, 100)], for_request=True)
    assert plan == EvictionPlan(("both",))
