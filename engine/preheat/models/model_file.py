"""A model file as the rest of Preheat knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from preheat.models.details import ModelDetails
from preheat.models.file_names import printable
from preheat.models.gguf.shape import ModelShape


class Source(StrEnum):
    """Whose folder a model was found in; of two that have the same file, the earlier one here names it."""

    PREHEAT = "preheat"
    FOLDER = "folder"
    """One that the user named in ``models_dirs``."""

    HUGGINGFACE = "huggingface"
    LMSTUDIO = "lmstudio"
    OLLAMA = "ollama"
    LLAMACPP = "llamacpp"
    JAN = "jan"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One GGUF model on disk: a single file, or a split set known by its first part.

    Attributes:
        model_id: Unique name: the file name in lower case, without ``.gguf`` (and without the part number of a
            split set); a prefix names the folder where two files have the same name.
        path: The file to load; of a split set, its first part.
        file_bytes: Size on disk, in bytes; of a split set, all parts together.
        architecture: ``general.architecture`` of the file, such as ``llama`` or ``bert``.
        context_length: Context length that the model was trained with, in tokens; 0 if the file does not say.
        embeddings: Whether it makes embeddings (otherwise text).
        chat_template: Whether the file carries a chat template.
        files: Every file of the set, ``path`` first.
        modified_ns: Time of the last change, in nanoseconds since 1970; of a split set, the latest of its parts.
        shape: What its memory depends on.
        source: Whose folder it is in. Files of other programs are read in place and never changed.
        aliases: Other names that it answers to: those of the same file in other places.
        details: What people want to know of it.
        mmproj: The image encoder that belongs to it; None if there is none.
    """

    model_id: str
    path: Path
    file_bytes: int
    architecture: str
    context_length: int
    embeddings: bool
    chat_template: bool
    files: tuple[Path, ...]
    modified_ns: int
    shape: ModelShape = field(default_factory=ModelShape)
    source: Source = Source.PREHEAT
    aliases: tuple[str, ...] = ()
    details: ModelDetails = field(default_factory=ModelDetails)
    mmproj: Path | None = None

    @property
    def all_files(self) -> tuple[Path, ...]:
        """Every file of the set, and the mmproj."""
        return self.files if self.mmproj is None else (*self.files, self.mmproj)

    @property
    def own(self) -> bool:
        """Whether it is in Preheat's own folder, and may be deleted by Preheat."""
        return self.source is Source.PREHEAT

    def same_content(self, other: ModelFile) -> bool:
        """Whether both were written from the same files in the same state, whatever the model's names."""
        return (self.files, self.file_bytes, self.modified_ns) == (other.files, other.file_bytes, other.modified_ns)

    def public_facts(self) -> dict[str, Any]:
        """Return what others may read of it, as JSON has it; what cannot be shown in a path is ``_``."""
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
        """Whether the files are not any more what they were when this was written. Blocks on the disk."""
        try:
            states = [file.stat() for file in self.files]
        except OSError:
            return True
        size, modified_ns = sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)
        return (size, modified_ns) != (self.file_bytes, self.modified_ns)
