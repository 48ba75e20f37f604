"""The strip under the table: the selected model, why it is in memory or not, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from preheat import control
from preheat.core.snapshot import ModelSnapshot
from preheat.errors import EngineError
from preheat.residency.states import State
from preheat_gui import words
from preheat_gui.bridge import EngineBridge
from preheat_gui.bridge.library_commands import ask_facts
from preheat_gui.dashboard.action_button import ActionButton
from preheat_gui.dashboard.looks import at_start
from preheat_gui.dashboard.models.actions import ModelActions
from preheat_gui.dashboard.models.cells import reason_of
from preheat_gui.dashboard.models.facts import facts_line
from preheat_gui.widgets import CAPTION_SCALE, GAP, GROUP_GAP, Card, ElidedLabel, Token, caption, scaled_font
from preheat_gui.words import format_memory, message_text

if TYPE_CHECKING:
    from preheat.control import EngineSession, ModelFacts
    from preheat.messages import Message

Question = tuple[str, State, bool, bool]

_ASK_AFTER_MS: Final = 150
"""Whoever walks through the table with the arrow keys does not ask about every model on the way."""

_SIDE_BY_SIDE_PX: Final = 900


class ModelDetails(Card):
    """Follows the selection; asks the engine why, once a model and state."""

    def __init__(self, bridge: EngineBridge, actions: ModelActions, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("model_details")
        self.setAccessibleName(self.tr("Selected model"))
        self._bridge = bridge
        self._actions = actions
        self._models: Sequence[ModelSnapshot] = ()
        self._why = ""
        self._asked: Question | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_ASK_AFTER_MS)
        self._timer.timeout.connect(self._ask)
        self._name = ElidedLabel(parent=self)
        self._name.setFont(scaled_font(1.0, QFont.Weight.DemiBold))
        self._facts = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._facts.setObjectName("model_facts")
        self._facts.setFont(scaled_font(CAPTION_SCALE))
        self._facts.set_token(Token.MUTED)
        self._sentence = caption(parent=self)
        self._sentence.setObjectName("model_why")
        at_start(self._sentence)
        # Always two lines: the table must not jump from one model to the next.
        self._sentence.setMinimumHeight(2 * self._sentence.fontMetrics().lineSpacing())
        self._layout = self._build(actions)
        self.show_for(())

    def show_for(self, models: Sequence[ModelSnapshot]) -> None:
        """Show these models as they are now."""
        self._models = models
        question = _question(models[0]) if len(models) == 1 else None
        if question != self._asked:
            if self._asked is None or question is None or question[0] != self._asked[0]:
                self._facts.setText("")
            self._asked = question
            self._why = ""
            if question is not None:
                self._timer.start()
        self._render()

    def stop(self) -> None:
        """Ask nothing while nobody looks; the next ``show_for`` asks anew."""
        self._timer.stop()
        self._asked = None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Put the buttons beside the words where there is room."""
        super().resizeEvent(event)
        wide = self.width() >= _SIDE_BY_SIDE_PX
        directions = QBoxLayout.Direction
        self._layout.setDirection(directions.LeftToRight if wide else directions.TopToBottom)

    # -- private ------------------------------------------------------------------------------------------------------

    def _build(self, actions: ModelActions) -> QBoxLayout:
        texts = QVBoxLayout()
        texts.setSpacing(GAP // 2)
        texts.addWidget(self._name)
        texts.addWidget(self._facts)
        texts.addWidget(self._sentence)
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP)
        for action in (actions.toggle, actions.favourite, actions.reveal, actions.settings):
            buttons.addWidget(ActionButton(action, self))
        buttons.addStretch()
        layout = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        layout.setSpacing(GAP)
        layout.addLayout(texts, 1)
        layout.addLayout(buttons)
        self.body.setContentsMargins(GROUP_GAP, GAP + GAP // 2, GROUP_GAP, GAP + GAP // 2)
        self.body.addLayout(layout)
        return layout

    def _render(self) -> None:
        if not self._models:
            self._name.setText(self.tr("No model selected"))
            self._sentence.setText(self.tr("Select one to see why it is ready, or why not."))
        elif len(self._models) == 1:
            self._name.setText(self._models[0].model_id)
            self._sentence.setText(self._words(self._models[0]))
        else:
            held = format_memory(sum(model.resident_bytes for model in self._models))
            self._name.setText(self.tr("{count} models selected").format(count=len(self._models)))
            self._sentence.setText(self.tr("{size} in memory.").format(size=held))

    def _words(self, model: ModelSnapshot) -> str:
        if model.state is State.FAILED and model.error:
            return self.tr("Did not load: {reason}").format(reason=_sentence(reason_of(model), capital=False))
        state = words.model_state(model) + "."
        return f"{state} {_sentence(self._why)}" if self._why else state

    def _ask(self) -> None:
        question = self._asked
        if question is not None:
            model_id = question[0]
            self._bridge.ask(partial(_why, model_id), partial(self._on_why, question), self._on_error)
            self._bridge.ask(partial(ask_facts, model_id), self._on_facts, self._on_no_facts)

    def _on_why(self, question: Question, why: Message) -> None:
        if question == self._asked:
            self._why = message_text(why)
            self._render()

    def _on_facts(self, facts: ModelFacts) -> None:
        if self._asked is not None and facts.model_id == self._asked[0]:
            self._facts.setText(facts_line(facts))
            self._actions.show_facts(facts)

    def _on_no_facts(self, _error: EngineError) -> None:
        # They are an extra; the file may just have gone.
        self._facts.setText("")

    def _on_error(self, _error: EngineError) -> None:
        # The state's own words stay; the reason is an extra.
        self._why = ""


def _why(model_id: str, session: EngineSession) -> Message:
    return session.call(control.ExplainModel(model_id)).why


def _question(model: ModelSnapshot) -> Question:
    return model.model_id, model.state, model.standby, model.favourite


def _sentence(text: str, *, capital: bool = True) -> str:
    """Return an engine's line as a sentence."""
    begun = text[:1].upper() + text[1:] if capital else text
    return begun if begun.endswith((".", "?")) else f"{begun}."
