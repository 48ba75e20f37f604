"""A conversation: its turns, the request for the next answer, and its two file formats. No Qt objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from preheat.control import Chat, ContentPart, GenerateRequest, Message, Role, Sampling, text_message

if TYPE_CHECKING:
    from preheat_gui.bridge import GenerationFigures

_FORMAT: Final = "preheat-conversation"
_VERSION: Final = 1
_HOTTEST: Final = 100.0
_LAST_TIME: Final = 250_000_000_000.0  # in the year 9892: later ones are no dates


@dataclass(slots=True)
class Turn:
    """A question and its answer."""

    model_id: str
    question: str
    embeddings: bool = False  # Whether the answer is a vector
    images: tuple[bytes, ...] = ()  # PNG or JPEG
    thinking: str = ""  # What the model thought before the answer
    answer: str = ""  # What has arrived so far
    note: str = ""  # What the turn waits for; its figures once it is ``over``
    over: bool = False
    ready: bool = False  # The model was ready when it was asked, and did not have to be loaded
    shows_thinking: bool = False  # The user wants to see the thinking
    figures: GenerationFigures | None = None  # Of a complete answer
    race: str = ""  # The first word compared with a cold start, in words; empty without figures
    no_race: str = ""  # Why there is no comparison


@dataclass(slots=True)
class Conversation:
    """What is said, and how the models are asked."""

    system: str = ""  # The system prompt
    temperature: float | None = None  # None leaves it to the model's settings
    turns: list[Turn] = field(default_factory=list)
    began_at: float = 0.0  # Unix time of the first question

    def request(self) -> GenerateRequest:
        """Return the request for the last turn, with the earlier turns that were answered."""
        last = self.turns[-1]
        messages = [text_message(Role.SYSTEM, self.system)] if self.system else []
        for turn in self.turns:
            if turn.embeddings or (turn is not last and not turn.answer):
                continue
            messages.append(_question(turn))
            if turn is not last:
                messages.append(text_message(Role.ASSISTANT, turn.answer))
        chosen = Sampling() if self.temperature is None else Sampling(temperature=self.temperature)
        return GenerateRequest(chat=Chat(messages=tuple(messages)), sampling=chosen)

    def to_markdown(self) -> str:
        """Return the conversation as a document; images are only mentioned."""
        parts = [f"> {line}" for line in self.system.splitlines()] + ([""] if self.system else [])
        for turn in self.turns:
            pictures = ["", *(f"*[{number}]*" for number in range(1, len(turn.images) + 1))] if turn.images else []
            parts += ["## " + (turn.question.splitlines() or [""])[0], *turn.question.splitlines()[1:], *pictures, ""]
            parts += [turn.answer.rstrip(), "", f"*{turn.model_id}*", ""]
        return "\n".join(parts).strip() + "\n"

    def to_json(self) -> str:
        """Return the conversation with everything that is needed to continue it."""
        content = {
            "format": _FORMAT,
            "version": _VERSION,
            "began_at": self.began_at,
            "system": self.system,
            "temperature": self.temperature,
            "turns": [_turn_to_json(turn) for turn in self.turns],
        }
        return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def from_json(text: str | bytes) -> Conversation:
    """Return the conversation that ``to_json`` wrote.

    Raises:
        ValueError: It is something else.
    """
    try:
        content = json.loads(text)
        if content["format"] != _FORMAT or content["version"] > _VERSION:
            raise ValueError("another format")
        temperature = content["temperature"]
        return Conversation(
            str(content["system"]),
            None if temperature is None else _number(temperature, _HOTTEST),
            [_turn_from_json(turn) for turn in content["turns"]],
            _number(content["began_at"], _LAST_TIME),
        )
    except (LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("not a conversation") from error


def _number(value: float | str, most: float) -> float:
    number = float(value)
    if not 0 <= number <= most:
        raise ValueError(f"{number} is out of range")
    return number


def title_of(turns: Sequence[Turn]) -> str:
    """Return the beginning of the first question."""
    words = turns[0].question.split() if turns else []
    return " ".join(words)[:60]


def _question(turn: Turn) -> Message:
    if not turn.images:
        return text_message(Role.USER, turn.question)
    pictures = tuple(ContentPart(image=image) for image in turn.images)
    words = (ContentPart(turn.question),) if turn.question else ()
    return Message(role=Role.USER, content=(*pictures, *words))


def _turn_to_json(turn: Turn) -> dict[str, Any]:
    return {
        "model": turn.model_id,
        "question": turn.question,
        "images": [base64.b64encode(image).decode() for image in turn.images],
        "thinking": turn.thinking,
        "answer": turn.answer,
        "embeddings": turn.embeddings,
    }


def _turn_from_json(content: dict[str, Any]) -> Turn:
    return Turn(
        str(content["model"]),
        str(content["question"]),
        bool(content.get("embeddings")),
        tuple(base64.b64decode(image) for image in content.get("images", ())),
        str(content.get("thinking", "")),
        str(content["answer"]),
        over=True,
    )
