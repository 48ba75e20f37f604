"""Deletes a model's files after a question that names them."""

from __future__ import annotations

from functools import partial
from pathlib import PurePath
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox, QWidget

from preheat import control
from preheat.control import ModelFacts, ModelSnapshot
from preheat_gui.bridge import EngineBridge
from preheat_gui.widgets import ask, inform
from preheat_gui.words import format_bytes, owner_words

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
