"""Filter and order of the models table."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from fake_bridge import model, snapshot
from preheat.control import State
from preheat_gui.dashboard.models.table import Column, ModelsFilter, ModelsTable, Show, passes, show_words

MODELS = (
    model("gemma-3-12b", State.FAILED),
    model("mistral-7b", favourite=True),
    model("phi-4", State.LOADING),
    model("Qwen3-4B-Q4_K_M", State.HOT, favourite=True),
    model("qwen3-8b", State.QUEUED),
)


@pytest.fixture
def models(qapp: object) -> ModelsFilter:
    table = ModelsTable(snapshot(*MODELS))
    shown = ModelsFilter(table)
    table.setParent(shown)
    return shown


def names(models: ModelsFilter) -> list[str]:
    return [models.index(row, Column.NAME).data() for row in range(models.rowCount())]


@pytest.mark.parametrize(
    ("show", "text", "expected"),
    [
        (Show.ALL, "", ["phi-4", "Qwen3-4B-Q4_K_M", "qwen3-8b", "gemma-3-12b", "mistral-7b"]),
        (Show.ALL, "qwen", ["Qwen3-4B-Q4_K_M", "qwen3-8b"]),
        (Show.ALL, "  Q4_K QWEN ", ["Qwen3-4B-Q4_K_M"]),
        (Show.ALL, "llama", []),
        (Show.IN_MEMORY, "", ["phi-4", "Qwen3-4B-Q4_K_M", "qwen3-8b"]),
        (Show.FAVOURITES, "", ["Qwen3-4B-Q4_K_M", "mistral-7b"]),
        (Show.NOT_LOADED, "", ["mistral-7b"]),
        (Show.FAILED, "", ["gemma-3-12b"]),
        (Show.FAILED, "phi", []),
    ],
)
def test_filters_combine_words_and_state(models: ModelsFilter, show: Show, text: str, expected: list[str]) -> None:
    models.set_show(show)
    models.set_text(text)
    assert names(models) == expected
    assert sorted(names(models)) == sorted(
        one.model_id for one in MODELS if passes(one, show, tuple(text.casefold().split()))
    )


def test_equal_rows_stay_in_the_order_of_names(models: ModelsFilter) -> None:
    models.sort(Column.FAVOURITE, Qt.SortOrder.AscendingOrder)
    assert names(models) == ["mistral-7b", "Qwen3-4B-Q4_K_M", "gemma-3-12b", "phi-4", "qwen3-8b"]
    models.sort(Column.FAVOURITE, Qt.SortOrder.DescendingOrder)
    assert names(models) == ["gemma-3-12b", "phi-4", "qwen3-8b", "mistral-7b", "Qwen3-4B-Q4_K_M"]


def test_names_sort_without_regard_to_case(models: ModelsFilter) -> None:
    models.sort(Column.NAME, Qt.SortOrder.DescendingOrder)
    assert names(models) == ["qwen3-8b", "Qwen3-4B-Q4_K_M", "phi-4", "mistral-7b", "gemma-3-12b"]


def test_a_change_of_state_moves_and_filters_the_row(models: ModelsFilter) -> None:
    table = models.sourceModel()
    assert isinstance(table, ModelsTable)
    table.update(snapshot(model("gemma-3-12b", State.HOT), *MODELS[1:]))
    assert names(models)[0] == "gemma-3-12b"
    models.set_show(Show.FAILED)
    assert names(models) == []
    table.update(snapshot(*MODELS))
    assert names(models) == ["gemma-3-12b"]


def test_every_filter_has_words(qapp: object) -> None:
    assert len({show_words(show) for show in Show}) == len(Show)
