"""The log page: the end of the log file as it grows, coloured by level."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QCheckBox, QComboBox, QPlainTextEdit, QPushButton

from preheat.log import log_file
from preheat_gui.bridge import EngineBridge, GuiDispatcher, TaskRunner, weak_callback
from preheat_gui.dashboard.diagnostics import DiagnosticsButton
from preheat_gui.dashboard.log.lines import MAX_LINES, LogChange, LogLine, LogLines, LogTail
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.dashboard.parts import CopyButton, code_font
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import EmptyState, SearchBox, Token, hbox, named, set_role, stacked, symbol, theme, timer
from preheat_gui.words import message_text

_HEAD: Final = re.compile(r"^(\S+) (DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+(\S+:)")
_LEVEL_TOKENS: Final = {
    "DEBUG": Token.MUTED,
    "INFO": Token.STANDBY,
    "WARNING": Token.ACCENT,
    "ERROR": Token.BAD,
    "CRITICAL": Token.BAD,
}


class LogView(QPlainTextEdit):
    """Shows lines."""

    at_end_changed = Signal(bool)  # The user scrolled away from the end (False) or back to it (True)

    def __init__(self) -> None:
        super().__init__()
        named(self, "log_text", self.tr("Log"))
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setMaximumBlockCount(MAX_LINES)
        self.setTabChangesFocus(True)
        self.setFont(code_font())
        set_role(self, "reading")
        self._colours = _LevelColours(self.document())
        self._following = True
        self._filling = False
        theme().changed.connect(self._colours.follow_theme)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        self._fill(lines, self.setPlainText)

    def add_lines(self, lines: Sequence[LogLine]) -> None:
        """Append lines; the oldest are removed."""
        if lines:
            self._fill(lines, self.setPlainText if self.document().isEmpty() else self.appendPlainText)

    def follow(self, on: bool) -> None:
        """Stay at the end, or at the current position."""
        self._following = on
        self._keep_at_end()

    def _fill(self, lines: Sequence[LogLine], fill: Callable[[str], None]) -> None:
        self._filling = True
        fill("\n".join(line.text for line in lines))
        self._filling = False
        self._keep_at_end()

    def _keep_at_end(self) -> None:
        if self._following:
            bar = self.verticalScrollBar()
            self._filling = True
            bar.setValue(bar.maximum())
            self._filling = False

    def _on_scrolled(self, value: int) -> None:
        at_end = value >= self.verticalScrollBar().maximum()
        if not self._filling and at_end != self._following:
            self._following = at_end
            self.at_end_changed.emit(at_end)


class _LevelColours(QSyntaxHighlighter):
    """Mutes time and source, and colours the level."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats: dict[Token, QTextCharFormat] = {}
        self._make_formats()

    def follow_theme(self) -> None:
        self._make_formats()
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:  # noqa: N802
        head = _HEAD.match(text)
        if head is None:
            return
        muted = self._formats[Token.MUTED]
        self.setFormat(head.start(1), len(head[1]), muted)
        self.setFormat(head.start(2), len(head[2]), self._formats[_LEVEL_TOKENS[head[2]]])
        self.setFormat(head.start(3), len(head[3]), muted)

    def _make_formats(self) -> None:
        for token in set(_LEVEL_TOKENS.values()):
            self._formats[token] = QTextCharFormat()
            self._formats[token].setForeground(theme().colour(token))


_POLL_MS: Final = 1000


class LogPage(DashboardPage):
    """The log, read on another thread while the page is shown.

    Reads the file itself: the log matters most when there is no engine to ask.
    """

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "log")
        self._live.clear()  # nothing here depends on the engine
        self._path = log_file()
        self._tail = LogTail(self._path)
        self._lines = LogLines()
        self._dispatcher = GuiDispatcher(self)
        self._tasks = TaskRunner()
        self._reading = False
        self._problem = ""
        self._read_once = False
        self._timer = timer(self, _POLL_MS, self._read, repeat=True)
        self._text = LogView()
        self._empty = named(EmptyState("", ""), "log_empty")
        self.focus_order = (self._text, self._empty.button)
        self._stack = stacked(self._text, self._empty)
        self._level = named(QComboBox(), "log_level", self.tr("Filter by level"))
        tooltip = self.tr("Show only lines with all these words (Ctrl+F)")
        self._search = SearchBox(self, "log_search", self.tr("Search"), tooltip, self.tr("Search the log"))
        self._follow = QCheckBox(self.tr("Follo&w"))
        named(self._follow, "log_follow", tooltip=self.tr("Stay at the end as the log grows"))
        self._copy = CopyButton(self.tr("&Copy"), self._copied_text)
        named(self._copy, "log_copy", tooltip=self.tr("Copy the selection, or all shown lines"))
        self._folder = QPushButton(symbol("folder"), self.tr("&Open folder"))
        named(self._folder, "log_folder", tooltip=str(self._path))
        self._build()
        self._show_state()

    def memory(self) -> dict[str, str]:
        return {"log_level": str(self._level.currentData())}

    def remember(self, memory: Mapping[str, str]) -> None:
        level = memory.get("log_level", "")
        number = self._level.findData(int(level)) if level.isdecimal() else -1
        if number >= 0:
            self._level.setCurrentIndex(number)

    def _build(self) -> None:
        for text, level in (
            (self.tr("All levels"), logging.NOTSET),
            (self.tr("Info and above"), logging.INFO),
            (self.tr("Warnings and errors"), logging.WARNING),
            (self.tr("Errors"), logging.ERROR),
        ):
            self._level.addItem(text, level)
        self._search.setMinimumWidth(100)
        self._search.setMaximumWidth(280)
        self._follow.setChecked(True)
        foot = hbox(self._follow, None, DiagnosticsButton(), self._copy, self._folder)
        self._lay_out(self.tr("Log"), ((None, 1), (self._search, 2), self._level), (self._stack, 1), foot)
        self._level.currentIndexChanged.connect(self._on_level)
        self._search.textChanged.connect(self._filter)
        self._follow.toggled.connect(self._text.follow)
        self._text.at_end_changed.connect(self._follow.setChecked)
        self._folder.clicked.connect(self._open_folder)
        self._empty.clicked.connect(self._show_all)

    def _on_activated(self) -> None:
        self._read()
        self._timer.start()

    def _on_deactivated(self) -> None:
        self._timer.stop()

    def _read(self) -> None:
        if not self._reading:
            self._reading = True
            self._tasks.run(partial(_read, self._tail, self._dispatcher, weak_callback(self._on_read)))

    def _on_read(self, change: LogChange) -> None:
        self._reading = False
        self._problem = message_text(change.problem)
        first, self._read_once = not self._read_once, True
        if change.restart:
            self._lines.clear()
        wanted = self._lines.add(change.lines)
        if change.restart:
            self._text.show_lines(wanted)
        else:
            self._text.add_lines(wanted)
        if first or change.restart or change.lines or change.problem:
            self._show_state()

    def _on_level(self) -> None:
        self._filter()
        self.memory_changed.emit()

    def _filter(self) -> None:
        self._lines.set_filter(self._level.currentData(), self._search.text())
        self._text.show_lines(self._lines.wanted())
        self._show_state()

    def _show_all(self) -> None:
        self._search.clear()
        self._level.setCurrentIndex(0)

    def _copied_text(self) -> str:
        # Qt separates the lines of a selection by U+2029.
        return self._text.textCursor().selectedText().replace("\u2029", "\n") or self._text.toPlainText()

    def _open_folder(self) -> None:
        if self._path.exists():
            reveal(self._path, self)
            return
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _show_state(self) -> None:
        shown = not self._text.document().isEmpty()
        self._stack.setCurrentWidget(self._text if shown else self._empty)
        self._copy.setEnabled(shown)
        self._follow.setEnabled(shown)
        if shown:
            return
        if self._problem:
            words = self.tr("{file}: {reason}.").format(file=self._path, reason=self._problem)
            self._empty.set_words(self.tr("The log can't be read"), words)
        elif len(self._lines):
            self._empty.set_words(
                self.tr("Nothing matches"), self.tr("No line has this level and these words."), self.tr("&Show all")
            )
        elif self._read_once:
            self._empty.set_words(self.tr("The log is empty"), self.tr("What Preheat does will appear here."))
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is reading the log."))


def _read(tail: LogTail, dispatcher: GuiDispatcher, take: Callable[..., None]) -> None:
    dispatcher.post(partial(take, tail.read()))
