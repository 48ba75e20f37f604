"""Desktops without a tray: detects them, and keeps Preheat reachable there. GUI thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QMessageBox, QSystemTrayIcon, QWidget

from preheat_gui.widgets import WindowState, timer

PATIENCE_MS: Final = 3_000
LOGIN_PATIENCE_MS: Final = 10_000  # Panels start at login as well, and some are slow
_WATCHER: Final = "org.kde.StatusNotifierWatcher"
_QUICK_MS: Final = 250
_SLOW_MS: Final = 5_000
_CLOSING: Final = "close_without_tray"
_NOTE_SHOWN: Final = "no_tray_told"
_KEEP: Final = "keep"
_QUIT: Final = "quit"


def tray_available() -> bool:
    """Return whether this desktop has a tray now."""
    # On Wayland only D-Bus has trays, and Qt caches its first answer for good. Asking too early would hide the icon
    # from a panel that starts later.
    if sys.platform.startswith("linux") and QGuiApplication.platformName().startswith("wayland") and not _has_watcher():
        return False
    return QSystemTrayIcon.isSystemTrayAvailable()


def _has_watcher() -> bool:
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus.isConnected() and bool(bus.interface().isServiceRegistered(_WATCHER).value())


class TrayPlace(QObject):
    """Waits for a tray."""

    found = Signal()  # Emitted once, possibly long after ``missing``
    missing = Signal()  # Emitted at most once; the search continues

    def __init__(
        self,
        patience_ms: int = PATIENCE_MS,  # Time until ``missing`` is emitted
        available: Callable[[], bool] = tray_available,  # Whether there is a tray now
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.is_found = False  # There is a tray
        self._available = available
        self._patience = timer(self, patience_ms, self._give_up)
        self._poll = timer(self, _QUICK_MS, self._look, repeat=True)

    def start(self) -> None:
        """Look now, and until there is a tray."""
        self._patience.start()
        self._poll.start()
        self._look()

    def _look(self) -> None:
        if self._available():
            self.is_found = True
            self._patience.stop()
            self._poll.stop()
            self.found.emit()

    def _give_up(self) -> None:
        self._poll.setInterval(_SLOW_MS)
        self.missing.emit()


class CloseGuard(QObject):
    """Asks before a window is closed if nothing of Preheat would stay visible, and remembers the answer."""

    quit_requested = Signal()

    def __init__(self, window: QWidget, may_close: Callable[[], bool], state: WindowState) -> None:
        super().__init__(window)
        self.question: QMessageBox | None = None  # The open question, if any
        self._window = window
        self._may_close = may_close
        self._state = state
        self._remember: QCheckBox | None = None
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Ask before the window closes, but never delay the end of the session."""
        if watched is not self._window or event.type() is not QEvent.Type.Close:
            return False
        if self._may_close() or _session_ends():
            return False
        event.ignore()
        if not self._follow(self._state.text(_CLOSING)):
            self._ask()
        return True

    def _follow(self, answer: str) -> bool:
        """Act on an answer; return False if it is none."""
        if answer == _QUIT:
            self.quit_requested.emit()
        elif answer == _KEEP:
            self._window.hide()
        return answer in (_QUIT, _KEEP)

    def _ask(self) -> None:
        if self.question is not None:
            self.question.raise_()
            return
        text = self.tr("Keep Preheat running without a window?")
        icon = QMessageBox.Icon.Question
        self.question = question = QMessageBox(icon, self.tr("Close Preheat"), text, parent=self._window)
        question.setObjectName("close_question")
        question.setInformativeText(
            self.tr(
                "This desktop has no tray. While Preheat runs, models stay ready for other programs; "
                "start it again to get this window back."
            )
        )
        keep = question.addButton(self.tr("&Keep running"), QMessageBox.ButtonRole.AcceptRole)
        keep.setObjectName(_KEEP)
        end = question.addButton(self.tr("&Quit"), QMessageBox.ButtonRole.DestructiveRole)
        end.setObjectName(_QUIT)
        question.addButton(QMessageBox.StandardButton.Cancel)
        question.setDefaultButton(keep)
        self._remember = QCheckBox(self.tr("&Remember my answer"), question)  # the question does not own it
        self._remember.setObjectName("remember_answer")
        question.setCheckBox(self._remember)
        question.finished.connect(self._on_answer)
        question.open()

    def _on_answer(self) -> None:
        question, self.question = self.question, None
        remember, self._remember = self._remember, None
        assert question is not None
        assert remember is not None
        button = question.clickedButton()
        answer = button.objectName() if button else ""
        if answer in (_QUIT, _KEEP) and remember.isChecked():
            self._state.remember(_CLOSING, answer)
        question.deleteLater()
        self._follow(answer)


def _session_ends() -> bool:
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()


def explain_once(window: QWidget, state: WindowState) -> QMessageBox | None:
    """Explain once why there is a window instead of an icon; return the message box."""
    if state.flag(_NOTE_SHOWN):
        return None
    state.remember(_NOTE_SHOWN, True)
    text = QCoreApplication.translate("NoTray", "This desktop has no tray.")
    icon = QMessageBox.Icon.Information
    box = QMessageBox(icon, QCoreApplication.translate("NoTray", "No tray icon"), text, parent=window)
    box.setObjectName("no_tray_note")
    box.setInformativeText(
        QCoreApplication.translate("NoTray", "Use Preheat from this window. If a tray appears, its icon will be there.")
    )
    box.finished.connect(box.deleteLater)
    box.open()
    return box
