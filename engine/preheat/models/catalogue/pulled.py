"""Finds what a pull has fetched, by the name that was pulled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from preheat.errors import EngineError
from preheat.models.catalogue.catalogue import load_catalogue
from preheat.models.catalogue.pull_names import parse_pull
from preheat.models.gguf.quantization import normalized
from preheat.models.hub.variants import PullTarget
from preheat.models.model_file import ModelFile


def find_pulled(name: str, models: Sequence[ModelFile]) -> ModelFile | None:
    """Return the model that a pull of this name fetches, from a folder of its repository; None if there is none.

    Of several quantizations, a name without one stands for the latest on disk.
    """
    try:
        target = parse_pull(name, load_catalogue())
    except EngineError:
        return None
    found = [model for model in models if is_target(model, target)]
    return max(found, key=lambda model: model.modified_ns, default=None)


def is_target(model: ModelFile, target: PullTarget) -> bool:
    """Return whether a model comes from this repository, and is the part of it that the target names."""
    if not _is_from(model.path, target.repo):
        return False
    if target.file is not None:
        return model.path.name.lower() == target.file.rpartition("/")[2].lower()
    return target.quantization is None or normalized(model.quantization) == normalized(target.quantization)


def _is_from(path: Path, repo: str) -> bool:
    """Return whether a file is below ``owner/name``, or below Hugging Face's form of it."""
    folders = [part.lower() for part in path.parent.parts]
    owner, _, name = repo.lower().partition("/")
    return (owner, name) in pairwise(folders) or f"models--{owner}--{name}" in folders
