"""LM Studio's models: ``PUBLISHER/REPOSITORY/FILE.gguf`` below its models folder.

From LM Studio's documentation (docs/app/advanced/import-model: "models directory structure"): its home is
``~/.lmstudio``, earlier ``~/.cache/lm-studio``; ``~/.lmstudio-home-pointer`` names another. ``settings.json`` in it has
a moved models folder as ``downloadsFolder``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from preheat.models.sources.candidates import Candidate, Report, walk
from preheat.models.sources.outside import absolute, home, read_object, read_text


def roots() -> tuple[Path, ...]:
    """Return LM Studio's models folders."""
    named = absolute(read_text(home() / ".lmstudio-home-pointer").strip())
    folders = filter(None, (named, home() / ".lmstudio", home() / ".cache" / "lm-studio"))
    return tuple(
        dict.fromkeys(
            absolute(read_object(folder / "settings.json").get("downloadsFolder")) or folder / "models"
            for folder in folders
        )
    )


def candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the files in a models folder; its links are the user's own, and may lead anywhere."""
    for path in walk(root, report):
        folders = path.relative_to(root).parts[:-1]
        yield Candidate(path, path.name, owners=folders[::-1], group=str(path.parent), one_repo=len(folders) >= 2)
