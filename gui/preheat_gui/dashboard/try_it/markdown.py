"""Markdown as a document fragment in the theme's colours and fonts. GUI thread only."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import (
    QBrush,
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)

from preheat_gui.dashboard.labels import code_font
from preheat_gui.widgets import GAP, Token, body_font, theme

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
