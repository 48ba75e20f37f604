"""The cells of the models table."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from fake_bridge import GB, model, snapshot
from preheat.control import Counts, DeviceShare, Figures, Form, State
from preheat.messages import msg
from preheat.usage import Quantiles
from preheat_gui.dashboard.cells import NOTHING, Cell
from preheat_gui.dashboard.models.table import (
    Column,
    Context,
    header,
    make_cell,
    sort_key,
)

NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def _words(qapp: QApplication) -> None:
    """Translations need the application."""


def context(**figures: Figures) -> Context:
    return Context(snapshot(), NOW, {name.replace("_", "-"): one for name, one in figures.items()})


def cell(column: Column, state: State = State.COLD, known: Context | None = None, **values: Any) -> Cell:
    return make_cell(column, model("qwen3-4b", state, **values), known or context())


@pytest.mark.parametrize("column", Column)
@pytest.mark.parametrize("state", State)
def test_every_state_has_a_cell_in_every_column(column: Column, state: State) -> None:
    shown = cell(column, state)
    assert shown.text
    assert shown.text in shown.spoken
    assert shown.aside in shown.spoken


def test_a_loading_model_shows_share_bar_and_time_left() -> None:
    shown = cell(Column.STATE, State.LOADING, progress=0.639, load_left_s=4.4)
    assert (shown.text, shown.aside, shown.progress) == ("Loading 63 %", "about 4 s left", 0.639)


def test_cached_is_explained() -> None:
    assert cell(Column.STATE, standby=True).text == "Cached"
    assert "loads quickly" in cell(Column.STATE, standby=True).tooltip
    assert cell(Column.STATE).tooltip == ""


def test_unknown_time_left_is_omitted() -> None:
    assert cell(Column.STATE, State.LOADING).aside == ""


def test_a_failed_model_shows_the_reason_without_its_name() -> None:
    shown = cell(Column.STATE, State.FAILED, error="qwen3-4b: the file ends early")
    assert (shown.text, shown.aside, shown.bad) == ("Failed", "the file ends early", True)


@pytest.mark.parametrize(("count", "words"), [(0, ""), (1, "1 request in progress"), (3, "3 requests in progress")])
def test_a_hot_model_shows_its_requests(count: int, words: str) -> None:
    assert cell(Column.STATE, State.HOT, active_requests=count).aside == words


@pytest.mark.parametrize(
    ("values", "text", "aside", "bad"),
    [
        ({"resident_bytes": 3 * GB}, "3.0 GB", "in memory", False),
        ({"resident_bytes": 3 * GB, "form": Form.REPACKED}, "3.0 GB", "in memory, faster form", False),
        (
            {"resident_bytes": 3 * GB, "form": Form.REPACKED, "extra_bytes": GB // 2},
            *("3.0 GB", "faster form, +0.5 GB", False),
        ),
        (
            {"resident_bytes": GB, "devices": (DeviceShare("Vulkan0", 2 * GB), DeviceShare("Vulkan1", GB))},
            *("1.0 GB", "+3.0 GB on the GPU", False),
        ),
        ({"expected_bytes": 8 * GB}, "8.0 GB", "fits now", False),
        ({"expected_bytes": 10_100_000_000}, "10.1 GB", "too big by 2.1 GB", True),
    ],
)
def test_memory_is_used_or_expected(values: dict[str, Any], text: str, aside: str, bad: bool) -> None:
    shown = cell(Column.MEMORY, **values)
    assert (shown.text, shown.aside, shown.bad) == (text, aside, bad)


def test_a_favourite_without_room_is_bad_once_the_others_have_taken_theirs() -> None:
    others = snapshot(model("other", State.HOT, resident_bytes=6 * GB), favourites_without_room=("qwen3-4b",))
    assert cell(Column.MEMORY, known=Context(others, NOW, {})).bad
    alone = snapshot(favourites_without_room=("qwen3-4b",))
    assert not cell(Column.MEMORY, known=Context(alone, NOW, {})).bad


def test_the_context_length_has_its_memory_and_its_reason() -> None:
    known: dict[str, Any] = {
        "context_length": 4096,
        "context_bytes": 900_000_000,
        "context_reason": msg("context_first"),
    }
    loaded, planned = cell(Column.CONTEXT, State.HOT), cell(Column.CONTEXT, **known)
    assert (loaded.text, loaded.aside, loaded.muted) == ("8,192", "", False)
    assert (planned.text, planned.aside, planned.muted) == ("4,096", "0.9 GB", True)
    assert planned.tooltip == "4,096 tokens of context, which take 0.9 GB: it grows once a request needs more."
    assert cell(Column.CONTEXT).text == NOTHING


def test_a_cold_model_shows_its_median_load() -> None:
    known = context(qwen3_4b=Figures(load=Quantiles(1, 1.6, 1.6)))
    assert cell(Column.LOAD, known=known).text == "1.6 s"
    assert cell(Column.LOAD).text == NOTHING
    assert cell(Column.LOAD, State.HOT, known, load_s=0.09).text == "90 ms"


def test_hits_are_of_all_requests() -> None:
    shown = cell(Column.HITS, known=context(qwen3_4b=Figures(last_week=Counts(hits=1200, misses=200))))
    assert (shown.text, shown.aside) == ("1,200", "of 1,400")
    assert shown.tooltip == "1,200 of 1,400 requests of the last 7 days found it ready."


@pytest.mark.parametrize(
    ("ago_s", "words"), [(5, "just now"), (-50, "just now"), (60, "1 min ago"), (7300, "2 h ago"), (200_000, "2 d ago")]
)
def test_last_used_has_no_seconds(ago_s: float, words: str) -> None:
    assert cell(Column.LAST_USED, last_used_at=NOW - ago_s).text == words


def test_states_are_ranked() -> None:
    order = [State.LOADING, State.HOT, State.QUEUED, State.WARMING, State.UNLOADING, State.FAILED, State.COLD]
    ranks = [sort_key(Column.STATE, model("a", state), context()) for state in order]
    assert ranks == [0, 0, 0, 0, 0, 1, 2]


@pytest.mark.parametrize("column", Column)
def test_sort_keys_of_a_column_compare(column: Column) -> None:
    rich = model("b", State.HOT, favourite=True, last_used_at=NOW)
    keys = [sort_key(column, one, context(b=Figures(last_week=Counts(hits=2, misses=1)))) for one in (model("a"), rich)]
    assert len({type(key) for key in keys}) == 1


@pytest.mark.parametrize("column", Column)
def test_every_column_has_a_tooltip(column: Column) -> None:
    title, tooltip = header(column)
    assert title or column is Column.FAVOURITE
    assert tooltip.endswith(".")


def test_a_change_of_the_form_is_nothing_to_worry_about() -> None:
    changing = cell(Column.MEMORY, State.HOT, form=Form.MAPPED, changes_form=True)
    assert (changing.aside, changing.bad) == ("in memory", False)
    assert "Requests are answered as usual" in changing.tooltip
    assert "rearranged" in cell(Column.MEMORY, State.HOT, form=Form.REPACKED).tooltip
