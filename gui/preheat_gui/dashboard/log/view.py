"""The text of the log: bounded, coloured by level, and at its end as long as nobody scrolls up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from preheat_gui.dashboard.log.model import MAX_LINES, LogLine
from preheat_gui.dashboard.looks import code_font
from preheat_gui.widgets import Token, set_role, theme

_HEAD: Final = re.compile(r"^(\S+) (DEBUG|INFO|WARNING|ERROR|CRITICAL)\s+(\S+:)")
_LEVEL_TOKENS: Final = {
    "DEBUG": Token.MUTED,
    "INFO": Token.STANDBY,
    "WARNING": Token.ACCENT,
    "ERROR": Token.BAD,
    "CRITICAL": Token.BAD,
}


class LogView(QPlainTextEdit):
    """Shows lines.

    Attributes:
        at_end_changed: The user scrolled away from the end (False) or back to it (True).
    """

    at_end_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_text")
        self.setAccessibleName(self.tr("Log"))
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
        """Show these lines instead of what there was."""
        self._filling = True
        self.setPlainText("\n".join(line.text for line in lines))
        self._filling = False
        self._keep_at_end()

    def add_lines(self, lines: Sequence[LogLine]) -> None:
        """Append lines; the oldest go."""
        if not lines:
            return
        self._filling = True
        if self.document().isEmpty():
            self.setPlainText("\n".join(line.text for line in lines))
        else:
            self.appendPlainText("\n".join(line.text for line in lines))
        self._filling = False
        self._keep_at_end()

    def follow(self, on: bool) -> None:
        """Stay at the end, or where the user is."""
        self._following = on
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
    """Mutes time and source, and colours the level: the level's word is there in any case."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats: dict[Token, QTextCharFormat] = {}
        self._make_formats()

    def follow_theme(self) -> None:
        """Colour everything anew."""
        self._make_formats()
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:  # noqa: N802
        """Colour one line."""
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
