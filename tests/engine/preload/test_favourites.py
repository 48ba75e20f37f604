"""Favourites: which, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.models import ModelFile
from preheat.preload.favourites import STARTER_MODELS, choose_favourites


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


def test_an_unknown_favourite_is_passed_over_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    assert choose_favourites(["nosuch", "smollm2"], [CHAT]) == (CHAT.model_id,)
    assert "nosuch" in caplog.text


def test_an_empty_list_is_a_wish() -> None:
    assert choose_favourites([], [CHAT, EMBEDDING]) == ()
