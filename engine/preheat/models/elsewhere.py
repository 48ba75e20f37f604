"""Whether another program has a file already that the hub offers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from preheat.models.model_file import ModelFile


def file_elsewhere(models: Iterable[ModelFile], size_bytes: int, sha256: str) -> Path | None:
    """Return a file of this size that its program keeps under this sum, as Hugging Face's cache and Ollama do.

    No file is read: a download would be fetched before a few of them had been hashed. Blocks on the disk.
    """
    for model in models:
        for path in model.all_files:
            with suppress(OSError):
                if sha256 in path.resolve().name and path.stat().st_size == size_bytes:
                    return path
    return None
