"""What the dashboard's tables and lists show in a cell or row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from preheat.control import State

Index = QModelIndex | QPersistentModelIndex

ROOT: Final = QModelIndex()

# Shown instead of an unknown figure
NOTHING: Final = "–"  # noqa: RUF001 - a dash as wide as a figure


CANCELLABLE: Final = frozenset({State.QUEUED, State.LOADING, State.WARMING})  # States of a load that can be cancelled
BUSY: Final = CANCELLABLE | {State.UNLOADING}  # States that end without a command


class Role(IntEnum):
    """Roles in addition to Qt's own: a ``Cell``, and the object that the row shows."""

    CELL = Qt.ItemDataRole.UserRole + 1
    ITEM = Qt.ItemDataRole.UserRole + 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell."""

    text: str  # The first line
    aside: str = ""  # The second line, smaller; may be empty
    progress: float | None = None  # Filled share of a bar under the text; None for no bar
    muted: bool = False  # The first line is an estimate or a blank
    bad: bool = False  # The second line is a problem
    tooltip: str = ""

    @property
    def spoken(self) -> str:
        """The cell for a screen reader."""
        return f"{self.text}, {self.aside}" if self.aside else self.text
