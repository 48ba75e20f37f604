"""The downloads page: queue, hub search, and suggested models."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from preheat import control
from preheat.control import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.connection import NO_CONNECTION, ConnectionLine, trouble_words
from preheat_gui.dashboard.downloads.offer import OfferSection
from preheat_gui.dashboard.downloads.queue import DownloadsQueue
from preheat_gui.dashboard.downloads.search import SearchSection
from preheat_gui.dashboard.downloads.suggestions import CatalogueSection
from preheat_gui.dashboard.page import DashboardPage
from preheat_gui.widgets import GAP, Banner, SearchBox, hbox, named, set_role, stacked, symbol, vbox
from preheat_gui.words import TASKS, task_title

_QUEUE_SHARE: Final = 0.4  # Maximum share of the page's height for the queue
_MAX_QUERY: Final = 200
_NAME_SIGNS: Final = "/:"  # Text with one of these is a model's name, not a query


class DownloadsPage(DashboardPage):
    """Downloads continue while the page is hidden."""

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge, "downloads")
        self._queue = DownloadsQueue(bridge)
        self._banner = named(Banner(), "downloads_banner")
        tooltip = self.tr("Words of a model's name, its address, or its Ollama name (Ctrl+F)")
        placeholder = self.tr("Search Hugging Face, or paste a model name")
        self._search = SearchBox(self, "downloads_search", placeholder, tooltip)
        self._search.setMaxLength(_MAX_QUERY)
        self.focus_order = (self._search,)
        self._task = named(QComboBox(), "downloads_task", self.tr("Task"))
        self._task.addItem(self.tr("All tasks"), "")
        for task in TASKS:
            self._task.addItem(task_title(task), task)
        self._task.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._task.setMinimumContentsLength(14)
        add = QPushButton(symbol("plus"), self.tr("&Add a file…"))
        named(add, "add_file", tooltip=self.tr("Add a GGUF file from this computer, or drop it here"))
        account = QPushButton(self.tr("&Hugging Face account…"))
        named(account, "hub_account", tooltip=self.tr("Sign in for models whose licence must be accepted"))
        set_role(account, "quiet")
        self._catalogue = CatalogueSection(bridge)
        self._results = SearchSection(bridge)
        self._offer = OfferSection(bridge)
        self._line = ConnectionLine()
        lists = QWidget()
        self._lists = stacked(self._catalogue, self._results)
        vbox(self._line, (self._lists, 1), parent=lists, spacing=GAP // 2)
        self._stack = stacked(lists, self._offer)
        for section in (self._catalogue, self._results, self._offer):
            section.download_requested.connect(self._download)
            section.open_requested.connect(self._open)
        choice = vbox(hbox((self._search, 1), self._task), (self._stack, 1))
        self._lay_out(self.tr("Downloads"), (None, account, add), self._banner, self._queue, (choice, 1))
        self._questions.append(self._catalogue.question)
        self._catalogue.models_changed.connect(self._results.set_suggestions)
        self._catalogue.caption_changed.connect(self._line.set_caption)
        self._line.retry_requested.connect(self._retry)
        self._line.restored.connect(self._results.resume)
        self._line.restored.connect(self._offer.refresh)
        self._results.answered.connect(self._line.report)
        self._offer.answered.connect(self._line.report)
        self._offer.account_requested.connect(self._show_account)
        account.clicked.connect(self._show_account)
        self._search.textChanged.connect(self._on_text)
        self._search.returnPressed.connect(self._on_enter)
        self._task.currentIndexChanged.connect(self._on_task)
        add.clicked.connect(self.import_requested)
        self._results.catalogue_requested.connect(self._search.clear)
        self._offer.back_requested.connect(self._back)
        self._queue.try_requested.connect(partial(self.page_requested.emit, "try"))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._queue.set_max_height(round(self.height() * _QUEUE_SHARE))

    def _on_activated(self) -> None:
        super()._on_activated()
        self._results.resume()

    def _on_deactivated(self) -> None:
        self._results.pause()

    def _on_snapshot(self, snapshot: EngineSnapshot) -> None:
        self._queue.show_snapshot(snapshot)
        self._catalogue.show_snapshot(snapshot)
        self._results.show_snapshot(snapshot)

    def _on_text(self, text: str) -> None:
        self._results.set_query(text, self._task.currentData())
        self._show_lists()

    def _on_enter(self) -> None:
        text = self._search.text().strip()
        if any(sign in text for sign in _NAME_SIGNS):
            self._open(text, text)
        else:
            self._results.search_now()
            self._results.focus_results()

    def _on_task(self) -> None:
        self._catalogue.set_task(self._task.currentData())
        self._on_text(self._search.text())

    def _open(self, name: str, title: str) -> None:
        self._banner.hide()
        self._stack.setCurrentWidget(self._offer)
        self._offer.open(name, title)

    def _back(self) -> None:
        self._banner.hide()
        self._show_lists()
        self._search.setFocus()

    def _show_lists(self) -> None:
        searching = bool(self._search.text().strip())
        self._lists.setCurrentWidget(self._results if searching else self._catalogue)
        self._stack.setCurrentIndex(0)

    def _retry(self) -> None:
        """Ask Hugging Face again: for the search, or else for anything."""
        if self._search.text().strip():
            self._results.search_now()
        else:
            self._bridge.ask(control.SearchHub(limit=1), self._on_connected, self._line.report)

    def _on_connected(self, _found: object) -> None:
        self._line.report(None)

    def _show_account(self) -> None:
        from preheat_gui.settings_dialog.hub_account import HubAccountDialog

        dialog = HubAccountDialog(self._bridge, self)
        dialog.finished.connect(self._offer.refresh)
        dialog.open()

    def _download(self, name: str) -> None:
        self._banner.hide()
        self._bridge.ask(control.PullModel(name), self._on_pulled, self._on_pull_failed)

    def _on_pulled(self, _download: object) -> None:
        if self._stack.currentWidget() is self._offer:
            self._back()

    def _on_pull_failed(self, error: EngineError) -> None:
        if error.code in NO_CONNECTION:
            self._line.report(error, again=True)
            for section in (self._catalogue, self._results, self._offer):
                section.show_trouble(trouble_words(error))
            return
        self._banner.show_problem(trouble_words(error))
