"""Shows a conversation as Markdown, also while an answer grows. Loads no resources."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
from PySide6.QtGui import (
    QCursor,
    QFont,
    QImage,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextDocumentFragment,
    QTextFrame,
    QTextFrameFormat,
    QTextImageFormat,
    QTextLength,
)
from PySide6.QtWidgets import QTextBrowser, QToolTip

from preheat_gui.dashboard.parts import code_font
from preheat_gui.dashboard.try_it.code_blocks import CodeBlocks
from preheat_gui.dashboard.try_it.conversation import Turn
from preheat_gui.dashboard.try_it.markdown import completed, finished_length, from_markdown, text_block
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    RADIUS,
    Token,
    body_font,
    caption_font,
    named,
    set_role,
    theme,
    timer,
)
from preheat_gui.words import SEPARATOR

REPAINT_MS: Final = 50  # Between updates of a growing answer, at least
_REST: Final = 8  # An update may take one part in this many of the time
_THUMBNAIL: Final = 120  # Of a picture, in pixels
_THINKING_CHARS: Final = 400  # Shown while the model thinks
_OWN: Final = "preheat:"


class Transcript(QTextBrowser):
    """A document of all turns; the last one may be growing."""

    link_clicked = Signal(str)  # An address in an answer
    copy_requested = Signal(int)  # The number of a turn
    race_requested = Signal(int)  # Likewise

    def __init__(self) -> None:
        super().__init__()
        named(self, "transcript", self.tr("Conversation"))
        set_role(self, "reading")
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(
            flags.TextSelectableByMouse
            | flags.TextSelectableByKeyboard
            | flags.LinksAccessibleByMouse
            | flags.LinksAccessibleByKeyboard
        )
        self.document().setDocumentMargin(GROUP_GAP)
        self._turns: list[Turn] = []
        self._questions: list[QTextFrame] = []  # A frame for each turn
        self._answer_at = 0  # Where the last turn's answer begins in the document
        self._tail_at = 0  # Where its unfinished part begins
        self._fixed = 0  # Characters of the answer before that
        self._shown: tuple[object, ...] = ()  # What ``_grow`` has shown
        self._timer = timer(self, REPAINT_MS, self._grow)
        self._code = CodeBlocks(self)
        self.anchorClicked.connect(self._on_anchor)
        theme().changed.connect(self.render_all)

    def show_turns(self, turns: Sequence[Turn]) -> None:
        self._turns = list(turns)
        self.render_all()

    def add_turn(self, turn: Turn) -> None:
        self._turns.append(turn)
        self._render_turn(len(self._turns) - 1)
        self._to_end()

    def turn_changed(self) -> None:
        """Show the progress of the last turn, soon."""
        if not self._timer.isActive():
            self._timer.start()

    def turn_over(self) -> None:
        """Show the last turn as complete, or its figures as they are now."""
        self._timer.stop()
        if not self._turns:
            return  # it ended before it was shown
        at_end = self._is_at_end()
        self._render_answer(len(self._turns) - 1)
        if at_end:
            self._to_end()

    def render_all(self) -> None:
        """Lay everything out again, in the current colours and fonts."""
        self._timer.stop()
        at = self.verticalScrollBar().value()
        self._code.clear()
        self._questions.clear()
        self.clear()
        for number in range(len(self._turns)):
            self._render_turn(number)
        self.verticalScrollBar().setValue(at)

    def shown_positions(self) -> range:
        """Return the positions of the document that are in sight."""
        view = self.viewport().rect()
        first = self.cursorForPosition(view.topLeft()).block()
        last = self.cursorForPosition(view.bottomRight()).block()
        return range(first.position(), last.position() + last.length())

    def loadResource(self, kind: int, name: QUrl | str) -> Any:  # noqa: N802
        """Return an empty image: an answer must not make this program read files or URLs."""
        return QImage()

    def event(self, event: QEvent) -> bool:
        """Follow the system's font."""
        if event.type() == QEvent.Type.ApplicationFontChange:
            self.render_all()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the cards of questions and code under the text."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(-self.horizontalScrollBar().value(), -self.verticalScrollBar().value())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour(Token.SELECTION))
        shown, layout = self.shown_positions(), self.document().documentLayout()
        first = bisect_left(self._questions, shown.start, key=QTextFrame.lastPosition)
        for frame in self._questions[first:]:
            if frame.firstPosition() >= shown.stop:
                break
            shape = frame.frameFormat()
            rect = layout.frameBoundingRect(frame).adjusted(0, shape.topMargin(), 0, -shape.bottomMargin())
            painter.drawRoundedRect(rect, RADIUS, RADIUS)
        self._code.paint(painter)
        painter.end()
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Stay at the end."""
        at_end = self._is_at_end()
        super().resizeEvent(event)
        if at_end:
            self._to_end()
        self._code.place_buttons()

    def _on_anchor(self, url: QUrl) -> None:
        address = url.toString()
        if not address.startswith(_OWN):
            self.link_clicked.emit(address)
            return
        action, _, number = address.removeprefix(_OWN).partition("/")
        if action == "copy":
            self.copy_requested.emit(int(number))
            QToolTip.showText(QCursor.pos(), self.tr("Copied"), self)
        elif action == "race":
            self.race_requested.emit(int(number))
        else:
            turn = self._turns[int(number)]
            turn.shows_thinking = not turn.shows_thinking
            self.render_all()

    def _grow(self) -> None:
        turn, number = self._turns[-1], len(self._turns) - 1
        if turn.over:
            return
        began, at_end, begin = time.perf_counter(), self._is_at_end(), self._tail_at
        shown = (turn.note, turn.thinking, turn.answer)
        if shown == self._shown:
            return
        if not turn.answer:
            cursor = self._cleared(self._answer_at)
            cursor.insertText(self.tr("Thinking…") if turn.thinking else turn.note, _format(body_font(), Token.MUTED))
            if turn.thinking:
                cursor.insertBlock(text_block(top=GAP // 2))
                cursor.insertText(turn.thinking[-_THINKING_CHARS:].strip(), _format(caption_font(), Token.MUTED))
        elif turn.embeddings:
            self._cleared(self._answer_at).insertText(turn.answer, _format(code_font(), Token.TEXT))
        else:
            self._grow_answer(number)
        self._shown = shown
        self._code.find(begin)
        if at_end:
            self._to_end()
        cost_ms = (time.perf_counter() - began) * 1000
        self._timer.setInterval(max(REPAINT_MS, round(cost_ms * _REST)))

    def _grow_answer(self, number: int) -> None:
        """Lay out what has become final once, and the rest of the answer."""
        turn = self._turns[number]
        if not self._shown or not self._shown[2]:  # the first text
            cursor = self._cleared(self._answer_at)
            self._insert_thinking(cursor, number)
            self._tail_at, self._fixed = cursor.position(), 0
        cursor = self._cleared(self._tail_at)
        cursor.beginEditBlock()
        end = finished_length(turn.answer, self._fixed)
        if end > self._fixed and turn.answer[self._fixed : end].strip():
            _insert_markdown(cursor, turn.answer[self._fixed : end])
            self._tail_at, self._fixed = cursor.position(), end
        if tail := turn.answer[self._fixed :].strip("\n"):
            _insert_markdown(cursor, completed(tail), last=True)
        cursor.endEditBlock()

    def _render_turn(self, number: int) -> None:
        self._render_question(number)
        self._answer_at = self._tail_at = self.document().characterCount() - 1
        self._fixed, self._shown = 0, ()
        if self._turns[number].over:
            self._render_answer(number)
        else:
            self._grow()

    def _render_question(self, number: int) -> None:
        turn = self._turns[number]
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        frame = QTextFrameFormat()
        frame.setPadding(GAP + GAP // 2)
        frame.setTopMargin(0 if cursor.position() == 0 else GROUP_GAP)
        frame.setBottomMargin(GAP)
        frame.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        if cursor.position() == 0:
            # Qt needs a line before a frame; make it invisible.
            nothing = QTextBlockFormat()
            nothing.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
            cursor.setBlockFormat(nothing)
        self._questions.append(cursor.insertFrame(frame))
        for place, image in enumerate(turn.images):
            self._insert_image(cursor, f"{_OWN}{number}/{place}", image)
        if turn.images:
            cursor.insertBlock(text_block(top=GAP // 2))
        cursor.insertText(turn.question, _format(body_font(), Token.TEXT))
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.setBlockFormat(text_block(bottom=GAP // 2))
        cursor.insertText(turn.model_id, _format(caption_font(), Token.MUTED))
        cursor.insertBlock(text_block())

    def _insert_image(self, cursor: QTextCursor, name: str, content: bytes) -> None:
        image = QImage.fromData(content)
        if image.isNull():
            return
        self.document().addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(name), image)
        shape = QTextImageFormat()
        shape.setName(name)
        scale = min(1.0, _THUMBNAIL / max(image.width(), image.height()))
        shape.setWidth(max(1.0, image.width() * scale))
        shape.setHeight(max(1.0, image.height() * scale))
        cursor.insertImage(shape)
        cursor.insertText(" ")

    def _insert_thinking(self, cursor: QTextCursor, number: int) -> None:
        """Insert the line that shows or hides the thinking, and the thinking if it is shown."""
        turn = self._turns[number]
        if not turn.thinking:
            return
        cursor.setBlockFormat(text_block(bottom=GAP // 2))
        words = self.tr("Hide the thinking") if turn.shows_thinking else self.tr("Show the thinking")
        cursor.insertText(words, _link(f"{_OWN}thinking/{number}"))
        if turn.shows_thinking:
            cursor.insertBlock(text_block(top=GAP // 2))
            cursor.insertText(turn.thinking.strip(), _format(caption_font(), Token.MUTED))
        cursor.insertBlock(text_block(top=GAP), QTextCharFormat())

    def _cleared(self, at: int) -> QTextCursor:
        """Remove everything from ``at``, and return a cursor in an empty paragraph there."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(at)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        _make_plain(cursor, text_block())
        return cursor

    def _render_answer(self, number: int) -> None:
        turn = self._turns[number]
        cursor = self._cleared(self._answer_at)
        cursor.beginEditBlock()
        self._insert_thinking(cursor, number)
        if turn.answer:
            if turn.embeddings:
                cursor.insertText(turn.answer, _format(code_font(), Token.TEXT))
                cursor.insertBlock(text_block(), QTextCharFormat())
            else:
                _insert_markdown(cursor, turn.answer)
        _make_plain(cursor, text_block(top=GAP // 2))
        cursor.insertText(SEPARATOR.join(filter(None, (turn.race, turn.note))), _format(caption_font(), Token.MUTED))
        if turn.race:
            _insert_action(cursor, self.tr("Show the race"), f"{_OWN}race/{number}")
        elif turn.no_race:
            cursor.insertText(SEPARATOR + turn.no_race, _format(caption_font(), Token.MUTED))
        if turn.answer:
            _insert_action(cursor, self.tr("Copy"), f"{_OWN}copy/{number}")
        cursor.endEditBlock()
        self._code.find(self._answer_at)

    def _is_at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - GAP

    def _to_end(self) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())


def _insert_markdown(cursor: QTextCursor, text: str, *, last: bool = False) -> None:
    """Insert Markdown in an empty paragraph, and go on in another one below, unless it is the ``last``."""
    begin, made = cursor.position(), from_markdown(text)
    cursor.insertFragment(QTextDocumentFragment(made))
    first = cursor.document().findBlock(begin)
    if first.textList() is None:  # Qt inserts the text of the first paragraph only
        QTextCursor(first).setBlockFormat(made.begin().blockFormat())
    if not first.text() and first.next().isValid() and first.textList() is None:
        leftover = QTextCursor(first)  # Qt keeps the paragraph in front of a list
        leftover.deleteChar()
        leftover.setBlockCharFormat(_format(body_font(), Token.TEXT))  # of the first item's sign
    cursor.movePosition(QTextCursor.MoveOperation.End)
    if not last:
        cursor.insertBlock(text_block(), QTextCharFormat())
        _make_plain(cursor, text_block())


def _make_plain(cursor: QTextCursor, block: QTextBlockFormat) -> None:
    """Make the paragraph one of no list, with this format."""
    if cursor.currentList() is not None:
        cursor.currentList().remove(cursor.block())
    cursor.setBlockFormat(block)
    cursor.setCharFormat(QTextCharFormat())


def _insert_action(cursor: QTextCursor, words: str, address: str) -> None:
    cursor.insertText(SEPARATOR, _format(caption_font(), Token.MUTED))
    cursor.insertText(words, _link(address))


def _link(address: str) -> QTextCharFormat:
    link = _format(caption_font(), Token.STANDBY)
    link.setAnchor(True)
    link.setAnchorHref(address)
    link.setFontUnderline(True)
    return link


def _format(font: QFont, token: Token) -> QTextCharFormat:
    char_format = QTextCharFormat()
    char_format.setFont(font)
    char_format.setForeground(theme().colour(token))
    return char_format
