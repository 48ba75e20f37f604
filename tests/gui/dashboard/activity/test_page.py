from __future__ import annotations

import csv
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QLineEdit,
    QListView,
    QMessageBox,
    QPushButton,
    QTableView,
    QWidget,
)
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat.control import (
    Action,
    DecisionRecord,
    ListRequests,
    Outcome,
    RequestList,
    RequestRecord,
    RequestSnapshot,
    State,
)
from preheat.errors import EngineError, UnsupportedOperationError
from preheat.messages import verbatim
from preheat_gui.dashboard.activity.ended import EndedTable
from preheat_gui.dashboard.activity.history import RequestHistory
from preheat_gui.dashboard.activity.page import ActivityPage
from preheat_gui.dashboard.cells import NOTHING

if TYPE_CHECKING:
    from preheat.control import EngineSession


def decisions() -> list[DecisionRecord]:
    """Return what was decided a moment ago, newest first."""
    return [
        DecisionRecord(
            time.time() - 5, "qwen3-8b", Action.LOAD, verbatim("a request asked for it"), 5_600_000_000, 1.6
        ),
        DecisionRecord(
            time.time() - 6, "mistral-7b", Action.EVICT, verbatim("made room for qwen3-8b"), 5_200_000_000, idle_s=7200
        ),
        DecisionRecord(time.time() - 7, "llama-3b", Action.FAIL, verbatim("the file ends early")),
    ]


MODEL = 2
REUSED = 7
SORTED = (("slow", 1.0, 3.0), ("quick", 2.0, 0.1), ("first", 3.0, 0.2))


def clients(page: ActivityPage) -> list[str]:
    table = child(page, QTableView, "ended_table").model()
    return [table.index(row, 1).data() for row in range(table.rowCount())]


def request(number: int, **values: Any) -> RequestSnapshot:
    known: dict[str, Any] = {"client": "Open WebUI", "model_id": "qwen3-8b", "waiting": False}
    return RequestSnapshot(request_id=number, arrived_at=time.time() - 12.5, **(known | values))


def ended(client: str, model_id: str = "qwen3-8b", age_s: float = 60.0, **values: Any) -> RequestRecord:
    return RequestRecord(model_id, time.time() - age_s, Outcome.HIT, client=client, ttft_s=0.1, **values)


@pytest.fixture
def page(qtbot: QtBot, bridge: FakeBridge, theme: object) -> ActivityPage:
    """The page with its list of loads and unloads."""
    page = ActivityPage(bridge)
    qtbot.addWidget(page)
    page.resize(720, 480)
    page.show()
    page.remember({"activity_shown": "decisions"})
    return page


@pytest.fixture
def requests_page(page: ActivityPage) -> ActivityPage:
    page.remember({"activity_shown": "requests"})
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
    bridge.answer_with(decisions=decisions())
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
    qtbot.waitUntil(lambda: asked == [200, 200])


def test_filters_by_kind_and_model(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(decisions=decisions())
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
    empty = child(page, QWidget, "decisions_empty")
    assert empty.isVisible()
    assert empty.accessibleName() == "Nothing matches"
    QTest.mouseClick(child(empty, QWidget, "empty_state_button"), Qt.MouseButton.LeftButton)
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
    spoken = [table.model().index(row, REUSED).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(3)]
    assert spoken == [
        "12,288 of 12,400 · 99 %, held by the model",
        "11 of 3,104 · 1 %, differs at token 12",
        "0 of 8",
    ]
    tooltip = table.model().index(1, REUSED).data(Qt.ItemDataRole.ToolTipRole)
    assert tooltip == "Prompt: 3,104 tokens.\nReused: 11 from disk.\nWhy not more: differs at token 12."
    table.sortByColumn(REUSED, Qt.SortOrder.AscendingOrder)
    assert clients(page) == ["notes", "Open WebUI", "VS Code"]
    table.selectRow(1)
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text()
    assert "Open WebUI · qwen3-8b · 100 ms · 11 of 3,104 · 1 %, differs at token 12" in copied
    child(page, QComboBox, "requests_model").setCurrentText("llama-3b")
    assert clients(page) == ["notes"]


def test_the_name_of_a_model_takes_the_width_that_other_columns_do_not_need(
    requests_page: ActivityPage, bridge: FakeBridge, qtbot: QtBot
) -> None:
    name = "smollm2-135m-instruct.q4_1"
    bridge.answer_with(requests=[ended("Zed", name, completion_tokens=10, prompt_tokens=38, decode_s=1.0)])
    requests_page.activate()
    table = child(requests_page, QTableView, "ended_table")
    narrow, whole = table.columnWidth(MODEL), table.fontMetrics().horizontalAdvance(name)
    assert narrow < whole
    requests_page.resize(1100, 480)
    qtbot.waitUntil(lambda: table.columnWidth(MODEL) > whole)
    assert not any(table.isColumnHidden(column) for column in range(4, 7))


def test_ended_requests_show_waiting_and_speed(requests_page: ActivityPage, bridge: FakeBridge) -> None:
    waited = replace(ended("a", completion_tokens=101, decode_s=4.0), outcome=Outcome.MISS, wait_s=1.4, ttft_s=1.6)
    bridge.answer_with(requests=[waited, ended("b", age_s=90)])
    requests_page.activate()
    table = child(requests_page, QTableView, "ended_table").model()
    shown = [[table.index(row, column).data() for column in (3, 4, 5)] for row in (0, 1)]
    assert shown == [["1.4 s", "1.6 s", "25"], [NOTHING, "100 ms", NOTHING]]
    assert "waited for its load" in table.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)


@pytest.mark.parametrize(
    ("text", "app", "found"),
    [
        ("code", None, ["VS Code/1.2"]),
        ("LLAMA", None, ["notes"]),
        ("token open", None, ["Open WebUI"]),
        ("", "VS Code", ["VS Code/1.2"]),
        ("", "unknown", [""]),
    ],
)
def test_requests_are_filtered_by_text_and_app(
    requests_page: ActivityPage, bridge: FakeBridge, text: str, app: str | None, found: list[str]
) -> None:
    again = ended("Open WebUI", recomputed=verbatim("differs at token 12"))
    bridge.answer_with(requests=[ended("VS Code/1.2"), again, ended("notes", "llama-3b"), ended("")])
    requests_page.activate()
    child(requests_page, QLineEdit, "requests_filter").setText(text)
    if app is not None:
        child(requests_page, QComboBox, "requests_client").setCurrentText(app)
    assert [record.client for record in child(requests_page, EndedTable, "ended_requests").records] == found
    child(requests_page, QLineEdit, "requests_filter").setText("nothing like this")
    empty = child(requests_page, QWidget, "requests_empty")
    assert empty.accessibleName() == "Nothing matches"
    assert not child(requests_page, QPushButton, "requests_export").isEnabled()
    QTest.mouseClick(child(empty, QWidget, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert len(clients(requests_page)) == 4


def test_what_is_shown_is_exported(
    requests_page: ActivityPage, bridge: FakeBridge, tmp_path: Path, qtbot: QtBot
) -> None:
    strange = ended("=cmd|' /C calc'!A0", prompt_tokens=90, slot_tokens=40, completion_tokens=5, decode_s=0.25)
    bridge.answer_with(requests=[strange, ended("notes", "llama-3b")])
    requests_page.activate()
    child(requests_page, QComboBox, "requests_model").setCurrentText("qwen3-8b")
    QTest.mouseClick(child(requests_page, QPushButton, "requests_export"), Qt.MouseButton.LeftButton)
    dialog = child(requests_page, QFileDialog, "choose_requests_file")
    path = tmp_path / "requests.csv"
    dialog.fileSelected.emit(str(path))
    dialog.close()
    (row,) = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    assert row["app"] == "'=cmd|' /C calc'!A0"  # no formula
    assert (row["model"], row["found"], row["reused_tokens"], row["tokens_per_s"]) == (
        "qwen3-8b",
        "hit",
        "40",
        "16.000",
    )
    assert datetime.fromisoformat(row["time"]).timestamp() == pytest.approx(strange.started_at, abs=0.01)
    child(requests_page, QMessageBox, "requests_exported").close()


def test_a_file_that_cannot_be_written_is_a_problem(
    requests_page: ActivityPage, bridge: FakeBridge, tmp_path: Path
) -> None:
    bridge.answer_with(requests=[ended("notes")])
    requests_page.activate()
    QTest.mouseClick(child(requests_page, QPushButton, "requests_export"), Qt.MouseButton.LeftButton)
    dialog = child(requests_page, QFileDialog, "choose_requests_file")
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "requests.csv"
    dialog.fileSelected.emit(str(path))
    dialog.close()
    box = child(requests_page, QMessageBox, "requests_not_exported")
    assert str(path) in box.text() + box.informativeText()
    box.close()


def test_requests_are_asked_for_only_while_they_are_shown(page: ActivityPage, bridge: FakeBridge) -> None:
    page.activate()
    assert bridge.open_questions == 1
    page.remember({"activity_shown": "requests"})
    assert bridge.open_questions == 2
    bridge.answer_with(requests=[])
    assert child(page, QWidget, "requests_empty").accessibleName() == "Nothing yet"


def test_a_long_history_is_fetched_once() -> None:
    asked: list[int] = []
    log = [ended("a", age_s=number) for number in range(300)]

    class Session:
        def call(self, command: ListRequests) -> RequestList:
            asked.append(command.limit)
            return RequestList(tuple(log[: command.limit]))

    history, session = RequestHistory(), cast("EngineSession", Session())
    assert len(history.fetch(session)) == 300
    log.insert(0, ended("new"))
    found = history.fetch(session)
    assert (found[0].client, len(found)) == ("new", 301)
    assert found[1] is log[1]
    assert asked == [10_000, 100]
    log[:0] = [ended("many", age_s=-number) for number in range(200)]
    assert len(history.fetch(session)) == 501
    assert asked[2:] == [100, 10_000]
    log.clear()
    assert history.fetch(session) == ()


def test_new_requests_leave_the_selection_and_the_order(qapp: object, qtbot: QtBot) -> None:
    table = EndedTable()
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    slow, quick, first = (replace(ended(name, age_s=age), ttft_s=ttft) for name, age, ttft in SORTED)
    table.show_records((quick, first))
    table.sort(4)
    with qtbot.assertNotEmitted(table.modelReset), qtbot.waitSignal(table.rowsInserted):
        table.show_records((slow, quick, first))
    assert [record.client for record in table.records] == ["quick", "first", "slow"]
    table.show_records((slow,))
    assert [record.client for record in table.records] == ["slow"]
    table.show_records(())
    assert table.rowCount() == 0


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ([], "Nothing yet"),
        (EngineError("It is locked"), "Activity is not available"),
        (UnsupportedOperationError("Figures are not kept", hint="Set history_days"), "Figures are not kept"),
    ],
)
def test_an_empty_page_says_why(page: ActivityPage, bridge: FakeBridge, answer: object, title: str) -> None:
    assert child(page, QWidget, "decisions_empty").accessibleName() == "One moment"
    bridge.answer_with(decisions=answer)
    page.activate()
    assert child(page, QWidget, "decisions_empty").accessibleName() == title


def test_a_failure_can_be_tried_again(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(decisions=EngineError("It is locked"))
    page.activate()
    bridge.answer_with(decisions=decisions())
    empty = child(page, QWidget, "decisions_empty")
    QTest.mouseClick(child(empty, QWidget, "empty_state_button"), Qt.MouseButton.LeftButton)
    assert len(shown(page)) == 4


def test_a_selected_decision_is_copied_as_text(page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(decisions=decisions())
    page.activate()
    view = child(page, QListView, "activity_list")
    flags = QItemSelectionModel.SelectionFlag
    view.selectionModel().setCurrentIndex(view.model().index(2, 0), flags.ClearAndSelect)
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "Unloaded mistral-7b" in QGuiApplication.clipboard().text()


def test_live_requests_show_waiting_and_speed(requests_page: ActivityPage, bridge: FakeBridge) -> None:
    requests_page.activate()
    assert child(requests_page, QWidget, "no_requests").isVisible()
    waiting = request(2, client="", waiting=True)
    bridge.publish(snapshot(requests=(request(1, completion_tokens=1320, tokens_per_s=27.3), waiting)))
    assert requests(requests_page) == [
        ["Open WebUI", "qwen3-8b", "27 tokens/s · 1,320 tokens", "12 s"],
        ["unknown", "qwen3-8b", "waiting for the model", "12 s"],
    ]
    assert not child(requests_page, QWidget, "no_requests").isVisible()


def test_requests_come_and_go_in_place(requests_page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    requests_page.activate()
    table = child(requests_page, QTableView, "requests_table").model()
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    first, second, third = request(1), request(2), request(3)
    bridge.publish(snapshot(requests=(first, second)))
    with qtbot.assertNotEmitted(table.modelReset), qtbot.waitSignals([table.rowsRemoved, table.rowsInserted]):
        bridge.publish(snapshot(requests=(second, third)))
    assert len(requests(requests_page)) == 2
    bridge.publish(snapshot())
    assert requests(requests_page) == []


def test_elapsed_time_updates_only_while_shown(requests_page: ActivityPage, bridge: FakeBridge, qtbot: QtBot) -> None:
    requests_page.activate()
    bridge.publish(snapshot(requests=(request(1),)))
    table = child(requests_page, QTableView, "requests_table").model()
    with qtbot.waitSignal(table.dataChanged):
        pass
    requests_page.deactivate()
    with qtbot.assertNotEmitted(table.dataChanged, wait=1200):
        pass
