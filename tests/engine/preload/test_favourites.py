"""Favourites: which, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.models import ModelFile
from preheat.preload import (
    add_favourites,
    choose_favourites,
    favourites_room,
    missing_favourites,
    order_favourites,
    remove_favourites,
    replace_favourites,
    report_missing,
)
from preheat.preload.favourites import STARTER_MODELS


def model(model_id: str) -> ModelFile:
    path = Path(f"{model_id}.gguf")
    return ModelFile(model_id, path, 1, "llama", 2048, False, False, (path,), 0)


CHAT, EMBEDDING = (model(model_id) for model_id in STARTER_MODELS)
OTHER = model("qwen3-8b-q4_k_m")


@pytest.mark.parametrize(
    ("models", "chosen"),
    [
        ([EMBEDDING, CHAT], STARTER_MODELS),
        ([EMBEDDING], STARTER_MODELS[1:]),
        ([CHAT, EMBEDDING, OTHER], ()),
        ([OTHER], ()),
        ([], ()),
    ],
)
def test_by_default_the_starter_models_where_there_are_no_others(
    models: list[ModelFile], chosen: tuple[str, ...]
) -> None:
    assert choose_favourites(None, models) == chosen


def test_the_users_order_short_names_and_repetitions() -> None:
    assert choose_favourites(["QWEN", "smollm2", "qwen3"], [CHAT, OTHER]) == (OTHER.model_id, CHAT.model_id)


def test_an_unknown_favourite_is_passed_over() -> None:
    assert choose_favourites(["nosuch", "smollm2"], [CHAT]) == (CHAT.model_id,)


def test_a_missing_favourite_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    report_missing(("gone", "new"), ("gone",))
    assert caplog.messages == ["favourite new has no model on disk"]


def test_an_empty_list_is_a_wish() -> None:
    assert choose_favourites([], [CHAT, EMBEDDING]) == ()


def test_favourites_without_a_model_are_missing() -> None:
    assert missing_favourites(["gone", "qwen", "gone"], [CHAT, OTHER]) == ("gone",)
    assert missing_favourites(None, [CHAT]) == ()


@pytest.mark.parametrize(
    ("wanted", "model_id", "on", "result"),
    [
        (["gone", "qwen"], CHAT.model_id, True, ["gone", "qwen", CHAT.model_id]),
        (["gone", "qwen"], OTHER.model_id, True, ["gone", "qwen"]),
        (["gone", "qwen"], OTHER.model_id, False, ["gone"]),
        (["gone", "qwen"], "gone", False, ["qwen"]),
        (None, OTHER.model_id, True, [OTHER.model_id]),
        ([], OTHER.model_id, False, []),
    ],
)
def test_one_model_is_added_or_removed_and_missing_ones_stay(
    wanted: list[str] | None, model_id: str, on: bool, result: list[str]
) -> None:
    change = add_favourites if on else remove_favourites
    assert change(wanted, [model_id], [CHAT, OTHER]) == result


def test_the_starter_models_are_the_base_of_a_change() -> None:
    assert remove_favourites(None, [CHAT.model_id], [CHAT, EMBEDDING]) == [EMBEDDING.model_id]


def test_a_new_list_keeps_missing_favourites() -> None:
    models = [CHAT, OTHER]
    assert replace_favourites(["gone", "qwen"], [CHAT.model_id], models) == [CHAT.model_id, "gone"]
    assert replace_favourites(None, [], models) == []


def test_an_order_keeps_all_favourites() -> None:
    models = [CHAT, OTHER]
    assert order_favourites(["gone", "smol", "qwen"], [OTHER.model_id], models) == [OTHER.model_id, "gone", "smol"]
    assert order_favourites(["gone", "qwen"], ["gone"], models) == ["gone", "qwen"]


def test_favourites_without_room_never_displace_those_in_memory() -> None:
    sizes = {"a": 6, "b": 4, "c": 2}
    assert favourites_room(("a", "b", "c"), sizes, {}, 8) == (("b",), 12)
    assert favourites_room(("a", "b", "c"), sizes, {"b": 5}, 8) == (("a",), 13)
    assert favourites_room(("a", "b", "c"), sizes, {}, 12) == ((), 12)
