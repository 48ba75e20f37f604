"""Favourites: which, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from preheat.errors import InsufficientMemoryError, LoadCancelledError
from preheat.library import ModelFile
from preheat.preload.preloader import STARTER_MODELS, choose_favourites, preload_in_order


def model(model_id: str) -> ModelFile:
    path = Path(f"{model_id}.gguf")
    return ModelFile(model_id, path, 1, "llama", 2048, False, False, (path,), 1, 0.0)


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


async def test_one_after_another_and_a_failure_stops_none(caplog: pytest.LogCaptureFixture) -> None:
    events: list[str] = []
    failures = {CHAT.model_id: InsufficientMemoryError("No room"), OTHER.model_id: LoadCancelledError("Made way")}

    async def load(model: ModelFile) -> None:
        events.append(f"begin {model.model_id}")
        if error := failures.get(model.model_id):
            raise error
        events.append(f"end {model.model_id}")

    await preload_in_order([CHAT, OTHER, EMBEDDING], load)
    ids = [CHAT.model_id, OTHER.model_id, EMBEDDING.model_id, EMBEDDING.model_id]
    assert events == [f"begin {ids[0]}", f"begin {ids[1]}", f"begin {ids[2]}", f"end {ids[3]}"]
    assert "No room" in caplog.text
