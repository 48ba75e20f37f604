"""Asks models, one question at a time; in memory only, never logged. GUI thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Signal

from preheat.control import ColdStart, EngineSession, EngineSnapshot, FinishReason, GetColdStart, State
from preheat.errors import EngineError
from preheat_gui import words
from preheat_gui.bridge import EngineBridge, Generation, GenerationFigures
from preheat_gui.dashboard.cells import BUSY
from preheat_gui.dashboard.race.figures import NoRace, Race, figures_of_answer, make_race, no_race_words, race_words
from preheat_gui.dashboard.try_it.conversation import Conversation, Turn
from preheat_gui.words import SEPARATOR, format_duration, format_number, format_token_rate

_FIRST_NUMBERS = 8


def figures_words(figures: GenerationFigures, *, with_first_word: bool = True) -> str:
    """Return an answer's figures: ``first word after 80 ms · 27 tokens/s · 120 tokens``."""
    parts = []
    if figures.ttft_s is not None and with_first_word:
        parts.append(_tr("first word after {duration}").format(duration=format_duration(figures.ttft_s)))
    if figures.tokens_per_s is not None:
        speed = figures.tokens_per_s
        parts.append(_tr("{speed} tokens/s").format(speed=format_token_rate(speed)))
    count = figures.completion_tokens
    parts.append(_tr("1 token") if count == 1 else _tr("{count} tokens").format(count=format_number(count)))
    if figures.finish_reason is FinishReason.LENGTH:
        parts.append(_tr("cut off: the context is full"))
    elif figures.finish_reason is None:
        parts.append(_tr("stopped"))
    return SEPARATOR.join(parts)


def vector_words(vector: Sequence[float]) -> str:
    shown = ", ".join(f"{number:.4f}" for number in vector[:_FIRST_NUMBERS])
    return f"[{shown}, …]" if len(vector) > _FIRST_NUMBERS else f"[{shown}]"


def vector_figures(vector: Sequence[float], seconds: float) -> str:
    return _tr("a vector of {count} numbers · {duration}").format(
        count=format_number(len(vector)), duration=format_duration(seconds)
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("Try", text)


class TrySession(QObject):
    """A conversation, and the answer in progress."""

    changed = Signal()  # The last turn has progressed
    ended = Signal()  # The last turn is over
    judged = Signal()  # The last turn's ``race`` or ``no_race`` is known
    failed = Signal(object)  # It ended with an EngineError; emitted after ``ended``

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.conversation = Conversation()
        self._generation: Generation | None = None
        self._asked_at = 0.0
        self._written = 0  # Pieces of text of the answer in progress: a token each, nearly always
        self._cold: dict[str, ColdStart] = {}

    @property
    def turns(self) -> list[Turn]:
        return self.conversation.turns

    @property
    def busy(self) -> bool:
        return bool(self.turns) and not self.turns[-1].over

    @property
    def context_tokens(self) -> int:
        """Tokens of the conversation in the model's context; 0 before they are known."""
        all_figures = (turn.figures for turn in reversed(self.turns) if turn.figures is not None)
        known = next((figures for figures in all_figures if figures.prompt_tokens), None)
        if known is None:
            return 0
        return known.prompt_tokens + known.completion_tokens + (self._written if self.busy else 0)

    def ask(self, model_id: str, question: str, *, embeddings: bool, images: tuple[bytes, ...] = ()) -> Turn:
        """Start a turn; only if not ``busy``."""
        turn = Turn(model_id, question, embeddings, images, note=self.tr("Waiting…"))
        if not self.turns:
            self.conversation.began_at = time.time()
        self.turns.append(turn)
        self._asked_at, self._written = time.monotonic(), 0
        model = self._bridge.snapshot.model(model_id)
        turn.ready = model is not None and model.state is State.HOT
        if embeddings:
            self._bridge.ask(
                partial(_embed, model_id, question), partial(self._on_vector, turn), partial(self._on_error, turn)
            )
        else:
            self._generate(turn)
        return turn

    def retry(self) -> Turn:
        """Ask the last question again."""
        last = self.turns.pop()
        return self.ask(last.model_id, last.question, embeddings=last.embeddings, images=last.images)

    def stop(self) -> None:
        """Stop the answer, and keep what has arrived."""
        if not self.busy:
            return
        if self._generation is not None:
            self._generation.stop()
        else:
            self._end(self.turns[-1], self.tr("stopped"))

    def show(self, conversation: Conversation) -> None:
        """Go on with another conversation."""
        self.stop()
        self.conversation = conversation

    def clear(self) -> None:
        """Start another conversation with the same system prompt and temperature."""
        self.show(Conversation(self.conversation.system, self.conversation.temperature))

    def race(self, number: int) -> Race | None:
        """Return the race of a turn."""
        turn = self.turns[number]
        race = self._judge(turn)
        return race if isinstance(race, Race) else None

    def follow(self, snapshot: EngineSnapshot) -> None:
        """Show the load that a vector waits for; only answers report it themselves."""
        if self.busy and self.turns[-1].embeddings:
            model = snapshot.model(self.turns[-1].model_id)
            if model is not None and model.state in BUSY:
                self._on_waiting(words.model_state(model))

    def _generate(self, turn: Turn) -> None:
        generation = self._bridge.generate(turn.model_id, self.conversation.request())
        self._generation = generation
        generation.waiting.connect(self._on_waiting)
        generation.thinking.connect(self._on_thinking)
        generation.text.connect(self._on_text)
        generation.ended.connect(self._on_ended)
        generation.failed.connect(self._on_failed)

    def _on_waiting(self, what: str) -> None:
        turn = self.turns[-1]
        if self.busy and not turn.answer:
            turn.ready = turn.ready and turn.embeddings
            turn.note = self.tr("Waiting: {what}").format(what=what)
            self.changed.emit()

    def _on_thinking(self, text: str) -> None:
        self.turns[-1].thinking += text
        self._written += 1
        self.changed.emit()

    def _on_text(self, text: str) -> None:
        self.turns[-1].answer += text
        self._written += 1
        self.changed.emit()

    def _on_ended(self, figures: GenerationFigures) -> None:
        turn = self.turns[-1]
        turn.figures = figures
        self._end(turn, figures_words(figures))
        if turn.model_id in self._cold or not turn.ready or figures.ttft_s is None:
            self._take_race(turn)
        else:
            self._bridge.ask(GetColdStart(turn.model_id), partial(self._on_cold, turn), self._on_no_cold)

    def _on_cold(self, turn: Turn, cold: ColdStart) -> None:
        if cold.load is not None:
            self._cold[turn.model_id] = cold
        self._take_race(turn, cold)

    def _on_no_cold(self, _error: EngineError) -> None:
        """Show no race: the usage log cannot be read, which the overview says."""

    def _judge(self, turn: Turn, cold: ColdStart | None = None) -> Race | NoRace:
        known = cold or self._cold.get(turn.model_id) or ColdStart(turn.model_id)
        return make_race(figures_of_answer(turn), known)

    def _take_race(self, turn: Turn, cold: ColdStart | None = None) -> None:
        if turn.figures is None or turn.figures.finish_reason is None:
            return  # it was stopped
        race = self._judge(turn, cold)
        if isinstance(race, Race):
            turn.race, turn.note = race_words(race), figures_words(turn.figures, with_first_word=False)
        else:
            turn.no_race = no_race_words(race)
        if turn in self.turns:
            self.judged.emit()

    def _on_failed(self, error: EngineError) -> None:
        self._on_error(self.turns[-1], error)

    def _on_vector(self, turn: Turn, vector: list[float]) -> None:
        if not turn.over:
            turn.answer = vector_words(vector)
            self._end(turn, vector_figures(vector, time.monotonic() - self._asked_at))

    def _on_error(self, turn: Turn, error: EngineError) -> None:
        if not turn.over:
            self._end(turn, self.tr("no answer") if not turn.answer else self.tr("interrupted"))
            self.failed.emit(error)

    def _end(self, turn: Turn, note: str) -> None:
        turn.over, turn.note = True, note
        self._generation = None
        self.ended.emit()


def _embed(model_id: str, text: str, session: EngineSession) -> list[float]:
    return session.embed(model_id, [text])[0]
