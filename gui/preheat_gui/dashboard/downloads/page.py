"""The page of downloads: what is on its way, a search on the hub, and models that suit this computer."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.bridge import library_commands as commands
from preheat_gui.dashboard.downloads.catalogue_offer import OfferSection
from preheat_gui.dashboard.downloads.catalogue_section import CatalogueSection
from preheat_gui.dashboard.downloads.catalogue_words import TASKS, group_words
from preheat_gui.dashboard.downloads.queue import DownloadsQueue
from preheat_gui.dashboard.downloads.search_section import SearchSection
from preheat_gui.dashboard.following_page import FollowingPage
from preheat_gui.widgets import GAP, GROUP_GAP, Banner, Token, heading, symbol
from preheat_gui.words import sentence

_QUEUE_SHARE: Final = 0.4
"""Of the page's height: what the queue takes at most."""

_MAX_QUERY: Final = 200
_ADDRESS_SIGNS: Final = "/:"
"""What has one of them is the name of a model rather than words to search for."""


class DownloadsPage(FollowingPage):
    """Asks nothing while it is not shown; downloads go on.

    Attributes:
        page_requested: The user wants another page, and a model on it (its key, a model_id).
        import_requested: The user wants to add a file of this computer.
    """

    page_requested = Signal(str, str)
    import_requested = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self.setObjectName("downloads_page")
        self._queue = DownloadsQueue(bridge)
        self._banner = Banner()
        self._search = QLineEdit()
        self._task = QComboBox()
        self._add = QPushButton(symbol("plus"), self.tr("&Add a file…"))
        self._catalogue = CatalogueSection(bridge)
        self._results = SearchSection(bridge)
        self._offer = OfferSection(bridge)
        self._stack = QStackedWidget()
        self._build()
        self._connect()

    # -- the window's -------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        super()._follow()
        self._catalogue.activate()

    def _rest(self) -> None:
        super()._rest()
        self._catalogue.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Leave the lists their share."""
        super().resizeEvent(event)
        self._queue.set_most_height(round(self.height() * _QUEUE_SHARE))

    # -- layout -------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        words = self.tr("Search the hub, or paste a model's name")
        self._search.setObjectName("downloads_search")
        self._search.setPlaceholderText(words)
        self._search.setAccessibleName(words)
        self._search.setToolTip(self.tr("Words of a model's name, its address, or what Ollama calls it (Ctrl+F)"))
        self._search.setMaxLength(_MAX_QUERY)
        self._search.setClearButtonEnabled(True)
        self._search.addAction(symbol("search", Token.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        self._task.setObjectName("downloads_task")
        self._task.setAccessibleName(self.tr("What it is for"))
        self._task.addItem(self.tr("For everything"), "")
        for task in TASKS:
            self._task.addItem(group_words(task), task)
        self._task.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._task.setMinimumContentsLength(14)
        self._add.setObjectName("add_file")
        self._add.setToolTip(self.tr("Add a GGUF file that is on this computer; dropping it here does the same"))
        self._banner.setObjectName("downloads_banner")
        top = QHBoxLayout()
        top.setSpacing(GAP)
        top.addWidget(heading(self.tr("Downloads")))
        top.addStretch(1)
        top.addWidget(self._add)
        box = QHBoxLayout()
        box.setSpacing(GAP)
        box.addWidget(self._search, 1)
        box.addWidget(self._task)
        for section in (self._catalogue, self._results, self._offer):
            self._stack.addWidget(section)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GROUP_GAP)
        layout.addLayout(top)
        layout.addWidget(self._banner)
        layout.addWidget(self._queue)
        layout.addLayout(box)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self._search.textChanged.connect(self._on_text)
        self._search.returnPressed.connect(self._on_enter)
        self._task.currentIndexChanged.connect(self._on_task)
        self._add.clicked.connect(self.import_requested)
        self._catalogue.get_asked.connect(self._get)
        self._catalogue.open_asked.connect(self._open)
        self._results.open_asked.connect(self._open)
        self._results.catalogue_asked.connect(self._search.clear)
        self._offer.get_asked.connect(self._get)
        self._offer.back_asked.connect(self._back)
        self._queue.try_asked.connect(self._on_try)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self._on_find)

    # -- what happens -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._queue.show_snapshot(snapshot)
        self._catalogue.show_snapshot(snapshot)
        self._results.show_snapshot(snapshot)

    def _on_text(self, text: str) -> None:
        self._results.set_query(text, self._task.currentData())
        self._stack.setCurrentWidget(self._results if text.strip() else self._catalogue)

    def _on_enter(self) -> None:
        text = self._search.text().strip()
        if any(sign in text for sign in _ADDRESS_SIGNS):
            self._open(text, text)
        else:
            self._results.search_now()
            self._results.focus_results()

    def _on_task(self) -> None:
        self._catalogue.set_task(self._task.currentData())
        self._on_text(self._search.text())

    def _on_find(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _on_try(self, model_id: str) -> None:
        self.page_requested.emit("try", model_id)

    def _open(self, name: str, title: str) -> None:
        self._banner.hide()
        self._stack.setCurrentWidget(self._offer)
        self._offer.open(name, title)

    def _back(self) -> None:
        searching = bool(self._search.text().strip())
        self._stack.setCurrentWidget(self._results if searching else self._catalogue)
        self._search.setFocus()

    def _get(self, name: str) -> None:
        self._banner.hide()
        self._bridge.ask(partial(commands.pull, name), self._on_pulled, self._on_pull_failed)

    def _on_pulled(self, _download_id: str) -> None:
        if self._stack.currentWidget() is self._offer:
            self._back()

    def _on_pull_failed(self, error: EngineError) -> None:
        self._banner.show_problem(f"{sentence(error.title)} {sentence(error.hint)}".strip())
