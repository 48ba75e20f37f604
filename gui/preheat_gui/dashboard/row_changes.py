"""Changes the rows of a Qt model into others, reporting only differences."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

from PySide6.QtCore import QAbstractItemModel

from preheat_gui.dashboard.cells import ROOT

T = TypeVar("T")


def sync_rows(
    model: QAbstractItemModel, shown: list[T], wanted: Sequence[T], key: Callable[[T], Hashable]
) -> Iterator[tuple[int, int]]:
    """Make ``shown``, the rows of ``model``, equal to ``wanted``, so that selection and scroll position stay.

    Args:
        key: Equal for the same row with other contents.

    Returns:
        First and last of each run of rows with other contents, for ``dataChanged``.
    """
    before, after = [key(row) for row in shown], [key(row) for row in wanted]
    if before != after:
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
    changed = [number for number, row in enumerate(wanted) if row != shown[number]]
    for number in changed:
        shown[number] = wanted[number]
    return runs(changed)


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
