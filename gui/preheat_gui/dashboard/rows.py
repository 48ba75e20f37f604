"""Lists of titled groups: rows, list model, view and the base of their delegates."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QObject, QSize, Qt
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from preheat_gui.dashboard.cells import ROOT, Index, Role, sync_rows
from preheat_gui.dashboard.painting import Looks, LooksOf, bold, draw_text, fill_rounded, paint_focus
from preheat_gui.widgets import GAP, GROUP_GAP, Token, named

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
                return row.whole
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
