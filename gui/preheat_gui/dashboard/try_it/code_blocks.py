"""The code blocks of a conversation: a card under each one, its language, and a button that copies it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QPainter, QTextBlock
from PySide6.QtWidgets import QToolButton

from preheat_gui.dashboard.try_it.markdown import code_header_height, code_language, is_code
from preheat_gui.widgets import GAP, RADIUS, Token, caption_font, named, symbol, theme, timer

if TYPE_CHECKING:
    from preheat_gui.dashboard.try_it.transcript import Transcript

_CONFIRM_MS: Final = 1500
_ICON_PX: Final = 14


class _Range(NamedTuple):
    """A code block: positions of its first and last line in the document."""

    begin: int
    end: int


class CodeBlocks(QObject):
    """Follows the code in a ``Transcript``, which only changes at its end."""

    def __init__(self, view: Transcript) -> None:
        super().__init__(view)
        self._view = view
        self._ranges: list[_Range] = []
        self._buttons: list[_CopyCode] = []  # As many as code blocks were visible at once
        view.verticalScrollBar().valueChanged.connect(self.place_buttons)
        view.document().documentLayout().documentSizeChanged.connect(self.place_buttons)

    def clear(self) -> None:
        self._ranges.clear()
        self.place_buttons()

    def find(self, begin: int) -> None:
        """Look for code from this position on; what is before it has not changed."""
        self._ranges = [known for known in self._ranges if known.begin < begin]
        block = self._view.document().findBlock(begin)
        first: QTextBlock | None = None
        while block.isValid():
            if is_code(block):
                first = first if first is not None else block
                if not is_code(block.next()):
                    self._ranges.append(_Range(first.position(), block.position()))
                    first = None
            block = block.next()
        self.place_buttons()
        self._view.viewport().update()

    def paint(self, painter: QPainter) -> None:
        """Paint the cards that are visible, and the languages, in the document's coordinates."""
        painter.save()
        metrics = QFontMetrics(caption_font())
        for known, rect in self._visible():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme().colour(Token.HOVER))
            painter.drawRoundedRect(rect, RADIUS, RADIUS)
            language = code_language(self._view.document().findBlock(known.begin))
            if language:
                painter.setFont(caption_font())
                painter.setPen(theme().colour(Token.MUTED))
                place = rect.adjusted(GAP + GAP // 2, GAP // 2, -GAP, 0)
                place.setHeight(metrics.height() + GAP // 2)
                alignment = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(place, alignment, metrics.elidedText(language, Qt.TextElideMode.ElideRight, 160))
        painter.restore()

    def place_buttons(self) -> None:
        """Put a button on each visible card."""
        visible = list(self._visible())
        while len(self._buttons) < len(visible):
            self._buttons.append(_CopyCode(self._view))
        top = self._view.verticalScrollBar().value()
        for number, button in enumerate(self._buttons):
            if number >= len(visible):
                button.hide()
                continue
            known, rect = visible[number]
            button.set_code(self._text(known))
            size = button.sizeHint()
            button.setGeometry(
                round(rect.right()) - size.width() - GAP // 2, round(rect.top()) - top + 2, size.width(), size.height()
            )
            button.show()

    def _visible(self) -> list[tuple[_Range, QRectF]]:
        document = self._view.document()
        layout, margin = document.documentLayout(), document.documentMargin()
        shown, found = self._view.shown_positions(), []
        first_shown = bisect_left(self._ranges, shown.start, key=lambda known: known.end)
        for known in self._ranges[first_shown:]:
            if known.begin >= shown.stop:
                break
            first = layout.blockBoundingRect(document.findBlock(known.begin))
            last = layout.blockBoundingRect(document.findBlock(known.end))
            rect = QRectF(first)
            rect.setTop(first.top() - code_header_height())
            rect.setBottom(last.bottom() + GAP)
            rect.setLeft(margin)
            rect.setRight(document.size().width() - margin)
            found.append((known, rect))
        return found

    def _text(self, known: _Range) -> str:
        lines, block = [], self._view.document().findBlock(known.begin)
        while block.isValid() and block.position() <= known.end:
            lines.append(block.text())
            block = block.next()
        return "\n".join(lines)


class _CopyCode(QToolButton):
    """Copies one code block."""

    def __init__(self, view: Transcript) -> None:
        super().__init__(view.viewport())
        named(self, "copy_code", self.tr("Copy this code"), self.tr("Copy this code"))
        self.setProperty("role", "quiet")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.setFont(caption_font())
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._code = ""
        self._timer = timer(self, _CONFIRM_MS, self._reset)
        self.clicked.connect(self._copy)
        self._reset()

    def set_code(self, code: str) -> None:
        if code != self._code:
            self._code = code
            self._timer.stop()
            self._reset()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._code)
        self.setText(self.tr("Copied"))
        self.setIcon(symbol("check", Token.GOOD))
        self._timer.start()

    def _reset(self) -> None:
        self.setText(self.tr("Copy"))
        self.setIcon(symbol("copy", Token.MUTED))
