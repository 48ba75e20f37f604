"""Model, view and delegates of the dashboard's tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import IntEnum
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from preheat_gui.dashboard.cells import ROOT, Cell, Index, Role, sync_rows
from preheat_gui.dashboard.painting import Looks, LooksOf, draw_text, paint_focus
from preheat_gui.widgets import GAP, Token, named

T = TypeVar("T")

PADDING: Final = GAP  # Left and right of a cell's text, as in the header
_LEADING: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def two_lines(rect: QRect, looks: Looks) -> tuple[QRect, QRect]:
    """Return the places of a text and its aside, centred vertically in ``rect``."""
    upper, lower = looks.body_metrics.height(), looks.caption_metrics.height()
    top = rect.top() + (rect.height() - upper - lower) // 2
    return QRect(rect.left(), top, rect.width(), upper), QRect(rect.left(), top + upper, rect.width(), lower)


def two_line_height(looks: Looks) -> int:
    return looks.body_metrics.height() + looks.caption_metrics.height() + 2 * GAP


class TableModel(QAbstractTableModel, Generic[T]):
    """A table with one row per item, and the columns of an enum; ``key`` is the same for an item that has changed."""

    def __init__(
        self, columns: type[IntEnum], items: Sequence[T], key: Callable[[T], Hashable], parent: QObject | None
    ) -> None:
        super().__init__(parent)
        self._columns = columns
        self._items = list(items)
        self._key = key

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._items)

    def columnCount(self, parent: Index = ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._columns)

    def cell(self, row: int, column: int) -> Cell:
        """Return the contents of a cell."""
        raise NotImplementedError

    def header(self, column: int) -> tuple[str, str]:
        """Return a column's title and tooltip; both may be empty."""
        raise NotImplementedError

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        match role:
            case Role.CELL:
                return self.cell(row, column)
            case Role.ITEM:
                return self._items[row]
            case Qt.ItemDataRole.DisplayRole:
                return self.cell(row, column).text
            case Qt.ItemDataRole.ToolTipRole:
                return self.cell(row, column).tooltip or None
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.cell(row, column).spoken
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        title, tooltip = self.header(section)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return title
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip or None
        return None

    def show_items(self, items: Sequence[T]) -> None:
        """Show these items; only differences are reported."""
        self.report(sync_rows(self, self._items, items, self._key), 0, len(self._columns) - 1)

    def report(self, rows: Iterable[tuple[int, int]], left: int, right: int) -> None:
        """Report changes in runs of rows, between two columns."""
        for first, last in rows:
            self.dataChanged.emit(self.index(first, left), self.index(last, right))

    def report_column(self, column: int) -> None:
        """Report changes in all rows of a column."""
        if self._items:
            self.report([(0, len(self._items) - 1)], column, column)


class CellDelegate(QStyledItemDelegate):
    """Paints a ``Cell`` of one or two lines."""

    elide = Qt.TextElideMode.ElideRight

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._looks = LooksOf(self)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        looks, rect = self._looks(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, looks.colours[Token.SELECTION])
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), looks.colours[Token.LINE])
        self.paint_cell(painter, option, rect.adjusted(PADDING, 0, -PADDING, -1), index)
        paint_focus(painter, option, rect, looks)

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, index: Index) -> None:
        self.paint_lines(painter, option, rect, index.data(Role.CELL))

    def paint_lines(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, cell: Cell) -> None:
        """Paint the text, and the aside under it."""
        looks, direction = self._looks(), option.direction
        # Each text in its own direction: mirrored, "3.0 GB" must not become "GB 3.0".
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        upper, lower = two_lines(rect, looks) if cell.aside else (rect, rect)
        painter.setFont(looks.body)
        painter.setPen(looks.colours[Token.MUTED if cell.muted else Token.TEXT])
        draw_text(
            painter, direction, upper, _LEADING, looks.body_metrics.elidedText(cell.text, self.elide, upper.width())
        )
        if cell.aside:
            aside = looks.caption_metrics.elidedText(cell.aside, Qt.TextElideMode.ElideRight, lower.width())
            painter.setFont(looks.caption)
            painter.setPen(looks.colours[Token.BAD if cell.bad else Token.MUTED])
            draw_text(painter, direction, lower, _LEADING, aside)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        looks, cell = self._looks(), index.data(Role.CELL)
        text, aside = (
            looks.body_metrics.horizontalAdvance(cell.text),
            looks.caption_metrics.horizontalAdvance(cell.aside),
        )
        return QSize(max(text, aside) + 2 * PADDING, two_line_height(looks))


class NameDelegate(CellDelegate):
    """A model name, elided in the middle: its end names the quantization."""

    elide = Qt.TextElideMode.ElideMiddle


class TableView(QTableView):
    """A table of whole rows with fixed heights; one column takes the spare width."""

    def __init__(self, name: str, accessible_name: str, model: QAbstractItemModel, stretch_column: int) -> None:
        super().__init__()
        self._looks = LooksOf(self)
        named(self, name, accessible_name)
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab leaves the table; the arrow keys move in it
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # measuring every row is slow
        rows.setMinimumSectionSize(1)
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        columns.setSectionResizeMode(stretch_column, QHeaderView.ResizeMode.Stretch)
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange, QEvent.Type.StyleChange):
            self.fit()

    def fit(self) -> None:
        """Adapt rows and columns to the font and the size."""
