"""A conversation in memory only: never logged, never written to disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from preheat.control import FinishReason, GenerateRequest
from preheat_gui.bridge import GenerationFigures
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
    messages: list[dict[str, object]] = []
    for turn in turns:
        if turn.embeddings or (turn is not turns[-1] and not turn.answer):
            continue
        messages.append({"role": "user", "content": turn.question})
        if turn is not turns[-1]:
            messages.append({"role": "assistant", "content": turn.answer})
    return GenerateRequest(messages=tuple(messages))


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
    """Return a vector's first numbers."""
    shown = ", ".join(f"{number:.4f}" for number in vector[:_FIRST_NUMBERS])
    return f"[{shown}, …]" if len(vector) > _FIRST_NUMBERS else f"[{shown}]"


def vector_figures(vector: Sequence[float], seconds: float) -> str:
    """Return a vector's size and duration."""
    return _tr("a vector of {count} numbers · {duration}").format(
        count=format_number(len(vector)), duration=format_duration(seconds)
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("Try", text)
