"""LM Studio's models: ``PUBLISHER/REPOSITORY/FILE.gguf`` below its models folder.

From LM Studio's documentation (docs/app/advanced/import-model: "models directory structure"): its home is
``~/.lmstudio``, earlier ``~/.cache/lm-studio``; ``~/.lmstudio-home-pointer`` names another. ``settings.json`` in it has
a moved models folder as ``downloadsFolder``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from preheat.models.sources.candidates import Candidate, Report, walk
from preheat.models.sources.folders import home
from preheat.models.sources.small_file import read_object, read_text


def roots() -> tuple[Path, ...]:
    """Return LM Studio's models folders."""
    found: dict[Path, None] = {}
    for folder in (Path(read_text(home() / ".lmstudio-home-pointer").strip()), home() / ".lmstudio"):
        if folder.is_absolute():
            found[_models_folder(folder)] = None
    found[_models_folder(home() / ".cache" / "lm-studio")] = None
    return tuple(found)


def candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the files in a models folder; its links are the user's own, and may lead anywhere."""
    for path in walk(root, report):
        folders = path.relative_to(root).parts[:-1]
        yield Candidate(path, path.name, owners=folders[::-1], group=str(path.parent), one_repo=len(folders) >= 2)


def _models_folder(folder: Path) -> Path:
    named = read_object(folder / "settings.json").get("downloadsFolder")
    path = Path(named) if isinstance(named, str) and "\0" not in named else Path()
    return path if path.is_absolute() else folder / "models"
