from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QTableWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge
from preheat.control import ColdLoad, ColdStart, Outcome, RequestRecord, Source
from preheat_gui.dashboard.race.dialog import RaceDialog
from preheat_gui.dashboard.race.starter import RaceStarter

RECORD = RequestRecord("a", 1.0, Outcome.HIT, 0.0, 0.2, 100, 20)


def start(qtbot: QtBot, bridge: FakeBridge, record: RequestRecord) -> QTableWidget:
    table = QTableWidget(1, 1)
    qtbot.addWidget(table)
    table.show()
    starter = RaceStarter(bridge, table, lambda _: record)
    with qtbot.waitSignal(starter.changed, check_params_cb=bool):
        table.selectRow(0)
    starter.start()
    return table


def test_a_request_is_shown_as_a_race(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    table = start(qtbot, bridge, RECORD)
    bridge.answer_with(get_cold_start=ColdStart("a", ColdLoad(1.0, 2.0, Source.DISK)))
    assert child(table, RaceDialog, "race").isVisible()


def test_without_a_race_it_says_why(qtbot: QtBot, bridge: FakeBridge, theme: object) -> None:
    table = start(qtbot, bridge, RECORD)
    bridge.answer_with(get_cold_start=ColdStart("a"))
    assert child(table, QMessageBox, "no_race").informativeText() == "No load of a was measured yet."
