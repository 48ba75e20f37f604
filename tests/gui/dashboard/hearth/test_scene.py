"""What the band shows of a snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fake_bridge import GB, model, snapshot
from preheat.control import Headroom, LimitPreview, ModelSnapshot, PrefixFigures, RequestSnapshot, State
from preheat_gui.dashboard.hearth.layout import Kind
from preheat_gui.dashboard.hearth.scene import MORE, PROMPTS, Order, Scene, distinct_names, gather, name_variants
from preheat_gui.widgets import SignBook


@pytest.fixture(autouse=True)
def _application(qapp: object) -> None:
    """Words need an application."""


def scene(*models: ModelSnapshot, **values: Any) -> Scene:
    return gather(snapshot(*models, **values), Order(), SignBook())


def kinds(shown: Scene) -> list[tuple[str, Kind]]:
    return [(part.key, part.kind) for part in (*shown.inside, *shown.outside)]


def test_each_model_in_memory_is_a_block() -> None:
    shown = scene(
        model("a", State.HOT),
        model("b", State.LOADING, progress=0.63),
        model("c", State.UNLOADING, resident_bytes=GB),
        model("d"),
        prefixes=PrefixFigures("disk", memory_bytes=GB),
    )
    assert kinds(shown) == [
        ("a", Kind.READY),
        ("b", Kind.LOADING),
        ("c", Kind.UNLOADING),
        (PROMPTS, Kind.PROMPTS),
    ]
    assert [part.size for part in shown.inside] == [3 * GB, 3_100_000_000, GB, GB]
    assert shown.facts["b"].state == "Loading 63 %"
    assert shown.facts["a"].description == "Ready, 3.0 GB"


def test_favourites_are_planned_where_they_fit_and_beyond_the_limit_where_not() -> None:
    shown = scene(
        model("a", State.HOT),
        model("big", favourite=True, expected_bytes=9 * GB),
        model("small", favourite=True, expected_bytes=GB),
        model("bad", State.FAILED, favourite=True, expected_bytes=GB),
    )
    assert kinds(shown) == [
        ("a", Kind.READY),
        ("small", Kind.PLANNED),
        ("bad", Kind.PLANNED),
        ("big", Kind.OUTSIDE),
    ]
    assert shown.facts["big"].state == "Needs 4.0 GB more"
    assert shown.facts["small"].state == "Not loaded"
    assert shown.facts["bad"].description == "Failed, 1.0 GB, favourite, the file ends early"


def test_memory_reserved_for_the_contexts_of_loaded_models_is_not_offered_to_others() -> None:
    now = snapshot(model("a", State.HOT), model("b", favourite=True, expected_bytes=4 * GB))
    memory = replace(now.memory, headroom=Headroom.beside({"a": 5 * GB}, 8 * GB))
    now = replace(now, memory=memory, favourites_without_room=("b",))
    shown = gather(now, Order(), SignBook())
    assert kinds(shown) == [("a", Kind.READY), ("b", Kind.OUTSIDE)]
    assert shown.facts["b"].state == "Needs 1.0 GB more"
    assert (shown.used, shown.available) == ("3.0 GB used", "3.0 GB still available")
    assert shown.reserved == "2.0 GB reserved for loaded models"  # why the free part looks larger
    assert not scene(model("a", State.HOT)).reserved
    lower = gather(now, Order(), SignBook(), limit_bytes=6 * GB)
    assert lower.facts["b"].state == "Needs 3.0 GB more"
    assert lower.available == "1.0 GB still available"


def test_models_beyond_the_limit_that_are_too_many_share_a_block() -> None:
    shown = scene(*(model(f"m{number}", favourite=True, expected_bytes=9 * GB) for number in range(9)))
    assert [part.key for part in shown.outside] == ["m0", "m1", "m2", "m3", MORE]
    assert shown.facts[MORE].name == "5 more"
    assert set(shown.facts) == {"m0", "m1", "m2", "m3", MORE}


def test_favourites_come_first_and_no_block_jumps() -> None:
    order = Order()
    assert order.of(("f",), ["b", "f"]) == ["f", "b"]
    assert order.of(("f",), ["a", "b", "f"]) == ["f", "b", "a"]
    assert order.of(("f", "a"), ["a", "b"]) == ["a", "b"]
    assert order.of((), ["a", "b", "c"]) == ["b", "a", "c"]


def test_requests_of_a_client_to_a_model_are_one_chip() -> None:
    requests = (
        RequestSnapshot(1, "editor", "a", 0.0, False, 40, 20.4),
        RequestSnapshot(2, "editor", "a", 0.0, False, 2, 10.0),
        RequestSnapshot(3, "", "b", 0.0, True),
    )
    shown = scene(model("a", State.HOT), model("b"), requests=requests)
    assert [(chip.text, chip.key, chip.waiting, chip.tokens) for chip in shown.chips] == [
        ("editor (2)", "a", False, 42),
        ("An app", "b", True, 0),
    ]
    assert (shown.inside[0].rate, shown.inside[0].beside, shown.unit) == ("30", "3.0 GB", "tokens/s")
    assert shown.inside[0].details == ("3.0 GB · 30 tokens/s", "30 tokens/s")
    assert kinds(shown)[1] == ("b", Kind.PLANNED)
    assert shown.facts["a"].busy
    assert shown.facts["a"].description == "Ready, 3.0 GB, 30 tokens/s, editor"


def test_another_limit_shows_who_leaves_and_who_comes() -> None:
    now = snapshot(model("a", State.HOT), model("b", State.HOT), model("c", expected_bytes=GB))
    preview = LimitPreview(4 * GB, ("a",), (), ("b",), ("c",), ())
    shown = gather(now, Order(), SignBook(), limit_bytes=4 * GB, preview=preview)
    assert kinds(shown) == [("a", Kind.READY), ("c", Kind.PLANNED), ("b", Kind.OUTSIDE)]
    assert (shown.facts["b"].state, shown.facts["c"].state) == ("Would be unloaded", "Would be loaded")
    assert shown.limit_bytes == 4 * GB


def test_small_changes_of_memory_change_nothing() -> None:
    shown = [scene(model("a", State.HOT, resident_bytes=3 * GB + each)) for each in (0, 4_000_000)]
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        (
            "mistral-7b-instruct-v0.3-q4_k_m",
            (
                "mistral-7b-instruct-v0.3-q4_k_m",
                "mistral-7b-instruct-v0.3",
                "mistral-7b-instruct",
                "mistral-7b",
                "mistral",
            ),
        ),
        ("all-MiniLM-L6-v2.Q8_0", ("all-MiniLM-L6-v2.Q8_0", "all-MiniLM-L6-v2", "all-MiniLM-L6", "all")),
        ("phi", ("phi",)),
        ("-", ("-",)),
    ],
)
def test_long_names_have_shorter_forms(name: str, variants: tuple[str, ...]) -> None:
    assert name_variants(name) == variants


def test_models_with_the_same_short_name_keep_a_longer_one() -> None:
    names = distinct_names(("qwen3-8b-q4_k_m", "qwen3-4b-q4_k_m", "phi-4-q8_0"))
    assert names["qwen3-8b-q4_k_m"] == ("qwen3-8b-q4_k_m", "qwen3-8b")
    assert names["phi-4-q8_0"] == ("phi-4-q8_0", "phi-4", "phi")
