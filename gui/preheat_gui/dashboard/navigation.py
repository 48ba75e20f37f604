"""The dashboard's side navigation: a list of pages, with words where there is room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QWidget

from preheat_gui.dashboard.pages import PageSpec
from preheat_gui.widgets import GAP, set_role, symbol

_ICON_PX: Final = 18
_AIR: Final = 34
"""An item's padding and border, as the style sheet has them, and Qt's margin, on both sides."""

_GAP_TO_WORDS: Final = 2 * GAP


class Navigation(QListWidget):
    """Shows the pages; the arrow keys walk through them.

    Attributes:
        page_chosen: The user wants this page (its key).
    """

    page_chosen = Signal(str)

    def __init__(self, pages: Sequence[PageSpec], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "sidebar")
        self.setObjectName("navigation")
        self.setAccessibleName(self.tr("Pages"))
        self._pages = pages
        self._with_words = True
        self.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        for number, page in enumerate(pages, 1):
            item = QListWidgetItem(symbol(page.icon), page.words())
            keys = QKeySequence(f"Ctrl+{number}").toString(QKeySequence.SequenceFormat.NativeText)
            item.setToolTip(f"{page.words()} ({keys})")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, page.words())
            self.addItem(item)
        self.currentRowChanged.connect(self._on_row)
        self._fit()

    def choose(self, key: str) -> None:
        """Show this page as the present one; ``page_chosen`` follows if it was another."""
        self.setCurrentRow(next(row for row, page in enumerate(self._pages) if page.key == key))

    def set_with_words(self, on: bool) -> None:
        """Show words beside the icons, or icons alone."""
        if on == self._with_words:
            return
        self._with_words = on
        for row, page in enumerate(self._pages):
            self.item(row).setText(page.words() if on else "")
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Follow the system's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._fit()

    def _fit(self) -> None:
        width = _ICON_PX + _AIR
        if self._with_words:
            width += _GAP_TO_WORDS + max(self.fontMetrics().horizontalAdvance(page.words()) for page in self._pages)
        self.setFixedWidth(width)

    def _on_row(self, row: int) -> None:
        if row >= 0:
            self.page_chosen.emit(self._pages[row].key)
