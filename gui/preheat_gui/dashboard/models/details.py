"""The card under the models table: the selected model, why it is loaded or not, and its actions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QWidget

from preheat import control
from preheat.control import Explanation, Form, ModelFacts, ModelSnapshot, State
from preheat.errors import EngineError
from preheat_gui.bridge import EngineBridge
from preheat_gui.dashboard.models.actions import ModelActions
from preheat_gui.dashboard.parts import align_to_start, detail_label, title_label
from preheat_gui.widgets import GAP, GROUP_GAP, Card, caption, hbox, named, timer, vbox
from preheat_gui.words import (
    context_words,
    failure_reason,
    format_memory,
    joined,
    message_opening,
    message_text,
    model_state,
    parameter_words,
    prompt_words,
    quantization_words,
    sentence,
    source_words,
    with_device_names,
)

Question = tuple[str, State, bool, bool, Form | None, bool]  # A model's id, and what the answer to "why?" depends on
_ASK_AFTER_MS: Final = 150  # Walking through the table with the arrow keys asks nothing about the models on the way
_SIDE_BY_SIDE_PX: Final = 900


class ActionButton(QPushButton):
    """Follows an action's text and state. (QToolButton, Qt's widget for this, drops the mnemonic.)"""

    def __init__(self, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._action = action
        self.setObjectName(f"{action.objectName()}_button")
        self.setCheckable(action.isCheckable())
        self.clicked.connect(action.trigger)
        action.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        action = self._action
        self.setText(action.text())
        self.setChecked(action.isChecked())
        self.setToolTip(action.toolTip())
        self.setEnabled(action.isEnabled())
        self.setAccessibleName(action.text().replace("&", ""))


class ModelDetails(Card):
    """Follows the selection; asks the engine once per model and state."""

    def __init__(self, bridge: EngineBridge, actions: ModelActions) -> None:
        super().__init__()
        named(self, "model_details", self.tr("Selected model"))
        self._bridge = bridge
        self._actions = actions
        self._models: Sequence[ModelSnapshot] = ()
        self._why = ""
        self._known = ""  # The facts about its file
        self._asked: Question | None = None
        self._timer = timer(self, _ASK_AFTER_MS, self._ask)
        self._name = title_label()
        self._facts = named(detail_label(), "model_facts")
        self._prompts = named(detail_label(), "model_prompts")
        self._sentence = named(caption(), "model_why")
        align_to_start(self._sentence)
        shown = (actions.toggle, actions.favourite, actions.reveal, actions.settings)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._layout.setSpacing(GAP)
        lines = (self._name, self._facts, self._sentence, self._prompts)
        texts = QWidget(self)
        vbox(*lines, None, spacing=GAP // 2, parent=texts)
        # Always with room for a second line of the sentence, so that the table keeps its height.
        heights = (line.fontMetrics().lineSpacing() + GAP // 2 for line in (*lines, self._sentence))
        texts.setMinimumHeight(sum(heights))
        self._layout.addWidget(texts, 1)
        self._layout.addLayout(hbox(*(ActionButton(action, self) for action in shown), None))
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(self._layout)
        self.show_models(())

    def show_models(self, models: Sequence[ModelSnapshot]) -> None:
        self._models = models
        question = _question(models[0]) if len(models) == 1 else None
        if question != self._asked:
            if self._asked is None or question is None or question[0] != self._asked[0]:
                self._known = ""
            self._asked = question
            self._why = ""
            if question is not None:
                self._timer.start()
        self._render()

    def stop(self) -> None:
        """Ask nothing more; the next ``show_models`` asks again."""
        self._timer.stop()
        self._asked = None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        wide = self.width() >= _SIDE_BY_SIDE_PX
        directions = QBoxLayout.Direction
        self._layout.setDirection(directions.LeftToRight if wide else directions.TopToBottom)

    def _render(self) -> None:
        prompts = self._models[0].prompts if len(self._models) == 1 else ()
        self._show_facts()
        self._prompts.setText(_capital(joined(*map(prompt_words, prompts))))
        if not self._models:
            self._name.setText(self.tr("No model selected"))
            self._sentence.setText(self.tr("Select a model to see why it is loaded or not."))
        elif len(self._models) == 1:
            self._name.setText(self._models[0].model_id)
            self._sentence.setText(self._reason(self._models[0]))
        else:
            used = format_memory(sum(model.resident_bytes for model in self._models))
            self._name.setText(self.tr("{count} models selected").format(count=len(self._models)))
            self._sentence.setText(self.tr("{size} in memory.").format(size=used))

    def _reason(self, model: ModelSnapshot) -> str:
        if model.state is State.FAILED and model.error:
            return self.tr("Failed to load: {reason}").format(reason=sentence(failure_reason(model)))
        warning = (
            sentence(message_text(with_device_names(model.warning, self._bridge.snapshot.devices)))
            if model.warning
            else ""
        )
        return joined(sentence(model_state(model)), warning, sentence(self._why), separator=" ")

    def _ask(self) -> None:
        if (question := self._asked) is not None:
            model_id = question[0]
            self._bridge.ask(control.ExplainModel(model_id), partial(self._on_why, question), self._on_no_why)
            self._bridge.ask(control.GetModel(model_id), self._on_facts, self._on_no_facts)

    def _on_why(self, question: Question, answer: Explanation) -> None:
        if question == self._asked:
            self._why = message_opening(with_device_names(answer.why, self._bridge.snapshot.devices))
            self._render()

    def _on_no_why(self, _error: EngineError) -> None:
        self._why = ""  # the state is still shown

    def _on_facts(self, facts: ModelFacts) -> None:
        if self._asked is not None and facts.model_id == self._asked[0]:
            self._known = facts_line(facts)
            self._show_facts()
            self._actions.show_facts(facts)

    def _on_no_facts(self, _error: EngineError) -> None:
        self._known = ""  # the file may have been deleted
        self._show_facts()

    def _show_facts(self) -> None:
        model = self._models[0] if len(self._models) == 1 and self._known else None
        self._facts.setText(joined(self._known, context_words(model)) if model is not None else "")
        self._facts.setToolTip(sentence(message_text(model.context)) if model is not None else "")


def facts_line(facts: ModelFacts) -> str:
    """Return a model in a line: ``8.2 billion parameters · Q4_K_M, 4-bit, good quality · apache-2.0 · ...``."""
    quantization = quantization_words(facts.quantization, facts.quantization_words)
    return joined(parameter_words(facts.parameters), quantization, facts.licence, source_words(facts.source))


def _question(model: ModelSnapshot) -> Question:
    return model.model_id, model.state, model.standby, model.favourite, model.form, model.changes_form


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
