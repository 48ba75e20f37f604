from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from preheat.preload.estimate import Memory, Prices, best_preload, keeping_values
from preheat.preload.foresight import Chances
from preheat.residency import ResidentModel

GB = 1_000_000_000


def chances(unknown: float = 0.0, usual: Mapping[str, float] | None = None, **models: float) -> Chances:
    return Chances(models, unknown, models if usual is None else usual, {})


def memory(held: str, *, room: int, kept: str = "", size: int = GB, **sizes: int) -> Memory:
    """Return a memory of ``room`` models of one gigabyte."""
    expected = {**dict.fromkeys("abcdef", size), **sizes}
    residents = [ResidentModel(name, expected[name], 0.0) for name in held]
    return Memory(residents, expected, room * GB, frozenset(kept))


def test_the_likeliest_model_goes_into_free_room() -> None:
    found = best_preload(chances(a=0.5, b=0.3, c=0.2), memory("", room=3), Prices())
    assert found is not None
    assert (found.model_id, found.displaces) == ("a", ())
    assert found.gain > 0


def test_an_unlikely_model_is_not_worth_its_bytes() -> None:
    now = chances(a=0.02, b=0.49, c=0.49)
    assert best_preload(now, memory("b", room=2), Prices()) is not None
    tight = Memory([ResidentModel("b", GB, 0.0), ResidentModel("c", GB, 0.0)], {"a": GB, "d": GB}, 3 * GB, frozenset())
    rare = chances(0.9, a=0.001, b=0.05, c=0.05)
    assert best_preload(rare, tight, Prices()) is None
    assert best_preload(rare, tight, Prices(vain=0.0)) is not None


def test_a_preload_displaces_what_is_worth_less() -> None:
    now = chances(a=0.6, b=0.3, c=0.1)
    found = best_preload(now, memory("bc", room=2), Prices())
    assert found is not None
    assert (found.model_id, found.displaces) == ("a", ("c",))
    assert best_preload(now, memory("bc", room=2, kept="bc"), Prices()) is None
    assert best_preload(now, memory("ab", room=2), Prices()) is None


def test_favourites_and_models_in_use_stay() -> None:
    for model in (ResidentModel("c", GB, 0.0, favourite=True), ResidentModel("c", GB, 0.0, leased=True)):
        held = Memory([model], {"a": GB, "c": GB}, GB, frozenset())
        assert best_preload(chances(a=0.9, c=0.1), held, Prices()) is None


def test_only_as_many_leave_as_is_necessary() -> None:
    now = chances(a=0.7, b=0.01, c=0.02, d=0.2)
    held = Memory(
        [ResidentModel("b", GB, 0.0), ResidentModel("c", 4 * GB, 0.0)],
        {"a": 4 * GB, "b": GB, "c": 4 * GB},
        5 * GB,
        frozenset(),
    )
    found = best_preload(now, held, Prices())
    assert found is not None
    assert found.displaces == ("c",)


def test_wrong_estimates_make_preloads_rarer() -> None:
    now, held = chances(a=0.5, b=0.3, c=0.2), memory("", room=2)
    sure = best_preload(now, held, Prices())
    assert sure is not None
    doubted = best_preload(now, held, Prices(), {False: 3.0, True: 3.0})
    assert doubted is None or doubted.gain < sure.gain


def test_what_is_likely_only_now_is_more_likely_in_vain() -> None:
    """After the next request, a model stays as long as what is usual lets it."""
    held = memory("", room=3)
    vain = {}
    for usual in (0.0, 0.1, 0.5):
        found = best_preload(chances(0.5, {"a": usual}, a=0.5), held, Prices(vain=0.1))
        assert found is not None
        assert found.model_id == "a"
        vain[usual] = found.vain
    assert vain[0.5] < vain[0.1] < vain[0.0] < 0.5 + 1e-9


def test_what_is_used_most_outlasts_the_moment() -> None:
    """A model that is not likely next, but usually, is worth more than one that is neither."""
    now = chances(0.1, {"b": 0.4, "c": 0.01}, a=0.6, b=0.1, c=0.1)
    found = best_preload(now, memory("bc", room=2), Prices())
    assert found is not None
    assert found.displaces == ("c",)
    values = keeping_values(now, [ResidentModel("b", GB, 0.0), ResidentModel("c", GB, 0.0)], Prices())
    assert values["c"] < values["b"]


def test_any_wait_costs_more_than_its_time() -> None:
    assert Prices().cost("a", GB) > Prices().seconds("a", GB)
    assert Prices(wait_s=0).cost("a", GB) == Prices().seconds("a", GB)


def test_models_that_are_too_large_or_gone_are_no_candidates() -> None:
    assert best_preload(chances(a=0.9), memory("", room=2, a=3 * GB), Prices()) is None
    assert best_preload(chances(z=0.9), memory("", room=2), Prices()) is None


def test_a_measured_load_counts_instead_of_the_size() -> None:
    """A file on a slow disk is worth more than one that always stays in the page cache."""
    now, slow = chances(a=0.5, b=0.5), Prices(measured_s={"a": 0.3, "b": 9.0})
    assert (slow.seconds("b", GB), slow.seconds("c", GB)) == (9.0, Prices().seconds("c", GB))
    found = best_preload(now, memory("", room=2), slow)
    assert found is not None
    assert found.model_id == "b"
    held = [ResidentModel("a", GB, 0.0), ResidentModel("b", GB, 0.0)]
    values = keeping_values(now, held, slow)
    assert values["a"] < values["b"]


def test_values_of_keeping() -> None:
    held = [ResidentModel("a", GB, 0.0), ResidentModel("b", 4 * GB, 0.0), ResidentModel("c", GB, 0.0, speculative=True)]
    values = keeping_values(chances(a=0.3, b=0.3, c=0.3), held, Prices())
    assert values["b"] < values["a"] < values["c"]
    assert keeping_values(chances(), held, Prices())["a"] == 0


@given(
    shares=st.lists(st.floats(0, 1), min_size=6, max_size=6),
    sizes=st.lists(st.integers(1, 8), min_size=6, max_size=6),
    held=st.sets(st.sampled_from("abcdef")),
    room=st.integers(1, 40),
    vain=st.floats(0, 10),
)
def test_a_preload_fits_and_pays(shares: list[float], sizes: list[int], held: set[str], room: int, vain: float) -> None:
    whole = sum(shares) + 1.0
    models = {name: share / whole for name, share in zip("abcdef", shares, strict=True)}
    now = Chances(models, 1 / whole, models, {})
    bytes_of = dict(zip("abcdef", [size * GB for size in sizes], strict=True))
    residents = [ResidentModel(name, bytes_of[name], 0.0) for name in sorted(held)]
    limit = max(room * GB, sum(model.resident_bytes for model in residents))
    found = best_preload(now, Memory(residents, bytes_of, limit, frozenset()), Prices(vain=vain))
    if found is None:
        return
    assert found.model_id not in held
    assert set(found.displaces) <= held
    assert found.gain > 0
    assert 0 <= found.vain <= 1
    staying = sum(bytes_of[name] for name in held if name not in found.displaces)
    assert staying + bytes_of[found.model_id] <= limit
    lost = sum(now.models[name] * Prices().cost(name, bytes_of[name]) for name in found.displaces)
    gained = Prices().cost(found.model_id, bytes_of[found.model_id]) * (1 - found.vain * (1 + vain))
    assert lost < gained + 1e-9
