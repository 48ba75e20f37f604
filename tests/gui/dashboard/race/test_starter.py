from __future__ import annotations

from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QMessageBox, QTableView
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge
from preheat.control import ColdLoad, ColdStart, Outcome, RequestRecord, Source
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.race.starter import RaceStarter

RECORD = RequestRecord("a", 1.0, Outcome.HIT, 0.0, 0.2, 100, 20)


def start(qtbot: QtBot, bridge: FakeBridge, record: RequestRecord) -> tuple[QTableView, list[str]]:
    table = QTableView()
    table.setModel(QStandardItemModel(1, 1, bridge))
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    qtbot.addWidget(table)
    table.show()
    starter, said = RaceStarter(bridge, table, lambda _: record), [""]
    starter.judged.connect(lambda words, _: said.append(words))
    table.selectRow(0)
    return table, said


def test_a_request_is_compared_and_shown_as_a_race(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    table, said = start(qtbot, bridge, RECORD)
    table.activated.emit(table.model().index(0, 0))  # too early
    bridge.answer_with(get_cold_start=ColdStart("a", ColdLoad(1.0, 2.0, Source.DISK)))
    assert said[-1] == "0.20 s to the first word; cold, it takes 2.2 s."
    table.activated.emit(table.model().index(0, 0))
    race = child(table, RaceDialog, "race")
    assert race.isVisible()
    race.close()  # Qt keeps a pointer to a window that is destroyed while one of its dialogs is open
    table.clearSelection()
    assert said[-1] == ""


def test_without_a_race_it_says_why(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    bridge.answer_with(get_cold_start=ColdStart("a"))
    table, said = start(qtbot, bridge, RECORD)
    assert said[-1] == "No load of a was measured yet."
    table.activated.emit(table.model().index(0, 0))
    box = child(table, QMessageBox, "no_race")
    assert box.informativeText() == said[-1]
    box.close()
