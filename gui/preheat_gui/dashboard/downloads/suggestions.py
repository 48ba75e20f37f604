"""The suggestions: the catalogue, matched to this computer."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from PySide6.QtCore import Signal

from preheat import control
from preheat.control import Catalogue, EngineSnapshot, SuggestedModel
from preheat_gui.bridge import EngineBridge, SlowQuestion
from preheat_gui.dashboard.downloads.choice_list import ChoiceSection, ChoiceView
from preheat_gui.dashboard.downloads.choice_rows import suggestion_rows, suggestion_words
from preheat_gui.words import error_text, format_memory, repos_under_way

_PAUSE_S: Final = 2.0


class CatalogueSection(ChoiceSection):
    """Suggestions, updated when the memory limit or the models change. Needs no network."""

    models_changed = Signal(object)  # The suggestions, a tuple of ``SuggestedModel``
    caption_changed = Signal(str)  # What they were chosen for

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
        self.models_changed.emit(catalogue.models)
        limit = format_memory(catalogue.limit_bytes)
        self.caption_changed.emit(self.tr("For this computer, with {size} of memory for models").format(size=limit))

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
