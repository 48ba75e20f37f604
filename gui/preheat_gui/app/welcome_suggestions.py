"""A few models that would do well on this computer, for the welcome. GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from preheat_gui.bridge.library_commands import ask_catalogue, pull
from preheat_gui.dashboard.downloads.catalogue_words import TASKS
from preheat_gui.widgets import GAP, Card, caption, set_role
from preheat_gui.words import format_bytes, sentence

if TYPE_CHECKING:
    from preheat.errors import EngineError
    from preheat.link.library_values import SuggestedModel
    from preheat_gui.bridge import EngineBridge

MOST: Final = 4
_INDENT: Final = 22
"""Of a sentence under its check box: the box and its distance from the words."""


class WelcomeSuggestions(Card):
    """Shows the best models for this computer, and fetches those that are ticked."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("welcome_suggestions")
        self.set_title(self.tr("Good models for this computer"))
        self._bridge = bridge
        self._boxes: list[tuple[QCheckBox, SuggestedModel]] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(GAP // 2)
        self._note = caption(self.tr("One moment: Preheat is looking what suits this computer."), self)
        self._note.setObjectName("suggestions_note")
        self._get = QPushButton(self.tr("&Get"), self)
        self._get.setObjectName("suggestions_get")
        self._get.clicked.connect(self._on_get)
        self._get.setAutoDefault(False)
        self._get.hide()
        foot = QHBoxLayout()
        foot.setSpacing(GAP)
        foot.addWidget(self._note, 1)
        foot.addWidget(self._get)
        self.body.addLayout(self._list)
        self.body.addLayout(foot)
        bridge.ask(ask_catalogue, self._on_models, self._on_error)

    # -- private ------------------------------------------------------------------------------------------------------

    def _on_models(self, models: tuple[SuggestedModel, ...]) -> None:
        chosen = choose(models)
        for model in chosen:
            self._add_box(model)
        if not chosen:
            self._note.setText(self.tr("No suggested model fits the memory limit. The Downloads page has them all."))
            return
        self._boxes[0][0].setChecked(True)
        self._get.show()
        self._say_sum()
        self._make_room()

    def _make_room(self) -> None:
        """Let the dialog be as high as its words need at its width; Qt asks for that only when it opens."""
        dialog = self.window()
        layout = dialog.layout()
        if layout is not None and layout.hasHeightForWidth():
            layout.activate()
            dialog.resize(dialog.width(), max(dialog.height(), layout.totalHeightForWidth(dialog.width())))

    def _on_error(self, error: EngineError) -> None:
        self._note.setText(f"{sentence(error.title)} {sentence(error.hint)}".strip())

    def _add_box(self, model: SuggestedModel) -> None:
        words = self.tr("{title} · {size}").format(title=model.title, size=format_bytes(model.download_bytes))
        box = QCheckBox(words.replace("&", "&&"), self)
        box.setObjectName(f"suggestion_{model.name}")
        box.setAccessibleDescription(model.sentence)
        box.setMinimumHeight(box.sizeHint().height())  # Qt would rather cut its outline than a line of words
        box.toggled.connect(self._say_sum)
        about = caption(model.sentence, self)
        # In a row of its own: a label's margins do not count when Qt asks how high its lines are.
        row = QHBoxLayout()
        row.setContentsMargins(_INDENT, 0, 0, GAP // 2)
        row.addWidget(about)
        self._list.addWidget(box)
        self._list.addLayout(row)
        self._boxes.append((box, model))

    def _ticked(self) -> list[SuggestedModel]:
        return [model for box, model in self._boxes if box.isChecked()]

    def _say_sum(self) -> None:
        ticked = self._ticked()
        self._get.setEnabled(bool(ticked))
        set_role(self._get, "main" if ticked else "")
        size = format_bytes(sum(model.download_bytes for model in ticked))
        self._note.setText(self.tr("{size} to download. Each fits the memory limit.").format(size=size))
        if not ticked:
            self._note.setText(self.tr("Each fits the memory limit."))

    def _on_get(self) -> None:
        ticked = self._ticked()
        self._get.setEnabled(False)
        for box, _ in self._boxes:
            box.setEnabled(False)
        self._note.setText(self.tr("Preheat is asking the hub."))
        for model in ticked:
            self._bridge.ask(partial(pull, model.pull_name), self._on_pulled, self._on_pull_failed)

    def _on_pulled(self, _download_id: str) -> None:
        self._note.setText(self.tr("It is on its way: the Downloads page shows how far."))

    def _on_pull_failed(self, error: EngineError) -> None:
        self._note.setText(f"{sentence(error.title)} {sentence(error.hint)}".strip())
        for box, _ in self._boxes:
            box.setEnabled(True)
        self._get.setEnabled(True)


def choose(models: Sequence[SuggestedModel]) -> list[SuggestedModel]:
    """Return the best model of each task, then others that fit; none that is here already."""
    order = {task: number for number, task in enumerate(TASKS)}
    fitting = [model for model in models if model.fits and not model.here]
    ranked = sorted(fitting, key=lambda model: (not model.best, order.get(model.task, len(order))))
    return ranked[:MOST]
