"""Finds files of the hub that another program already has."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from preheat.models.model_file import ModelFile


def file_elsewhere(models: Iterable[ModelFile], size_bytes: int, sha256: str) -> Path | None:
    """Return a file of this size that its program names by this checksum, as Hugging Face's cache and Ollama do.

    No file is read: hashing a few takes longer than a download. Blocks on the disk.
    """
    for model in models:
        for path in model.all_files:
            with suppress(OSError):
                if sha256 in path.resolve().name and path.stat().st_size == size_bytes:
                    return path
    return None
