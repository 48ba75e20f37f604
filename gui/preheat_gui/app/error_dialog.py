"""Unexpected errors: each is logged and shown once, in one dialog, and the program continues.

Neither log nor dialog contains prompts or keys: most exceptions appear without their text, which may quote user data.
"""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import PySide6
from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QWidget

from preheat._version import __version__
from preheat.errors import EngineError
from preheat_gui.bridge import GuiDispatcher
from preheat_gui.widgets import GROUP_GAP, MARGIN, button, named, text_label, vbox

logger = logging.getLogger(__name__)

_MAX_DIALOGS: Final = 5  # In one run; later errors are only logged
# Exceptions that mention only names of the program
_SAFE_TEXT: Final = (AttributeError, ImportError, NameError, TypeError, NotImplementedError, RecursionError)

_QT_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.DEBUG,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class ErrorReporter(QObject):
    """Catches unhandled exceptions on any thread, and Qt's critical messages."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dialog: ErrorDialog | None = None  # The open dialog, if any
        self._dispatcher = GuiDispatcher(self)
        self._shown: set[str] = set()
        self._dialogs = 0
        self._before: tuple[Any, Any, Any] | None = None

    def install(self) -> None:
        """Start catching."""
        self._before = sys.excepthook, threading.excepthook, qInstallMessageHandler(self._on_qt_message)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def remove(self) -> None:
        """Restore the previous handlers."""
        if self._before is not None:
            sys.excepthook, threading.excepthook, handler = self._before
            qInstallMessageHandler(handler)
            self._before = None

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None, thread: str = ""
    ) -> None:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return
        place, details = describe(error, trace)
        where = f" on thread {thread}" if thread else ""
        logger.error("unexpected%s: %s", where, details)
        self._dispatcher.post(partial(self._show, place, details))

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            name = arguments.thread.name if arguments.thread else ""
            self._on_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback, name)

    def _on_qt_message(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        logger.log(_QT_LEVELS[kind], "Qt: %s", message)
        if kind is QtMsgType.QtCriticalMsg:
            self._dispatcher.post(partial(self._show, message, f"Qt: {message}"))

    def _show(self, place: str, details: str) -> None:
        if place in self._shown:
            return
        self._shown.add(place)
        if self.dialog is not None:
            self.dialog.add(details)
        elif self._dialogs < _MAX_DIALOGS:
            self._dialogs += 1
            self.dialog = ErrorDialog(details)
            self.dialog.finished.connect(self._on_finished)
            self.dialog.show()
            self.dialog.raise_()

    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None


class ErrorDialog(QDialog):
    """Reports an unexpected error with details to copy; not modal."""

    def __init__(self, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_dialog")
        self.setWindowTitle(self.tr("Unexpected error"))
        text = self.tr(
            "Preheat ran into an unexpected error and keeps running.\n"
            "Include these details when you report it. They contain no prompts, answers or keys."
        )
        details_view = QPlainTextEdit(f"{_versions()}\n\n{details}", self)
        self._details = named(details_view, "error_details", self.tr("Details of the error"))
        self._details.setReadOnly(True)
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._details.moveCursor(QTextCursor.MoveOperation.End)  # the last line names the error
        self._details.moveCursor(QTextCursor.MoveOperation.StartOfLine)
        self._copy = button(self.tr("&Copy details"), "copy_details", self._copy_details, self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        label = text_label(text, "error_sentence", self)
        vbox(label, self._details, buttons, parent=self, spacing=GROUP_GAP, margin=MARGIN)
        self.resize(640, 360)
        self._copy.setFocus()

    @property
    def details(self) -> str:
        return self._details.toPlainText()

    def add(self, details: str) -> None:
        self._details.appendPlainText(f"\n{details}")

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self.details)
        self._copy.setText(self.tr("Copied"))


def describe(error: BaseException, trace: TracebackType | None) -> tuple[str, str]:
    """Return the origin of an exception, and its details without user data."""
    frames = traceback.extract_tb(trace)
    lines = ["Traceback (most recent call last):"] if frames else []
    for frame in frames:
        lines.append(f'  File "{_short(frame.filename)}", line {frame.lineno}, in {frame.name}')
        if frame.line:
            lines.append(f"    {frame.line}")
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    lines.append(f"{type(error).__name__}: {_safe_text(error)}".removesuffix(": "))
    if error.__cause__ is not None:
        lines += ["", "caused by:", describe(error.__cause__, error.__cause__.__traceback__)[1]]
    return f"{type(error).__name__} {place}", "\n".join(lines)


def _safe_text(error: BaseException) -> str:
    if isinstance(error, _SAFE_TEXT):
        return str(error)
    if isinstance(error, EngineError):
        return error.code
    if isinstance(error, OSError):
        return error.strerror or ""
    return ""


def _short(filename: str) -> str:
    """Return a path without the user's home folder."""
    home = str(Path.home())
    return filename.replace(home, "~", 1) if filename.startswith(home) else filename


def _versions() -> str:
    return f"Preheat {__version__}, Python {platform.python_version()}, Qt {PySide6.__version__}, {platform.platform()}"
