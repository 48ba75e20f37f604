"""Without a tray there is a window, and closing it keeps Preheat reachable."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QCheckBox, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from children import child, running
from preheat_gui.app.no_tray import CloseGuard, TrayPlace, explain_once, tray_available
from preheat_gui.widgets import WindowState


class Desktop:
    """Has a tray or not, as the test says."""

    def __init__(self, tray: bool) -> None:
        self.tray = tray
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.tray


def test_this_screen_has_no_tray(qtbot: QtBot) -> None:
    assert not tray_available()


def test_on_wayland_qt_is_not_asked_before_there_is_a_panel(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = [False]
    asked: list[int] = []

    def available() -> bool:
        asked.append(1)
        return True

    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("preheat_gui.app.no_tray.QGuiApplication.platformName", lambda: "wayland")
    monkeypatch.setattr("preheat_gui.app.no_tray._has_watcher", lambda: watcher[0])
    monkeypatch.setattr("preheat_gui.app.no_tray.QSystemTrayIcon.isSystemTrayAvailable", available)
    assert not tray_available()
    assert asked == []
    watcher[0] = True
    assert tray_available()
    assert asked == [1]


def test_an_existing_tray_is_found_at_once(qtbot: QtBot) -> None:
    place = TrayPlace(50, Desktop(True))
    with qtbot.assertNotEmitted(place.missing, wait=100), qtbot.waitSignal(place.found):
        place.start()
    assert place.is_found


def test_a_late_tray_is_found_silently(qtbot: QtBot) -> None:
    desktop = Desktop(False)
    place = TrayPlace(5000, desktop)
    with qtbot.assertNotEmitted(place.missing):
        place.start()
        desktop.tray = True
        with qtbot.waitSignal(place.found):
            pass


def test_the_search_continues_after_the_patience(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("preheat_gui.app.no_tray._SLOW_MS", 10)
    desktop = Desktop(False)
    place = TrayPlace(20, desktop)
    missing: list[int] = []
    place.missing.connect(lambda: missing.append(1))
    with qtbot.waitSignal(place.missing):
        place.start()
    assert not place.is_found
    desktop.tray = True
    with qtbot.waitSignal(place.found):
        pass
    assert place.is_found
    assert missing == [1]
    desktop.asked = 0
    assert not running(place)
    QApplication.processEvents()
    assert desktop.asked == 0


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window, before_close_func=lambda widget: setattr(window, "allowed", True))
    window.allowed = False  # type: ignore[attr-defined]
    window.show()
    return window


def guard_of(window: QWidget) -> CloseGuard:
    return CloseGuard(window, lambda: window.allowed, WindowState())  # type: ignore[attr-defined]


def press(question: QMessageBox | None, name: str) -> None:
    assert question is not None
    next(button for button in question.buttons() if button.objectName() == name).click()


def test_with_a_tray_a_window_closes(window: QWidget) -> None:
    guard = guard_of(window)
    window.allowed = True  # type: ignore[attr-defined]
    window.close()
    assert not window.isVisible()
    assert guard.question is None


def test_closing_asks_and_quits(window: QWidget, qtbot: QtBot) -> None:
    guard = guard_of(window)
    window.close()
    assert window.isVisible()
    with qtbot.waitSignal(guard.quit_requested):
        press(guard.question, "quit")


def test_closing_asks_and_keeps_running(window: QWidget, qtbot: QtBot) -> None:
    guard = guard_of(window)
    window.close()
    window.close()  # asked once
    with qtbot.assertNotEmitted(guard.quit_requested):
        press(guard.question, "keep")
    assert not window.isVisible()
    assert guard.question is None
    window.show()
    window.close()
    assert guard.question is not None
    guard.question.reject()


def test_cancelling_keeps_the_window(window: QWidget, qtbot: QtBot) -> None:
    guard = guard_of(window)
    window.close()
    assert guard.question is not None
    with qtbot.assertNotEmitted(guard.quit_requested):
        guard.question.reject()
    assert window.isVisible()


@pytest.mark.parametrize("answer", ["quit", "keep"])
def test_an_answer_is_remembered(window: QWidget, qtbot: QtBot, answer: str) -> None:
    guard = guard_of(window)
    window.close()
    assert guard.question is not None
    child(guard.question, QCheckBox, "remember_answer").setChecked(True)
    press(guard.question, answer)
    again = CloseGuard(window, lambda: False, WindowState())
    window.removeEventFilter(guard)
    window.show()
    asked_to_quit: list[int] = []
    again.quit_requested.connect(lambda: asked_to_quit.append(1))
    window.close()
    assert again.question is None
    assert (asked_to_quit == [1]) is (answer == "quit")
    assert window.isVisible() is (answer == "quit")
    window.removeEventFilter(again)


def test_the_end_of_the_session_is_not_delayed(window: QWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = guard_of(window)
    monkeypatch.setattr("preheat_gui.app.no_tray._session_ends", lambda: True)
    window.close()
    assert not window.isVisible()
    assert guard.question is None


def test_the_explanation_is_shown_once(window: QWidget) -> None:
    note = explain_once(window, WindowState())
    assert note is not None
    assert note.isVisible()
    note.reject()
    assert explain_once(window, WindowState()) is None
