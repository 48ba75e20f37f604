"""What happens to a bug: it is logged, and shown once in one dialog. The program goes on.

Neither log nor dialog has prompts or keys in it: of most exceptions only the kind is told, for their words may quote
what was being worked on.
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
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from preheat._version import __version__
from preheat.errors import EngineError
from preheat_gui.bridge import GuiDispatcher
from preheat_gui.widgets import GROUP_GAP, MARGIN

logger = logging.getLogger(__name__)

_MOST_DIALOGS: Final = 5
"""In one run. Whatever goes wrong after that is in the log."""

_HARMLESS_WORDS: Final = (AttributeError, ImportError, NameError, TypeError, NotImplementedError, RecursionError)
"""Exceptions that speak of the program's own names only."""

_QT_LEVELS: Final = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.DEBUG,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

Trouble = tuple[str, str]
"""What makes two of them the same, and the details."""


class ErrorReporter(QObject):
    """Catches what nobody else did, on any thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._courier = GuiDispatcher(self)
        self._told: set[str] = set()
        self._dialog: ErrorDialog | None = None
        self._dialogs = 0
        self._before: tuple[Any, Any, Any] | None = None

    def install(self) -> None:
        """Catch from now on."""
        self._before = sys.excepthook, threading.excepthook, qInstallMessageHandler(self._on_qt_message)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def remove(self) -> None:
        """Leave it to whoever caught before."""
        if self._before is not None:
            sys.excepthook, threading.excepthook, handler = self._before
            qInstallMessageHandler(handler)
            self._before = None

    @property
    def dialog(self) -> ErrorDialog | None:
        """The dialog that is open; None if none is."""
        return self._dialog

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None, thread: str = ""
    ) -> None:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            return
        place, details = describe(error, trace)
        where = f" on thread {thread}" if thread else ""
        logger.error("unexpected%s: %s", where, details)
        self._courier.post(partial(self._show, (place, details)))

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            name = arguments.thread.name if arguments.thread else ""
            self._on_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback, name)

    def _on_qt_message(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        logger.log(_QT_LEVELS[kind], "Qt: %s", message)
        if kind is QtMsgType.QtCriticalMsg:
            self._courier.post(partial(self._show, (message, f"Qt: {message}")))

    def _show(self, trouble: Trouble) -> None:
        place, details = trouble
        if place in self._told:
            return
        self._told.add(place)
        if self._dialog is not None:
            self._dialog.add(details)
        elif self._dialogs < _MOST_DIALOGS:
            self._dialogs += 1
            self._dialog = ErrorDialog(details)
            self._dialog.finished.connect(self._on_finished)
            self._dialog.show()
            self._dialog.raise_()

    def _on_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


class ErrorDialog(QDialog):
    """Says that something unexpected happened, with details to copy. It blocks nothing."""

    def __init__(self, details: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_dialog")
        self.setWindowTitle(self.tr("Something unexpected happened"))
        sentence = QLabel(
            self.tr(
                "Preheat met an error that it did not expect, and goes on as well as it can.\n"
                "If you report it, these details help. They hold no prompts, answers or keys."
            ),
            self,
        )
        sentence.setObjectName("error_sentence")
        sentence.setWordWrap(True)
        self._details = QPlainTextEdit(f"{_versions()}\n\n{details}", self)
        self._details.setObjectName("error_details")
        self._details.setAccessibleName(self.tr("Details of the error"))
        self._details.setReadOnly(True)
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._details.moveCursor(QTextCursor.MoveOperation.End)  # what happened stands in the last line
        self._details.moveCursor(QTextCursor.MoveOperation.StartOfLine)
        self._copy = QPushButton(self.tr("&Copy details"), self)
        self._copy.setObjectName("copy_details")
        self._copy.clicked.connect(self._copy_details)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(GROUP_GAP)
        layout.addWidget(sentence)
        layout.addWidget(self._details, 1)
        layout.addWidget(buttons)
        self.resize(640, 360)
        self._copy.setFocus()

    @property
    def details(self) -> str:
        """What can be copied."""
        return self._details.toPlainText()

    def add(self, details: str) -> None:
        """Add another error to the details."""
        self._details.appendPlainText(f"\n{details}")

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self.details)
        self._copy.setText(self.tr("Copied"))


def describe(error: BaseException, trace: TracebackType | None) -> Trouble:
    """Return where an exception comes from, and what may be told of it."""
    frames = traceback.extract_tb(trace)
    lines = ["Traceback (most recent call last):"] if frames else []
    for frame in frames:
        lines.append(f'  File "{_short(frame.filename)}", line {frame.lineno}, in {frame.name}')
        if frame.line:
            lines.append(f"    {frame.line}")
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    lines.append(f"{type(error).__name__}: {_harmless_words(error)}".removesuffix(": "))
    if error.__cause__ is not None:
        lines += ["", "caused by:", describe(error.__cause__, error.__cause__.__traceback__)[1]]
    return f"{type(error).__name__} {place}", "\n".join(lines)


def _harmless_words(error: BaseException) -> str:
    if isinstance(error, _HARMLESS_WORDS):
        return str(error)
    if isinstance(error, EngineError):
        return error.code
    if isinstance(error, OSError):
        return error.strerror or ""
    return ""


def _short(filename: str) -> str:
    """Return a source file's path without the user's name."""
    home = str(Path.home())
    return filename.replace(home, "~", 1) if filename.startswith(home) else filename


def _versions() -> str:
    return f"Preheat {__version__}, Python {platform.python_version()}, Qt {PySide6.__version__}, {platform.platform()}"
