"""A model file as the rest of Preheat knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from preheat.library.model_shape import ModelShape


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
        modified_at: Unix time of the file's last change; of a split set, the latest of its parts.
        shape: What its memory depends on.
    """

    model_id: str
    path: Path
    file_bytes: int
    architecture: str
    context_length: int
    embeddings: bool
    chat_template: bool
    files: tuple[Path, ...]
    modified_at: float
    shape: ModelShape = field(default_factory=ModelShape)

    def changed(self) -> bool:
        """Whether the files are not any more what they were when this was written. Blocks on the disk."""
        try:
            states = [file.stat() for file in self.files]
        except OSError:
            return True
        size, modified_ns = sum(state.st_size for state in states), max(state.st_mtime_ns for state in states)
        return (size, modified_ns / 1e9) != (self.file_bytes, self.modified_at)
