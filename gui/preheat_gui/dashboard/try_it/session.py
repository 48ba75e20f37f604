"""Asks models, one question at a time; in memory only, never logged or written to disk. GUI thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Signal

from preheat.control import (
    Chat,
    EngineSession,
    EngineSnapshot,
    FinishReason,
    GenerateRequest,
    Message,
    Role,
    text_message,
)
from preheat.errors import EngineError
from preheat_gui import words
from preheat_gui.bridge import EngineBridge, Generation, GenerationFigures
from preheat_gui.dashboard.cells import BUSY
from preheat_gui.words import SEPARATOR, format_duration, format_number

_FIRST_NUMBERS = 8


@dataclass(slots=True)
class Turn:
    """A question and its answer."""

    model_id: str
    question: str
    embeddings: bool = False  # Whether the answer is a vector
    answer: str = ""  # What has arrived so far
    note: str = ""  # What the turn waits for; its figures once it is ``over``
    over: bool = False


def make_request(turns: Sequence[Turn]) -> GenerateRequest:
    """Return the request for the last turn, with the earlier turns that were answered."""
    messages: list[Message] = []
    for turn in turns:
        if turn.embeddings or (turn is not turns[-1] and not turn.answer):
            continue
        messages.append(text_message(Role.USER, turn.question))
        if turn is not turns[-1]:
            messages.append(text_message(Role.ASSISTANT, turn.answer))
    return GenerateRequest(chat=Chat(messages=tuple(messages)))


def figures_words(figures: GenerationFigures) -> str:
    """Return an answer's figures: ``first word after 80 ms · 27 tokens/s · 120 tokens``."""
    parts = []
    if figures.ttft_s is not None:
        parts.append(_tr("first word after {duration}").format(duration=format_duration(figures.ttft_s)))
    if figures.tokens_per_s is not None:
        speed = figures.tokens_per_s
        parts.append(_tr("{speed} tokens/s").format(speed=format_number(speed, 1 if speed < 10 else 0)))
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
    failed = Signal(object)  # It ended with an EngineError; emitted after ``ended``

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.turns: list[Turn] = []
        self._generation: Generation | None = None
        self._asked_at = 0.0

    @property
    def busy(self) -> bool:
        return bool(self.turns) and not self.turns[-1].over

    @property
    def answer(self) -> str:
        """The latest answer; empty if there is none."""
        return next((turn.answer for turn in reversed(self.turns) if turn.answer), "")

    def ask(self, model_id: str, question: str, *, embeddings: bool) -> Turn:
        """Start a turn; only if not ``busy``."""
        turn = Turn(model_id, question, embeddings, note=self.tr("Waiting…"))
        self.turns.append(turn)
        self._asked_at = time.monotonic()
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
        return self.ask(last.model_id, last.question, embeddings=last.embeddings)

    def stop(self) -> None:
        """Stop the answer, and keep what has arrived."""
        if not self.busy:
            return
        if self._generation is not None:
            self._generation.stop()
        else:
            self._end(self.turns[-1], self.tr("stopped"))

    def clear(self) -> None:
        self.stop()
        self.turns.clear()

    def follow(self, snapshot: EngineSnapshot) -> None:
        """Show the load that a vector waits for; only answers report it themselves."""
        if self.busy and self.turns[-1].embeddings:
            model = snapshot.model(self.turns[-1].model_id)
            if model is not None and model.state in BUSY:
                self._on_waiting(words.model_state(model))

    def _generate(self, turn: Turn) -> None:
        generation = self._bridge.generate(turn.model_id, make_request(self.turns))
        self._generation = generation
        generation.waiting.connect(self._on_waiting)
        generation.text.connect(self._on_text)
        generation.ended.connect(self._on_ended)
        generation.failed.connect(self._on_failed)

    def _on_waiting(self, what: str) -> None:
        if self.busy and not self.turns[-1].answer:
            self.turns[-1].note = self.tr("Waiting: {what}").format(what=what)
            self.changed.emit()

    def _on_text(self, text: str) -> None:
        self.turns[-1].answer += text
        self.changed.emit()

    def _on_ended(self, figures: GenerationFigures) -> None:
        self._end(self.turns[-1], figures_words(figures))

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
