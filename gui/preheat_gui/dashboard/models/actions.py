"""What can be done with the selected models: the same actions for buttons, menu and keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from preheat.core.snapshot import ModelSnapshot
from preheat.residency.states import State
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.models.cells import LOADING
from preheat_gui.dashboard.models.facts import owner_words
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import symbol

if TYPE_CHECKING:
    from preheat.control import ModelFacts


class ModelActions(QObject):
    """The actions, kept true to the selection.

    Attributes:
        toggle: Loads what is not loaded, cancels what is loading, unloads what is hot.
        settings_asked: The user wants the settings of this model (str).
        delete_asked: The user wants to delete this model's files (ModelSnapshot).
    """

    settings_asked = Signal(str)
    delete_asked = Signal(object)

    def __init__(self, bridge: EngineBridge, view: QWidget) -> None:
        super().__init__(view)
        self._bridge = bridge
        self._models: Sequence[ModelSnapshot] = ()
        self._facts: ModelFacts | None = None
        self.toggle = self._add(view, "toggle_load", self._toggle, "Return", "Enter")
        self.unload = self._add(view, "unload", self._unload, "Del")
        self.favourite = self._add(view, "favourite", self._favourite, "F")
        self.reveal = self._add(view, "reveal_file", self._reveal, "Ctrl+O")
        self.copy_name = self._add(view, "copy_name", self._copy, "Ctrl+C")
        self.settings = self._add(view, "model_settings", self._settings, "Ctrl+,")
        self.delete = self._add(view, "delete_model", self._delete, "Shift+Del")
        self.delete.setIcon(symbol("trash"))
        self.favourite.setCheckable(True)
        self.unload.setText(self.tr("&Unload"))
        self.favourite.setText(self.tr("&Favourite"))
        self.favourite.setToolTip(self.tr("Keep it ready whenever it fits (F)"))
        self.reveal.setText(self.tr("Show fil&e"))
        self.reveal.setToolTip(self.tr("Show the file in the file manager (Ctrl+O)"))
        self.copy_name.setText(self.tr("Copy &name"))
        self.settings.setText(self.tr("&Model settings…"))
        self.settings.setToolTip(self.tr("Context length and more for this model alone (Ctrl+,)"))
        self.show_for(())

    def show_for(self, models: Sequence[ModelSnapshot]) -> None:
        """Fit the actions to these models."""
        self._models = models
        one = len(models) == 1
        if self._facts is not None and not (one and models[0].model_id == self._facts.model_id):
            self._facts = None
        self._show_toggle(models)
        # "Toggle" unloads already where nothing else is possible; the key stays.
        self.unload.setEnabled(any(_held(model) for model in models))
        self.favourite.setEnabled(bool(models))
        self.favourite.setChecked(bool(models) and all(model.favourite for model in models))
        self.reveal.setEnabled(one and bool(models[0].path))
        self.copy_name.setEnabled(bool(models))
        self.settings.setEnabled(one)
        self._show_delete()

    def show_facts(self, facts: ModelFacts) -> None:
        """Take into account whose file the selected model is."""
        self._facts = facts
        self._show_delete()

    def menu(self, parent: QWidget) -> QMenu:
        """Return the context menu."""
        menu = QMenu(parent)
        menu.setObjectName("model_menu")
        menu.addAction(self.toggle)
        if self.unload.isEnabled() and any(not _held(model) for model in self._models):
            menu.addAction(self.unload)  # of a mixed selection
        menu.addAction(self.favourite)
        menu.addSeparator()
        menu.addActions([self.reveal, self.copy_name])
        menu.addSeparator()
        menu.addActions([self.settings, self.delete])
        return menu

    def toggle_favourite(self, model: ModelSnapshot) -> None:
        """Make one model a favourite, or no longer."""
        self._bridge.set_favourite(model.model_id, not model.favourite)

    def _add(self, view: QWidget, name: str, slot: Callable[[], None], *keys: str) -> QAction:
        action = QAction(self)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence(key) for key in keys])
        # Only while the table has the focus: letters and Delete belong to the filter box while that has it.
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        view.addAction(action)
        return action

    def _show_toggle(self, models: Sequence[ModelSnapshot]) -> None:
        if models and all(model.state in LOADING for model in models):
            text, sign = self.tr("&Cancel load"), "stop"
        elif models and all(_held(model) for model in models):
            text, sign = self.tr("&Unload"), "eject"
        else:
            text, sign = self.tr("&Load"), "play"
        self.toggle.setText(text)
        self.toggle.setIcon(symbol(sign))
        self.toggle.setToolTip(self.tr("{what} (Enter)").format(what=text.replace("&", "")))
        self.toggle.setEnabled(any(model.state is not State.UNLOADING for model in models))

    def _show_delete(self) -> None:
        facts, one = self._facts, len(self._models) == 1
        others = facts is not None and not facts.own
        self.delete.setEnabled(one and not others)
        if facts is not None and others:
            # What another program has, that program must delete.
            self.delete.setText(self.tr("The file is {owner}").format(owner=owner_words(facts.source)))
            self.delete.setToolTip(self.tr("Preheat deletes nothing outside its own folder"))
        else:
            self.delete.setText(self.tr("&Delete from disk…"))
            self.delete.setToolTip(self.tr("Delete the model's file (Shift+Del)"))

    def _toggle(self) -> None:
        waiting = [model for model in self._models if not _held(model) and model.state is not State.UNLOADING]
        if not waiting:
            self._unload()
        for model in waiting:
            self._bridge.load(model.model_id)

    def _unload(self) -> None:
        for model in self._models:
            if _held(model):
                self._bridge.unload(model.model_id)

    def _favourite(self) -> None:
        on = not all(model.favourite for model in self._models)
        for model in self._models:
            if model.favourite != on:
                self._bridge.set_favourite(model.model_id, on)

    def _reveal(self) -> None:
        reveal(Path(self._models[0].path), self)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(model.model_id for model in self._models))

    def _delete(self) -> None:
        self.delete_asked.emit(self._models[0])

    def _settings(self) -> None:
        self.settings_asked.emit(self._models[0].model_id)


def _held(model: ModelSnapshot) -> bool:
    """Whether there is something to unload or to cancel."""
    return model.state is State.HOT or model.state in LOADING
