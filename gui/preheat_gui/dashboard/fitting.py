"""A table whose columns fit its width: narrow ones hide columns, wide ones share out the spare width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QAbstractItemModel, QSize, Qt
from PySide6.QtGui import QResizeEvent

from preheat_gui.dashboard.tables import PADDING, TableView, two_line_height

_SPARE_SHARE: Final = 0.6  # Share of the spare width for columns other than the stretched one


class FittingTable(TableView):
    """Rows of two lines. The stretched column takes what the others leave."""

    def __init__(
        self,
        name: str,
        accessible_name: str,
        model: QAbstractItemModel,
        stretch_column: IntEnum,
        widths: Mapping[IntEnum, tuple[int, int]],  # Needed and preferred, in characters of the body font
        hidden_first: Sequence[IntEnum],
    ) -> None:
        super().__init__(name, accessible_name, model, stretch_column)
        self._stretched = stretch_column
        self._widths = widths
        self._hidden_first = hidden_first
        self.horizontalHeader().setMinimumSectionSize(1)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(600, 300)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_columns()

    def fit(self) -> None:
        self.verticalHeader().setDefaultSectionSize(two_line_height(self._looks()))
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Hide columns until the stretched one fits, then share out the spare width."""
        shown = {column: self._widths_of(column) for column in self._widths}
        for column in self._hidden_first:
            if sum(needed for needed, _ in shown.values()) <= self.viewport().width():
                break
            del shown[column]
        spare = self.viewport().width() - sum(needed for needed, _ in shown.values())
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
