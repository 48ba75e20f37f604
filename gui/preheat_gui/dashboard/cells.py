"""What tables and lists show in a cell or row, and how their rows change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from typing import Final, TypeVar

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

from preheat.control import State

Index = QModelIndex | QPersistentModelIndex
SortKey = str | float | tuple[object, ...]  # Those of one column are of one type

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


T = TypeVar("T")


def sync_rows(
    model: QAbstractItemModel, shown: list[T], wanted: Sequence[T], key: Callable[[T], Hashable]
) -> Iterator[tuple[int, int]]:
    """Make ``shown``, the rows of ``model``, equal to ``wanted``, so that selection and scroll position stay.

    Returns first and last of each run of rows with the same ``key`` and other contents, for ``dataChanged``.
    """
    changed = _changed(shown, wanted)
    if len(shown) != len(wanted) or any(key(shown[number]) != key(wanted[number]) for number in changed):
        before, after = [key(row) for row in shown], [key(row) for row in wanted]
        changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        for tag, first, end, new_first, new_end in reversed(changes):
            if tag in ("delete", "replace"):
                model.beginRemoveRows(ROOT, first, end - 1)
                del shown[first:end]
                model.endRemoveRows()
            if tag in ("insert", "replace"):
                model.beginInsertRows(ROOT, first, first + new_end - new_first - 1)
                shown[first:first] = wanted[new_first:new_end]
                model.endInsertRows()
        changed = _changed(shown, wanted)
    for number in changed:
        shown[number] = wanted[number]
    return runs(changed)


def _changed(shown: Sequence[T], wanted: Sequence[T]) -> list[int]:
    """Return the rows of other contents. Most are the same object: comparing a thousand models takes a millisecond."""
    pairs = enumerate(zip(shown, wanted, strict=False))
    return [number for number, (old, new) in pairs if old is not new and old != new]


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of adjacent ascending numbers."""
    first = last = -1
    for number in numbers:
        if first >= 0 and number != last + 1:
            yield first, last
            first = number
        elif first < 0:
            first = number
        last = number
    if first >= 0:
        yield first, last
