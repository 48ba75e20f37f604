"""The actions for selected models, shared by buttons, menu and keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from preheat import control
from preheat.control import ModelFacts, ModelSnapshot, State
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.cells import CANCELLABLE
from preheat_gui.dashboard.reveal import reveal
from preheat_gui.widgets import ask, inform, symbol
from preheat_gui.words import INCLUDED, format_bytes, owner_words

_MAX_NAMED: Final = 3


class ModelDeletion(QObject):
    """Deletes only Preheat's own files."""

    def __init__(self, bridge: EngineBridge, window: QWidget) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._window = window

    def begin(self, model: ModelSnapshot) -> None:
        """Look up the model's files, then ask the user."""
        self._bridge.ask(control.GetModel(model.model_id), self._on_facts)

    def _on_facts(self, facts: ModelFacts) -> None:
        names = [PurePath(path).name for path in facts.files] or [facts.model_id]
        files = ", ".join([*names[:_MAX_NAMED], "…"] if len(names) > _MAX_NAMED else names)
        if not facts.own:
            text = self.tr("The file is {owner}.").format(owner=owner_words(facts.source))
            detail = self.tr("Preheat deletes only files in its own folder. Delete {files} where it came from.")
            if facts.source == INCLUDED:
                detail = self.tr("It takes no memory unless it is loaded.")
            inform(self._window, "not_own_file", text, detail.format(files=files))
            return
        detail = self.tr("{files}, {size}, will be deleted permanently.")
        ask(
            self._window,
            "delete_question",
            self.tr("Delete {model} from disk?").format(model=facts.model_id),
            detail.format(files=files, size=format_bytes(facts.file_bytes)),
            yes=(self.tr("&Delete"), partial(self._delete, facts.model_id)),
            no=(self.tr("&Keep"), None),
            icon=QMessageBox.Icon.Warning,
        )

    def _delete(self, model_id: str) -> None:
        self._bridge.ask(control.RemoveModel(model_id))


class ModelActions(QObject):
    """Actions that fit the selection."""

    settings_requested = Signal(str)  # The user wants the settings of this model (str)
    delete_requested = Signal(object)  # The user wants to delete this model's files (ModelSnapshot)

    def __init__(self, bridge: EngineBridge, view: QWidget) -> None:
        super().__init__(view)
        self._bridge = bridge
        self._view = view
        self._models: Sequence[ModelSnapshot] = ()
        self._facts: ModelFacts | None = None
        self._sign = ""  # Of the symbol that ``toggle`` shows
        # Loads models, cancels their loads, or unloads them
        self.toggle = self._add("toggle_load", "", "", self._toggle, "Return", "Enter")
        self.unload = self._add("unload", self.tr("&Unload"), "", self._unload, "Del")
        self.favourite = self._add(
            "favourite", self.tr("&Favourite"), self.tr("Keep it ready whenever it fits (F)"), self._favourite, "F"
        )
        self.favourite.setCheckable(True)
        self.reveal = self._add(
            "reveal_file",
            self.tr("Show fil&e"),
            self.tr("Show the file in the file manager (Ctrl+O)"),
            self._reveal,
            "Ctrl+O",
        )
        self.copy_name = self._add("copy_name", self.tr("Copy &name"), "", self._copy, "Ctrl+C")
        self.settings = self._add(
            "model_settings",
            self.tr("&Model settings…"),
            self.tr("Context length and more for this model (Alt+Enter)"),
            self._settings,
            "Alt+Return",
            "Alt+Enter",
        )
        self.clear_prompts = self._add("clear_model_prompts", self.tr("Delete kept &prompts…"), "", self._clear_prompts)
        self.delete = self._add("delete_model", "", "", self._delete, "Shift+Del")
        self.delete.setIcon(symbol("trash"))
        self.show_for(())

    def show_for(self, models: Sequence[ModelSnapshot]) -> None:
        self._models = models
        one = len(models) == 1
        if self._facts is not None and not (one and models[0].model_id == self._facts.model_id):
            self._facts = None
        self._show_toggle(models)
        self.unload.setEnabled(any(_held(model) for model in models))
        fixed = self._bridge.why_fixed("favourites")
        self.favourite.setEnabled(bool(models) and not fixed)
        self.favourite.setToolTip(fixed or self.tr("Keep it ready whenever it fits (F)"))
        self.favourite.setChecked(bool(models) and all(model.favourite for model in models))
        self.reveal.setEnabled(one and bool(models[0].path))
        self.copy_name.setEnabled(bool(models))
        self.settings.setEnabled(one)
        kept = self._bridge.snapshot.prefixes
        self.clear_prompts.setEnabled(one and not models[0].embeddings and kept.memory_bytes + kept.disk_bytes > 0)
        self._show_delete()

    def show_facts(self, facts: ModelFacts) -> None:
        """Take into account who owns the selected model's file."""
        self._facts = facts
        self._show_delete()

    def menu(self, parent: QWidget) -> QMenu:
        menu = QMenu(parent)
        menu.setObjectName("model_menu")
        menu.addAction(self.toggle)
        if self.unload.isEnabled() and any(not _held(model) for model in self._models):
            menu.addAction(self.unload)  # of a mixed selection
        menu.addAction(self.favourite)
        menu.addSeparator()
        menu.addActions([self.reveal, self.copy_name])
        menu.addSeparator()
        menu.addActions([self.settings, self.clear_prompts, self.delete])
        return menu

    def toggle_favourite(self, model: ModelSnapshot) -> None:
        self._bridge.set_favourite(model.model_id, not model.favourite)

    def _add(self, name: str, text: str, tooltip: str, slot: Callable[[], None], *keys: str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(name)
        if tooltip:
            action.setToolTip(tooltip)
        action.setShortcuts([QKeySequence(key) for key in keys])
        # Only while the table has the focus: letters and Delete belong to the filter box while it has the focus.
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        self._view.addAction(action)
        return action

    def _show_toggle(self, models: Sequence[ModelSnapshot]) -> None:
        if models and all(model.state in CANCELLABLE for model in models):
            text, sign = self.tr("&Cancel load"), "stop"
        elif models and all(_held(model) for model in models):
            text, sign = self.tr("&Unload"), "eject"
        else:
            text, sign = self.tr("&Load"), "play"
        self.toggle.setText(text)
        if sign != self._sign:  # Qt reports and paints the same icon again
            self._sign = sign
            self.toggle.setIcon(symbol(sign))
        self.toggle.setToolTip(self.tr("{what} (Enter)").format(what=text.replace("&", "")))
        self.toggle.setEnabled(any(model.state is not State.UNLOADING for model in models))

    def _show_delete(self) -> None:
        foreign = self._facts is not None and not self._facts.own
        self.delete.setEnabled(len(self._models) == 1 and not foreign)
        if self._facts is not None and foreign:
            self.delete.setText(self.tr("The file is {owner}").format(owner=owner_words(self._facts.source)))
            self.delete.setToolTip(self.tr("Preheat deletes only files in its own folder"))
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
        self.delete_requested.emit(self._models[0])

    def _clear_prompts(self) -> None:
        model_id = self._models[0].model_id
        ask(
            self._view,
            "clear_model_prompts_question",
            self.tr("Delete the kept prompts of {model}?").format(model=model_id),
            self.tr("The model computes them again when an app sends them. That takes longer once."),
            yes=(self.tr("&Delete"), partial(self._bridge.ask, control.ClearPrefixCache(model_id))),
            no=(self.tr("&Keep"), None),
            icon=QMessageBox.Icon.Warning,
        )

    def _settings(self) -> None:
        self.settings_requested.emit(self._models[0].model_id)


def _held(model: ModelSnapshot) -> bool:
    """Whether the model can be unloaded or its load cancelled."""
    return model.state is State.HOT or model.state in CANCELLABLE
