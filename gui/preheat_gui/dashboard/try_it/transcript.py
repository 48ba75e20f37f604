"""Shows a conversation: plain text during an answer, Markdown when it is complete. Loads no resources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import (
    QBrush,
    QFont,
    QImage,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)
from PySide6.QtWidgets import QTextEdit

from preheat_gui.dashboard.parts import code_font
from preheat_gui.dashboard.try_it.session import Turn
from preheat_gui.widgets import GAP, GROUP_GAP, Token, body_font, caption_font, named, set_role, theme, timer

LINE_SPACING: Final = 125.0  # In percent
_FEATURES: Final = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_HEADING_STEP: Final = 1  # In Qt's size steps: a fifth larger than the text, at every level
_CODE: Final = (QTextFormat.Property.BlockCodeFence, QTextFormat.Property.BlockCodeLanguage)


def from_markdown(text: str) -> QTextDocumentFragment:
    """Return the text laid out. Images are left out, and links are plain text."""
    document = QTextDocument()
    document.setDefaultFont(body_font())
    document.setMarkdown(text, _FEATURES)
    tables: list[QTextTable] = []
    block = document.begin()
    while block.isValid():
        table = QTextCursor(block).currentTable()
        if table is None:
            _style_block(block)
        elif table not in tables:
            tables.append(table)
        block = block.next()
    for table in tables:
        _style_table(table)
    return QTextDocumentFragment(document)


def text_block(top: int = 0) -> QTextBlockFormat:
    """Return the format of a paragraph, ``top`` pixels below the previous one."""
    block = QTextBlockFormat()
    block.setTopMargin(top)
    block.setLineHeight(LINE_SPACING, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    return block


def _style_block(block: QTextBlock) -> None:
    cursor, layout = QTextCursor(block), block.blockFormat()
    if _is_code(block):
        layout.setBackground(theme().colour(Token.HOVER))
        layout.setNonBreakableLines(False)
        layout.setTopMargin(0 if _is_code(block.previous()) else GAP)
        layout.setBottomMargin(0 if _is_code(block.next()) else GAP)
        words = QTextCharFormat()
        words.setFont(code_font())
        _merge(cursor, words)
    else:
        layout.setLineHeight(LINE_SPACING, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        layout.setTopMargin(GAP if layout.headingLevel() else 0)
        layout.setBottomMargin(GAP // 2 if layout.headingLevel() or block.textList() else GAP)
        if layout.headingLevel():
            words = QTextCharFormat()
            words.setProperty(QTextFormat.Property.FontSizeAdjustment, _HEADING_STEP)
            _merge(cursor, words)
    cursor.setBlockFormat(layout)


def _style_table(table: QTextTable) -> None:
    layout = table.format()
    layout.setBorderCollapse(True)
    layout.setBorder(1)
    layout.setBorderBrush(QBrush(theme().colour(Token.LINE)))
    layout.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    layout.setCellPadding(GAP // 2)
    layout.setTopMargin(GAP)
    table.setFormat(layout)
    # Qt starts a table with an empty line in its first cell.
    first = table.cellAt(0, 0).firstCursorPosition()
    if not first.block().text() and first.block().next().position() <= table.cellAt(0, 0).lastPosition():
        first.deleteChar()
    bold = QTextCharFormat()
    bold.setFontWeight(QFont.Weight.DemiBold)
    for row in range(table.rows()):
        for column in range(table.columns()):
            cell = table.cellAt(row, column)
            cursor = cell.firstCursorPosition()
            cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
            cursor.setBlockFormat(QTextBlockFormat())
            if row == 0:
                cursor.mergeCharFormat(bold)


def _is_code(block: QTextBlock) -> bool:
    return block.isValid() and any(block.blockFormat().hasProperty(name) for name in _CODE)


def _merge(cursor: QTextCursor, words: QTextCharFormat) -> None:
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(words)


REPAINT_MS: Final = 50  # Between updates of a growing answer


class Transcript(QTextEdit):
    """A document of all turns; the last one may be growing."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "transcript", self.tr("Conversation"))
        set_role(self, "reading")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(flags.TextSelectableByMouse | flags.TextSelectableByKeyboard)
        self.document().setDocumentMargin(GROUP_GAP)
        self._turns: list[Turn] = []
        self._answer_at = 0
        self._shown = ""  # of the last turn's answer
        self._noted = ""
        self._timer = timer(self, REPAINT_MS, self._grow)
        theme().changed.connect(self.render_all)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        self._turns = list(turns)
        self.render_all()

    def add_turn(self, turn: Turn) -> None:
        self._turns.append(turn)
        self._render_turn(turn)
        self._to_end()

    def turn_changed(self) -> None:
        """Show the progress of the last turn, soon."""
        if not self._timer.isActive():
            self._timer.start()

    def turn_over(self) -> None:
        """Show the last turn as complete."""
        self._timer.stop()
        if not self._turns:
            return  # it ended before it was shown
        at_end = self._is_at_end()
        self._render_answer(self._turns[-1])
        if at_end:
            self._to_end()

    def render_all(self) -> None:
        """Lay everything out again, in the current colours and fonts."""
        self._timer.stop()
        at = self.verticalScrollBar().value()
        self.clear()
        for turn in self._turns:
            self._render_turn(turn)
        self.verticalScrollBar().setValue(at)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: N802
        """Return an empty image: an answer must not make this program read files or URLs."""
        return QImage()

    def event(self, event: QEvent) -> bool:
        """Follow the system's font."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            self.render_all()
        return super().event(event)

    def _grow(self) -> None:
        turn = self._turns[-1]
        if turn.over:
            return
        at_end = self._is_at_end()
        if not turn.answer:
            if turn.note != self._noted:
                self._answer_cursor().insertText(turn.note, _format(body_font(), Token.MUTED))
                self._noted = turn.note
        elif not self._shown:
            self._answer_cursor().insertText(turn.answer, _format(body_font(), Token.TEXT))
            self._shown = turn.answer
        else:
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(turn.answer[len(self._shown) :], _format(body_font(), Token.TEXT))
            self._shown = turn.answer
        if at_end:
            self._to_end()

    def _render_turn(self, turn: Turn) -> None:
        self._render_question(turn)
        self._answer_at = self.document().characterCount() - 1
        self._shown = self._noted = ""
        if turn.over:
            self._render_answer(turn)
        else:
            self._grow()

    def _render_question(self, turn: Turn) -> None:
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        frame = QTextFrameFormat()
        frame.setBackground(theme().colour(Token.HOVER))
        frame.setPadding(GAP)
        frame.setTopMargin(0 if cursor.position() == 0 else GROUP_GAP)
        frame.setBottomMargin(GAP)
        frame.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        if cursor.position() == 0:
            # Qt needs a line before a frame; make it invisible.
            nothing = QTextBlockFormat()
            nothing.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
            cursor.setBlockFormat(nothing)
        cursor.insertFrame(frame)
        cursor.insertText(turn.question, _format(body_font(), Token.TEXT))
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.setBlockFormat(text_block())
        cursor.insertText(turn.model_id, _format(caption_font(), Token.MUTED))
        cursor.insertBlock(text_block())

    def _answer_cursor(self) -> QTextCursor:
        """Remove the last turn's answer, and return a cursor in its place."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._answer_at)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        cursor.setBlockFormat(text_block())
        return cursor

    def _render_answer(self, turn: Turn) -> None:
        cursor = self._answer_cursor()
        cursor.beginEditBlock()
        if turn.answer:
            if turn.embeddings:
                cursor.insertText(turn.answer, _format(code_font(), Token.TEXT))
            else:
                cursor.insertFragment(from_markdown(turn.answer))
                cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertBlock(text_block(top=GAP // 2), QTextCharFormat())
        if cursor.currentList() is not None:
            cursor.currentList().remove(cursor.block())
        cursor.setBlockFormat(text_block(top=GAP // 2))
        cursor.insertText(turn.note, _format(caption_font(), Token.MUTED))
        cursor.endEditBlock()

    def _is_at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - GAP

    def _to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())


def _format(font: QFont, token: Token) -> QTextCharFormat:
    char_format = QTextCharFormat()
    char_format.setFont(font)
    char_format.setForeground(theme().colour(token))
    return char_format
