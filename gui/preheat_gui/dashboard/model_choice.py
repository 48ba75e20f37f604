"""A list to choose a model from: those that write text first, and what is ready is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from preheat.core.snapshot import EngineSnapshot, ModelSnapshot
from preheat.residency.states import State
from preheat_gui.widgets import GAP

translate = QCoreApplication.translate

_LEAST_CHARS: Final = 16


@dataclass(frozen=True, slots=True)
class Choice:
    """A model in the list."""

    model_id: str
    embeddings: bool
    ready: bool

    @property
    def words(self) -> str:
        """The list's entry."""
        parts = [self.model_id]
        if self.embeddings:
            parts.append(translate("ModelChoice", "embeddings"))
        if self.ready:
            parts.append(translate("ModelChoice", "Ready"))
        return " · ".join(parts)


def make_choices(models: Sequence[ModelSnapshot]) -> list[Choice]:
    """Return the list's entries, in an order that does not change while models come and go from memory."""
    ordered = sorted(models, key=lambda model: (model.embeddings, model.model_id))
    return [Choice(model.model_id, model.embeddings, model.state is State.HOT) for model in ordered]


def default_choice(models: Sequence[ModelSnapshot]) -> str:
    """Return the model to begin with: one that writes text, is ready, and is a favourite; empty without models."""
    ranked = sorted(
        models, key=lambda model: (model.embeddings, model.state is not State.HOT, not model.favourite, model.model_id)
    )
    return ranked[0].model_id if ranked else ""


class ModelChoice(QComboBox):
    """Keeps what was chosen, by the user or before, as long as it is there.

    Attributes:
        model_chosen: The user chose another model (its id).
        choice_changed: Another model is chosen now, whoever did it.
    """

    model_chosen = Signal(str)
    choice_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Model"))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_LEAST_CHARS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._choices: list[Choice] = []
        self._wanted = ""
        self.activated.connect(self._on_activated)

    @property
    def choice(self) -> Choice | None:
        """What is chosen; None without models."""
        row = self.currentIndex()
        return self._choices[row] if 0 <= row < len(self._choices) else None

    def want(self, model_id: str) -> None:
        """Choose this model as soon as it is known."""
        self._wanted = model_id
        self._choose(model_id)

    def update_models(self, snapshot: EngineSnapshot) -> None:
        """Offer a snapshot's models."""
        choices = make_choices(snapshot.models)
        if choices == self._choices:
            return
        before = self.choice.model_id if self.choice is not None else ""
        if [choice.model_id for choice in choices] == [choice.model_id for choice in self._choices]:
            for row, choice in enumerate(choices):
                self.setItemText(row, choice.words)
            self._choices = choices
        else:
            self._choices = choices
            self.clear()
            self.addItems([choice.words for choice in choices])
            known = {choice.model_id for choice in choices}
            self._choose(next((name for name in (self._wanted, before) if name in known), "") or _default(snapshot))
        self.setToolTip(self.currentText())
        self.choice_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw a name that is too long without its middle: its end says how much the model is quantized."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width() - GAP
        option.currentText = self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideMiddle, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _choose(self, model_id: str) -> None:
        row = next((row for row, choice in enumerate(self._choices) if choice.model_id == model_id), -1)
        if row >= 0 and row != self.currentIndex():
            self.setCurrentIndex(row)
            self.setToolTip(self.currentText())
            self.choice_changed.emit()

    def _on_activated(self, row: int) -> None:
        self._wanted = self._choices[row].model_id
        self.setToolTip(self.currentText())
        self.choice_changed.emit()
        self.model_chosen.emit(self._wanted)


def _default(snapshot: EngineSnapshot) -> str:
    return default_choice(snapshot.models)
