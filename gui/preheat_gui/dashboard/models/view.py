"""The view of the models table, and its delegates."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from preheat.control import ModelSnapshot, State
from preheat_gui.dashboard.cells import Cell, Index, Role
from preheat_gui.dashboard.fitting import FittingTable
from preheat_gui.dashboard.models.table import Column, ModelsFilter
from preheat_gui.dashboard.painting import Looks, fill_rounded, paint_star
from preheat_gui.dashboard.tables import PADDING, CellDelegate, NameDelegate, two_line_height, two_lines
from preheat_gui.widgets import GAP, SignBook, Token

_BAR: Final = 4
_SIGN: Final = 10
_STAR: Final = 16


class StateDelegate(CellDelegate):
    """A sign, the state, and a bar while the model loads."""

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, index: Index) -> None:
        looks, cell = self._looks(), index.data(Role.CELL)
        line = two_lines(rect, looks)[0] if cell.aside or cell.progress is not None else rect
        sign = QRect(rect.left(), line.center().y() - _SIGN // 2 + 1, _SIGN, _SIGN)
        paint_sign(painter, QRectF(QStyle.visualRect(option.direction, rect, sign)), index.data(Role.ITEM), looks)
        text = QStyle.visualRect(option.direction, rect, rect.adjusted(_SIGN + GAP, 0, 0, 0))
        if cell.progress is None:
            self.paint_lines(painter, option, text, cell)
            return
        # The bar is on the row's lower edge: there is no room for a third line.
        self.paint_lines(painter, option, text.adjusted(0, 0, 0, -_BAR), cell)
        bar = QRect(text.left(), option.rect.bottom() - _BAR - 3, text.width(), _BAR)
        _paint_bar(painter, bar, cell, option.direction, looks)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return super().sizeHint(option, index) + QSize(_SIGN + GAP, 0)


class StarDelegate(CellDelegate):
    """The favourite's star; filled or not, so that colour is not the only difference."""

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, index: Index) -> None:
        favourite = index.data(Role.ITEM).favourite
        colour = self._looks().colours[Token.ACCENT if favourite else Token.MUTED]
        painter.setPen(QPen(colour, 1.2))
        painter.setBrush(colour if favourite else Qt.BrushStyle.NoBrush)
        paint_star(painter, QRectF(option.rect).center(), _STAR)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(_STAR + 2 * PADDING, two_line_height(self._looks()))


def _paint_bar(painter: QPainter, rect: QRect, cell: Cell, direction: Qt.LayoutDirection, looks: Looks) -> None:
    fill_rounded(painter, rect, looks.colours[Token.TRACK], _BAR / 2)
    if cell.progress:
        width = max(_BAR, round(rect.width() * min(1.0, cell.progress)))
        filled = QStyle.visualRect(direction, rect, QRect(rect.left(), rect.top(), width, rect.height()))
        fill_rounded(painter, filled, looks.colours[Token.ACCENT], _BAR / 2)


def paint_sign(painter: QPainter, rect: QRectF, model: ModelSnapshot, looks: Looks) -> None:
    """Paint a state's sign; each has its own shape, so that colour is not the only difference."""
    colours = looks.colours
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    match model.state:
        case State.HOT:
            _disc(painter, rect, colours[Token.ACCENT])
        case State.LOADING | State.WARMING:
            _ring(painter, rect, colours[Token.TRACK])
            _arc(painter, rect, colours[Token.ACCENT], model.progress or 0.0)
        case State.QUEUED | State.UNLOADING:
            _ring(painter, rect, colours[Token.TRACK])
            _arc(painter, rect, colours[Token.MUTED], 0.25)
        case State.FAILED:
            _cross(painter, rect, colours[Token.BAD])
        case _ if model.standby:
            _ring(painter, rect, colours[Token.STANDBY])
            _disc(painter, rect.adjusted(3, 3, -3, -3), colours[Token.STANDBY])
        case _:
            _ring(painter, rect, colours[Token.CONTROL])


def _disc(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(rect)


def _ring(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(_inner(rect))


def _arc(painter: QPainter, rect: QRectF, colour: QColor, share: float) -> None:
    # From the top, clockwise; Qt counts in sixteenths of a degree.
    painter.setPen(QPen(colour, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawArc(_inner(rect), 90 * 16, -round(360 * 16 * share))


def _cross(painter: QPainter, rect: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    inner = rect.adjusted(1.5, 1.5, -1.5, -1.5)
    painter.drawLine(inner.topLeft(), inner.bottomRight())
    painter.drawLine(inner.topRight(), inner.bottomLeft())


def _inner(rect: QRectF) -> QRectF:
    return rect.adjusted(0.8, 0.8, -0.8, -0.8)


# Needed and preferred width, in characters of the body font. The name takes the rest.
_WIDTHS: Final[Mapping[IntEnum, tuple[int, int]]] = {
    Column.FAVOURITE: (6, 6),
    Column.NAME: (30, 30),
    Column.STATE: (24, 30),
    Column.MEMORY: (23, 38),
    Column.CONTEXT: (18, 18),
    Column.LOAD: (14, 14),
    Column.HITS: (12, 12),
    Column.LAST_USED: (15, 15),
}
_HIDDEN_FIRST: Final = (Column.CONTEXT, Column.LOAD, Column.HITS, Column.LAST_USED, Column.MEMORY)


class ModelsView(FittingTable):
    """Shows a ``ModelsFilter``; narrow views hide columns."""

    star_clicked = Signal(object)  # The user clicked a model's star (ModelSnapshot)

    def __init__(self, models: ModelsFilter, signs: SignBook) -> None:
        super().__init__("models_table", self.tr("Models"), models, Column.NAME, _WIDTHS, _HIDDEN_FIRST)
        self._models = models
        self.setSelectionMode(self.SelectionMode.ExtendedSelection)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        columns = self.horizontalHeader()
        columns.setObjectName("models_header")
        columns.setSortIndicator(models.sortColumn(), models.sortOrder())
        self.setSortingEnabled(True)  # sorts by the indicator
        self.setItemDelegate(CellDelegate(self))
        self.setItemDelegateForColumn(Column.NAME, NameDelegate(self, signs))
        self.setItemDelegateForColumn(Column.STATE, StateDelegate(self))
        self.setItemDelegateForColumn(Column.FAVOURITE, StarDelegate(self))
        self.clicked.connect(self._on_clicked)
        self.fit()

    def selected(self) -> list[ModelSnapshot]:
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._models.model_at(self._models.index(row, Column.NAME)) for row in rows]

    def select_model(self, row: int) -> None:
        index = self._models.index(row, Column.NAME)
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        over_star = self.indexAt(event.position().toPoint()).column() == Column.FAVOURITE
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over_star else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == Column.FAVOURITE:
            self.star_clicked.emit(self._models.model_at(index))
