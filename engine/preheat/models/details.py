"""What people want to know of a model, as far as its header tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from preheat.models.gguf.quantization import quantization_words

if TYPE_CHECKING:
    from preheat.models.gguf.facts import Facts


class Ability(StrEnum):
    """What a model can be asked for."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    VISION = "vision"


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """A model for people to choose by.

    Attributes:
        name: Its own name, as its maker wrote it; may be empty.
        parameters: How many weights it has; 0 if that is unknown.
        quantization: Such as ``Q4_K_M``; empty if that is unknown.
        quantization_words: The same for people: ``4-bit, good quality``.
        bits_per_weight: On average, over all tensors; 0.0 if that is unknown.
        trained_context: Context length of its training, in tokens; 0 if the file does not say.
        licence: As the file names it, such as ``apache-2.0``; empty if it does not.
        abilities: What it can be asked for.
        template: Whether it brings a chat template.
    """

    name: str = ""
    parameters: int = 0
    quantization: str = ""
    quantization_words: str = ""
    bits_per_weight: float = 0.0
    trained_context: int = 0
    licence: str = ""
    abilities: tuple[Ability, ...] = ()
    template: bool = False


def details_of(parts: Sequence[Facts], *, vision: bool = False) -> ModelDetails:
    """Return the details of a model: of all its parts, the first of which describes it.

    Args:
        vision: It has an image encoder.
    """
    first = parts[0]
    parameters = sum(part.elements for part in parts)
    bits = 8 * sum(part.shape.weight_bytes for part in parts) / parameters if parameters else 0.0
    name = first.quantization or next((part.quantization for part in parts if part.quantization), "")
    return ModelDetails(
        name=first.name,
        parameters=parameters,
        quantization=name,
        quantization_words=quantization_words(name, bits),
        bits_per_weight=round(bits, 2),
        trained_context=first.context_length,
        licence=first.licence,
        abilities=_abilities(first, vision=vision),
        template=first.chat_template,
    )


def _abilities(facts: Facts, *, vision: bool) -> tuple[Ability, ...]:
    if facts.reranks:
        return (Ability.RERANK,)
    if facts.embeddings:
        return (Ability.EMBEDDING,)
    found = [Ability.CHAT] if facts.chat_template else []
    found.append(Ability.COMPLETION)
    if vision:
        found.append(Ability.VISION)
    return tuple(found)
