"""What a search on the hub finds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from preheat.control import FoundModel
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.bridge import library_commands as commands
from preheat_gui.dashboard.downloads.catalogue_strip import ChoiceStrip
from preheat_gui.dashboard.downloads.catalogue_view import ChoiceView
from preheat_gui.dashboard.downloads.catalogue_words import found_rows, found_words
from preheat_gui.widgets import GAP, EmptyState
from preheat_gui.words import repos_arrived, repos_under_way, sentence

TYPING_MS: Final = 400
"""The hub is asked when nothing was typed for so long."""


class SearchSection(QWidget):
    """Asks the hub as the user types. An answer that comes late, to what is not in the box any more, is passed over.

    Attributes:
        open_asked: The user wants to see what a repository offers (its name, and a title).
        catalogue_asked: The user wants the suggestions instead.
    """

    open_asked = Signal(str, str)
    catalogue_asked = Signal()

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._query = self._task = ""
        self._asked: tuple[str, str] | None = None
        self._found: Sequence[FoundModel] | None = None
        self._error: EngineError | None = None
        self._repos: frozenset[str] = frozenset()
        self._arrived: frozenset[str] = frozenset()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TYPING_MS)
        self._timer.timeout.connect(self.search_now)
        self._view = ChoiceView("search_results", self.tr("Models on the hub"))
        self._strip = ChoiceStrip("search", self.tr("Choose a &size…"))
        self._empty = EmptyState("", "")
        self._empty.setObjectName("search_empty")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._view)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._strip)
        self._view.chosen.connect(self._open)
        self._view.selected.connect(self._show_selected)
        self._strip.get_clicked.connect(self._open_selected)
        self._empty.clicked.connect(self._on_empty)
        self._show()

    def set_query(self, query: str, task: str) -> None:
        """Search for this, once nothing more is typed; an empty query ends the search."""
        self._query, self._task = query.strip(), task
        if self._query:
            self._timer.start()
        else:
            self._timer.stop()
            self._asked = self._found = self._error = None

    def search_now(self) -> None:
        """Search at once."""
        self._timer.stop()
        wanted = (self._query, self._task)
        if not self._query or (wanted == self._asked and self._error is None):
            return
        self._asked, self._found, self._error = wanted, None, None
        self._show()
        self._bridge.ask(
            partial(commands.search, *wanted), partial(self._on_found, wanted), partial(self._on_error, wanted)
        )

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Mark what is being downloaded."""
        repos, arrived = repos_under_way(snapshot), repos_arrived(snapshot)
        if (repos, arrived) != (self._repos, self._arrived):
            self._repos, self._arrived = repos, arrived
            self._show()

    def focus_results(self) -> None:
        """Give the keyboard to the results."""
        self._view.setFocus()

    # -- private ------------------------------------------------------------------------------------------------------

    def _on_found(self, asked: tuple[str, str], found: Sequence[FoundModel]) -> None:
        if asked == self._asked:
            self._found = found
            self._show()

    def _on_error(self, asked: tuple[str, str], error: EngineError) -> None:
        if asked == self._asked:
            self._error = error
            self._show()

    def _show(self) -> None:
        rows = found_rows(self._found or (), self._repos, self._arrived)
        self._view.show_rows(rows)
        self._stack.setCurrentWidget(self._view if rows else self._empty)
        self._strip.setVisible(bool(rows))
        self._show_selected()
        if rows:
            return
        if self._error is not None:
            words = f"{sentence(self._error.title)} {sentence(self._error.hint)}".strip()
            words = f"{words} {self.tr('The suggestions are here without it: empty the search box.')}"
            self._empty.set_words(self.tr("The hub could not be searched"), words, self.tr("&Try again"))
        elif self._found is not None:
            self._empty.set_words(
                self.tr("Nothing found"),
                self.tr("The hub has no GGUF model with these words in its name. Fewer words find more."),
                self.tr("Show &suggestions"),
            )
        else:
            self._empty.set_words(self.tr("Searching"), self.tr("Preheat is asking the hub."))

    def _show_selected(self) -> None:
        key = self._view.selected_key
        model = next((model for model in self._found or () if model.repo == key), None)
        if model is None:
            self._strip.show_choice(self.tr("No model selected"), "", can_get=False)
        else:
            self._strip.show_choice(model.repo, found_words(model), can_get=True)

    def _on_empty(self) -> None:
        if self._error is not None:
            self.search_now()
        else:
            self.catalogue_asked.emit()

    def _open(self, key: str) -> None:
        self.open_asked.emit(key, key)

    def _open_selected(self) -> None:
        if self._view.selected_key:
            self._open(self._view.selected_key)
