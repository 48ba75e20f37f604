"""The cache of the Hugging Face libraries, and of every program that shares it.

Its layout is documented in huggingface_hub's guide "Understand caching": ``models--ORG--NAME`` holds ``blobs``, named
by their sha256, ``snapshots/COMMIT`` with links to complete blobs under the files' own names, and ``refs`` that name
commits. On systems without links the snapshots hold the files themselves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from preheat.models.sources.candidates import Candidate, Report, scan, stays_inside, walk
from preheat.models.sources.outside import cache_home, from_variable, read_text

_PREFIX: Final = "models--"
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")


def roots() -> tuple[Path, ...]:
    """Return the cache folder, as huggingface_hub's ``constants`` do; they are too slow to import for this."""
    named = from_variable("HF_HUB_CACHE") or from_variable("HUGGINGFACE_HUB_CACHE")
    home = from_variable("HF_HOME") or cache_home() / "huggingface"
    return (named or home / "hub",)


def candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the files of every model repository, each from its newest snapshot."""
    for entry in scan(root, report, lambda entry: entry.name.startswith(_PREFIX) and entry.is_dir()):
        yield from _repository(root, root / entry.name, report)


def _repository(root: Path, folder: Path, report: Report) -> Iterator[Candidate]:
    owner, _, repo = folder.name.removeprefix(_PREFIX).rpartition("--")
    seen: set[Path] = set()
    for snapshot in _snapshots(folder, report):
        for path in walk(snapshot, report):
            inside = path.relative_to(snapshot)
            if inside in seen:
                continue
            seen.add(inside)
            if not stays_inside(path, root, "Hugging Face", report):
                continue
            blob = path.resolve().name
            yield Candidate(
                path,
                path.name,
                owners=tuple(part for part in (repo, owner) if part),
                group=str(folder),
                one_repo=True,
                sha256=blob if _SHA256.fullmatch(blob) else "",
            )


def _snapshots(folder: Path, report: Report) -> list[Path]:
    """Return a repository's snapshots: ``main``, then the newest first.

    A file that was fetched only for an older commit is in the older snapshot.
    """
    newest: dict[str, int] = {}

    def is_snapshot(entry: os.DirEntry[str]) -> bool:
        newest[entry.name] = entry.stat().st_mtime_ns
        return entry.is_dir(follow_symlinks=False)

    found = scan(folder / "snapshots", report, is_snapshot)
    main = _commit(folder / "refs" / "main")
    names = sorted((entry.name for entry in found), key=lambda name: (name != main, -newest[name], name))
    return [folder / "snapshots" / name for name in names]


def _commit(path: Path) -> str:
    text = read_text(path).strip()
    return text if _COMMIT.fullmatch(text) else ""
