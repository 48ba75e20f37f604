"""Paints things to choose from: title, mark and sentence, and at the end a figure and a badge. No widget a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from preheat_gui.dashboard.downloads.catalogue_list import Badge, ChoiceRow, GroupRow, Role
from preheat_gui.dashboard.looks import Looks, LooksOf
from preheat_gui.dashboard.models.delegates import paint_focus
from preheat_gui.dashboard.wrapped import wrapped
from preheat_gui.widgets import GAP, GROUP_GAP, Token, symbol

Index = QModelIndex | QPersistentModelIndex

_SIGN: Final = 12
_AIR: Final = GAP + 1
"""Above and below the words of a row."""

_MOST_LINES: Final = 2
_END_SHARE: Final = 0.4
"""What figure and badge may take of a row at most."""

_LEADING: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_TRAILING: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of a choice are, as if it were written from left to right."""

    title: QRect
    sentence: QRect
    figure: QRect
    badge: QRect


class ChoiceDelegate(QStyledItemDelegate):
    """A group's title, or a choice. Its height depends on the view's width."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self._looks = LooksOf(self)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the row."""
        row = index.data(Role.ROW)
        painter.save()
        # Each text in its own direction: mirrored, "3.4 GB" must not become "GB 3.4". Only its place is mirrored.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        if isinstance(row, GroupRow):
            self._paint_group(painter, option, row)
        else:
            self._paint_choice(painter, option, row)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Return the height that the words need at the view's width."""
        looks, row = self._looks(), index.data(Role.ROW)
        if isinstance(row, GroupRow):
            above = GAP // 2 if index.row() == 0 else GROUP_GAP
            return QSize(0, looks.body_metrics.height() + above + GAP)
        width = self._view.viewport().width()
        lines = self._lines(row, looks, self._places(row, looks, QRect(0, 0, width, 0)).sentence.width())
        # The badge needs a second line even where there is no sentence.
        return QSize(
            0, looks.body_metrics.height() + max(len(lines), 1) * looks.caption_metrics.height() + 2 * _AIR + 1
        )

    def _paint_group(self, painter: QPainter, option: QStyleOptionViewItem, row: GroupRow) -> None:
        looks = self._looks()
        painter.setFont(_bold(looks.body))
        painter.setPen(looks.colours[Token.TEXT])
        area = option.rect.adjusted(GROUP_GAP, 0, -GROUP_GAP, -GAP // 2)
        _draw(painter, option, area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, row.title)

    def _paint_choice(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow) -> None:
        looks, colours, rect = self._looks(), self._looks().colours, option.rect
        ground = rect.adjusted(GAP // 2, 0, -GAP // 2, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            _fill(painter, ground, looks, Token.SELECTION)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            _fill(painter, ground, looks, Token.HOVER)
        places = self._places(row, looks, rect)
        self._paint_title(painter, option, row, places.title)
        painter.setFont(looks.caption)
        painter.setPen(colours[Token.MUTED])
        line = QStyle.visualRect(option.direction, rect, places.sentence)
        for text in self._lines(row, looks, line.width()):
            _draw(painter, option, line, _LEADING, text)
            line.translate(0, looks.caption_metrics.height())
        painter.setFont(looks.body)
        painter.setPen(colours[Token.TEXT])
        _draw(painter, option, QStyle.visualRect(option.direction, rect, places.figure), _TRAILING, row.figure)
        if row.badge is not None:
            self._paint_badge(painter, option, row.badge, places.badge)
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, ground, looks)

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, row: ChoiceRow, place: QRect) -> None:
        looks, font = self._looks(), _bold(self._looks().body)
        mark_width = looks.caption_metrics.horizontalAdvance(row.mark) + 2 * GAP if row.mark else 0
        metrics = QFontMetrics(font)
        room = place.width() - (mark_width + GAP if row.mark else 0)
        title = metrics.elidedText(row.title, Qt.TextElideMode.ElideMiddle, room)
        painter.setFont(font)
        painter.setPen(looks.colours[Token.TEXT])
        _draw(painter, option, QStyle.visualRect(option.direction, option.rect, place), _LEADING, title)
        if not row.mark:
            return
        left = place.left() + metrics.horizontalAdvance(title) + GAP
        pill = QRect(left, place.top(), mark_width, place.height())
        pill = QStyle.visualRect(option.direction, option.rect, pill)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(looks.colours[Token.ACCENT])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        shape = QRectF(pill).adjusted(0.5, -0.5, -0.5, 0.5)
        painter.drawRoundedRect(shape, shape.height() / 2, shape.height() / 2)
        painter.setFont(looks.caption)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, row.mark)

    def _paint_badge(self, painter: QPainter, option: QStyleOptionViewItem, badge: Badge, place: QRect) -> None:
        looks = self._looks()
        text = looks.caption_metrics.elidedText(
            badge.text, Qt.TextElideMode.ElideRight, place.width() - _SIGN - GAP // 2
        )
        sign = QRect(
            place.right() + 1 - looks.caption_metrics.horizontalAdvance(text) - GAP // 2 - _SIGN,
            place.top() + (place.height() - _SIGN) // 2,
            _SIGN,
            _SIGN,
        )
        symbol(badge.sign, badge.token).paint(painter, QStyle.visualRect(option.direction, option.rect, sign))
        painter.setFont(looks.caption)
        painter.setPen(looks.colours[badge.token])
        _draw(painter, option, QStyle.visualRect(option.direction, option.rect, place), _TRAILING, text)

    def _lines(self, row: ChoiceRow, looks: Looks, width: int) -> tuple[str, ...]:
        return wrapped(row.sentence, looks.caption, width, _MOST_LINES) if row.sentence else ()

    def _places(self, row: ChoiceRow, looks: Looks, rect: QRect) -> _Places:
        upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
        whole = rect.adjusted(GROUP_GAP, _AIR, -GROUP_GAP, 0)
        # One more than the words' own width: just that is not always enough for them.
        badge = _SIGN + GAP // 2 + looks.caption_metrics.horizontalAdvance(row.badge.text) + 1 if row.badge else 0
        end = min(max(looks.body_metrics.horizontalAdvance(row.figure), badge), round(whole.width() * _END_SHARE))
        words = whole.width() - end - (GROUP_GAP if end else 0)
        right = whole.right() + 1 - end
        return _Places(
            QRect(whole.left(), whole.top(), words, upper),
            QRect(whole.left(), whole.top() + upper, words, lower),
            QRect(right, whole.top(), end, upper),
            QRect(right, whole.top() + upper, end, lower),
        )


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    return bold


def _fill(painter: QPainter, rect: QRect, looks: Looks, token: Token) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(looks.colours[token])
    painter.drawRoundedRect(rect, 6, 6)


def _draw(painter: QPainter, option: QStyleOptionViewItem, area: QRect, alignment: Qt.AlignmentFlag, text: str) -> None:
    side = QStyle.visualAlignment(option.direction, alignment)
    painter.drawText(area, side | Qt.AlignmentFlag.AlignAbsolute, text)
