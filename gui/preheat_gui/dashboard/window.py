"""The dashboard window: navigation, one page at a time, and a banner for problems."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QPushButton, QStackedWidget, QWidget

from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.importing import DropOverlay, ImportBanner
from preheat_gui.dashboard.navigation import PAGES, Navigation, PageSpec
from preheat_gui.widgets import (
    GAP,
    GROUP_GAP,
    MARGIN,
    Banner,
    KeepsFocus,
    hbox,
    mark_icon,
    named,
    set_role,
    symbol,
    vbox,
)

if TYPE_CHECKING:
    from preheat_gui.dashboard.page import DashboardPage
    from preheat_gui.widgets import WindowState
    from preheat_gui.words import Problem

_PAGE: Final = "dashboard/page"
_TEXT_FROM_PX: Final = 900
_FIRST_SIZE: Final = QSize(1080, 720)
_FRAME: Final = QSize(2 * GAP, 6 * GAP)  # The most a window manager adds around a window
_SETTINGS_ICON: Final = QSize(24, 16)  # Wider than drawn, to align icon and text with those of the pages
_MIN_SIZE: Final = QSize(560, 400)
_MOST_CONTENT_PX: Final = 1200  # Wider lines are hard to read


class DashboardWindow(KeepsFocus, QWidget):
    """A page is created when it is first shown, and active only while it is visible."""

    settings_requested = Signal()  # The user wants the settings dialog
    help_requested = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        parent: QWidget | None = None,
        *,
        state: WindowState | None = None,  # Stores the page, the pages' choices and the geometry; None stores nothing
        pages: Sequence[PageSpec] = PAGES,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("dashboard")
        self.setWindowTitle(self.tr("Preheat"))
        self.setWindowIcon(mark_icon())
        self.setMinimumSize(_MIN_SIZE)
        self._bridge = bridge
        self._state = state
        self._specs = {page.key: page for page in pages}
        self._pages: dict[str, DashboardPage] = {}
        self._active: DashboardPage | None = None
        self._problem: Problem | None = None
        self._navigation = Navigation(pages)
        self._settings = QPushButton(symbol("gear"), self.tr("&Settings…"))
        named(self._settings, "settings_button", self.tr("Settings"), self.tr("Change Preheat's settings (Ctrl+,)"))
        self._help = QPushButton(symbol("help"), self.tr("&Help"))
        named(self._help, "help_button", self.tr("Help"), self.tr("Documentation, keys, report a problem (F1)"))
        self._banner = named(Banner(), "problem_banner")
        self._import = ImportBanner(bridge)
        self._stack = QStackedWidget()
        self._content = vbox(self._banner, self._import, (self._stack, 1), spacing=GROUP_GAP)
        self._body = hbox(spacing=0)
        self._build()
        for number, page in enumerate(pages, 1):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self).activated.connect(partial(self._jump, page.key))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self).activated.connect(self.close)
        bridge.problem_changed.connect(self.set_problem)
        self.set_problem(bridge.problem)
        self._restore()

    def show_page(self, key: str) -> None:
        """Show a page: ``overview``, ``models``, ``downloads``, ``activity``, ``try``, ``connect`` or ``log``."""
        before = self.page
        self._navigation.choose(key)
        focused = self.focusWidget()
        if before != key or focused is None or not self._page(key).isAncestorOf(focused):
            self._enter_page(Qt.FocusReason.OtherFocusReason)

    def open_model(self, model_id: str) -> None:
        self.open_page("models", model_id)

    def open_page(self, key: str, model_id: str) -> None:
        """Show a page, and a model on it unless ``model_id`` is empty."""
        self.show_page(key)
        if model_id:
            self._page(key).open_model(model_id)

    def add_files(self, paths: Sequence[Path]) -> None:
        """Add model files of this computer; a banner reports the progress."""
        self._import.add_files(paths)

    def set_problem(self, problem: Problem | None) -> None:
        """Show a problem above the pages, or none."""
        self._problem = problem
        if problem is None:
            self._banner.hide()
        else:
            texts = (action.text if action else None for action in (problem.action, problem.other))
            self._banner.show_problem(problem.text, *texts)

    @property
    def page(self) -> str:
        shown = self._stack.currentWidget()
        return next((key for key, page in self._pages.items() if page is shown), "")

    def sizeHint(self) -> QSize:  # noqa: N802
        return _FIRST_SIZE

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._activate()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self._activate()
        if self._state is not None:
            self._state.remember_geometry(self)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._activate()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Drop the navigation's text and margins in narrow windows, and centre the content in wide ones."""
        super().resizeEvent(event)
        wide = self.width() >= _TEXT_FROM_PX
        self._navigation.set_with_text(wide)
        self._settings.setText(self.tr("&Settings…") if wide else "")
        self._help.setText(self.tr("&Help") if wide else "")
        # At once: the first frame would be painted before posted requests for a layout arrive.
        self._body.activate()
        margin = MARGIN if wide else GROUP_GAP
        room = self.width() - GAP - self._navigation.width()
        sides = max(margin, (room - _MOST_CONTENT_PX) // 2)
        self._content.setContentsMargins(sides, margin, sides, margin)
        self._body.activate()

    def _build(self) -> None:
        for at_foot in (self._help, self._settings):
            set_role(at_foot, "quiet")
            at_foot.setIconSize(_SETTINGS_ICON)
        foot = vbox(self._help, self._settings, spacing=0)
        side = vbox((self._navigation, 1), foot)
        side.setContentsMargins(0, GROUP_GAP, 0, GROUP_GAP)
        self.setLayout(self._body)
        self._body.addSpacing(GAP)
        self._body.addLayout(side)
        self._body.addLayout(self._content, 1)
        self._settings.clicked.connect(self.settings_requested)
        self._help.clicked.connect(self.help_requested)
        self._banner.clicked.connect(self._on_banner)
        self._banner.other_clicked.connect(self._on_other)
        self._navigation.page_chosen.connect(self._show)
        self._navigation.page_entered.connect(self._enter_page)
        self._navigation.typed.connect(self._on_typed)
        self._import.model_requested.connect(partial(self.open_page, "models"))
        DropOverlay(self).dropped.connect(self.add_files)

    def _jump(self, key: str) -> None:
        """Show a page by its shortcut."""
        self._navigation.choose(key)
        self._enter_page(Qt.FocusReason.ShortcutFocusReason)

    def _enter_page(self, reason: Qt.FocusReason) -> None:
        self._page(self.page).take_focus(reason)

    def _on_typed(self, event: QKeyEvent) -> None:
        """Give text that was typed in the navigation to the page's text field, if it has one."""
        self._enter_page(Qt.FocusReason.ShortcutFocusReason)
        field = self.focusWidget()
        if isinstance(field, QLineEdit | QPlainTextEdit) and not field.isReadOnly():
            QApplication.sendEvent(field, event)

    def _show(self, key: str) -> None:
        self._stack.setCurrentWidget(self._page(key))
        self._activate()
        if self._state is not None:
            self._state.remember(_PAGE, key)

    def _page(self, key: str) -> DashboardPage:
        if key not in self._pages:
            page = self._pages[key] = self._specs[key].make(self._bridge)
            self._stack.addWidget(page)
            page.page_requested.connect(self.open_page)
            page.import_requested.connect(self._import.choose_files)
            if self._state is not None:
                page.remember({name: self._state.text(f"dashboard/{name}") for name in page.memory()})
                page.memory_changed.connect(partial(self._store_choices, page))
        return self._pages[key]

    def _activate(self) -> None:
        """Activate the visible page, and deactivate the previous one."""
        visible = self.isVisible() and not self.isMinimized()
        wanted = self._pages.get(self.page) if visible else None
        if wanted is self._active:
            return
        if self._active is not None:
            self._active.deactivate()
        self._active = wanted
        if wanted is not None:
            wanted.activate()

    def _on_banner(self) -> None:
        if self._problem is not None and self._problem.action is not None:
            self._bridge.act_on(self._problem.action)

    def _on_other(self) -> None:
        if self._problem is not None and self._problem.other is not None:
            self._bridge.act_on(self._problem.other)

    def _restore(self) -> None:
        page = "" if self._state is None else self._state.text(_PAGE)
        self.show_page(page if page in self._specs else next(iter(self._specs)))
        if self._state is None or not self._state.restore_geometry(self):
            # Qt limits a first size to two thirds of the screen.
            self.resize(_FIRST_SIZE.boundedTo(self.screen().availableSize() - _FRAME))

    def _store_choices(self, page: DashboardPage) -> None:
        if self._state is not None:
            for name, value in page.memory().items():
                self._state.remember(f"dashboard/{name}", value)
