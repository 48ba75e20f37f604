from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QComboBox, QListView, QPushButton, QTableView, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat.control import Action, DecisionRecord, Outcome, RequestRecord, RequestSnapshot, State
from preheat.errors import EngineError, UnsupportedOperationError
from preheat.messages import verbatim
from preheat_gui.dashboard.activity.ended import EndedTable
from preheat_gui.dashboard.activity.page import ActivityPage

DECISIONS = [
    DecisionRecord(time.time() - 5, "qwen3-8b", Action.LOAD, verbatim("a request asked for it"), 5_600_000_000, 1.6),
    DecisionRecord(
        time.time() - 6, "mistral-7b", Action.EVICT, verbatim("made room for qwen3-8b"), 5_200_000_000, idle_s=7200
    ),
    DecisionRecord(time.time() - 7, "llama-3b", Action.FAIL, verbatim("the file ends early")),
]


def request(number: int, **values: Any) -> RequestSnapshot:
    known: dict[str, Any] = {"client": "Open WebUI", "model_id": "qwen3-8b", "waiting": False}
    return RequestSnapshot(request_id=number, arrived_at=time.time() - 12.5, **(known | values))


def ended(client: str, model_id: str = "qwen3-8b", age_s: float = 60.0, **values: Any) -> RequestRecord:
    return RequestRecord(model_id, time.time() - age_s, Outcome.HIT, client=client, ttft_s=0.1, **values)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> ActivityPage:
    page = ActivityPage(bridge)
    qtbot.addWidget(page)
    page.resize(720, 480)
    page.show()
    return page


def shown(page: ActivityPage) -> list[str]:
    rows = child(page, QListView, "activity_list").model()
    return [rows.index(row, 0).data() for row in range(rows.rowCount())]


def requests(page: ActivityPage) -> list[list[str]]:
    table = child(page, QTableView, "requests_table").model()
    return [
        [table.index(row, column).data() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def test_decisions_are_shown_in_words(page: ActivityPage, bridge: FakeBridge) -> None:
    bridge.answer_with(decisions=DECISIONS)
    page.activate()
    assert any(line.startswith("Unloaded mistral-7b: made room for qwen3-8b, idle 2 h") for line in shown(page))


def test_nothing_is_asked_before_the_page_is_shown(page: ActivityPage, bridge: FakeBridge) -> None:
    bridge.publish(snapshot(model("a", State.HOT)))
    assert bridge.open_questions == 0
    page.activate()
    assert bridge.open_questions == 1


def test_it_asks_again_only_after_a_decision(
    page: ActivityPage, bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def answer(limit: int) -> list[DecisionRecord]:
        asked.append(limit)
        return []

    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bridge.answer_with(decisions=answer)
    page.activate()
    now += 60
    bridge.publish(snapshot(started_at=bridge.snapshot.started_at, prompt_tokens=5))
    assert asked == [200]
    bridge.publish(snapshot(model("a", State.HOT), started_at=bridge.snapshot.started_at))
    assert asked == [200, 200]
    page.deactivate()
    now += 60
    bridge.publish(snapshot(model("a"), started_at=bridge.snapshot.started_at))
    assert asked == [200, 200]


def test_two_changes_within_two_seconds_are_one_question(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    asked: list[int] = []

    def answer(limit: int) -> list[DecisionRecord]:
        asked.append(limit)
        return []

    bridge.answer_with(decisions=answer)
    page.activate()
    bridge.publish(snapshot(model("a", State.LOADING)))
    bridge.publish(snapshot(model("a", State.HOT)))
    assert asked == [200]
    qtbot.waitUntil(lambda: asked == [200, 200], timeout=4000)


def test_filters_by_kind_and_model(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(decisions=DECISIONS)
    page.activate()
    kinds, models = child(page, QComboBox, "activity_kind"), child(page, QComboBox, "activity_model")
    assert [models.itemText(row) for row in range(models.count())] == [
        "All models",
        "llama-3b",
        "mistral-7b",
        "qwen3-8b",
    ]
    with qtbot.waitSignal(page.memory_changed):
        kinds.setCurrentText("Failed")
    assert [line for line in shown(page) if "llama-3b did not load" in line]
    assert len(shown(page)) == 2
    models.setCurrentText("qwen3-8b")
    empty = child(page, QWidget, "activity_empty")
    assert empty.isVisible()
    assert empty.accessibleName() == "Nothing matches"
    QTest.mouseClick(child(page, QWidget, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert len(shown(page)) == 4


def test_choices_are_stored_and_invalid_values_are_ignored(page: ActivityPage, bridge: FakeBridge) -> None:
    chosen = {"activity_kind": "failed", "activity_shown": "requests"}
    page.remember(chosen)
    assert page.memory() == chosen
    page.remember({"activity_kind": "nonsense", "activity_shown": "nonsense"})
    assert page.memory() == chosen


def test_ended_requests_say_what_was_reused_and_why_not_more(
    page: ActivityPage, bridge: FakeBridge, qtbot: QtBot
) -> None:
    bridge.answer_with(
        decisions=DECISIONS,
        requests=[
            ended("VS Code", prompt_tokens=12_400, slot_tokens=12_288),
            ended(
                "Open WebUI", age_s=70, prompt_tokens=3104, disk_tokens=11, recomputed=verbatim("differs at token 12")
            ),
            ended("notes", "llama-3b", age_s=80, prompt_tokens=8),
        ],
    )
    page.activate()
    with qtbot.waitSignal(page.memory_changed):
        QTest.mouseClick(child(page, QPushButton, "show_requests"), Qt.MouseButton.LeftButton)
    assert not child(page, QComboBox, "activity_kind").isVisible()
    table = child(page, QTableView, "ended_table")
    spoken = [table.model().index(row, 3).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(3)]
    assert spoken == [
        "12,288 of 12,400 · 99 %, held by the model",
        "11 of 3,104 · 1 %, differs at token 12",
        "0 of 8",
    ]
    tooltip = table.model().index(1, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert tooltip == "Prompt: 3,104 tokens.\nReused: 11 from disk.\nWhy not more: differs at token 12."
    table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    assert [table.model().index(row, 1).data() for row in range(3)] == ["notes", "Open WebUI", "VS Code"]
    table.selectRow(1)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "Open WebUI · qwen3-8b · 11 of 3,104 · 1 %, differs at token 12" in QGuiApplication.clipboard().text()
    child(page, QComboBox, "activity_model").setCurrentText("llama-3b")
    assert table.model().rowCount() == 1


def test_requests_are_asked_for_only_while_they_are_shown(page: ActivityPage, bridge: FakeBridge) -> None:
    page.activate()
    assert bridge.open_questions == 1
    page.remember({"activity_shown": "requests"})
    assert bridge.open_questions == 2
    bridge.answer_with(requests=[])
    assert child(page, QWidget, "activity_empty").accessibleName() == "Nothing yet"


def test_the_table_of_ended_requests_keeps_qts_rules(qapp: object) -> None:
    table = EndedTable()
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    one, other = ended("a"), ended("b")
    for items in ([one], [other, one], [replace(other, recomputed=verbatim("x")), one], []):
        table.show_items(items)
        assert table.rowCount() == len(items)


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ([], "Nothing yet"),
        (EngineError("It is locked"), "Activity is not available"),
        (UnsupportedOperationError("Figures are not kept", hint="Set history_days"), "Figures are not kept"),
    ],
)
def test_an_empty_page_says_why(page: ActivityPage, bridge: FakeBridge, answer: object, title: str) -> None:
    assert child(page, QWidget, "activity_empty").accessibleName() == "One moment"
    bridge.answer_with(decisions=answer)
    page.activate()
    assert child(page, QWidget, "activity_empty").accessibleName() == title


def test_a_failure_can_be_tried_again(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(decisions=EngineError("It is locked"))
    page.activate()
    bridge.answer_with(decisions=DECISIONS)
    QTest.mouseClick(child(page, QWidget, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert len(shown(page)) == 4


def test_a_selected_decision_is_copied_as_text(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(decisions=DECISIONS)
    page.activate()
    view = child(page, QListView, "activity_list")
    flags = QItemSelectionModel.SelectionFlag
    view.selectionModel().setCurrentIndex(view.model().index(2, 0), flags.ClearAndSelect)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "Unloaded mistral-7b" in QGuiApplication.clipboard().text()


def test_live_requests_show_waiting_and_speed(page: ActivityPage, bridge: FakeBridge) -> None:
    page.activate()
    assert child(page, QWidget, "no_requests").isVisible()
    waiting = request(2, client="", waiting=True)
    bridge.publish(snapshot(requests=(request(1, completion_tokens=1320, tokens_per_s=27.3), waiting)))
    assert requests(page) == [
        ["Open WebUI", "qwen3-8b", "27 tokens/s · 1,320 tokens", "12 s"],
        ["unknown", "qwen3-8b", "waiting for the model", "12 s"],
    ]
    assert not child(page, QWidget, "no_requests").isVisible()


def test_requests_come_and_go_in_place(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    page.activate()
    table = child(page, QTableView, "requests_table").model()
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    first, second, third = request(1), request(2), request(3)
    bridge.publish(snapshot(requests=(first, second)))
    with qtbot.assertNotEmitted(table.modelReset), qtbot.waitSignals([table.rowsRemoved, table.rowsInserted]):
        bridge.publish(snapshot(requests=(second, third)))
    assert len(requests(page)) == 2
    bridge.publish(snapshot())
    assert requests(page) == []


def test_elapsed_time_updates_only_while_shown(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    page.activate()
    bridge.publish(snapshot(requests=(request(1),)))
    table = child(page, QTableView, "requests_table").model()
    with qtbot.waitSignal(table.dataChanged, timeout=3000):
        pass
    page.deactivate()
    with qtbot.assertNotEmitted(table.dataChanged, wait=1200):
        pass
