"""Rows of models or sizes to choose from: title, mark and sentence, with a figure and a badge at the end."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from preheat_gui.dashboard.painting import Looks, bold, draw_text, wrapped
from preheat_gui.dashboard.rows import LEADING, TRAILING, Row, RowDelegate
from preheat_gui.widgets import GAP, GROUP_GAP, Token, symbol

_SIGN: Final = 12
_PADDING: Final = GAP + 1  # Above and below a row's text
_MAX_LINES: Final = 2
_END_SHARE: Final = 0.4  # Maximum share of the width for figure and badge


@dataclass(frozen=True, slots=True)
class Badge:
    """The most important fact about a choice."""

    text: str
    sign: str  # A symbol's name
    token: Token


@dataclass(frozen=True, slots=True)
class ChoiceRow(Row):
    """A model or size to choose."""

    key: str  # Unique in the list
    title: str
    sentence: str = ""  # Smaller, under the title; up to two lines
    figure: str = ""  # At the end of the first line, such as a size
    badge: Badge | None = None  # Under the figure
    mark: str = ""  # A recommendation next to the title; may be empty

    @property
    def identity(self) -> Hashable:
        """The key."""
        return ChoiceRow, self.key

    @property
    def text(self) -> str:
        """The title."""
        return self.title

    @property
    def whole(self) -> str:
        """Everything in one line."""
        parts = (self.title, self.mark, self.figure, self.badge.text if self.badge else "", self.sentence)
        return ", ".join(part.rstrip(".") for part in parts if part)


class ChoiceDelegate(RowDelegate):
    """Paints a ``ChoiceRow``."""

    radius = 6.0

    def row_height(self, row: ChoiceRow, width: int, looks: Looks) -> int:
        lines = _lines(row, looks, _places(row, looks, QRect(0, 0, width, 0))[1].width())
        # The badge needs a second line even without a sentence.
        second = max(len(lines), 1) * looks.caption_metrics.height()
        return looks.body_metrics.height() + second + 2 * _PADDING + 1

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, looks: Looks) -> None:
        direction, rect = option.direction, option.rect
        title, line, figure, badge = (QStyle.visualRect(direction, rect, place) for place in _places(row, looks, rect))
        self._paint_title(painter, option, row, title)
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[Token.MUTED])
        for text in _lines(row, looks, line.width()):
            draw_text(painter, direction, line, LEADING, text)
            line.translate(0, looks.caption_metrics.height())
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, figure, TRAILING, row.figure)
        if row.badge is not None:
            self._paint_badge(painter, option, row.badge, badge)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, place: QRect) -> None:
        looks, direction, font = self._looks(), option.direction, bold(self._looks().body)
        mark_width = looks.caption_metrics.horizontalAdvance(row.mark) + 2 * GAP if row.mark else 0
        metrics = QFontMetrics(font)
        width = place.width() - (mark_width + GAP if row.mark else 0)
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, width)
        painter.setFont(font)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, place, LEADING, title)
        if not row.mark:
            return
        left = place.left() + metrics.horizontalAdvance(title) + GAP
        pill = QStyle.visualRect(direction, place, QRect(left, place.top(), mark_width, place.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(looks.colours[Token.ACCENT])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        shape = QRectF(pill).adjusted(0.5, -0.5, -0.5, 0.5)
        painter.drawRoundedRect(shape, shape.height() / 2, shape.height() / 2)
        painter.setFont(looks.caption)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, row.mark)

    def _paint_badge(self, painter: QPainter, option: QStyleOptionViewItem, badge: Badge, place: QRect) -> None:
        looks, direction, sign_width = self._looks(), option.direction, _SIGN + GAP // 2
        metrics = looks.caption_metrics
        text = metrics.elidedText(badge.text, Qt.TextElideMode.ElideRight, place.width() - sign_width)
        left = place.right() + 1 - metrics.horizontalAdvance(text) - sign_width
        sign = QRect(left, place.top() + (place.height() - _SIGN) // 2, _SIGN, _SIGN)
        symbol(badge.sign, badge.token).paint(painter, QStyle.visualRect(direction, place, sign))
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[badge.token])
        draw_text(painter, direction, place, TRAILING, text)


def _lines(row: ChoiceRow, looks: Looks, width: int) -> tuple[str, ...]:
    return wrapped(row.sentence, looks.caption, width, _MAX_LINES) if row.sentence else ()


def _places(row: ChoiceRow, looks: Looks, rect: QRect) -> tuple[QRect, QRect, QRect, QRect]:
    """Return the places of title, sentence, figure and badge in a left-to-right layout."""
    upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
    whole = rect.adjusted(GROUP_GAP, _PADDING, -GROUP_GAP, 0)
    # One pixel more than the text's own width, which is not always enough.
    badge = _SIGN + GAP // 2 + looks.caption_metrics.horizontalAdvance(row.badge.text) + 1 if row.badge else 0
    end = min(max(looks.body_metrics.horizontalAdvance(row.figure), badge), round(whole.width() * _END_SHARE))
    width = whole.width() - end - (GROUP_GAP if end else 0)
    left, right, top = whole.left(), whole.right() + 1 - end, whole.top()
    return (
        QRect(left, top, width, upper),
        QRect(left, top + upper, width, lower),
        QRect(right, top, end, upper),
        QRect(right, top + upper, end, lower),
    )
