"""The decisions as a Qt list: takes them whole, and tells views only what differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from difflib import SequenceMatcher
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from preheat.residency.decisions import DecisionRecord
from preheat_gui.dashboard.activity.rows import DayRow, Kind, Row, make_rows

Index = QModelIndex | QPersistentModelIndex

_ROOT: Final = QModelIndex()


class Role(IntEnum):
    """Besides Qt's own: a ``Row``."""

    ROW = Qt.ItemDataRole.UserRole + 1


class ActivityList(QAbstractListModel):
    """Decisions, the newest first, under a line for each day."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._decisions: Sequence[DecisionRecord] = ()
        self._kind: Kind | None = None
        self._model_id = ""
        self._rows: list[Row] = []

    @property
    def decisions(self) -> Sequence[DecisionRecord]:
        """All that were told, whatever the filter lets through."""
        return self._decisions

    def show(self, decisions: Sequence[DecisionRecord]) -> None:
        """Show these decisions."""
        self._decisions = decisions
        self._arrange()

    def set_filter(self, kind: Kind | None, model_id: str) -> None:
        """Show only decisions of one kind (None: all) about one model (empty: all)."""
        self._kind, self._model_id = kind, model_id
        self._arrange()

    def row_at(self, row: int) -> Row:
        """Return what a row shows."""
        return self._rows[row]

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of rows, days included."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row, or its words."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Role.ROW:
                return row
            case Qt.ItemDataRole.DisplayRole:
                return row.words(date.today()) if isinstance(row, DayRow) else row.sentence
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.words(date.today()) if isinstance(row, DayRow) else row.whole
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let decisions be selected, and days only be read."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if isinstance(self._rows[index.row()], DayRow):
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    # -- private ------------------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        """Insert and remove what differs: what is selected, and where the user has scrolled to, stays."""
        wanted = make_rows(self._decisions, self._kind, self._model_id)
        changes = SequenceMatcher(None, self._rows, wanted, autojunk=False).get_opcodes()
        for tag, first, end, new_first, new_end in reversed(changes):
            if tag in ("delete", "replace"):
                self.beginRemoveRows(_ROOT, first, end - 1)
                del self._rows[first:end]
                self.endRemoveRows()
            if tag in ("insert", "replace"):
                self.beginInsertRows(_ROOT, first, first + new_end - new_first - 1)
                self._rows[first:first] = wanted[new_first:new_end]
                self.endInsertRows()
