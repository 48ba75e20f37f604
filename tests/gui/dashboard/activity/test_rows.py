from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from preheat.control import Action, DecisionRecord
from preheat.messages import verbatim
from preheat_gui.dashboard.activity.rows import KINDS, DayRow, DecisionRow, Kind, make_rows
from preheat_gui.dashboard.tables import RowList

NOON = datetime(2026, 11, 30, 12).timestamp()


def decision(at: float = NOON, model_id: str = "a", action: Action = Action.LOAD, **values: Any) -> DecisionRecord:
    return DecisionRecord(at, model_id, action, verbatim(values.pop("why", "a request asked for it")), **values)


def test_each_day_has_its_own_line() -> None:
    rows = make_rows([decision(NOON), decision(NOON - 60), decision(NOON - 86400)])
    assert [isinstance(row, DayRow) for row in rows] == [True, False, False, True, False]


def test_days_are_shown_in_words() -> None:
    today = date.today()
    texts = [DayRow(today - timedelta(days=days)).text for days in (0, 1, 2)]
    assert texts[:2] == ["Today", "Yesterday"]
    assert str((today - timedelta(days=2)).year) in texts[2]


def test_every_action_has_a_kind_and_a_sign() -> None:
    assert KINDS.keys() == set(Action)
    assert len({DecisionRow(decision(action=action)).sign for action in Action}) == 4


@pytest.mark.parametrize(
    ("action", "figures"),
    [(Action.LOAD, "5.2 GB"), (Action.EVICT, "5.2 GB · 400 ms")],
)
def test_seconds_are_shown_once(action: Action, figures: str) -> None:
    assert DecisionRow(decision(action=action, bytes=5_200_000_000, seconds=0.4)).figures == figures


def test_the_end_of_preheat_is_one_line() -> None:
    quits = [decision(NOON - number, name, Action.UNLOAD, cause="end") for number, name in enumerate("abc")]
    rows = make_rows([*quits, decision(NOON - 3600, "d", Action.UNLOAD, cause="end")])
    texts = [row.text for row in rows if isinstance(row, DecisionRow)]
    assert texts == ["Preheat quit and unloaded a, b and c", "Preheat quit and unloaded d"]


def test_filters_leave_no_empty_days() -> None:
    decisions = [
        decision(NOON, "a", Action.LOAD),
        decision(NOON - 1, "b", Action.EVICT),
        decision(NOON - 86400, "a", Action.FAIL),
    ]
    assert [row.decision.model_id for row in make_rows(decisions, Kind.UNLOADED) if isinstance(row, DecisionRow)] == [
        "b"
    ]
    assert len(make_rows(decisions, Kind.UNLOADED)) == 2
    assert len(make_rows(decisions, None, "a")) == 4
    assert make_rows(decisions, Kind.FAILED, "b") == []


def test_new_rows_are_inserted_and_others_stay(qtbot: QtBot) -> None:
    activity = RowList()
    QAbstractItemModelTester(activity, QAbstractItemModelTester.FailureReportingMode.Fatal)
    old = [decision(NOON - number) for number in range(3)]
    activity.show(make_rows(old))
    second = QPersistentModelIndex(activity.index(2))
    with qtbot.waitSignal(activity.rowsInserted) as inserted:
        activity.show(make_rows([decision(NOON + 1, "new"), *old]))
    assert inserted.args is not None
    assert inserted.args[1:] == [1, 1]
    assert second.row() == 3


def test_decisions_can_be_selected_and_days_cannot() -> None:
    activity = RowList()
    activity.show(make_rows([decision()]))
    assert not activity.flags(activity.index(0)) & Qt.ItemFlag.ItemIsSelectable
    assert activity.flags(activity.index(1)) & Qt.ItemFlag.ItemIsSelectable


def test_screen_readers_get_the_whole_decision() -> None:
    activity = RowList()
    evicted = decision(time.time(), "qwen3-8b", Action.EVICT, why="made room for b", bytes=5_200_000_000)
    activity.show(make_rows([evicted]))
    spoken = activity.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Unloaded qwen3-8b: made room for b" in spoken
    assert "5.2 GB" in spoken
