"""The dashboard's navigation: a list of pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy

from preheat_gui.dashboard.pages import PageSpec
from preheat_gui.widgets import GAP, named, set_role, symbol

_ICON_PX: Final = 18
_PADDING: Final = 34  # An item's padding and border in the style sheet, and Qt's margin, on both sides
_GAP_TO_TEXT: Final = 2 * GAP


class Navigation(QListWidget):
    """Lists the pages."""

    page_chosen = Signal(str)  # The user chose a page (its key)

    def __init__(self, pages: Sequence[PageSpec]) -> None:
        super().__init__()
        set_role(self, "sidebar")
        named(self, "navigation", self.tr("Pages"))
        self._pages = pages
        self._with_text = True
        self.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        for number, page in enumerate(pages, 1):
            item = QListWidgetItem(symbol(page.icon), page.words(), self)
            keys = QKeySequence(f"Ctrl+{number}").toString(QKeySequence.SequenceFormat.NativeText)
            item.setToolTip(f"{page.words()} ({keys})")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, page.words())
        self.currentRowChanged.connect(self._on_row)
        self._fit()

    def choose(self, key: str) -> None:
        """Select this page; emits ``page_chosen`` if it was another."""
        self.setCurrentRow(next(row for row, page in enumerate(self._pages) if page.key == key))

    def set_with_text(self, on: bool) -> None:
        """Show titles next to the icons, or only icons."""
        if on == self._with_text:
            return
        self._with_text = on
        for row, page in enumerate(self._pages):
            self.item(row).setText(page.words() if on else "")
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._fit()

    def _fit(self) -> None:
        width = _ICON_PX + _PADDING
        if self._with_text:
            width += _GAP_TO_TEXT + max(self.fontMetrics().horizontalAdvance(page.words()) for page in self._pages)
        self.setFixedWidth(width)

    def _on_row(self, row: int) -> None:
        if row >= 0:
            self.page_chosen.emit(self._pages[row].key)
