"""The models table reports only changes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from fake_bridge import GB, model, snapshot, stats
from preheat.control import EngineSnapshot, Figures, State
from preheat.models import Headroom
from preheat_gui.dashboard.cells import Role
from preheat_gui.dashboard.models.table import Column, ModelsFilter, ModelsTable

Change = tuple[int, int, int, int]


class Seen:
    """Records what a table reports."""

    def __init__(self, table: ModelsTable) -> None:
        self.changes: list[Change] = []
        self.inserted: list[tuple[int, int]] = []
        self.removed: list[tuple[int, int]] = []
        self.resets = 0
        table.dataChanged.connect(self._on_change)
        table.rowsInserted.connect(lambda _, first, last: self.inserted.append((first, last)))
        table.rowsRemoved.connect(lambda _, first, last: self.removed.append((first, last)))
        table.modelReset.connect(self._on_reset)

    def _on_change(self, first: QModelIndex, last: QModelIndex) -> None:
        self.changes.append((first.row(), last.row(), first.column(), last.column()))

    def _on_reset(self) -> None:
        self.resets += 1


def week(requests: int, hits: int) -> Figures:
    return stats(a=(requests, hits, 1.0)).models["a"]


def names(table: ModelsTable) -> list[str]:
    return [table.model_at(row).model_id for row in range(table.rowCount())]


def filled(*model_ids: str) -> EngineSnapshot:
    return snapshot(*(model(model_id) for model_id in model_ids))


@pytest.fixture
def table(qapp: object) -> ModelsTable:
    return ModelsTable(filled("b", "d", "e", "g"))


def test_the_table_is_a_valid_qt_model(table: ModelsTable, qtmodeltester: ModelTester) -> None:
    qtmodeltester.check(table)  # type: ignore[no-untyped-call]  # pytest-qt's


def test_an_equal_snapshot_changes_nothing(table: ModelsTable) -> None:
    seen = Seen(table)
    table.update(filled("b", "d", "e", "g"))
    assert (seen.changes, seen.inserted, seen.removed) == ([], [], [])


def test_only_changed_cells_are_reported(table: ModelsTable) -> None:
    seen = Seen(table)
    table.update(snapshot(model("b"), model("d", State.HOT), model("e", State.LOADING), model("g", favourite=True)))
    star, state, memory, load = Column.FAVOURITE, Column.STATE, Column.MEMORY, Column.LOAD
    assert seen.changes == [(1, 1, state, load), (2, 2, state, memory), (3, 3, star, star)]
    table.update(snapshot(model("b", State.HOT), model("d", State.HOT), model("e", State.HOT), model("g")))
    assert seen.changes[3:] == [(0, 0, state, load), (2, 2, state, load), (3, 3, star, star), (3, 3, memory, memory)]


def test_a_cell_that_sorts_differently_is_reported_though_it_looks_the_same(table: ModelsTable) -> None:
    now = time.time()
    table.update(snapshot(model("b", last_used_at=now - 2), model("d", last_used_at=now - 1)))
    table.refresh_ages()
    models = ModelsFilter(table)
    models.sort(Column.LAST_USED, Qt.SortOrder.DescendingOrder)
    seen = Seen(table)
    table.update(snapshot(model("b", last_used_at=now), model("d", last_used_at=now - 1)))
    assert seen.changes == [(0, 0, Column.LAST_USED, Column.LAST_USED)]
    assert [models.model_at(models.index(row, 0)).model_id for row in range(2)] == ["b", "d"]


def test_many_changed_rows_are_reported_in_runs(qapp: object) -> None:
    numbers = range(100)
    table = ModelsTable(filled(*map(str, numbers)))
    seen = Seen(table)
    table.update(
        snapshot(*(model(str(number), file_bytes=GB if number != 50 else 2_500_000_000) for number in numbers))
    )
    assert seen.changes == [(0, 49, 0, Column.LAST_USED), (51, 99, 0, Column.LAST_USED)]


def test_rows_come_and_go_in_runs(table: ModelsTable) -> None:
    seen = Seen(table)
    table.update(filled("a", "b", "c", "f", "g", "h", "i"))
    assert names(table) == ["a", "b", "c", "f", "g", "h", "i"]
    assert seen.removed == [(1, 2)]
    assert seen.inserted == [(4, 5), (1, 2), (0, 0)]
    assert (seen.changes, seen.resets) == ([], 0)


def test_all_rows_can_be_replaced(table: ModelsTable) -> None:
    seen = Seen(table)
    table.update(snapshot())
    assert table.rowCount() == 0
    table.update(filled("x"))
    assert names(table) == ["x"]
    assert (seen.removed, seen.inserted, seen.resets) == ([(0, 3)], [(0, 0)], 0)


def test_a_new_limit_updates_all_memory_cells(table: ModelsTable) -> None:
    seen = Seen(table)
    old = filled("b", "d", "e", "g")
    table.update(replace(old, memory=replace(old.memory, limit_bytes=2 * GB, headroom=Headroom(2 * GB))))
    assert seen.changes == [(0, 3, Column.MEMORY, Column.MEMORY)]
    assert table.cell(0, Column.MEMORY).aside == "too big by 1.1 GB"


def test_figures_are_reported_where_they_differ(table: ModelsTable) -> None:
    seen = Seen(table)
    table.set_figures({"d": week(2, 1), "e": week(1, 1)})
    assert seen.changes == [(1, 2, Column.LOAD, Column.HITS)]
    table.set_figures({"d": week(2, 1), "e": week(2, 2)})
    assert seen.changes[1:] == [(2, 2, Column.LOAD, Column.HITS)]


def test_ages_are_reported_when_their_words_change(table: ModelsTable, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr("preheat_gui.dashboard.models.table.time.time", lambda: clock[0])
    used = snapshot(model("b", last_used_at=1_000_000.0 - 90), model("d", last_used_at=1_000_000.0 - 7200))
    table.update(used)
    table.refresh_ages()
    seen = Seen(table)
    clock[0] += 20
    table.refresh_ages()
    assert seen.changes == []
    clock[0] += 30
    table.update(used)  # must not hide that the words get old
    table.refresh_ages()
    assert seen.changes == [(0, 0, Column.LAST_USED, Column.LAST_USED)]


def test_roles(table: ModelsTable) -> None:
    index = table.index(1, Column.NAME)
    assert index.data() == "d"
    assert index.data(Role.ITEM) is table.model_at(1)
    assert index.data(Role.CELL).text == "d"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "d"
    assert index.data(Qt.ItemDataRole.DecorationRole) is None


def test_screen_readers_hear_the_star_and_the_aside(table: ModelsTable) -> None:
    table.update(snapshot(model("b", favourite=True), model("d")))
    accessible = Qt.ItemDataRole.AccessibleTextRole
    assert table.index(0, Column.FAVOURITE).data(accessible) == "favourite"
    assert table.index(1, Column.FAVOURITE).data(accessible) == "not a favourite"
    assert table.index(1, Column.MEMORY).data(accessible) == "3.1 GB, fits now"
    assert table.headerData(Column.FAVOURITE, Qt.Orientation.Horizontal, accessible) == "Favourite"
    assert table.headerData(0, Qt.Orientation.Vertical, accessible) is None


def test_rows_are_found_by_name(table: ModelsTable) -> None:
    assert table.row_of("e") == 2
    assert table.row_of("nobody") is None


def test_a_thousand_models_cause_one_change_for_one_model(qtbot: QtBot) -> None:
    models = [model(f"model-{number:04}") for number in range(1000)]
    table = ModelsTable(snapshot(*models))
    seen = Seen(table)
    models[517] = model("model-0517", State.LOADING, progress=0.2)
    table.update(snapshot(*models))
    assert seen.changes == [(517, 517, Column.STATE, Column.MEMORY)]
