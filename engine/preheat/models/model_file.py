"""A model on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from preheat.models.file_names import printable
from preheat.models.gguf.classify import Kind
from preheat.models.gguf.facts import Facts
from preheat.models.gguf.quantization import quantization_words
from preheat.models.gguf.shape import ModelShape


class Source(StrEnum):
    """Owner of the folder that a model was found in; of two with the same file, the earlier one here names it."""

    PREHEAT = "preheat"
    FOLDER = "folder"
    """One that the user named in ``models_dirs``."""

    HUGGINGFACE = "huggingface"
    LMSTUDIO = "lmstudio"
    OLLAMA = "ollama"
    LLAMACPP = "llamacpp"
    JAN = "jan"


class Ability(StrEnum):
    """What a model can do."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    VISION = "vision"


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """Facts that help people choose a model. Empty or 0 means unknown."""

    name: str = ""  # as its maker wrote it
    parameters: int = 0  # number of weights
    quantization: str = ""  # such as ``Q4_K_M``
    quantization_words: str = ""  # the same for people: ``4-bit, good quality``
    bits_per_weight: float = 0.0  # average over all tensors
    trained_context: int = 0  # context length in training, in tokens
    licence: str = ""  # such as ``apache-2.0``
    abilities: tuple[Ability, ...] = ()
    template: bool = False  # whether it has a chat template


def details_of(parts: Sequence[Facts], *, vision: bool = False) -> ModelDetails:
    """Return the details of a model from all its parts, the first of which describes it."""
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
    if facts.kind is Kind.RERANKER:
        return (Ability.RERANK,)
    if facts.embeddings:
        return (Ability.EMBEDDING,)
    found = [Ability.CHAT] if facts.chat_template else []
    found.append(Ability.COMPLETION)
    if vision:
        found.append(Ability.VISION)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One GGUF model on disk: a single file, or a split set known by its first part."""

    # Unique name: the file name in lower case, without ``.gguf`` (and without the part number of a split set); a
    # prefix names the folder where two files have the same name.
    model_id: str
    path: Path  # the file to load; of a split set, its first part
    file_bytes: int  # size on disk; of a split set, of all parts together
    architecture: str  # ``general.architecture`` of the file, such as ``llama`` or ``bert``
    context_length: int  # trained context length, in tokens; 0 if unknown
    embeddings: bool  # whether it makes embeddings rather than text
    chat_template: bool  # whether the file has a chat template
    files: tuple[Path, ...]  # every file of the set, ``path`` first
    modified_ns: int  # time of the last change, in nanoseconds since 1970; of a split set, the latest of its parts
    shape: ModelShape = field(default_factory=ModelShape)  # dimensions that its memory depends on
    source: Source = Source.PREHEAT  # Owner of its folder. Files of other programs are read in place and never changed.
    aliases: tuple[str, ...] = ()  # its other names: those of the same file in other places
    details: ModelDetails = field(default_factory=ModelDetails)
    mmproj: Path | None = None  # its image encoder, if any

    @property
    def all_files(self) -> tuple[Path, ...]:
        """Every file of the set, and the mmproj."""
        return self.files if self.mmproj is None else (*self.files, self.mmproj)

    @property
    def own(self) -> bool:
        """Whether it is in Preheat's own folder, so that Preheat may delete it."""
        return self.source is Source.PREHEAT

    def same_content(self, other: ModelFile) -> bool:
        """Return whether both describe the same files in the same state."""
        return (self.files, self.file_bytes, self.modified_ns) == (other.files, other.file_bytes, other.modified_ns)

    def public_facts(self) -> dict[str, Any]:
        """Return its public facts as JSON, with printable paths."""
        details = self.details
        return {
            "architecture": printable(self.architecture),
            "source": self.source.value,
            "path": printable(str(self.path)),
            "aliases": list(self.aliases),
            "name": details.name,
            "parameters": details.parameters,
            "quantization": details.quantization,
            "quantization_words": details.quantization_words,
            "bits_per_weight": details.bits_per_weight,
            "trained_context": details.trained_context,
            "licence": details.licence,
            "abilities": [ability.value for ability in details.abilities],
            "template": details.template,
            "mmproj": printable(str(self.mmproj)) if self.mmproj else None,
        }

    def changed(self) -> bool:
        """Return whether the files have changed since. Blocks on the disk."""
        try:
            states = [file.stat() for file in self.files]
        except OSError:
            return True
        size, modified_ns = sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)
        return (size, modified_ns) != (self.file_bytes, self.modified_ns)
