"""The icon in the panel: what it shows, says and asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QSystemTrayIcon
from pytestqt.qtbot import QtBot

from children import running
from fake_bridge import FakeBridge, model, snapshot, stats
from preheat.control import RoomSnapshot, StatsReport
from preheat.errors import UnsupportedOperationError
from preheat.residency import State
from preheat_gui.tray import tray as tray_module
from preheat_gui.tray.tray import REFRESH_MS, TodaysHits, Tray, TrayLook, tray_look
from preheat_gui.widgets import Panel, Theme, TrayState, tray_icon
from preheat_gui.widgets import theme as present_theme
from preheat_gui.words import Kind, Problem

PROBLEM = Problem(Kind.PORT_TAKEN, "Port 11435 is taken.", "Use another port.")
HOT = model("qwen3-4b", State.HOT)
LOADING = model("gemma", State.LOADING, progress=0.25)
Reason = QSystemTrayIcon.ActivationReason


class Counting(Tray):
    """Counts what it tells the panel."""

    icons = 0

    def setIcon(self, icon: QIcon | QPixmap) -> None:  # noqa: N802 - Qt's name
        self.icons += 1
        super().setIcon(icon)


@pytest.fixture
def tray(bridge: FakeBridge, theme: Theme) -> Counting:
    return Counting(bridge)


@pytest.mark.parametrize(
    ("shown", "look"),
    [
        (snapshot(), TrayLook(TrayState.IDLE)),
        (snapshot(model()), TrayLook(TrayState.IDLE)),
        (snapshot(HOT, model()), TrayLook(TrayState.HOT, count=1)),
        (snapshot(HOT, LOADING, round_progress=0.5), TrayLook(TrayState.PRELOADING, step=16)),
        (snapshot(HOT, round_progress=0.5), TrayLook(TrayState.PRELOADING, step=16)),  # between two loads
        (snapshot(HOT, LOADING), TrayLook(TrayState.PRELOADING, step=8)),
        (snapshot(HOT, paused_until=1e12), TrayLook(TrayState.PAUSED)),
        (snapshot(HOT, room=RoomSnapshot(0, None, 1e12)), TrayLook(TrayState.PAUSED)),
        (snapshot(LOADING, paused_until=1e12), TrayLook(TrayState.PRELOADING, step=8)),
        (snapshot(HOT, enabled=False), TrayLook(TrayState.HOT, count=1)),
    ],
)
def test_the_look_of_the_icon(shown: Any, look: TrayLook) -> None:
    assert tray_look(shown, problem=False) == look
    assert tray_look(shown, problem=True) == TrayLook(TrayState.ERROR)


def test_the_icon_changes_only_with_what_it_shows(tray: Counting, bridge: FakeBridge, qtbot: QtBot) -> None:
    assert not tray.icon().isNull()
    bridge.publish(snapshot(HOT))
    qtbot.waitUntil(lambda: tray.icons == 2)
    bridge.publish(snapshot(HOT, hits=7))
    qtbot.wait(2 * REFRESH_MS)
    assert tray.icons == 2


def test_the_icon_changes_at_most_ten_times_a_second(tray: Counting, bridge: FakeBridge, qtbot: QtBot) -> None:
    assert REFRESH_MS >= 100
    before = tray.icons
    for step in range(200):
        bridge.publish(snapshot(LOADING, round_progress=step / 200))
    assert tray.icons - before <= 1
    qtbot.waitUntil(lambda: tray.icon().cacheKey() == _icon_key(199 / 200))


def _icon_key(progress: float) -> int:
    return tray_icon(TrayState.PRELOADING, progress=progress, count=0, panel=present_theme().panel).cacheKey()


def test_the_tooltip_follows(tray: Counting, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(stats=stats(0.94))
    bridge.publish(snapshot(HOT))
    qtbot.waitUntil(lambda: tray.toolTip() == "1 model ready · 3 of 8 GB · 94 % hits today")


def test_a_problem_is_shown_and_removed(tray: Counting, bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.report_problem(PROBLEM)
    qtbot.waitUntil(lambda: tray.toolTip() == PROBLEM.text)
    bridge.report_problem(None)
    qtbot.waitUntil(lambda: tray.toolTip() == "No models yet")


def test_an_earlier_problem_is_shown_at_once(bridge: FakeBridge, theme: Theme) -> None:
    bridge.report_problem(PROBLEM)
    assert Tray(bridge).toolTip() == PROBLEM.text


@pytest.mark.parametrize("reason", [Reason.Trigger, Reason.DoubleClick, Reason.MiddleClick])
def test_a_click_opens_the_dashboard(tray: Counting, bridge: FakeBridge, qtbot: QtBot, reason: Reason) -> None:
    with qtbot.waitSignal(bridge.view_requested) as requested:
        tray.activated.emit(reason)
    assert requested.args == ["dashboard", ""]


def test_the_menu_does_not_open_the_dashboard(
    tray: Counting, bridge: FakeBridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with qtbot.assertNotEmitted(bridge.view_requested):
        tray.activated.emit(Reason.Context)
        monkeypatch.setattr("sys.platform", "darwin")  # where a click opens the menu
        tray.activated.emit(Reason.Trigger)


def test_the_menu_quits(tray: Counting, qtbot: QtBot) -> None:
    action = tray.contextMenu().findChild(QAction, "tray_quit")
    assert action is not None
    with qtbot.waitSignal(tray.quit_requested):
        action.trigger()


def test_the_icon_follows_the_panel(
    tray: Counting, theme: Theme, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Theme, "panel", Panel.DARK)
    theme.changed.emit()
    qtbot.waitUntil(lambda: tray.icons == 2)


# Today's hits


def test_hits_are_asked_for_at_most_once_a_minute(
    bridge: FakeBridge, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tray_module, "ASK_EVERY_S", 1.0)
    rates = iter([0.5, 0.6, 0.7])
    asked: list[str] = []

    def answer(since: str) -> StatsReport:
        asked.append(since)
        return stats(next(rates))

    bridge.answer_with(stats=answer)
    hits = TodaysHits(bridge)
    assert hits.rate == 0.5
    for count in range(1, 6):
        bridge.publish(snapshot(HOT, hits=count))
    assert len(asked) == 1
    qtbot.waitUntil(lambda: hits.rate == 0.6)
    qtbot.waitUntil(lambda: not running(hits))  # nothing new: nothing is asked
    assert len(asked) == 2


def test_hits_begin_at_midnight(bridge: FakeBridge, qtbot: QtBot) -> None:
    asked: list[str] = []

    def answer(since: str) -> StatsReport:
        asked.append(since)
        return stats(None)

    bridge.answer_with(stats=answer)
    before = datetime.now().date()
    hits = TodaysHits(bridge)
    begin = datetime.fromtimestamp(float(asked[0]))
    assert (begin.hour, begin.minute) == (0, 0)
    assert begin.date() in (before, datetime.now().date())
    assert hits.rate is None


def test_without_a_log_there_is_no_rate(bridge: FakeBridge, qtbot: QtBot) -> None:
    bridge.answer_with(stats=UnsupportedOperationError("No figures are kept"))
    with qtbot.assertNotEmitted(bridge.command_failed):
        assert TodaysHits(bridge).rate is None
