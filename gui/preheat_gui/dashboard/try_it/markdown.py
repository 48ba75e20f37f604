"""Lays out Markdown, also while it grows: only the part after the last finished block is laid out again."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtGui import (
    QBrush,
    QFont,
    QFontMetrics,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)

from preheat_gui.dashboard.parts import code_font
from preheat_gui.widgets import GAP, Token, body_font, caption_font, theme

LINE_SPACING: Final = 125.0  # In percent
_FEATURES: Final = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_HEADING_STEP: Final = 1  # In Qt's size steps: a fifth larger than the text, at every level
_CODE: Final = (QTextFormat.Property.BlockCodeFence, QTextFormat.Property.BlockCodeLanguage)
_SCHEMES: Final = ("http://", "https://", "mailto:")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
# What a line after a blank one begins with if it may belong to the block before: list, quote, table, indented text.
_CONTINUES: Final = re.compile(r"\s|[-*+>|]|\d+[.)]")


def from_markdown(text: str) -> QTextDocument:
    """Return the text laid out, to be inserted into another document.

    Images are left out; links to anything but the web and mail are plain text.
    """
    document = QTextDocument()
    document.setDefaultFont(body_font())
    document.setMarkdown(text, _FEATURES)
    tables: list[QTextTable] = []
    edit = QTextCursor(document)
    edit.beginEditBlock()  # or each change of many costs time in proportion to their number
    block = document.begin()
    while block.isValid():
        table = QTextCursor(block).currentTable()
        if table is None:
            _style_block(block)
        elif table not in tables:
            tables.append(table)
        _style_inlines(block)
        block = block.next()
    for table in tables:
        _style_table(table)
    edit.endEditBlock()
    return document


def finished_length(text: str, begin: int = 0) -> int:
    """Return the length of the blocks that what follows cannot change any more, at least ``begin``.

    ``begin`` is an earlier result for a shorter part of the same text.
    """
    end, at, fence, after_blank = begin, begin, "", True
    lines = text[begin:].split("\n")
    for line in lines[:-1]:  # the last one is still growing
        opening = _FENCE.match(line)
        if fence:
            if opening and opening[1].startswith(fence) and not line[opening.end() :].strip():
                fence, end = "", at + len(line) + 1
        elif opening:
            fence, end = opening[1], at
        elif not line.strip():
            after_blank = True
            at += len(line) + 1
            continue
        elif after_blank and not _CONTINUES.match(line):
            end = at
        after_blank = False
        at += len(line) + 1
    return end


def completed(text: str) -> str:
    """Return the unfinished part of a text with its emphasis closed, so that signs do not appear and vanish."""
    if _is_in_fence(text):
        return text
    paragraph = text.rpartition("\n\n")[2]
    if paragraph.count("`") % 2:
        return text + "`"
    bare = text.rstrip("*")
    if bare.rpartition("\n\n")[2].count("**") % 2:
        return bare.rstrip() + "**"
    return bare if paragraph.count("**") % 2 else text


def is_code(block: QTextBlock) -> bool:
    """Return whether a block is a line of a code block."""
    return block.isValid() and any(block.blockFormat().hasProperty(name) for name in _CODE)


def code_language(block: QTextBlock) -> str:
    """Return the language that the text names for a code block; may be empty."""
    return str(block.blockFormat().property(QTextFormat.Property.BlockCodeLanguage) or "")


def code_header_height() -> int:
    """Return the height of the strip above a code block, with its language and button."""
    return QFontMetrics(caption_font()).height() + GAP + GAP // 2


def text_block(top: int = 0, bottom: int = 0) -> QTextBlockFormat:
    """Return the format of a paragraph, ``top`` pixels below the previous one and ``bottom`` above the next one."""
    block = QTextBlockFormat()
    block.setTopMargin(top)
    block.setBottomMargin(bottom)
    block.setLineHeight(LINE_SPACING, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    return block


def _is_in_fence(text: str) -> bool:
    fence = ""
    for line in text.split("\n"):
        opening = _FENCE.match(line)
        if opening:
            fence = "" if fence and opening[1].startswith(fence) else fence or opening[1]
    return bool(fence)


def _style_block(block: QTextBlock) -> None:
    cursor, layout = QTextCursor(block), block.blockFormat()
    if is_code(block):
        layout.setNonBreakableLines(False)
        layout.setTopMargin(0 if is_code(block.previous()) else GAP // 2 + code_header_height())
        layout.setBottomMargin(0 if is_code(block.next()) else GAP + GAP + GAP // 2)
        layout.setLeftMargin(GAP + GAP // 2)
        layout.setRightMargin(GAP + GAP // 2)
        words = QTextCharFormat()
        words.setFont(code_font())
        _merge(cursor, words)
    else:
        layout.setLineHeight(LINE_SPACING, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        layout.setTopMargin(GAP if layout.headingLevel() else 0)
        in_list = block.textList() is not None and block.next().textList() is not None
        layout.setBottomMargin(GAP // 2 if layout.headingLevel() or in_list else GAP)
        if layout.headingLevel():
            words = QTextCharFormat()
            words.setProperty(QTextFormat.Property.FontSizeAdjustment, _HEADING_STEP)
            _merge(cursor, words)
    cursor.setBlockFormat(layout)


def _style_inlines(block: QTextBlock) -> None:
    """Colour links and code, make unusable links plain, and remove images."""
    changes: list[tuple[int, int, QTextCharFormat]] = []
    place = block.begin()
    while not place.atEnd():
        piece = place.fragment()
        words = piece.charFormat()
        if words.isImageFormat() or words.isAnchor() or (words.fontFixedPitch() and not is_code(block)):
            changes.append((piece.position(), piece.length(), words))
        place += 1
    for position, length, words in reversed(changes):
        cursor = QTextCursor(block)
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        if words.isImageFormat():
            cursor.removeSelectedText()
        elif words.isAnchor():
            _style_link(cursor, words)
        else:
            words.setFont(code_font())
            words.setBackground(theme().colour(Token.HOVER))
            cursor.setCharFormat(words)


def _style_link(cursor: QTextCursor, words: QTextCharFormat) -> None:
    usable = words.anchorHref().lower().startswith(_SCHEMES)
    words.setFontUnderline(usable)
    words.setForeground(theme().colour(Token.STANDBY if usable else Token.TEXT))
    if not usable:
        words.setAnchor(False)
        words.setAnchorHref("")
    cursor.setCharFormat(words)


def _style_table(table: QTextTable) -> None:
    layout = table.format()
    layout.setBorderCollapse(True)
    layout.setBorder(1)
    layout.setBorderBrush(QBrush(theme().colour(Token.LINE)))
    layout.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    layout.setCellPadding(GAP // 2)
    before = table.firstCursorPosition().block().previous()
    layout.setTopMargin(2 * GAP + GAP // 2 if is_code(before) else GAP)
    layout.setBottomMargin(GAP)
    table.setFormat(layout)
    bold = QTextCharFormat()
    bold.setFontWeight(QFont.Weight.DemiBold)
    for row in range(table.rows()):
        for column in range(table.columns()):
            cell = table.cellAt(row, column)
            cursor = cell.firstCursorPosition()
            # Qt starts a table with an empty line in its first cell with text.
            if not cursor.block().text() and cursor.block().next().position() <= cell.lastPosition():
                cursor.deleteChar()
            cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
            cursor.setBlockFormat(QTextBlockFormat())
            if row == 0:
                cursor.mergeCharFormat(bold)


def _merge(cursor: QTextCursor, words: QTextCharFormat) -> None:
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(words)
