"""The files in a place that may be models, and their names there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from preheat.errors import reason_of
from preheat.messages import Message, msg
from preheat.models.file_names import printable
from preheat.models.gguf.cache import stamp_of
from preheat.models.model_file import Source

_MAX_DEPTH: Final = 16
ENDING: Final = ".gguf"

Report = Callable[[Path, Message], None]  # called with a path and what is wrong there


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a model."""

    path: Path
    name: str  # base of its id: the file name, or the name in the program that owns it
    owners: tuple[str, ...] = ()  # prefixes of the id where the name alone is taken, nearest first
    aliases: tuple[str, ...] = ()  # other names in the program that owns it
    group: str = ""  # files of one group belong together: an image encoder to the models next to it
    one_repo: bool = False  # the group is one repository; otherwise it is a mixed folder
    mmproj: Path | None = None  # the image encoder that the program names for it
    sha256: str = ""  # of its content, if the program's file name contains it; else empty
    refused: Message | None = None  # why it cannot be served; None if it can


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with models; ``candidates`` yields its files, blocks on the disk, and raises no OSError."""

    source: Source
    root: Path
    candidates: Callable[[Path, Report], Iterator[Candidate]]


def scan(
    folder: Path, report: Report, wanted: Callable[[os.DirEntry[str]], bool] = lambda _: True
) -> list[os.DirEntry[str]]:
    """Return the wanted entries of a folder by name; none if it does not exist or is unreadable, which is reported."""
    try:
        with os.scandir(folder) as listing:
            return sorted(filter(wanted, listing), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []  # not created yet, or just removed
    except OSError as error:
        report(folder, problem_of(folder, error))
        return []


def folder_candidates(root: Path, report: Report) -> Iterator[Candidate]:
    """Yield the GGUF files in a folder and below."""
    for path in walk(root, report):
        owners = tuple(folder.name for folder in path.parents if folder.name)
        # Downloads are in OWNER/REPOSITORY.
        one_repo = len(path.relative_to(root).parts) >= 3
        yield Candidate(path, path.name, owners, group=str(path.parent), one_repo=one_repo)


def walk(root: Path, report: Report) -> Iterator[Path]:
    """Yield the visible GGUF files below ``root``; links may form loops."""
    yield from _walk(root, report, set(), depth=0)


def _walk(folder: Path, report: Report, entered: set[object], depth: int) -> Iterator[Path]:
    identity: object = folder
    with suppress(OSError):  # reported by the scan
        identity = stamp_of(folder).identity
    if identity in entered:
        return
    entered.add(identity)
    if isinstance(identity, tuple) and identity[0] in _kernel_devices():
        if depth == 0:
            report(folder, msg("path_unreadable", path=printable(str(folder)), reason=msg("path_system_folder")))
        return
    # Hidden: trash folders, download caches, macOS's resource forks ("._model.gguf").
    for entry in scan(folder, report, lambda entry: not entry.name.startswith(".")):
        path = folder / entry.name
        try:
            if entry.is_dir():
                if depth < _MAX_DEPTH:
                    yield from _walk(path, report, entered, depth + 1)
            elif entry.name.lower().endswith(ENDING):
                if entry.is_file():
                    yield path
                elif entry.is_symlink():
                    report(path, msg("broken_link", path=printable(str(path))))
        except OSError as error:
            report(path, problem_of(path, error))


@cache
def _kernel_devices() -> frozenset[int]:
    """Return the devices of file systems that hold no files: a walk through all processes would take half a minute."""
    devices = set()
    for folder in ("/proc", "/sys"):
        with suppress(OSError):
            devices.add(Path(folder).stat().st_dev)
    return frozenset(devices) - {Path("/").stat().st_dev}


def problem_of(path: Path, error: Exception) -> Message:
    """Return the message for an unreadable path."""
    return msg("path_unreadable", path=printable(str(path)), reason=reason_of(error))


def stays_inside(path: Path, root: Path, program: str, report: Report) -> bool:
    """Return whether a path leads into its program's folder; report a link out of it."""
    inside = leads_into(path, root)
    if not inside:
        report(path, msg("link_leaves_folder", path=printable(str(path)), program=program))
    return inside


def leads_into(path: Path, root: Path) -> bool:
    """Return whether a path, with all its links followed, is inside the folder. Blocks on the disk."""
    try:
        return path.resolve(strict=True).is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
        return False
