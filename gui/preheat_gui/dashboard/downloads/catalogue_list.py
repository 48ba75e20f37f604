"""A list of things to choose from, in groups: models of the catalogue, results of a search, sizes of one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from preheat_gui.widgets import Token

Index = QModelIndex | QPersistentModelIndex

_ROOT: Final = QModelIndex()


@dataclass(frozen=True, slots=True)
class Badge:
    """What matters most about a choice, in a word: a sign and a colour go with it.

    Attributes:
        sign: A symbol's name.
    """

    text: str
    sign: str
    token: Token


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One thing to choose.

    Attributes:
        key: Tells it from the others.
        title: The first line.
        sentence: Smaller, under it; may take two lines.
        figure: At the end of the first line, such as a size.
        badge: Under the figure; None for none.
        mark: A recommendation beside the title; empty for none.
    """

    key: str
    title: str
    sentence: str = ""
    figure: str = ""
    badge: Badge | None = None
    mark: str = ""

    @property
    def whole(self) -> str:
        """Everything in one line, for screen readers and tooltips."""
        parts = (self.title, self.mark, self.figure, self.badge.text if self.badge else "", self.sentence)
        return ", ".join(part.rstrip(".") for part in parts if part)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A title above the choices that follow."""

    title: str


Row = ChoiceRow | GroupRow


class Role(IntEnum):
    """Besides Qt's own: a ``Row``."""

    ROW = Qt.ItemDataRole.UserRole + 1


class ChoiceList(QAbstractListModel):
    """Rows as a Qt list."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()

    def show(self, rows: Sequence[Row]) -> None:
        """Show these rows. Where only their words differ, what is selected and scrolled to stays."""
        if list(map(_identity, rows)) == list(map(_identity, self._rows)):
            before, self._rows = self._rows, tuple(rows)
            for row, (old, new) in enumerate(zip(before, rows, strict=True)):
                if old != new:
                    self.dataChanged.emit(self.index(row), self.index(row))
            return
        self.beginResetModel()
        self._rows = tuple(rows)
        self.endResetModel()

    def row_at(self, row: int) -> Row | None:
        """Return what a row shows; None beyond the end."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, key: str) -> int | None:
        """Return where a choice stands; None if it is not there."""
        return next((n for n, row in enumerate(self._rows) if isinstance(row, ChoiceRow) and row.key == key), None)

    def first_choice(self) -> int | None:
        """Return the first row that can be chosen; None without one."""
        return next((n for n, row in enumerate(self._rows) if isinstance(row, ChoiceRow)), None)

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of rows, groups' titles included."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row, or its words."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Role.ROW:
                return row
            case Qt.ItemDataRole.DisplayRole:  # typing the first letters finds it
                return row.title
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return row.whole if isinstance(row, ChoiceRow) else row.title
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let choices be selected, and titles only be read."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        fixed = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        if isinstance(self._rows[index.row()], GroupRow):
            return Qt.ItemFlag.ItemNeverHasChildren
        return fixed | Qt.ItemFlag.ItemIsSelectable


def _identity(row: Row) -> tuple[str, str]:
    return ("choice", row.key) if isinstance(row, ChoiceRow) else ("group", row.title)
