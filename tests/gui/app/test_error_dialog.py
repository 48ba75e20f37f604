"""A bug is logged and shown once; what was being worked on is in neither."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer, Signal, qCritical, qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from children import child
from preheat.errors import EngineError
from preheat_gui.app.error_dialog import ErrorReporter, describe

SECRET = "sk-secret and the prompt"


@pytest.fixture
def reporter(qtbot: QtBot) -> Iterator[ErrorReporter]:
    """A reporter that is not installed."""
    reporter = ErrorReporter()
    yield reporter
    if reporter.dialog is not None:
        reporter.dialog.reject()


def fail(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def tell(reporter: ErrorReporter, error: BaseException) -> None:
    """Let an exception arrive, as Python hands it over."""
    with installed(reporter):
        sys.excepthook(type(error), error, error.__traceback__)


@contextmanager
def installed(reporter: ErrorReporter) -> Iterator[None]:
    reporter.install()
    try:
        yield
    finally:
        reporter.remove()


def test_a_bug_is_shown_and_logged(reporter: ErrorReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    tell(reporter, fail(TypeError("f() takes no arguments")))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    assert reporter.dialog.isVisible()
    assert not reporter.dialog.isModal()
    assert "TypeError: f() takes no arguments" in reporter.dialog.details
    assert "in fail" in reporter.dialog.details
    assert "TypeError: f() takes no arguments" in caplog.text


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, AssertionError, EngineError])
def test_user_data_is_hidden(
    reporter: ErrorReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    error = fail(kind(SECRET))
    error.__cause__ = fail(ValueError(SECRET))
    tell(reporter, error)
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    assert kind.__name__ in reporter.dialog.details
    assert "caused by:" in reporter.dialog.details
    assert SECRET not in reporter.dialog.details
    assert SECRET not in caplog.text


def test_the_users_folder_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    error = fail(TypeError("no"))
    monkeypatch.setattr(Path, "home", lambda: Path(__file__).parent.parent)
    _, details = describe(error, error.__traceback__)
    assert 'File "~/app/test_error_dialog.py"' in details


def test_details_can_be_copied(reporter: ErrorReporter, qtbot: QtBot) -> None:
    tell(reporter, fail(TypeError("no")))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    button = child(reporter.dialog, QPushButton, "copy_details")
    button.click()
    assert QGuiApplication.clipboard().text() == reporter.dialog.details
    assert reporter.dialog.details.startswith("Preheat ")


def test_the_same_bug_is_shown_once(reporter: ErrorReporter, qtbot: QtBot) -> None:
    for _ in range(100):
        tell(reporter, fail(TypeError("no")))
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    assert reporter.dialog.details.count("TypeError: no") == 1
    reporter.dialog.reject()
    tell(reporter, fail(TypeError("no")))
    QApplication.processEvents()
    assert reporter.dialog is None


def test_further_errors_join_the_open_dialog(reporter: ErrorReporter, qtbot: QtBot) -> None:
    tell(reporter, fail(TypeError("first")))
    tell(reporter, fail(NameError("second")))
    qtbot.waitUntil(lambda: reporter.dialog is not None and "NameError: second" in reporter.dialog.details)


def test_the_number_of_dialogs_is_limited(reporter: ErrorReporter) -> None:
    shown = 0
    for number in range(20):
        tell(reporter, fail(type(f"Error{number}", (Exception,), {})()))
        QApplication.processEvents()
        if reporter.dialog is not None:
            shown += 1
            reporter.dialog.reject()
    assert shown == 5


def test_a_qt_message_goes_to_the_log_and_a_critical_one_is_shown(
    reporter: ErrorReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    with installed(reporter):
        qWarning("a layout is odd")
    QApplication.processEvents()
    assert reporter.dialog is None
    assert ("preheat_gui.app.error_dialog", logging.WARNING, "Qt: a layout is odd") in caplog.record_tuples
    with installed(reporter):
        qCritical("the display is lost")
    qtbot.waitUntil(lambda: reporter.dialog is not None)
    assert reporter.dialog is not None
    assert "Qt: the display is lost" in reporter.dialog.details


def fail_in_thread() -> None:
    raise KeyError("no")


class Widget(QObject):
    pressed = Signal()

    def on_pressed(self) -> None:
        raise TypeError("in a slot")


def test_errors_in_slots_timers_and_threads_are_caught(
    reporter: ErrorReporter, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # What pytest and pytest-qt catch with; `install` takes its place, `remove` puts it back.
        before = sys.excepthook, threading.excepthook
        patch.setattr("preheat_gui.app.error_dialog.qInstallMessageHandler", lambda handler: None)
        reporter.install()
        widget = Widget()
        widget.pressed.connect(widget.on_pressed)
        widget.pressed.emit()
        QTimer.singleShot(0, lambda: [][0])
        thread = threading.Thread(target=fail_in_thread, name="worker")
        thread.start()
        thread.join()
        qtbot.waitUntil(
            lambda: (
                reporter.dialog is not None
                and all(kind in reporter.dialog.details for kind in ("TypeError: in a slot", "IndexError", "KeyError"))
            )
        )
        reporter.remove()
        assert (sys.excepthook, threading.excepthook) == before


def test_exits_are_no_errors(reporter: ErrorReporter) -> None:
    tell(reporter, KeyboardInterrupt())
    tell(reporter, SystemExit(0))
    QApplication.processEvents()
    assert reporter.dialog is None
