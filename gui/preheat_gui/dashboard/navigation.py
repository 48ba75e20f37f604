"""The dashboard's pages, imported when they are first shown, and the list that chooses one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy

from preheat_gui.widgets import GAP, named, set_role, symbol

if TYPE_CHECKING:
    from preheat_gui.bridge import EngineBridge
    from preheat_gui.dashboard.page import DashboardPage


@dataclass(frozen=True, slots=True)
class PageSpec:
    """A page that can be shown."""

    key: str  # Its name in ``show_page`` and in stored state
    title: str  # Its source text for translation
    icon: str  # A symbol's name
    module: str  # Its package in ``preheat_gui.dashboard``
    class_name: str

    def words(self) -> str:
        return QCoreApplication.translate("Pages", self.title)

    def make(self, bridge: EngineBridge) -> DashboardPage:
        module = importlib.import_module(f"preheat_gui.dashboard.{self.module}.page")
        return cast("DashboardPage", getattr(module, self.class_name)(bridge))


PAGES: Final = (
    PageSpec("overview", str(QT_TRANSLATE_NOOP("Pages", "Overview")), "chart", "overview", "OverviewPage"),
    PageSpec("models", str(QT_TRANSLATE_NOOP("Pages", "Models")), "flame", "models", "ModelsPage"),
    PageSpec("downloads", str(QT_TRANSLATE_NOOP("Pages", "Downloads")), "download", "downloads", "DownloadsPage"),
    PageSpec("activity", str(QT_TRANSLATE_NOOP("Pages", "Activity")), "list", "activity", "ActivityPage"),
    PageSpec("try", str(QT_TRANSLATE_NOOP("Pages", "Try it")), "chat", "try_it", "TryPage"),
    PageSpec("connect", str(QT_TRANSLATE_NOOP("Pages", "Connect")), "plug", "connect", "ConnectPage"),
    PageSpec("log", str(QT_TRANSLATE_NOOP("Pages", "Log")), "info", "log", "LogPage"),
)


_ICON_PX: Final = 18
_PADDING: Final = 34  # An item's padding and border in the style sheet, and Qt's margin, on both sides
_GAP_TO_TEXT: Final = 2 * GAP
_ENTER: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Navigation(QListWidget):
    """Lists the pages. The arrow keys show them; Enter and clicks also move the focus to the page."""

    page_chosen = Signal(str)  # The user chose a page (its key)
    page_entered = Signal(object)  # The focus belongs to the page (Qt.FocusReason)
    typed = Signal(object)  # The user typed text (QKeyEvent)

    def __init__(self, pages: Sequence[PageSpec]) -> None:
        super().__init__()
        set_role(self, "sidebar")
        named(self, "navigation", self.tr("Pages"))
        self._pages = pages
        self._with_text = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # A click leaves the focus to the page
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

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        super().mousePressEvent(event)
        if self.indexAt(event.position().toPoint()).isValid():
            self.page_entered.emit(Qt.FocusReason.MouseFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        into_page = Qt.Key.Key_Left if self.isRightToLeft() else Qt.Key.Key_Right
        if event.key() in _ENTER or event.key() == into_page:
            self.page_entered.emit(Qt.FocusReason.TabFocusReason)
        elif event.text().isprintable() and event.text().strip():
            self.typed.emit(event)
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, _search: str) -> None:  # noqa: N802
        """Do nothing: letters are for the page."""

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
