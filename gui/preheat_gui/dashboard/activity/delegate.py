"""Paints the list of decisions: time, sign, a sentence of up to three lines, size. No widget a row."""

from __future__ import annotations

from datetime import date
from typing import Final

from PySide6.QtCore import QLocale, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTime
from PySide6.QtGui import QFont, QHelpEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from preheat_gui.dashboard.activity.list import Role
from preheat_gui.dashboard.activity.rows import DayRow, DecisionRow
from preheat_gui.dashboard.looks import Looks, LooksOf
from preheat_gui.dashboard.models.delegates import paint_focus
from preheat_gui.dashboard.wrapped import wrapped
from preheat_gui.widgets import GAP, GROUP_GAP, Token, symbol

Index = QModelIndex | QPersistentModelIndex

_SIGN: Final = 16
_MOST_LINES: Final = 3
_AIR: Final = GAP - 1
"""Above and below the words of a row."""

_LEADING: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_TRAILING: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ActivityDelegate(QStyledItemDelegate):
    """A day's line, or a decision. Its height depends on the view's width."""

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
        if isinstance(row, DayRow):
            self._paint_day(painter, option, row)
        else:
            self._paint_decision(painter, option, row)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """Return the height that the sentence needs at the view's width."""
        looks, row = self._looks(), index.data(Role.ROW)
        if isinstance(row, DayRow):
            return QSize(0, looks.caption_metrics.height() + GROUP_GAP + GAP // 2)
        width = self._view.viewport().width()
        lines = self._lines(row, looks, QRect(0, 0, width, 0))
        return QSize(0, len(lines) * looks.body_metrics.height() + 2 * _AIR + 1)

    def helpEvent(  # noqa: N802
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Show the whole decision, with its date."""
        row = index.data(Role.ROW) if index.isValid() else None
        QToolTip.showText(event.globalPos(), row.whole if isinstance(row, DecisionRow) else "", view)
        return True

    def _paint_day(self, painter: QPainter, option: QStyleOptionViewItem, row: DayRow) -> None:
        looks = self._looks()
        font = QFont(looks.caption)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(looks.colours[Token.MUTED])
        area = option.rect.adjusted(GROUP_GAP, 0, -GROUP_GAP, -GAP // 2)
        _draw(painter, option, area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, row.words(date.today()))

    def _paint_decision(self, painter: QPainter, option: QStyleOptionViewItem, row: DecisionRow) -> None:
        looks, colours, rect = self._looks(), self._looks().colours, option.rect
        ground = rect.adjusted(GAP // 2, 0, -GAP // 2, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(ground, colours[Token.SELECTION])
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(ground, colours[Token.HOVER])
        places = self._places(row, looks, rect)
        time, sign, sentence, figures = (QStyle.visualRect(option.direction, rect, place) for place in places)
        painter.setFont(looks.body)
        painter.setPen(colours[Token.MUTED])
        _draw(painter, option, time, _LEADING, row.time)
        _draw(painter, option, figures, _TRAILING, row.figures)
        name, token = row.sign
        symbol(name, token).paint(painter, sign)
        painter.setPen(colours[Token.TEXT])
        for line in self._lines(row, looks, rect):
            _draw(painter, option, sentence, _LEADING, line)
            sentence.translate(0, looks.body_metrics.height())
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, ground, looks)

    def _lines(self, row: DecisionRow, looks: Looks, rect: QRect) -> tuple[str, ...]:
        return wrapped(row.sentence, looks.body, self._places(row, looks, rect)[2].width(), _MOST_LINES)

    def _places(self, row: DecisionRow, looks: Looks, rect: QRect) -> tuple[QRect, QRect, QRect, QRect]:
        """Return where time, sign, the sentence's first line and the figures are, from left to right."""
        metrics = looks.body_metrics
        height, top = metrics.height(), rect.top() + _AIR
        # As wide as the widest, so that the sentences stand under each other.
        time_width = metrics.horizontalAdvance(_widest_time())
        figures_width = max(metrics.horizontalAdvance("88.8 GB"), metrics.horizontalAdvance(row.figures))
        left = rect.left() + GROUP_GAP
        time = QRect(left, top, time_width, height)
        sign = QRect(time.right() + GROUP_GAP, top + (height - _SIGN) // 2, _SIGN, _SIGN)
        figures = QRect(rect.right() - GROUP_GAP - figures_width + 1, top, figures_width, height)
        words_left = sign.right() + 1 + GAP
        return time, sign, QRect(words_left, top, figures.left() - GROUP_GAP - words_left, height), figures


def _draw(painter: QPainter, option: QStyleOptionViewItem, area: QRect, alignment: Qt.AlignmentFlag, text: str) -> None:
    side = QStyle.visualAlignment(option.direction, alignment)
    painter.drawText(area, side | Qt.AlignmentFlag.AlignAbsolute, text)


def _widest_time() -> str:
    return QLocale().toString(QTime(22, 58, 58), QLocale.FormatType.ShortFormat)
