"""Search results from the hub."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Signal

from preheat import control
from preheat.control import EngineSnapshot, FoundModel, FoundModels
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.choice_rows import found_rows, found_words
from preheat_gui.dashboard.downloads.choice_section import ChoiceSection, ChoiceView
from preheat_gui.widgets import timer
from preheat_gui.words import error_text, repos_arrived, repos_under_way

TYPING_MS: Final = 400  # Pause in typing before the hub is asked


class SearchSection(ChoiceSection):
    """Searches as the user types; answers to an earlier query are ignored."""

    catalogue_requested = Signal()  # The user wants the suggestions instead

    def __init__(self, bridge: EngineBridge) -> None:
        view = ChoiceView("search_results", self.tr("Models on the hub"))
        super().__init__(bridge, "search", view, self.tr("Choose a &size…"))
        self._query = self._task = ""
        self._asked: tuple[str, str] | None = None
        self._found: tuple[FoundModel, ...] | None = None
        self._downloads: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._timer = timer(self, TYPING_MS, self.search_now)
        self._show()

    def set_query(self, query: str, task: str) -> None:
        """Search after a pause in typing; an empty query ends the search."""
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
            control.SearchHub(self._query, self._task or None),  # type: ignore[arg-type]  # one of TASKS
            partial(self._on_found, wanted),
            partial(self._on_search_error, wanted),
        )

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Mark models that are being downloaded or have been."""
        downloads = repos_under_way(snapshot), repos_arrived(snapshot)
        if downloads != self._downloads:
            self._downloads = downloads
            self._show()

    def focus_results(self) -> None:
        """Move the keyboard focus to the results."""
        self._view.setFocus()

    def _on_found(self, asked: tuple[str, str], found: FoundModels) -> None:
        if asked == self._asked:
            self._found = found.models
            self._show()

    def _on_search_error(self, asked: tuple[str, str], error: EngineError) -> None:
        if asked == self._asked:
            self._on_error(error)

    def _show(self) -> None:
        self._show_rows(found_rows(self._found or (), *self._downloads))

    def _explain_empty(self) -> None:
        if self._error is not None:
            words = f"{error_text(self._error)} {self.tr('Clear the search to see suggestions, which work offline.')}"
            self._empty.set_words(self.tr("Search failed"), words, self.tr("&Try again"))
        elif self._found is not None:
            self._empty.set_words(
                self.tr("Nothing found"),
                self.tr("The hub has no GGUF model with these words in its name. Try fewer words."),
                self.tr("Show &suggestions"),
            )
        else:
            self._empty.set_words(self.tr("Searching"), self.tr("Preheat is searching the hub."))

    def _show_selected(self) -> None:
        key = self._view.selected_key
        model = next((model for model in self._found or () if model.repo == key), None)
        if model is None:
            self._strip.show_choice(self.tr("No model selected"))
        else:
            self._strip.show_choice(model.repo, found_words(model), main=True)

    def _on_empty(self) -> None:
        if self._error is not None:
            self.search_now()
        else:
            self.catalogue_requested.emit()

    def _open(self, key: str) -> None:
        self.open_requested.emit(key, key)
