"""Lists of rows: none is cut at the lower edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from preheat_gui.dashboard.painting import Looks
from preheat_gui.dashboard.tables import GroupRow, Row, RowDelegate, RowList, RowView
from preheat_gui.widgets import Theme


@dataclass(frozen=True)
class Tall(Row):
    height: int

    @property
    def text(self) -> str:
        return str(self.height)


class TallDelegate(RowDelegate):
    def row_height(self, row: Any, width: int, looks: Looks) -> int:
        return int(row.height)

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Any, looks: Looks) -> None:
        pass


def test_a_row_or_title_that_does_not_fit_is_not_begun(qtbot: QtBot, theme: Theme) -> None:
    rows = RowList()
    rows.show([Tall(50), Tall(61), GroupRow("others"), Tall(70), Tall(71)])
    view = RowView("rows", "Rows", rows)
    view.setItemDelegate(TallDelegate(view))
    qtbot.addWidget(view)
    view.resize(200, 50 + 61 + 90)
    view.show()
    qtbot.waitUntil(lambda: view.viewport().height() == 50 + 61)
    view.resize(200, 600)
    qtbot.waitUntil(lambda: view.viewport().height() > 560)
