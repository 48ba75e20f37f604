"""Deletes a model's files, after a question that names them."""

from __future__ import annotations

from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from preheat_gui.bridge import library_commands as commands
from preheat_gui.dashboard.models.facts import owner_words
from preheat_gui.words import format_bytes

if TYPE_CHECKING:
    from preheat.control import ModelFacts
    from preheat.core.snapshot import ModelSnapshot
    from preheat_gui.bridge import EngineBridge

_MOST_NAMED: Final = 3


class ModelDeletion(QObject):
    """Asks first, and only about Preheat's own files."""

    def __init__(self, bridge: EngineBridge, window: QWidget) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._window = window

    def begin(self, model: ModelSnapshot) -> None:
        """Find out which files the model is, then ask the user."""
        self._bridge.ask(partial(commands.ask_facts, model.model_id), self._ask_user)

    # -- private ------------------------------------------------------------------------------------------------------

    def _ask_user(self, facts: ModelFacts) -> None:
        if facts.own:
            self._ask_to_delete(facts)
        else:
            self._say_whose(facts)

    def _ask_to_delete(self, facts: ModelFacts) -> None:
        words = self.tr("Delete {model} from the disk?").format(model=facts.model_id)
        box = self._box("delete_question", QMessageBox.Icon.Warning, words)
        box.setInformativeText(
            self.tr("{files}, {size}, would be gone for good.").format(
                files=_named(facts), size=format_bytes(facts.file_bytes)
            )
        )
        yes = box.addButton(self.tr("&Delete"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(self.tr("&Keep it"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        yes.clicked.connect(partial(self._delete, facts.model_id))
        box.open()

    def _say_whose(self, facts: ModelFacts) -> None:
        words = self.tr("The file is {owner}.").format(owner=owner_words(facts.source))
        box = self._box("not_own_file", QMessageBox.Icon.Information, words)
        box.setInformativeText(
            self.tr("Preheat deletes nothing outside its own folder. Delete {files} where it came from.").format(
                files=_named(facts)
            )
        )
        box.open()

    def _box(self, name: str, icon: QMessageBox.Icon, words: str) -> QMessageBox:
        box = QMessageBox(icon, self.tr("Preheat"), words, parent=self._window)
        box.setObjectName(name)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box

    def _delete(self, model_id: str, *_: object) -> None:
        self._bridge.ask(partial(commands.remove, model_id))


def _named(facts: ModelFacts) -> str:
    """Return the files' names, of many the first ones."""
    names = [PurePath(path).name for path in facts.files] or [facts.model_id]
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown}, …" if len(names) > _MOST_NAMED else shown
