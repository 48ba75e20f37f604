"""Models, views and delegates of the dashboard's lists and tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QAbstractTableModel,
    QEvent,
    QObject,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from preheat_gui.dashboard.cells import NOTHING, ROOT, Cell, Index, Role, sync_rows
from preheat_gui.dashboard.painting import Looks, LooksOf, bold, draw_text, fill_rounded, paint_focus
from preheat_gui.widgets import GAP, GROUP_GAP, SIGN_PX, SignBook, Token, named, paint_model_sign, plain

LEADING: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
TRAILING: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Row:
    """A row that can be selected."""

    __slots__ = ()

    @property
    def identity(self) -> Hashable:
        """Equal for the same row with other contents."""
        return self

    @property
    def text(self) -> str:
        """The main text; typing its first letters finds the row."""
        raise NotImplementedError

    @property
    def whole(self) -> str:
        """Everything in one line, for tooltips, screen readers and the clipboard."""
        return self.text


@dataclass(frozen=True, slots=True)
class GroupRow(Row):
    """A title above the rows that follow; cannot be selected."""

    title: str

    @property
    def text(self) -> str:
        """The title."""
        return self.title


class RowList(QAbstractListModel):
    """Rows as a Qt list."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows; selection and scroll position stay."""
        for first, last in sync_rows(self, self.rows, rows, lambda row: row.identity):
            self.dataChanged.emit(self.index(first), self.index(last))

    def rowCount(self, parent: Index = ROOT) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        match role:
            case Role.ITEM:
                return row
            case Qt.ItemDataRole.DisplayRole:
                return row.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.whole
            case Qt.ItemDataRole.ToolTipRole if not isinstance(row, GroupRow):
                return plain(row.whole)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if isinstance(self.rows[index.row()], GroupRow):
            return Qt.ItemFlag.ItemNeverHasChildren
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren


class RowDelegate(QStyledItemDelegate):
    """Paints rows of a height that depends on the view's width."""

    radius = 0.0  # Of the selection's corners, in pixels

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self._looks = LooksOf(self)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, looks = index.data(Role.ITEM), self._looks()
        painter.save()
        # Each text in its own direction: mirrored, "3.4 GB" must not become "GB 3.4". Only its place is mirrored.
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        if isinstance(row, GroupRow):
            self.paint_group(painter, option, row, looks)
        else:
            ground = option.rect.adjusted(GAP // 2, 0, -GAP // 2, -1)
            if option.state & QStyle.StateFlag.State_Selected:
                fill_rounded(painter, ground, looks.colours[Token.SELECTION], self.radius)
            elif option.state & QStyle.StateFlag.State_MouseOver:
                fill_rounded(painter, ground, looks.colours[Token.HOVER], self.radius)
            self.paint_row(painter, option, row, looks)
            paint_focus(painter, option, ground, looks)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        row, looks = index.data(Role.ITEM), self._looks()
        if isinstance(row, GroupRow):
            return QSize(0, self.group_height(index.row() == 0, looks))
        return QSize(0, self.row_height(row, self._view.viewport().width(), looks))

    def paint_group(self, painter: QPainter, option: QStyleOptionViewItem, row: GroupRow, looks: Looks) -> None:
        painter.setFont(bold(looks.body))
        painter.setPen(looks.colours[Token.TEXT])
        rect = option.rect.adjusted(GROUP_GAP, 0, -GROUP_GAP, -GAP // 2)
        draw_text(painter, option.direction, rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, row.text)

    def group_height(self, first: bool, looks: Looks) -> int:
        return looks.body_metrics.height() + (GAP // 2 if first else GROUP_GAP) + GAP

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Any, looks: Looks) -> None:
        """Paint a row's contents."""
        raise NotImplementedError

    def row_height(self, row: Any, width: int, looks: Looks) -> int:
        """Return the height of a row at this width."""
        raise NotImplementedError


class RowView(QListView):
    """Shows a ``RowList``."""

    def __init__(self, name: str, accessible_name: str, rows: RowList) -> None:
        super().__init__()
        named(self, name, accessible_name)
        self.setModel(rows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()  # rows wrap at another width

    def updateGeometries(self) -> None:  # noqa: N802
        """Show whole rows only while nothing is scrolled: what the next row lacks stays empty."""
        super().updateGeometries()
        margins = self.viewportMargins()
        room = self.viewport().height() + margins.bottom()
        rest = _rest_below(self, room)
        if rest != margins.bottom():
            self.setViewportMargins(margins.left(), margins.top(), margins.right(), rest)


def _rest_below(view: QListView, room: int) -> int:
    """Return the height in which the first row that does not fit would be cut; 0 if all fit."""
    rows, used, whole = view.model(), 0, 0
    for row in range(rows.rowCount()):
        used += view.sizeHintForRow(row)
        if used > room:
            return room - whole if whole else 0
        if rows.flags(rows.index(row, 0)) & Qt.ItemFlag.ItemIsSelectable:
            whole = used  # a title above nothing is left out, too
    return 0


T = TypeVar("T")

SIGN_WIDTH: Final = SIGN_PX + GAP  # Of a model's sign before its name
PADDING: Final = GAP  # Left and right of a cell's text, as in the header


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
                return plain(self.cell(row, column).tooltip) or None
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.cell(row, column).spoken
        return None

    def text(self, row: int, column: int) -> str:
        """Return the first line of a cell."""
        return self.cell(row, column).text

    def has_values(self, column: int) -> bool:
        """Return whether any cell of a column shows a figure; a column of dashes only is not worth its width."""
        return any(self.cell(row, column).text != NOTHING for row in range(len(self._items)))

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
        """Show these items; only rows that differ are reported."""
        self.report(self.take_items(items), 0, len(self._columns) - 1)

    def take_items(self, items: Sequence[T]) -> Iterator[tuple[int, int]]:
        """Take these items, and return the runs of rows with other contents: the caller has to report them."""
        return sync_rows(self, self._items, items, self._key)

    def report(self, rows: Iterable[tuple[int, int]], left: int, right: int) -> None:
        """Report changes in runs of rows, between two columns."""
        for first, last in rows:
            self.dataChanged.emit(self.index(first, left), self.index(last, right))

    def report_column(self, column: int) -> None:
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
            painter, direction, upper, LEADING, looks.body_metrics.elidedText(cell.text, self.elide, upper.width())
        )
        if cell.aside:
            aside = looks.caption_metrics.elidedText(cell.aside, Qt.TextElideMode.ElideRight, lower.width())
            painter.setFont(looks.caption)
            painter.setPen(looks.colours[Token.BAD if cell.bad else Token.MUTED])
            draw_text(painter, direction, lower, LEADING, aside)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        looks, cell = self._looks(), index.data(Role.CELL)
        text, aside = (
            looks.body_metrics.horizontalAdvance(cell.text),
            looks.caption_metrics.horizontalAdvance(cell.aside),
        )
        return QSize(max(text, aside) + 2 * PADDING, two_line_height(looks))


class NameDelegate(CellDelegate):
    """A model's sign and name, elided in the middle: its end names the quantization. The row's item has a model_id."""

    elide = Qt.TextElideMode.ElideMiddle

    def __init__(self, parent: QWidget, signs: SignBook) -> None:
        super().__init__(parent)
        self._signs = signs

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRect, index: Index) -> None:
        sign = QRect(rect.left(), rect.center().y() - SIGN_PX // 2 + 1, SIGN_PX, SIGN_PX)
        placed = QStyle.visualRect(option.direction, rect, sign)
        paint_model_sign(painter, QRectF(placed), self._signs.sign(index.data(Role.ITEM).model_id))
        text = QStyle.visualRect(option.direction, rect, rect.adjusted(SIGN_WIDTH, 0, 0, 0))
        self.paint_lines(painter, option, text, index.data(Role.CELL))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return super().sizeHint(option, index) + QSize(SIGN_WIDTH, 0)


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

    def updateGeometries(self) -> None:  # noqa: N802
        """Show whole rows only: what a row less high than the others would need stays empty."""
        super().updateGeometries()
        height = self.verticalHeader().defaultSectionSize()
        margins = self.viewportMargins()
        room = self.viewport().height() + margins.bottom()
        # The last row's hairline may be under the frame's.
        rest = room % height if room > height and self.verticalHeader().length() > room + 1 else 0
        if rest != margins.bottom():
            self.setViewportMargins(margins.left(), margins.top(), margins.right(), rest)
