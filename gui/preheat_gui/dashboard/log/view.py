"""The text of the log, coloured by level; stays at its end unless the user scrolls up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit

from preheat_gui.dashboard.log.lines import MAX_LINES, LogLine
from preheat_gui.dashboard.parts import code_font
from preheat_gui.widgets import Token, named, set_role, theme

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
