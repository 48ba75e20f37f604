"""The files in a place that may be models, and how they are called there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from preheat.models.file_names import printable
from preheat.models.gguf.cache import Stamp, stamp_of
from preheat.models.model_file import Source

_MAX_DEPTH: Final = 16
ENDING: Final = ".gguf"

Report = Callable[[Path, str], None]
"""Told of a path what is wrong there, as a whole sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a model.

    Attributes:
        name: What its id is made from: the file's name, or what the program that owns it calls it.
        owners: What the id begins with where the name alone is taken: nearest first.
        aliases: Other names by which the program that owns it knows it.
        group: Files of one group belong together: an image encoder to the models beside it.
        one_repo: The group is one repository; otherwise it is a folder in which anything may lie.
        mmproj: The image encoder that the program names for it.
        sha256: Of its content, where the program's own name for the file says so; else empty.
        refused: Why it is not to be looked at, in words; empty if it may be.
    """

    path: Path
    name: str
    owners: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    group: str = ""
    one_repo: bool = False
    mmproj: Path | None = None
    sha256: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with models, and how to read it.

    Attributes:
        candidates: Yields what is in it; blocks on the disk, and raises no OSError.
    """

    source: Source
    root: Path
    candidates: Callable[[Path, Report], Iterator[Candidate]]


@dataclass(frozen=True, slots=True)
class File:
    """A candidate on the disk.

    Attributes:
        order: Ranks it: its place's number, then its path.
        is_link: Its own name is a link's.
    """

    candidate: Candidate
    source: Source
    order: tuple[int, str]
    is_link: bool
    stamp: Stamp

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.candidate.path


def folder_candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the files with a model's ending in a folder and below."""
    for path in walk(root, report):
        owners = tuple(folder.name for folder in path.parents if folder.name)
        # Downloads lie in OWNER/REPOSITORY.
        one_repo = len(path.relative_to(root).parts) >= 3
        yield Candidate(path, path.name, owners, group=str(path.parent), one_repo=one_repo)


def walk(root: Path, report: Report) -> Iterator[Path]:
    """Yield the files with a model's ending below ``root``, hidden ones left out; links may form loops."""
    yield from _walk(root, report, set(), depth=0)


def _walk(folder: Path, report: Report, entered: set[tuple[int, int]], depth: int) -> Iterator[Path]:
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in entered:
            return
        entered.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except FileNotFoundError:
        return  # not made yet, or just removed
    except OSError as error:
        report(folder, trouble(folder, error))
        return
    for entry in entries:
        # Hidden: trash folders, download caches, macOS's resource forks ("._model.gguf").
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        try:
            if entry.is_dir():
                if depth < _MAX_DEPTH:
                    yield from _walk(path, report, entered, depth + 1)
            elif entry.name.lower().endswith(ENDING):
                if entry.is_file():
                    yield path
                elif entry.is_symlink():
                    report(path, f"{printable(str(path))} is a link that leads nowhere")
        except OSError as error:
            report(path, trouble(path, error))


def read_file(candidate: Candidate, source: Source, place: int, report: Report) -> File | None:
    """Return a candidate with its stamp; None if it cannot be looked at."""
    try:
        return File(
            candidate, source, (place, str(candidate.path)), candidate.path.is_symlink(), stamp_of(candidate.path)
        )
    except (OSError, ValueError) as error:
        report(candidate.path, trouble(candidate.path, error))
        return None


def trouble(path: Path, error: Exception) -> str:
    """Return what is wrong with a path."""
    problem = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{problem} ({printable(str(path))})"


def leads_into(path: Path, *stores: Path) -> bool:
    """Whether a path, with all its links followed, is inside one of these folders. Blocks on the disk."""
    try:
        target = path.resolve(strict=True)
        return any(target.is_relative_to(store.resolve()) for store in stores)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        return False
