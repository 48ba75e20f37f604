"""A list to choose a model from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter

from preheat.control import EngineSnapshot, ModelSnapshot, State
from preheat_gui.widgets import GAP
from preheat_gui.words import joined, state_name

_MIN_CHARS: Final = 16


@dataclass(frozen=True, slots=True)
class Choice:
    """A model in the list."""

    model_id: str
    embeddings: bool
    ready: bool

    @property
    def words(self) -> str:
        """The list's entry."""
        embeddings = QCoreApplication.translate("ModelChoice", "embeddings") if self.embeddings else ""
        return joined(self.model_id, embeddings, state_name(State.HOT) if self.ready else "")


def make_choices(models: Sequence[ModelSnapshot]) -> list[Choice]:
    """Return the entries: text models first, in an order that does not depend on their state."""
    ordered = sorted(models, key=lambda model: (model.embeddings, model.model_id))
    return [Choice(model.model_id, model.embeddings, model.state is State.HOT) for model in ordered]


def default_choice(models: Sequence[ModelSnapshot]) -> str:
    """Return the model to start with: a text model, ready, and a favourite if possible; empty without models."""

    def rank(model: ModelSnapshot) -> tuple[bool, bool, bool, str]:
        return model.embeddings, model.state is not State.HOT, not model.favourite, model.model_id

    return min(models, key=rank).model_id if models else ""


class ModelChoice(QComboBox):
    """Keeps the chosen model while it exists."""

    model_chosen = Signal(str)  # The user chose another model (its id)
    choice_changed = Signal()  # The choice changed for any reason

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Model"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_MIN_CHARS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._choices: list[Choice] = []
        self._wanted = ""
        self.activated.connect(self._on_activated)

    @property
    def choice(self) -> Choice | None:
        """The chosen model; None without models."""
        row = self.currentIndex()
        return self._choices[row] if 0 <= row < len(self._choices) else None

    def want(self, model_id: str) -> None:
        """Choose this model as soon as it is known."""
        self._wanted = model_id
        self._choose(model_id)

    def update_models(self, snapshot: EngineSnapshot) -> None:
        choices = make_choices(snapshot.models)
        if choices == self._choices:
            return
        before = self.choice.model_id if self.choice is not None else ""
        names = [choice.model_id for choice in choices]
        same = names == [choice.model_id for choice in self._choices]
        self._choices = choices
        if same:
            for row, choice in enumerate(choices):
                self.setItemText(row, choice.words)
        else:
            self.clear()
            self.addItems([choice.words for choice in choices])
            kept = next((name for name in (self._wanted, before) if name in names), "")
            self._choose(kept or default_choice(snapshot.models))
        self._report()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Elide a long name in its middle: its end names the quantization."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        width = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width() - GAP
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideMiddle, width)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _choose(self, model_id: str) -> None:
        row = next((row for row, choice in enumerate(self._choices) if choice.model_id == model_id), -1)
        if row >= 0 and row != self.currentIndex():
            self.setCurrentIndex(row)
            self._report()

    def _on_activated(self, row: int) -> None:
        self._wanted = self._choices[row].model_id
        self._report()
        self.model_chosen.emit(self._wanted)

    def _report(self) -> None:
        self.setToolTip(self.currentText())
        self.choice_changed.emit()
