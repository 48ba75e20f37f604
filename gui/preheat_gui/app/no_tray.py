"""Where there is no tray to sit in: finding that out, and never leaving a program that nobody can reach. GUI thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QMessageBox, QSystemTrayIcon, QWidget

if TYPE_CHECKING:
    from preheat_gui.widgets import WindowState

PATIENCE_MS: Final = 3_000
LOGIN_PATIENCE_MS: Final = 10_000
"""At login, panels start at the same time, and some are slow."""

_WATCHER: Final = "org.kde.StatusNotifierWatcher"
_QUICK_MS: Final = 250
_SLOW_MS: Final = 5_000
_CLOSING: Final = "close_without_tray"
_TOLD: Final = "no_tray_told"
_KEEP: Final = "keep"
_QUIT: Final = "quit"


def tray_available() -> bool:
    """Return whether this desktop has a tray now."""
    # On Wayland only D-Bus has trays, and Qt remembers for good what the first question found. It is asked once the
    # panel is there; otherwise an icon would never appear on a panel that starts after Preheat.
    if sys.platform.startswith("linux") and QGuiApplication.platformName().startswith("wayland") and not _has_watcher():
        return False
    return QSystemTrayIcon.isSystemTrayAvailable()


def _has_watcher() -> bool:
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus.isConnected() and bool(bus.interface().isServiceRegistered(_WATCHER).value())


class TrayPlace(QObject):
    """Waits for a tray to be there.

    Args:
        patience_ms: How long a panel may take to appear before ``missing`` is said.
        available: Whether there is a tray now.
    """

    found = Signal()
    """Once. It may come long after ``missing``."""

    missing = Signal()
    """At most once: patience has run out. Looking goes on."""

    def __init__(
        self,
        patience_ms: int = PATIENCE_MS,
        available: Callable[[], bool] = tray_available,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._available = available
        self._patience = QTimer(self, singleShot=True, interval=patience_ms)
        self._patience.timeout.connect(self._give_up)
        self._look_again = QTimer(self, interval=_QUICK_MS)
        self._look_again.timeout.connect(self._look)
        self._is_found = False

    @property
    def is_found(self) -> bool:
        """Whether there is a tray."""
        return self._is_found

    def start(self) -> None:
        """Look now, and until there is one."""
        self._patience.start()
        self._look_again.start()
        self._look()

    def _look(self) -> None:
        if self._available():
            self._is_found = True
            self._patience.stop()
            self._look_again.stop()
            self.found.emit()

    def _give_up(self) -> None:
        self._look_again.setInterval(_SLOW_MS)
        self.missing.emit()


class CloseGuard(QObject):
    """Stands between a window and its being closed where that would leave nothing to see of Preheat.

    Args:
        window: Whose closing it is.
        may_close: Whether Preheat can be reached without the window, or is about to end.
        state: Remembers the answer.
    """

    quit_requested = Signal()

    def __init__(self, window: QWidget, may_close: Callable[[], bool], state: WindowState) -> None:
        super().__init__(window)
        self._window = window
        self._may_close = may_close
        self._state = state
        self._question: QMessageBox | None = None
        self._remember: QCheckBox | None = None
        window.installEventFilter(self)

    @property
    def question(self) -> QMessageBox | None:
        """The question that is open; None if none is."""
        return self._question

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Ask before the window is closed; the end of the session must not be held up."""
        if watched is not self._window or event.type() is not QEvent.Type.Close:
            return False
        if self._may_close() or _session_ends():
            return False
        event.ignore()
        answer = self._state.text(_CLOSING)
        if answer == _QUIT:
            self.quit_requested.emit()
        elif answer == _KEEP:
            self._window.hide()
        else:
            self._ask()
        return True

    def _ask(self) -> None:
        if self._question is not None:
            self._question.raise_()
            return
        question = QMessageBox(self._window)
        question.setObjectName("close_question")
        question.setIcon(QMessageBox.Icon.Question)
        question.setWindowTitle(self.tr("Close Preheat"))
        question.setText(self.tr("Keep Preheat running without a window?"))
        question.setInformativeText(
            self.tr(
                "This desktop shows no tray icons. While Preheat runs, models stay ready for other programs; "
                "starting it again brings this window back."
            )
        )
        keep = question.addButton(self.tr("&Keep running"), QMessageBox.ButtonRole.AcceptRole)
        keep.setObjectName("keep_running")
        end = question.addButton(self.tr("&Quit"), QMessageBox.ButtonRole.DestructiveRole)
        end.setObjectName("quit")
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(keep)
        self._remember = QCheckBox(self.tr("&Remember my answer"), question)  # held here: the question does not own it
        self._remember.setObjectName("remember_answer")
        question.setCheckBox(self._remember)
        question.finished.connect(self._on_answer)
        self._question = question
        question.open()

    def _on_answer(self) -> None:
        question, self._question = self._question, None
        assert question is not None
        assert self._remember is not None
        button = question.clickedButton()
        answer = {"keep_running": _KEEP, "quit": _QUIT}.get(button.objectName() if button else "")
        if answer is not None and self._remember.isChecked():
            self._state.remember(_CLOSING, answer)
        self._remember = None
        question.deleteLater()
        if answer == _QUIT:
            self.quit_requested.emit()
        elif answer == _KEEP:
            self._window.hide()


def _session_ends() -> bool:
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()


def tell_once(window: QWidget, state: WindowState) -> QMessageBox | None:
    """Say, the first time ever, why there is a window instead of an icon; return what says it."""
    if state.flag(_TOLD):
        return None
    state.remember(_TOLD, True)
    box = QMessageBox(window)
    box.setObjectName("no_tray_note")
    box.setIcon(QMessageBox.Icon.Information)
    box.setWindowTitle(QCoreApplication.translate("NoTray", "No tray icon"))
    box.setText(QCoreApplication.translate("NoTray", "This desktop shows no tray icons."))
    box.setInformativeText(
        QCoreApplication.translate(
            "NoTray", "Preheat is used from this window instead. Should a tray appear, the icon will be in it."
        )
    )
    box.finished.connect(box.deleteLater)
    box.open()
    return box
