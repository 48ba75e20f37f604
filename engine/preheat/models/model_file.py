"""A model on disk."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from preheat.models.file_names import printable
from preheat.models.gguf.quantization import quantization_words
from preheat.models.gguf.shape import ModelShape


class Source(StrEnum):
    """Owner of the folder that a model was found in; of two with the same file, the earlier one here names it."""

    PREHEAT = "preheat"
    FOLDER = "folder"  # one that the user named in ``models_dirs``
    HUGGINGFACE = "huggingface"
    LMSTUDIO = "lmstudio"
    OLLAMA = "ollama"
    LLAMACPP = "llamacpp"
    JAN = "jan"
    BUNDLED = "bundled"  # part of the installed Preheat


class Ability(StrEnum):
    """Ability of a model."""

    CHAT = "chat"
    COMPLETION = "completion"
    EMBEDDING = "embedding"
    RERANK = "rerank"
    VISION = "vision"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One GGUF model on disk: a single file, or a split set known by its first part. Empty or 0 means unknown."""

    # Unique name: the file name in lower case, without ``.gguf`` (and without the part number of a split set); a
    # prefix names the folder where two files have the same name.
    model_id: str
    path: Path  # the file to load; of a split set, its first part
    file_bytes: int  # size on disk; of a split set, of all parts together
    architecture: str  # ``general.architecture`` of the file, such as ``llama`` or ``bert``
    context_length: int  # trained context length, in tokens
    embeddings: bool  # whether it makes embeddings rather than text
    chat_template: bool  # whether the file has a chat template
    files: tuple[Path, ...]  # every file of the set, ``path`` first
    modified_ns: int  # time of the last change, in nanoseconds since 1970; of a split set, the latest of its parts
    shape: ModelShape = field(default_factory=ModelShape)  # dimensions that its memory depends on
    source: Source = Source.PREHEAT  # Owner of its folder. Files of other programs are read in place and never changed.
    aliases: tuple[str, ...] = ()  # its other names: those of the same file in other places
    mmproj: Path | None = None  # its image encoder, if any
    mmproj_bytes: int = 0  # size of that file
    name: str = ""  # as its maker wrote it
    parameters: int = 0  # number of weights
    quantization: str = ""  # such as ``Q4_K_M``
    bits_per_weight: float = 0.0  # average over all tensors
    licence: str = ""  # such as ``apache-2.0``
    abilities: tuple[Ability, ...] = ()

    @property
    def all_files(self) -> tuple[Path, ...]:
        """Every file of the set, and the mmproj."""
        return self.files if self.mmproj is None else (*self.files, self.mmproj)

    @property
    def own(self) -> bool:
        """Whether it is in Preheat's own folder, so that Preheat may delete it."""
        return self.source is Source.PREHEAT

    @property
    def included(self) -> bool:
        """Whether it is part of the installed Preheat."""
        return self.source is Source.BUNDLED

    @property
    def speed_shape(self) -> str:
        """What a measured speed holds for: architecture, layers, width and quantization, ``llama 30x1536 Q4_K_M``."""
        size = f"{self.shape.layers}x{self.shape.widest_values}"
        return " ".join(filter(None, (self.architecture, size, self.quantization)))

    def same_content(self, other: ModelFile) -> bool:
        """Return whether both describe the same files in the same state."""
        return (self.files, self.file_bytes, self.modified_ns) == (other.files, other.file_bytes, other.modified_ns)

    def public_facts(self) -> dict[str, Any]:
        """Return its public facts as JSON, with printable paths."""
        return {
            "architecture": printable(self.architecture),
            "source": self.source.value,
            "path": printable(str(self.path)),
            "aliases": list(self.aliases),
            "name": self.name,
            "parameters": self.parameters,
            "quantization": self.quantization,
            "quantization_words": quantization_words(self.quantization, self.bits_per_weight),
            "bits_per_weight": self.bits_per_weight,
            "trained_context": self.context_length,
            "licence": self.licence,
            "abilities": [ability.value for ability in self.abilities],
            "template": self.chat_template,
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


def file_elsewhere(models: Iterable[ModelFile], size_bytes: int, sha256: str) -> Path | None:
    """Return a file of this size that its program names by this checksum, as Hugging Face's cache and Ollama do.

    No file is read, since hashing a few is slower than a download. Blocks on the disk.
    """
    for model in models:
        for path in model.all_files:
            with suppress(OSError):
                if sha256 in path.resolve().name and path.stat().st_size == size_bytes:
                    return path
    return None
