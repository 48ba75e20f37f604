"""What the dashboard's tables and lists show in a cell or row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from preheat.control import State

Index = QModelIndex | QPersistentModelIndex

ROOT: Final = QModelIndex()

NOTHING: Final = "–"  # noqa: RUF001 - a dash as wide as a figure
"""Shown instead of an unknown figure."""


CANCELLABLE: Final = frozenset({State.QUEUED, State.LOADING, State.WARMING})
"""States of a load that can be cancelled."""

BUSY: Final = CANCELLABLE | {State.UNLOADING}
"""States that end without a command."""


class Role(IntEnum):
    """Roles in addition to Qt's own: a ``Cell``, and the object that the row shows."""

    CELL = Qt.ItemDataRole.UserRole + 1
    ITEM = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell.

    Attributes:
        text: The first line.
        aside: The second line, smaller; may be empty.
        progress: Filled share of a bar under the text; None for no bar.
        muted: The first line is an estimate or a blank.
        bad: The second line is a problem.
    """

    text: str
    aside: str = ""
    progress: float | None = None
    muted: bool = False
    bad: bool = False
    tooltip: str = ""

    @property
    def spoken(self) -> str:
        """The cell for a screen reader."""
        return f"{self.text}, {self.aside}" if self.aside else self.text
