"""Paints choices: title, mark and sentence, with a figure and a badge at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from preheat_gui.dashboard.downloads.choices import Badge, ChoiceRow
from preheat_gui.dashboard.painting import Looks, bold, draw_text, wrapped
from preheat_gui.dashboard.rows import LEADING, TRAILING, RowDelegate
from preheat_gui.widgets import GAP, GROUP_GAP, Token, symbol

_SIGN: Final = 12
_PADDING: Final = GAP + 1
"""Above and below a row's text."""

_MAX_LINES: Final = 2
_END_SHARE: Final = 0.4
"""Maximum share of the width for figure and badge."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Places of a choice's parts in a left-to-right layout."""

    title: QRect
    sentence: QRect
    figure: QRect
    badge: QRect


class ChoiceDelegate(RowDelegate):
    """Paints a ``ChoiceRow``."""

    radius = 6.0

    def row_height(self, row: ChoiceRow, width: int, looks: Looks) -> int:
        lines = _lines(row, looks, _places(row, looks, QRect(0, 0, width, 0)).sentence.width())
        # The badge needs a second line even without a sentence.
        second = max(len(lines), 1) * looks.caption_metrics.height()
        return looks.body_metrics.height() + second + 2 * _PADDING + 1

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, looks: Looks) -> None:
        direction, rect = option.direction, option.rect
        places = _places(row, looks, rect)
        self._paint_title(painter, option, row, places.title)
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[Token.MUTED])
        line = QStyle.visualRect(direction, rect, places.sentence)
        for text in _lines(row, looks, line.width()):
            draw_text(painter, direction, line, LEADING, text)
            line.translate(0, looks.caption_metrics.height())
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, QStyle.visualRect(direction, rect, places.figure), TRAILING, row.figure)
        if row.badge is not None:
            self._paint_badge(painter, option, row.badge, places.badge)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, place: QRect) -> None:
        looks, direction, font = self._looks(), option.direction, bold(self._looks().body)
        mark_width = looks.caption_metrics.horizontalAdvance(row.mark) + 2 * GAP if row.mark else 0
        metrics = QFontMetrics(font)
        width = place.width() - (mark_width + GAP if row.mark else 0)
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, width)
        painter.setFont(font)
        painter.setPen(looks.colours[Token.TEXT])
        draw_text(painter, direction, QStyle.visualRect(direction, option.rect, place), LEADING, title)
        if not row.mark:
            return
        left = place.left() + metrics.horizontalAdvance(title) + GAP
        pill = QStyle.visualRect(direction, option.rect, QRect(left, place.top(), mark_width, place.height()))
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
        symbol(badge.sign, badge.token).paint(painter, QStyle.visualRect(direction, option.rect, sign))
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[badge.token])
        draw_text(painter, direction, QStyle.visualRect(direction, option.rect, place), TRAILING, text)


def _lines(row: ChoiceRow, looks: Looks, width: int) -> tuple[str, ...]:
    return wrapped(row.sentence, looks.caption, width, _MAX_LINES) if row.sentence else ()


def _places(row: ChoiceRow, looks: Looks, rect: QRect) -> _Places:
    upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
    whole = rect.adjusted(GROUP_GAP, _PADDING, -GROUP_GAP, 0)
    # One pixel more than the text's own width, which is not always enough.
    badge = _SIGN + GAP // 2 + looks.caption_metrics.horizontalAdvance(row.badge.text) + 1 if row.badge else 0
    end = min(max(looks.body_metrics.horizontalAdvance(row.figure), badge), round(whole.width() * _END_SHARE))
    width = whole.width() - end - (GROUP_GAP if end else 0)
    left, right, top = whole.left(), whole.right() + 1 - end, whole.top()
    return _Places(
        QRect(left, top, width, upper),
        QRect(left, top + upper, width, lower),
        QRect(right, top, end, upper),
        QRect(right, top + upper, end, lower),
    )
