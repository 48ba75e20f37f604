"""The dashboard: a navigation at the side, one page at a time, and above it what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from preheat_gui.bridge import EngineBridge, act_on
from preheat_gui.dashboard.importing import DropOverlay, ImportBanner
from preheat_gui.dashboard.navigation import Navigation
from preheat_gui.dashboard.pages import PAGES, Page, PageSpec, RememberingPage
from preheat_gui.widgets import GAP, GROUP_GAP, MARGIN, Banner, mark_icon, set_role, symbol

if TYPE_CHECKING:
    from preheat_gui.dashboard.models.page import ModelsPage
    from preheat_gui.widgets import WindowState
    from preheat_gui.words import Problem

_PAGE: Final = "dashboard/page"
_WORDS_FROM_PX: Final = 900
_FIRST_SIZE: Final = QSize(1080, 720)
_FRAME: Final = QSize(2 * GAP, 6 * GAP)
"""At most what a window manager puts around a window."""

_SETTINGS_ICON: Final = QSize(24, 16)
"""Wider than it is drawn: so it stands under the pages' icons, and its word under theirs."""

_SMALLEST: Final = QSize(560, 400)


class DashboardWindow(QWidget):
    """Shows the engine. A page is made when it is first shown, and stands still while it is not.

    Args:
        state: Where the page and the pages' own choices are remembered; None remembers nothing.
        pages: Instead of the usual ones.

    Attributes:
        settings_requested: The user wants the settings dialog.
    """

    settings_requested = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        parent: QWidget | None = None,
        *,
        state: WindowState | None = None,
        pages: Sequence[PageSpec] = PAGES,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("dashboard")
        self.setWindowTitle(self.tr("Preheat"))
        self.setWindowIcon(mark_icon())
        self.setMinimumSize(_SMALLEST)
        self._bridge = bridge
        self._state = state
        self._specs = {page.key: page for page in pages}
        self._made: dict[str, QWidget] = {}
        self._active: QWidget | None = None
        self._problem: Problem | None = None
        self._navigation = Navigation(pages)
        self._settings = QPushButton(symbol("gear"), self.tr("&Settings…"))
        self._banner = Banner()
        self._import = ImportBanner(bridge)
        self._stack = QStackedWidget()
        self._build()
        self._add_shortcuts(pages)
        bridge.problem_changed.connect(self.set_problem)
        self.set_problem(bridge.problem)
        self._restore()

    # -- what others ask ----------------------------------------------------------------------------------------------

    def show_page(self, key: str) -> None:
        """Show a page: ``overview``, ``models``, ``downloads``, ``activity``, ``try``, ``connect`` or ``log``."""
        self._navigation.choose(key)

    def open_model(self, model_id: str) -> None:
        """Show a model in the table, selected."""
        self.show_page("models")
        cast("ModelsPage", self._page("models")).open_model(model_id)

    def open_page(self, key: str, model_id: str) -> None:
        """Show a page, and a model on it if one is given and the page has a place for one."""
        page = self._page(key)
        self.show_page(key)
        if model_id and hasattr(page, "open_model"):
            page.open_model(model_id)

    def add_files(self, paths: Sequence[Path]) -> None:
        """Add model files of this computer; a banner says how that goes."""
        self._import.add_files(paths)

    def set_problem(self, problem: Problem | None) -> None:
        """Say above the pages what is wrong; None for nothing."""
        self._problem = problem
        if problem is None:
            self._banner.hide()
        else:
            self._banner.show_problem(problem.text, problem.action.text if problem.action else None)

    @property
    def page(self) -> str:
        """The key of the page that is shown."""
        shown = self._stack.currentWidget()
        return next((key for key, page in self._made.items() if page is shown), "")

    # -- Qt -----------------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that it has the first time."""
        return _FIRST_SIZE

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Wake the page."""
        super().showEvent(event)
        self._wake()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Let the page sleep."""
        super().hideEvent(event)
        self._wake()
        if self._state is not None:
            self._state.remember_geometry(self)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Let the page sleep while the window is minimised."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._wake()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the page the room that the navigation's words would take."""
        super().resizeEvent(event)
        words = self.width() >= _WORDS_FROM_PX
        self._navigation.set_with_words(words)
        self._settings.setText(self.tr("&Settings…") if words else "")
        margin = MARGIN if words else GROUP_GAP
        self._content.setContentsMargins(margin, margin, margin, margin)

    # -- private ------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self._settings.setObjectName("settings_button")
        self._settings.setAccessibleName(self.tr("Settings"))
        self._settings.setToolTip(self.tr("Change how Preheat works"))
        set_role(self._settings, "quiet")
        self._settings.setIconSize(_SETTINGS_ICON)
        self._settings.clicked.connect(self.settings_requested)
        self._banner.setObjectName("problem_banner")
        self._banner.clicked.connect(self._on_banner)
        side = QVBoxLayout()
        side.setContentsMargins(0, GROUP_GAP, 0, GROUP_GAP)
        side.setSpacing(GAP)
        side.addWidget(self._navigation, 1)
        side.addWidget(self._settings)
        self._content = QVBoxLayout()
        self._content.setSpacing(GROUP_GAP)
        self._content.addWidget(self._banner)
        self._content.addWidget(self._import)
        self._content.addWidget(self._stack, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addSpacing(GAP)
        layout.addLayout(side)
        layout.addLayout(self._content, 1)
        self._navigation.page_chosen.connect(self._show)
        self._import.model_requested.connect(partial(self.open_page, "models"))
        DropOverlay(self).dropped.connect(self.add_files)

    def _add_shortcuts(self, pages: Sequence[PageSpec]) -> None:
        for number, page in enumerate(pages, 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(partial(self._jump, page.key))
        QShortcut(QKeySequence(QKeySequence.StandardKey.Close), self).activated.connect(self.close)

    def _jump(self, key: str) -> None:
        """Show a page by its shortcut, ready to type where it takes words."""
        self.show_page(key)
        page = self._page(key)
        if page.focusProxy() is not None:
            page.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show(self, key: str) -> None:
        self._stack.setCurrentWidget(self._page(key))
        self._wake()
        if self._state is not None:
            self._state.remember(_PAGE, key)

    def _page(self, key: str) -> QWidget:
        if key not in self._made:
            page = self._specs[key].make(self._bridge)
            self._made[key] = page
            self._stack.addWidget(page)
            if hasattr(page, "page_requested"):
                page.page_requested.connect(self.open_page)
            if hasattr(page, "import_requested"):
                page.import_requested.connect(self._import.choose_files)
            if self._state is not None and hasattr(page, "memory_changed"):
                remembering = cast(RememberingPage, page)
                remembering.remember({name: self._state.text(f"dashboard/{name}") for name in remembering.memory()})
                page.memory_changed.connect(partial(self._remember_page, key))
        return self._made[key]

    def _wake(self) -> None:
        """Let the shown page follow the engine, and no other."""
        visible = self.isVisible() and not self.isMinimized()
        wanted = self._stack.currentWidget() if visible else None
        if wanted is self._active:
            return
        if self._active is not None:
            cast(Page, self._active).deactivate()
        self._active = wanted
        if wanted is not None:
            cast(Page, wanted).activate()

    def _on_banner(self) -> None:
        if self._problem is not None and self._problem.action is not None:
            act_on(self._problem.action, self._bridge)

    def _restore(self) -> None:
        page = "" if self._state is None else self._state.text(_PAGE)
        self.show_page(page if page in self._specs else next(iter(self._specs)))
        if self._state is None or not self._state.restore_geometry(self):
            # Left to itself, Qt gives a window at most two thirds of the screen.
            self.resize(_FIRST_SIZE.boundedTo(self.screen().availableSize() - _FRAME))

    def _remember_page(self, key: str) -> None:
        if self._state is not None:
            for name, value in cast(RememberingPage, self._made[key]).memory().items():
                self._state.remember(f"dashboard/{name}", value)
