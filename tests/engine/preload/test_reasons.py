from __future__ import annotations

from datetime import UTC, datetime

from preheat.preload.policy import PolicySettings, PreloadPlan, plan_preloads
from preheat.preload.reasons import describe_usage, explain
from preheat.residency.eviction import ResidentModel
from preheat.usage.popularity import DAY_S, Popularity, Weights

NINE = datetime(2026, 3, 6, 9, tzinfo=UTC).timestamp()  # a Friday
GB = 1_000_000_000
SIZES = {"a": 2 * GB, "b": 3 * GB, "c": GB, "d": 9 * GB, "e": GB, "f": GB}
SETTINGS = PolicySettings(weights=Weights(0.0, 0.0), min_share=0.1)


def mornings() -> Popularity:
    popularity = Popularity(timezone=UTC)
    for model_id, uses in (("a", 12), ("b", 6), ("c", 5), ("f", 1)):
        for number in reversed(range(uses)):
            popularity.note(model_id, NINE - number * 3 // uses * DAY_S)
    return popularity


def plan(
    popularity: Popularity, tenants: list[ResidentModel], limit_gb: int, favourites: tuple[str, ...] = ()
) -> PreloadPlan:
    return plan_preloads(popularity, tenants, SIZES, limit_gb * GB, NINE, favourites=favourites, settings=SETTINGS)


def test_every_verdict_is_put_into_words() -> None:
    popularity = mornings()
    now = plan(popularity, [ResidentModel("c", GB, NINE)], 5, favourites=("e", "d"))

    def words(model_id: str) -> str:
        return explain(model_id, now, popularity, NINE, SETTINGS)

    assert words("e") == "to be preloaded: favourite 1"
    assert words("d") == "not preloaded: needs 4.0 GB more than the memory limit (favourite 2)"
    assert words("a") == "to be preloaded: used 12 times in the last week, mostly on weekday mornings"
    assert words("b") == (
        "not preloaded: needs 2.0 GB more than is free without evicting something hotter "
        "(used 6 times in the last week, mostly on weekday mornings)"
    )
    assert words("c") == "kept: used 5 times in the last week, mostly on weekday mornings"
    assert words("f") == "not preloaded: used once in the last week"
    assert words("unheard of") == "not preloaded: never used"


def test_what_makes_way_is_named() -> None:
    popularity = mornings()
    now = plan(popularity, [ResidentModel("f", GB, NINE - 3600.0)], 2)
    assert explain("a", now, popularity, NINE, SETTINGS).startswith("to be preloaded, in place of f: used 12 times")


def test_why_a_used_model_is_not_wanted() -> None:
    popularity = mornings()
    for _ in range(20):
        popularity.note("e", NINE)
    now = plan(popularity, [], 9)
    assert explain("c", now, popularity, NINE, SETTINGS) == (
        "not preloaded: 3 models are used more (used 5 times in the last week, mostly on weekday mornings)"
    )
    strict = PolicySettings(weights=Weights(0.0, 0.0), min_share=0.4)
    few = plan_preloads(popularity, [], SIZES, 3 * GB, NINE, settings=strict)
    assert explain("a", few, popularity, NINE, strict).startswith(
        "not preloaded: too small a share of all use (used 12"
    )
    none = PolicySettings(top=0)
    empty = plan_preloads(popularity, [], SIZES, 9 * GB, NINE, settings=none)
    assert explain("a", empty, popularity, NINE, none).startswith("not preloaded: only favourites are (used 12 times")


def test_long_unused_models_say_since_when() -> None:
    popularity = mornings()
    later = NINE + 20 * DAY_S
    assert describe_usage(popularity.usage("a", later), later) == "not used in the last week, last 20 d ago"


def test_an_expected_model_says_so() -> None:
    now = plan_preloads(mornings(), [], SIZES, 9 * GB, NINE, expected="f", settings=SETTINGS)
    assert explain("f", now, mornings(), NINE, SETTINGS) == (
        "to be preloaded: a program that has just started nearly always uses it next"
    )
