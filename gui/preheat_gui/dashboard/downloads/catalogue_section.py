"""The models that Preheat suggests, by what they are for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from preheat.control import SuggestedModel
from preheat.core.snapshot import EngineSnapshot
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.bridge.library_commands import ask_catalogue
from preheat_gui.dashboard.downloads.catalogue_strip import ChoiceStrip
from preheat_gui.dashboard.downloads.catalogue_view import ChoiceView
from preheat_gui.dashboard.downloads.catalogue_words import suggestion_rows, suggestion_words
from preheat_gui.dashboard.slow_question import SlowQuestion
from preheat_gui.widgets import GAP, EmptyState
from preheat_gui.words import repos_under_way, sentence

_PAUSE_S: Final = 2.0


class CatalogueSection(QWidget):
    """Asks for the suggestions when the memory limit or the models change, and needs no network.

    Attributes:
        get_asked: The user wants to fetch a model (what to pull).
        open_asked: The user wants to choose a size (what to ask the hub for, and a title).
    """

    get_asked = Signal(str)
    open_asked = Signal(str, str)

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._models: tuple[SuggestedModel, ...] | None = None
        self._error: EngineError | None = None
        self._task = ""
        self._repos: frozenset[str] = frozenset()
        self._question = SlowQuestion(
            bridge, ask_catalogue, self._on_models, self, self._on_error, pause_s=_PAUSE_S, depends_on=_machine
        )
        self._view = ChoiceView("catalogue", self.tr("Good models for this computer"))
        self._strip = ChoiceStrip("catalogue", self.tr("&Get"), self.tr("&Other sizes…"))
        self._empty = EmptyState("", "")
        self._empty.setObjectName("catalogue_empty")
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
        self._strip.more_clicked.connect(self._open_selected)
        self._strip.get_clicked.connect(self._get)
        self._empty.clicked.connect(self._ask_again)
        self._show()

    def activate(self) -> None:
        """Follow the engine."""
        self._question.activate()
        self._bridge.opened.connect(self._show)

    def deactivate(self) -> None:
        """Stand still."""
        self._question.deactivate()
        self._bridge.opened.disconnect(self._show)

    def show_snapshot(self, snapshot: EngineSnapshot) -> None:
        """Mark what is being downloaded."""
        repos = repos_under_way(snapshot)
        if repos != self._repos:
            self._repos = repos
            self._show()

    def set_task(self, task: str) -> None:
        """Show only models for this task; empty for all."""
        self._task = task
        self._show()

    # -- private ------------------------------------------------------------------------------------------------------

    def _on_models(self, models: tuple[SuggestedModel, ...]) -> None:
        self._models, self._error = models, None
        self._show()

    def _on_error(self, error: EngineError) -> None:
        self._error = error
        self._show()

    def _ask_again(self) -> None:
        self._error = None
        self._show()
        self._bridge.ask(ask_catalogue, self._on_models, self._on_error)

    def _show(self) -> None:
        rows = suggestion_rows(self._models or (), self._task, self._repos)
        self._view.show_rows(rows)
        self._stack.setCurrentWidget(self._view if rows else self._empty)
        self._strip.setVisible(bool(rows))
        self._show_selected()
        if rows:
            return
        if self._error is not None:
            words = f"{sentence(self._error.title)} {sentence(self._error.hint)}".strip()
            self._empty.set_words(self.tr("The suggestions cannot be shown"), words, self.tr("&Try again"))
        elif self._models is None:
            self._empty.set_words(self.tr("One moment"), self.tr("Preheat is looking what suits this computer."))
        else:
            self._empty.set_words(
                self.tr("No suggestions of this kind"), self.tr("Search above for what you want to use.")
            )

    def _selected(self) -> SuggestedModel | None:
        key = self._view.selected_key
        return next((model for model in self._models or () if model.name == key), None)

    def _show_selected(self) -> None:
        model = self._selected()
        if model is None:
            self._strip.show_choice(self.tr("No model selected"), "", can_get=False, can_see_more=False)
            return
        free = not model.here and model.repo not in self._repos
        self._strip.show_choice(model.title, suggestion_words(model), can_get=free)

    def _open(self, key: str) -> None:
        model = next((model for model in self._models or () if model.name == key), None)
        if model is not None:
            self.open_asked.emit(model.repo, model.title)

    def _open_selected(self) -> None:
        self._open(self._view.selected_key)

    def _get(self) -> None:
        model = self._selected()
        if model is not None:
            self.get_asked.emit(model.pull_name)


def _machine(snapshot: EngineSnapshot) -> Hashable:
    """Return what the suggestions depend on."""
    return snapshot.memory.limit_bytes, tuple(model.model_id for model in snapshot.models), snapshot.started_at
