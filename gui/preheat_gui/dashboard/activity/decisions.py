"""The list of decisions: time, sign, a sentence of up to three lines, size."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLocale, QRect, Qt, QTime
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from preheat_gui.dashboard.activity.rows import DecisionRow
from preheat_gui.dashboard.painting import Looks, bold, draw_text, wrapped
from preheat_gui.dashboard.rows import LEADING, TRAILING, GroupRow, RowDelegate, RowList, RowView
from preheat_gui.widgets import GAP, GROUP_GAP, Token, symbol

_SIGN: Final = 16
_MAX_LINES: Final = 3
_PADDING: Final = GAP - 1  # Above and below a row's text


class DecisionsView(RowView):
    """Shows decisions under their days; selected ones can be copied as text."""

    def __init__(self, rows: RowList) -> None:
        super().__init__("activity_list", self.tr("Loads and unloads, with reasons"), rows)
        self._decisions = rows
        self.setItemDelegate(DecisionDelegate(self))
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)

    def selected_text(self) -> str:
        """Return the selected decisions, one per line."""
        numbers = sorted(index.row() for index in self.selectionModel().selectedRows())
        return "\n".join(self._decisions.rows[number].whole for number in numbers)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            if text := self.selected_text():
                QGuiApplication.clipboard().setText(text)
            return
        super().keyPressEvent(event)


class DecisionDelegate(RowDelegate):
    """Paints a day, or a decision."""

    def paint_group(self, painter: QPainter, option: QStyleOptionViewItem, row: GroupRow, looks: Looks) -> None:
        painter.setFont(bold(looks.caption))
        painter.setPen(looks.colours[Token.MUTED])
        rect = option.rect.adjusted(GROUP_GAP, 0, -GROUP_GAP, -GAP // 2)
        draw_text(painter, option.direction, rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, row.text)

    def group_height(self, first: bool, looks: Looks) -> int:
        return looks.caption_metrics.height() + GROUP_GAP + GAP // 2

    def row_height(self, row: DecisionRow, width: int, looks: Looks) -> int:
        lines = _lines(row, looks, QRect(0, 0, width, 0))
        return len(lines) * looks.body_metrics.height() + 2 * _PADDING + 1

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: DecisionRow, looks: Looks) -> None:
        direction, rect = option.direction, option.rect
        time, sign, text, figures = (QStyle.visualRect(direction, rect, place) for place in _places(row, looks, rect))
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.MUTED])
        draw_text(painter, direction, time, LEADING, row.time)
        draw_text(painter, direction, figures, TRAILING, row.figures)
        symbol(*row.sign).paint(painter, sign)
        painter.setPen(looks.colours[Token.TEXT])
        for line in _lines(row, looks, rect):
            draw_text(painter, direction, text, LEADING, line)
            text.translate(0, looks.body_metrics.height())


def _lines(row: DecisionRow, looks: Looks, rect: QRect) -> tuple[str, ...]:
    return wrapped(row.text, looks.body, _places(row, looks, rect)[2].width(), _MAX_LINES)


def _places(row: DecisionRow, looks: Looks, rect: QRect) -> tuple[QRect, QRect, QRect, QRect]:
    """Return the places of time, sign, the text's first line and figures in a left-to-right layout."""
    metrics = looks.body_metrics
    height, top = metrics.height(), rect.top() + _PADDING
    # As wide as the widest, so that the texts are aligned.
    widest_time = QLocale().toString(QTime(22, 58, 58), QLocale.FormatType.ShortFormat)
    figures_width = max(metrics.horizontalAdvance("88.8 GB"), metrics.horizontalAdvance(row.figures))
    time = QRect(rect.left() + GROUP_GAP, top, metrics.horizontalAdvance(widest_time), height)
    sign = QRect(time.right() + GROUP_GAP, top + (height - _SIGN) // 2, _SIGN, _SIGN)
    figures = QRect(rect.right() - GROUP_GAP - figures_width + 1, top, figures_width, height)
    left = sign.right() + 1 + GAP
    return time, sign, QRect(left, top, figures.left() - GROUP_GAP - left, height), figures
