"""A table whose columns fit its width: narrow ones hide columns, wide ones share out the spare width.

Columns without any value are hidden, so that names have their width.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from heapq import nlargest
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QAbstractProxyModel, QModelIndex, QSize, Qt
from PySide6.QtGui import QResizeEvent

from preheat_gui.dashboard.tables import PADDING, SIGN_WIDTH, TableModel, TableView, two_line_height
from preheat_gui.widgets import timer

_LOOK_MS: Final = 200  # Between two looks for columns without values
_MEASURED: Final = 8  # The longest texts by characters, of which the widest one counts
_WORTH_CHARS: Final = 46
_SPARE_SHARE: Final = 0.6  # Share of the spare width for columns other than the stretched one


class FittingTable(TableView):
    """Rows of two lines. The stretched column takes what the others leave."""

    def __init__(
        self,
        name: str,
        accessible_name: str,
        model: QAbstractItemModel,  # A ``TableModel``, or a filter of one
        stretch_column: IntEnum,
        widths: Mapping[IntEnum, tuple[int, int]],  # Needed and preferred, in characters of the body font
        hidden_first: Sequence[IntEnum],  # Those without any value are hidden at any width
        name_column: IntEnum | None = None,  # Names are shown whole first; by default, the stretched column's texts
    ) -> None:
        super().__init__(name, accessible_name, model, stretch_column)
        self._stretched = stretch_column
        self._names = stretch_column if name_column is None else name_column
        self._widths = widths
        self._hidden_first = hidden_first
        source = model.sourceModel() if isinstance(model, QAbstractProxyModel) else model
        assert isinstance(source, TableModel)
        self._source: TableModel[Any] = source
        self._blank: frozenset[IntEnum] = frozenset()
        self._longest = 0
        self._look = timer(self, _LOOK_MS, self._find_blank)
        self.horizontalHeader().setMinimumSectionSize(1)
        for changed in (source.modelReset, source.rowsInserted, source.rowsRemoved):
            changed.connect(self._look_later)
        source.dataChanged.connect(self._on_data)
        self._find_blank()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(600, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_columns()

    def fit(self) -> None:
        self.verticalHeader().setDefaultSectionSize(two_line_height(self._looks()))
        self._fit_columns()

    def _on_data(self, first: QModelIndex, last: QModelIndex) -> None:
        measured = (self._stretched, *self._hidden_first)
        if any(first.column() <= column <= last.column() for column in measured):
            self._look_later()

    def _look_later(self) -> None:
        if not self._look.isActive():
            self._look.start()

    def _find_blank(self) -> None:
        blank = frozenset(column for column in self._hidden_first if not self._source.has_values(column))
        longest = self._measure_longest()
        if (blank, longest) != (self._blank, self._longest):
            self._blank, self._longest = blank, longest
            self._fit_columns()

    def _measure_longest(self) -> int:
        """Return the width of the longest name with a model's sign, in pixels."""
        longest = nlargest(_MEASURED, self._names_in_table(), len)
        return max(map(self._looks().body_metrics.horizontalAdvance, longest), default=0) + 2 * PADDING + SIGN_WIDTH

    def _names_in_table(self) -> Iterable[str]:
        return (self._source.text(row, self._names) for row in range(self._source.rowCount()))

    def _most_longest(self) -> int:
        """Return the width up to which a whole text is worth more than a column, in pixels."""
        return _WORTH_CHARS * self._looks().body_metrics.averageCharWidth()

    def _fit_columns(self) -> None:
        """Hide columns until the stretched one fits, then share out the spare width."""
        shown = {column: self._widths_of(column) for column in self._widths if column not in self._blank}
        room, least = self.viewport().width(), shown[self._stretched][0]
        for column in self._hidden_first:
            # Whole texts are worth more than a further column, but not more than the last one.
            last = column is self._hidden_first[-1] or self._names is not self._stretched
            text = least if last else max(least, min(self._longest, self._most_longest()))
            if sum(needed for needed, _ in shown.values()) + text - least <= room:
                break
            shown.pop(column, None)
        spare = room - sum(needed for needed, _ in shown.values())
        more = min(max(self._longest - shown[self._names][0], 0), max(spare, 0))
        spare -= more
        if self._names is not self._stretched:
            shown[self._names] = (shown[self._names][0] + more,) * 2
        wished = sum(preferred - needed for needed, preferred in shown.values())
        share = max(0.0, min(1.0, spare * _SPARE_SHARE / wished)) if wished else 0.0
        for column in self._widths:
            self.setColumnHidden(column, column not in shown)
            if column in shown and column is not self._stretched:
                needed, preferred = shown[column]
                self.setColumnWidth(column, round(needed + (preferred - needed) * share))

    def _widths_of(self, column: IntEnum) -> tuple[int, int]:
        """Return a column's needed and preferred width in pixels; its title always fits."""
        unit = self._looks().body_metrics.averageCharWidth()
        title = str(self.model().headerData(column, Qt.Orientation.Horizontal) or "")
        least = self.horizontalHeader().fontMetrics().horizontalAdvance(title) + 2 * PADDING
        needed, preferred = self._widths[column]
        return max(needed * unit, least), max(preferred * unit, least)
