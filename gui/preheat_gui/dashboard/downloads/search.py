"""Search as the user types: the suggestions that match, at once, and below them what Hugging Face has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtCore import Signal

from preheat import control
from preheat.control import EngineSnapshot, FoundModel, FoundModels, SuggestedModel
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.downloads.choice_list import ChoiceSection, ChoiceView
from preheat_gui.dashboard.downloads.choice_rows import found_rows, found_words, suggestion_rows, suggestion_words
from preheat_gui.dashboard.downloads.connection import NO_CONNECTION, trouble_words
from preheat_gui.dashboard.tables import GroupRow, Row
from preheat_gui.widgets import timer
from preheat_gui.words import repos_arrived, repos_under_way

TYPING_MS: Final = 400  # Pause in typing before the hub is asked
_MOST_SUGGESTED: Final = 5
RETRY_MS: Final = 20_000  # Pause before a search without a connection is repeated


class SearchSection(ChoiceSection):
    """Searches as the user types; answers to an earlier query are ignored."""

    catalogue_requested = Signal()  # The user wants all suggestions
    answered = Signal(object)  # The ``EngineError`` of a request to Hugging Face, or None

    def __init__(self, bridge: EngineBridge) -> None:
        view = ChoiceView("search_results", self.tr("Models found"))
        super().__init__(bridge, "search", view, self.tr("Choose a &size…"), self.tr("&Other sizes…"))
        self._query = self._task = ""
        self._asked: tuple[str, str] | None = None
        self._found: tuple[FoundModel, ...] | None = None
        self._suggested: tuple[SuggestedModel, ...] = ()
        self._downloads: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._timer = timer(self, TYPING_MS, self.search_now)
        self._retry_timer = timer(self, RETRY_MS, self._retry_unseen)
        self._show()

    def set_suggestions(self, models: Sequence[SuggestedModel]) -> None:
        """Take the whole catalogue."""
        self._suggested = tuple(models)
        self._show()

    def set_query(self, query: str, task: str) -> None:
        """Search after a pause in typing; an empty query ends the search."""
        self._query, self._task = query.strip(), task
        if self._query:
            self._timer.start()
            self._show()
        else:
            self._timer.stop()
            self._retry_timer.stop()
            self._asked = self._found = self._error = None

    def search_now(self) -> None:
        """Search at once."""
        self._timer.stop()
        wanted = (self._query, self._task)
        if not self._query or (wanted == self._asked and self._error is None):
            return
        if wanted != self._asked:
            self._found = None
        self._asked, self._error = wanted, None
        self._show()
        self._ask(wanted)

    def pause(self) -> None:
        """Ask nothing while the page is hidden."""
        self._retry_timer.stop()

    def resume(self) -> None:
        """Repeat a search that had no connection."""
        if self._error is not None:
            self._retry_unseen()

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Mark models that are being downloaded or have been."""
        downloads = repos_under_way(snapshot), repos_arrived(snapshot)
        if downloads != self._downloads:
            self._downloads = downloads
            self._show()

    def focus_results(self) -> None:
        self._view.setFocus()

    def _ask(self, wanted: tuple[str, str]) -> None:
        query, task = wanted
        self._bridge.ask(
            control.SearchHub(query, task or None),  # type: ignore[arg-type]  # one of TASKS
            partial(self._on_found, wanted),
            partial(self._on_search_error, wanted),
        )

    def _retry_unseen(self) -> None:
        """Ask again without showing that: nothing changes until there is an answer."""
        if self._asked is not None and self._error is not None:
            self._ask(self._asked)

    def _on_found(self, asked: tuple[str, str], found: FoundModels) -> None:
        self.answered.emit(None)
        if asked == self._asked:
            self._found, self._error = found.models, None
            self._retry_timer.stop()
            self._show()

    def _on_search_error(self, asked: tuple[str, str], error: EngineError) -> None:
        self.answered.emit(error)
        if asked == self._asked:
            if error.code in NO_CONNECTION:
                self._retry_timer.start()
            self._on_error(error)

    def _matching(self) -> list[SuggestedModel]:
        """Return the suggestions with the words of the query, the best ones first."""
        if not self._query:
            return []
        matching = [model for model in self._suggested if model.matches(self._query) and self._task in ("", model.task)]
        return sorted(matching, key=lambda model: (not model.best, not model.fits))

    def _show(self) -> None:
        matching = self._matching()
        known = {model.repo.lower() for model in matching}
        if any(model.repo.lower() not in known for model in self._found or ()):
            # What was searched for must not be far below.
            matching = matching[:_MOST_SUGGESTED]
            known = {model.repo.lower() for model in matching}
        found = [model for model in self._found or () if model.repo.lower() not in known]
        downloading, arrived = self._downloads
        rows: list[Row] = []
        if matching:
            suggested = suggestion_rows(matching, "", downloading, grouped=False)
            rows = [GroupRow(self.tr("Suggested by Preheat")), *suggested]
        if rows or found:
            rows.append(GroupRow(self._hub_title(found)))
        self._show_rows([*rows, *found_rows(found, downloading, arrived)])

    def _hub_title(self, found: Sequence[FoundModel]) -> str:
        if self._error is not None:
            offline = self._error.code in NO_CONNECTION
            return self.tr("Hugging Face: no connection") if offline else self.tr("Hugging Face: search failed")
        if self._found is None:
            return self.tr("Hugging Face: searching…")
        return self.tr("On Hugging Face") if found else self.tr("Hugging Face: nothing more with these words")

    def _explain_empty(self) -> None:
        if self._error is not None:
            advice = self.tr("Clear the search to see suggestions, which work offline.")
            words = f"{trouble_words(self._error)} {advice}"
            offline = self._error.code in NO_CONNECTION
            title = self.tr("No suggestion has these words") if offline else self.tr("Search failed")
            self._empty.set_words(title, words, self.tr("&Try again"))
        elif self._found is not None:
            self._empty.set_words(
                self.tr("Nothing found"),
                self.tr("Hugging Face has no GGUF model with these words in its name. Try fewer words."),
                self.tr("Show &suggestions"),
            )
        else:
            self._empty.set_words(self.tr("Searching"), self.tr("Preheat is searching Hugging Face."))

    def _show_selected(self) -> None:
        key = self._view.selected_key
        suggestion = self._suggestion(key)
        found = next((model for model in self._found or () if model.repo == key), None)
        if suggestion is not None:
            self._strip.set_buttons(self.tr("&Download"), more=True)
            available = not suggestion.here and suggestion.repo not in self._downloads[0]
            self._strip.show_choice(suggestion.title, suggestion_words(suggestion), main=available, more=True)
            return
        self._strip.set_buttons(self.tr("Choose a &size…"), more=False)
        if found is None:
            self._strip.show_choice(self.tr("No model selected"))
        else:
            self._strip.show_choice(found.repo, found_words(found), main=True)

    def _suggestion(self, key: str) -> SuggestedModel | None:
        return next((model for model in self._suggested if model.name == key), None)

    def _on_main(self) -> None:
        suggestion = self._suggestion(self._view.selected_key)
        if suggestion is not None:
            self.download_requested.emit(suggestion.pull_name)
        else:
            self._open_selected()

    def _on_empty(self) -> None:
        if self._error is not None:
            self.search_now()
        else:
            self.catalogue_requested.emit()

    def _open(self, key: str) -> None:
        suggestion = self._suggestion(key)
        if suggestion is not None:
            self.open_requested.emit(suggestion.repo, suggestion.title)
        else:
            self.open_requested.emit(key, key)
