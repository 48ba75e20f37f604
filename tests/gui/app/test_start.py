"""From the start to the end: what opens, what is remembered, and that the end waits for the engine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from children import child
from fake_bridge import FakeBridge, model, snapshot
from preheat.errors import EngineError, InsufficientMemoryError, ModelLoadError
from preheat_gui.app import start as app_module
from preheat_gui.app.no_tray import TrayPlace
from preheat_gui.app.process import Answer, ProcessSignals, SingleInstance
from preheat_gui.app.shell import Shell
from preheat_gui.bridge import Opened
from preheat_gui.widgets import Theme, WindowState, state_path

# Without a screen there is no tray; Qt says so when an icon is shown all the same.
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)


class Bridge(FakeBridge):
    """A FakeBridge that opens like a real one, when the test says so."""

    def start(self, open_link: Callable[[], Opened]) -> None:
        self.commands.append(("start",))


@pytest.fixture
def own_bridge(qapp: QApplication) -> Bridge:
    bridge = Bridge()
    bridge.publish(snapshot(model("a")))
    return bridge


class Start:
    """Makes shells, and takes them away."""

    def __init__(self, application: QApplication, bridge: Bridge, folder: Path) -> None:
        self.application = application
        self.bridge = bridge
        self.instance = SingleInstance(folder)
        self.tray = False
        self.shells: list[Shell] = []
        self.ends: list[int] = []

    def __call__(self, *, login: bool = False, patience_ms: int = 10_000) -> Shell:
        place = TrayPlace(patience_ms, lambda: self.tray)
        shell = Shell(self.application, self.instance, login=login, place=place, bridge=self.bridge)
        self.shells.append(shell)
        shell.start()
        return shell

    def windows(self) -> list[str]:
        """Return the names of what can be seen."""
        return sorted(window.objectName() for window in self.application.topLevelWidgets() if window.isVisible())

    def window(self, name: str) -> QWidget:
        return next(window for window in self.application.topLevelWidgets() if window.objectName() == name)


@pytest.fixture
def start(
    qapp: QApplication, own_bridge: Bridge, tmp_path: Path, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Start]:
    """Start shells over ``own_bridge``; the application object outlives them."""
    make = Start(qapp, own_bridge, tmp_path / "runtime")
    monkeypatch.setattr(qapp, "quit", lambda: make.ends.append(0))
    monkeypatch.setattr(qapp, "exit", make.ends.append)
    yield make
    for shell in make.shells:
        shell.quit()
        shell.deleteLater()
    for window in qapp.topLevelWidgets():
        window.deleteLater()
    qapp.processEvents()


def test_the_icon_comes_first_and_the_engine_after_it(start: Start, qtbot: QtBot) -> None:
    shell = start(login=True)
    assert start.bridge.commands == []
    qtbot.waitUntil(lambda: start.bridge.commands == [("start",)])
    assert shell.dashboard is None


def test_a_manual_start_opens_the_dashboard(start: Start, qtbot: QtBot) -> None:
    start()
    qtbot.waitUntil(lambda: start.windows() == ["dashboard"])


def test_the_settings_key_works_in_every_window(start: Start, qtbot: QtBot) -> None:
    start.tray = True
    shell = start()
    qtbot.waitUntil(lambda: start.windows() == ["dashboard"])
    shell.show_about()
    assert shell.dashboard is not None
    for name in ("about_dialog", "dashboard"):
        window = start.window(name)
        window.activateWindow()
        qtbot.waitUntil(lambda shown=window: start.application.activeWindow() is shown)  # type: ignore[misc]
        QTest.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
        assert "settings_dialog" in start.windows()
        start.window("settings_dialog").close()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_start_at_login_opens_nothing(start: Start, qtbot: QtBot) -> None:
    start.tray = True
    start(login=True)
    start.bridge.opened.emit()
    start.bridge.publish(snapshot())
    QApplication.processEvents()
    assert start.windows() == []


def test_a_second_start_brings_the_dashboard_up(start: Start, qtbot: QtBot) -> None:
    start.tray = True
    shell = start(login=True)
    start.instance.show_requested.emit()
    assert start.windows() == ["dashboard"]
    assert shell.dashboard is not None
    shell.dashboard.showMinimized()
    start.instance.show_requested.emit()
    assert not shell.dashboard.isMinimized()


def test_without_a_tray_the_dashboard_opens_and_says_why_once(start: Start, qtbot: QtBot) -> None:
    start(patience_ms=10)
    qtbot.waitUntil(lambda: "no_tray_note" in start.windows())
    assert "dashboard" in start.windows()


def test_at_login_without_a_tray_the_dashboard_starts_minimized(start: Start, qtbot: QtBot) -> None:
    shell = start(login=True, patience_ms=10)
    qtbot.waitUntil(lambda: shell.dashboard is not None)
    assert shell.dashboard is not None
    assert shell.dashboard.isMinimized()
    assert start.windows() == ["dashboard"]


def test_without_a_tray_closing_the_dashboard_asks(start: Start, qtbot: QtBot) -> None:
    shell = start(patience_ms=10)
    qtbot.waitUntil(lambda: "no_tray_note" in start.windows())
    assert shell.dashboard is not None
    child(shell.dashboard, QMessageBox, "no_tray_note").reject()
    shell.dashboard.close()
    question = child(shell.dashboard, QMessageBox, "close_question")
    next(button for button in question.buttons() if button.objectName() == "quit").click()
    assert ("close",) in start.bridge.commands


def test_with_a_tray_the_dashboard_closes(start: Start, qtbot: QtBot) -> None:
    start.tray = True
    shell = start()
    qtbot.waitUntil(lambda: start.windows() == ["dashboard"])
    assert shell.dashboard is not None
    shell.dashboard.close()
    assert start.windows() == []
    assert ("close",) not in start.bridge.commands


def test_a_first_start_without_models_shows_the_welcome(start: Start, qtbot: QtBot) -> None:
    start()
    start.bridge.publish(snapshot())
    start.bridge.opened.emit()
    qtbot.waitUntil(lambda: "welcome" in start.windows())


def test_the_missing_tray_is_explained_after_the_welcome(start: Start, qtbot: QtBot) -> None:
    shell = start(patience_ms=50)
    start.bridge.publish(snapshot())
    start.bridge.opened.emit()
    qtbot.waitUntil(lambda: start.windows() == ["dashboard", "welcome"])
    assert shell.dashboard is not None
    child(shell.dashboard, QDialog, "welcome").reject()
    qtbot.waitUntil(lambda: start.windows() == ["dashboard", "no_tray_note"])


def test_no_welcome_with_another_processs_engine(start: Start, qtbot: QtBot) -> None:
    start()
    start.bridge.publish(snapshot())
    start.bridge.set_attached(True)
    start.bridge.opened.emit()
    QApplication.processEvents()
    assert "welcome" not in start.windows()


def test_a_problem_s_button_leads_to_the_log(start: Start, qtbot: QtBot) -> None:
    shell = start(login=True)
    start.bridge.view_requested.emit("log", "")
    assert shell.dashboard is not None
    assert shell.dashboard.page == "log"


def test_the_settings_open_once_and_again_after_they_were_closed(start: Start, qtbot: QtBot) -> None:
    shell = start(login=True)
    start.bridge.view_requested.emit("settings", "access")
    shell.show_settings()
    assert start.windows() == ["settings_dialog"]
    first = next(window for window in start.application.topLevelWidgets() if window.isVisible())
    assert isinstance(first, QDialog)
    with qtbot.waitSignal(first.destroyed):
        first.reject()
    shell.show_settings()
    assert start.windows() == ["settings_dialog"]


def test_about_opens_once(start: Start) -> None:
    shell = start(login=True)
    start.bridge.view_requested.emit("about", "")
    shell.show_about()
    assert start.windows() == ["about_dialog"]


def test_failed_commands_share_one_message_box(start: Start, qtbot: QtBot) -> None:
    start(login=True)
    start.bridge.command_failed.emit(ModelLoadError("a did not load"))  # its row and a notification say it
    assert start.windows() == []
    for _ in range(3):
        start.bridge.command_failed.emit(InsufficientMemoryError("a needs 12 GB", hint="Raise the limit"))
    assert start.windows() == ["command_failed"]
    box = next(window for window in start.application.topLevelWidgets() if window.objectName() == "command_failed")
    assert isinstance(box, QMessageBox)
    assert (box.text(), box.informativeText()) == ("a needs 12 GB.", "Raise the limit.")
    box.reject()
    start.bridge.command_failed.emit(EngineError("No"))
    assert start.windows() == ["command_failed"]


def test_quitting_hides_everything_and_waits_for_the_engine(start: Start, qtbot: QtBot) -> None:
    shell = start()
    qtbot.waitUntil(lambda: start.windows() == ["dashboard"])
    shell.quit()
    shell.quit()
    assert start.windows() == []
    assert start.bridge.commands.count(("close",)) == 1
    assert start.ends == [0]
    start.instance.show_requested.emit()
    assert start.windows() == []


def test_a_second_signal_quits_at_once(start: Start, qtbot: QtBot) -> None:
    shell = start(login=True)
    shell.quit_on_signal(signal.SIGTERM)
    assert ("close",) in start.bridge.commands
    shell.quit_on_signal(signal.SIGTERM)
    assert start.ends[-1] == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_wakes_an_idle_application(qtbot: QtBot, number: int) -> None:
    signals = ProcessSignals()
    try:
        with qtbot.waitSignal(signals.received) as received:
            os.kill(os.getpid(), number)
        assert received.args == [number]
    finally:
        before = signal.getsignal(number)
        signals.close()
    assert signal.getsignal(number) is not before


def named_dialog() -> QDialog:
    dialog = QDialog()
    dialog.setObjectName("one")
    return dialog


def test_a_window_keeps_its_geometry(qtbot: QtBot) -> None:
    dialog = named_dialog()
    qtbot.addWidget(dialog)
    assert not WindowState().restore_geometry(dialog)
    dialog.resize(500, 333)
    WindowState().remember_geometry(dialog)
    other = named_dialog()
    qtbot.addWidget(other)
    assert WindowState().restore_geometry(other)
    assert (other.width(), other.height()) == (500, 333)


@pytest.mark.parametrize("content", ["{", "[]", '{"geometry/one": "not base64", "flag": "yes"}', "\x00"])
def test_a_broken_state_file_starts_empty(qtbot: QtBot, content: str) -> None:
    state_path().parent.mkdir(parents=True)
    state_path().write_text(content, encoding="utf-8")
    state = WindowState()
    dialog = named_dialog()
    qtbot.addWidget(dialog)
    assert not state.restore_geometry(dialog)
    assert not state.flag("flag")
    state.remember("flag", True)
    assert WindowState().flag("flag")


def test_an_unwritable_state_file_is_ignored(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    state = WindowState(tmp_path / "file" / "windows.json")
    state.remember("page", "log")
    assert state.text("page") == "log"


@pytest.mark.parametrize(
    ("answer", "free", "login", "code"),
    [
        (Answer.DONE, False, False, 0),
        (Answer.DONE, False, True, 0),
        (Answer.SILENT, False, True, 1),
        (Answer.SILENT, True, False, None),  # it has just ended
        (Answer.ENDING, True, False, None),
        (Answer.ENDING, False, True, 1),
    ],
)
def test_a_second_start_hands_over_or_takes_over(
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    free: bool,
    login: bool,
    code: int | None,
) -> None:
    instance = SingleInstance(tmp_path)
    monkeypatch.setattr(instance, "ask_first", lambda wish: answer)
    monkeypatch.setattr(instance, "take", lambda timeout_s=0.0: free)
    assert app_module.hand_over(instance, login=login) == code


def test_a_hanging_instance_is_reported(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[QMessageBox] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append(box))
    instance, first = SingleInstance(tmp_path), SingleInstance(tmp_path)
    assert first.take()
    monkeypatch.setattr(instance, "ask_first", lambda wish: Answer.SILENT)
    assert app_module.hand_over(instance, login=False) == 1
    assert [box.text() for box in said] == ["Preheat is already running, but does not respond."]
    assert f"End its process ({os.getpid()}), then start it again." in capsys.readouterr().err
    first.release()


@pytest.mark.parametrize("login", [False, True])
def test_without_a_usable_home_there_is_an_error(
    qapp: QApplication,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    login: bool,
) -> None:
    said: list[QMessageBox] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: said.append(box))
    monkeypatch.setattr(app_module, "make_application", lambda _options: qapp)
    monkeypatch.setattr(app_module, "_has_screen", lambda: True)
    (tmp_path / "file").touch()
    monkeypatch.setenv("PREHEAT_HOME", str(tmp_path / "file"))

    assert app_module.main(["--login"] if login else []) == 1

    assert "Preheat cannot use its runtime folder" in capsys.readouterr().err
    assert [box.objectName() for box in said] == ([] if login else ["not_starting"])


def test_a_runtime_folder_of_another_user_is_no_running_preheat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(EngineError, match="Preheat cannot use its runtime folder"):
        SingleInstance(tmp_path)


def test_without_a_display_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert app_module.main([]) == 1
    assert capsys.readouterr().err == "There is no display. Without one, use: preheat serve\n"
