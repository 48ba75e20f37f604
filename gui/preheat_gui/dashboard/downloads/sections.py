"""The lists of the downloads page: suggestions, search results, and the sizes in a repository."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QToolButton

from preheat import control
from preheat.control import Catalogue, EngineSnapshot, FoundModel, FoundModels, RepoOffer, SuggestedModel
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.downloads.choices import (
    ChoiceSection,
    ChoiceView,
    found_rows,
    found_words,
    offer_words,
    suggestion_rows,
    suggestion_words,
    variant_rows,
)
from preheat_gui.dashboard.parts import detail_label
from preheat_gui.widgets import Banner, ElidedLabel, hbox, heading_font, named, set_role, shortcut, symbol, timer, vbox
from preheat_gui.words import error_text, message_text, repos_arrived, repos_under_way, sentence

_PAUSE_S: Final = 2.0


class CatalogueSection(ChoiceSection):
    """Suggestions, updated when the memory limit or the models change. Needs no network."""

    def __init__(self, bridge: EngineBridge) -> None:
        view = ChoiceView("catalogue", self.tr("Good models for this computer"))
        super().__init__(bridge, "catalogue", view, self.tr("&Download"), self.tr("&Other sizes…"))
        self._models: tuple[SuggestedModel, ...] | None = None
        self._task = ""
        self._downloading: frozenset[str] = frozenset()
        # To be activated while the page is shown
        self.question = SlowQuestion(
            bridge, control.GetCatalogue(), self._on_models, self, self._on_error, pause_s=_PAUSE_S, depends_on=_machine
        )
        self._show()

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Mark models that are being downloaded."""
        downloading = repos_under_way(snapshot)
        if downloading != self._downloading:
            self._downloading = downloading
            self._show()

    def set_task(self, task: str) -> None:
        """Show only models for this task; empty for all."""
        self._task = task
        self._show()

    def _on_models(self, catalogue: Catalogue) -> None:
        self._models, self._error = catalogue.models, None
        self._show()

    def _on_empty(self) -> None:
        self._error = None
        self._show()
        self._bridge.ask(control.GetCatalogue(), self._on_models, self._on_error)

    def _show(self) -> None:
        self._show_rows(suggestion_rows(self._models or (), self._task, self._downloading))

    def _explain_empty(self) -> None:
        if self._error is not None:
            title = self.tr("Suggestions are not available")
            self._empty.set_words(title, error_text(self._error), self.tr("&Try again"))
        elif self._models is None:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is choosing models for this computer."))
        else:
            self._empty.set_words(self.tr("No suggestions for this task"), self.tr("Use the search above."))

    def _model(self, key: str) -> SuggestedModel | None:
        return next((model for model in self._models or () if model.name == key), None)

    def _show_selected(self) -> None:
        model = self._model(self._view.selected_key)
        if model is None:
            self._strip.show_choice(self.tr("No model selected"))
            return
        available = not model.here and model.repo not in self._downloading
        self._strip.show_choice(model.title, suggestion_words(model), main=available, more=True)

    def _open(self, key: str) -> None:
        if (model := self._model(key)) is not None:
            self.open_requested.emit(model.repo, model.title)

    def _on_main(self) -> None:
        if (model := self._model(self._view.selected_key)) is not None:
            self.download_requested.emit(model.pull_name)


def _machine(snapshot: EngineSnapshot) -> Hashable:
    """Return what the suggestions depend on."""
    return snapshot.memory.limit_bytes, tuple(model.model_id for model in snapshot.models), snapshot.started_at


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


HUB: Final = "https://huggingface.co"

_GATED: Final = "gated_repo"


class OfferSection(ChoiceSection):
    """The sizes of one model, with the recommended one selected."""

    back_requested = Signal()  # The user wants to see the list again

    def __init__(self, bridge: EngineBridge) -> None:
        self._back = named(QToolButton(), "offer_back", self.tr("Back to the list"), self.tr("Back to the list (Esc)"))
        self._title = named(ElidedLabel(), "offer_title")
        self._facts = detail_label()
        self._gated = named(Banner(), "offer_gated")
        top = hbox(self._back, (vbox(self._title, self._facts, spacing=0), 1))
        view = ChoiceView("offer", self.tr("Sizes of this model"))
        super().__init__(bridge, "offer", view, self.tr("&Download"), "", top, self._gated)
        self._wanted = ""
        self._offer: RepoOffer | None = None
        mirrored = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        self._back.setIcon(symbol("chevron-right" if mirrored else "chevron-left"))
        self._back.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_role(self._back, "quiet")
        self._title.setFont(heading_font())
        self._back.clicked.connect(self.back_requested)
        self._gated.clicked.connect(self._open_page)
        shortcut(Qt.Key.Key_Escape, self, self.back_requested)

    def open(self, name: str, title: str) -> None:
        """Ask the hub for a repository's sizes, and show them; ``name`` is any that a pull accepts."""
        self._wanted, self._offer = name, None
        self._title.setText(title)
        self._ask()

    def _ask(self) -> None:
        self._error = None
        self._show()
        name = self._wanted
        self._bridge.ask(control.GetRepo(name), partial(self._on_offer, name), partial(self._on_offer_error, name))

    def _on_offer(self, name: str, offer: RepoOffer) -> None:
        if name != self._wanted:
            return
        self._offer = offer
        self._show()
        self._view.select(next((variant.name for variant in offer.variants if variant.recommended), ""))
        if self._view.isVisible():
            self._view.setFocus()

    def _on_offer_error(self, name: str, error: EngineError) -> None:
        if name == self._wanted:
            self._on_error(error)

    def _show(self) -> None:
        offer = self._offer
        self._facts.setText(offer_words(offer) if offer is not None else "")
        if offer is not None and offer.gated:
            self._gated.show_note(
                self.tr("Accept the licence on the model's page first, then sign in with: hf auth login"),
                self.tr("Open the &page"),
            )
        else:
            self._gated.hide()
        self._show_rows(variant_rows(offer) if offer is not None else [])

    def _explain_empty(self) -> None:
        if self._error is not None:
            gated = self._error.code == _GATED
            title = self.tr("Licence must be accepted") if gated else self.tr("This model could not be looked up")
            button = self.tr("Open the &page") if gated else self.tr("&Try again")
            self._empty.set_words(title, error_text(self._error), button)
        elif self._offer is not None:
            self._empty.set_words(
                self.tr("No model here"), self.tr("This repository has no GGUF model."), self.tr("&Back to the list")
            )
        else:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is asking the hub for sizes."))

    def _show_selected(self) -> None:
        offer = self._offer
        variants = offer.variants if offer is not None else ()
        variant = next((variant for variant in variants if variant.name == self._view.selected_key), None)
        if variant is None or offer is None:
            self._strip.show_choice(self.tr("Nothing selected"))
            return
        words = sentence(message_text(offer.why)) if variant.recommended else ""
        if not words and not variant.fits:
            words = self.tr("Too big for the memory limit; choose a smaller size.")
        self._strip.show_choice(variant.name, words or offer.licence, main=True)

    def _on_empty(self) -> None:
        if self._error is None:
            self.back_requested.emit()
        elif self._error.code == _GATED:
            self._open_page()
        else:
            self._ask()

    def _open_page(self) -> None:
        repo = self._offer.repo if self._offer is not None else self._wanted
        QDesktopServices.openUrl(QUrl(f"{HUB}/{repo.partition(':')[0]}"))

    def _open(self, key: str) -> None:
        self.download_requested.emit(key)
