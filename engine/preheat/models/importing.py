"""Imports a model file into Preheat's own folder."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Final

import psutil

from preheat import paths
from preheat.errors import ModelExistsError, ModelFileError, UnusablePathError, file_error, is_full
from preheat.files import OnBytes
from preheat.messages import msg
from preheat.models.file_names import SPLIT_PART, printable
from preheat.models.gguf.reader import read_header
from preheat.models.own_folder import prepare, record
from preheat.models.space import check_space, disk_full
from preheat.models.tree import ChangedMeanwhileError, Tree, same_state

HIDDEN: Final = ".importing"

_ENDING: Final = ".gguf"
_MAGIC: Final = b"GGUF"
_MOST_PARTS: Final = 256  # each is open during the import
_UNFINISHED: Final = re.compile(r"(\d{1,10})-\d+")


class How(StrEnum):
    """How a file is imported.

    ``auto`` makes a hard link or a copy-on-write clone, which takes no space, where the disk can; else a copy.
    ``link`` makes a symbolic link to the file.
    """

    AUTO = "auto"
    COPY = "copy"
    MOVE = "move"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class _SourceFile:
    """A file to import."""

    given: Path  # as it was named
    tree: Tree  # the folder that holds the file itself
    path: PurePath  # in that folder
    status: os.stat_result

    @property
    def target(self) -> PurePath:
        """Its path in the models folder."""
        return PurePath(self.given.name)

    @property
    def real(self) -> Path:
        return self.tree.root / self.path


def import_file(path: Path, models_dir: Path, how: How = How.AUTO, on_bytes: OnBytes = lambda _: None) -> Path:
    """Import a GGUF file, with all parts of its split set, into the models folder; return its new path. Blocks.

    Args:
        path: The file's absolute path; of a split set, any part.
        on_bytes: Called with the number of bytes copied; an exception from it ends the import, and nothing is left.

    Raises:
        UnusablePathError: There is no GGUF file that may be read, or moved. The same whatever the path leads to.
        ModelFileError: It is not a complete, well-formed GGUF file, or a part is missing.
        ModelExistsError, DiskFullError, FolderError: It cannot be imported.
    """
    shown = printable(path.name)
    if path.suffix.lower() != _ENDING:
        raise UnusablePathError(msg("import_wrong_ending", file=shown), param="path")
    with ExitStack() as opened:
        try:
            first = opened.enter_context(_source(path, how))
        except (OSError, ValueError):
            code = "import_unusable_move" if how is How.MOVE else "import_unusable"
            raise UnusablePathError(msg(code, file=shown), param="path") from None
        files = _split_set(first, how, opened)
        for file in files:
            read_header(file.real)
        try:
            with Tree(prepare(models_dir)) as own:
                _import(files, own, how, on_bytes)
        except ChangedMeanwhileError as error:
            raise UnusablePathError(msg("import_changed", file=shown), param="path") from error
        except OSError as error:
            if is_full(error):
                needed = sum(file.status.st_size for file in files)
                raise disk_full(models_dir, needed, "disk_full", name=shown) from error
            raise file_error("file_unusable", error, Path(error.filename or path)) from error
    return models_dir / files[0].given.name


@contextmanager
def _source(path: Path, how: How) -> Iterator[_SourceFile]:
    """Open the folder of a GGUF file, and check that it may be imported; raises OSError or ValueError if not."""
    # What is moved is what was named, not what a link leads to.
    real = Path(os.path.realpath(path.parent)) / path.name if how is How.MOVE else Path(os.path.realpath(path))
    with Tree(real.parent, passing=how is not How.MOVE) as tree:
        name = PurePath(real.name)
        status = tree.status(name)
        if status is None:
            raise FileNotFoundError
        with tree.reading(name) as handle:
            if os.read(handle, len(_MAGIC)) != _MAGIC:
                raise ValueError("not GGUF")
        if how is How.MOVE and (
            not _is_mine(status) or not os.access(real.parent, os.W_OK) or paths.is_system_folder(real)
        ):
            raise PermissionError
        yield _SourceFile(path, tree, name, status)


def _is_mine(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _split_set(file: _SourceFile, how: How, opened: ExitStack) -> list[_SourceFile]:
    """Return the file, or every part of its split set."""
    given = file.given
    part = SPLIT_PART.fullmatch(given.stem)
    if part is None or not 1 <= int(part["number"]) <= int(part["count"]):
        return [file]
    prefix, count = part["prefix"], int(part["count"])
    files: list[_SourceFile] = []
    missing: list[str] = []
    for number in range(1, min(count, _MOST_PARTS) + 1):
        path = given.with_name(f"{prefix}-{number:05}-of-{part['count']}{given.suffix}")
        try:
            files.append(file if path == given else opened.enter_context(_source(path, how)))
        except (OSError, ValueError):
            missing.append(printable(path.name))
    if missing or count > _MOST_PARTS:
        lacking = count - len(files)
        name = printable(given.name)
        raise ModelFileError(
            msg("import_parts_missing", file=name, count=count, missing=lacking, names=missing[:3] or [name])
        )
    return files


def _import(files: Sequence[_SourceFile], own: Tree, how: How, on_bytes: OnBytes) -> None:
    missing = [file for file in files if not _is_there(file, own, how)]
    own_device = own.root.stat().st_dev
    # A file is moved to make room, so that may use the space which is kept free otherwise.
    if how in (How.AUTO, How.COPY) and any(file.status.st_dev != own_device for file in missing):
        needed = sum(file.status.st_size for file in missing)
        check_space(own.root, needed, "disk_full", name=printable(files[0].given.name))
    _remove_unfinished(own)
    ready: list[PurePath] = []
    placed: list[PurePath] = []
    try:
        for file in missing:
            ready.append(PurePath(HIDDEN, f"{os.getpid()}-{len(ready)}"))
            _bring(file, own, ready[-1], how, on_bytes)
        for file in files:
            _check_unchanged(file)
        # All at once, the first part last: a set with a missing part would be reported as damaged.
        for file, temporary in reversed(list(zip(missing, ready, strict=True))):
            own.rename(temporary, file.target)
            placed.append(file.target)
    except BaseException as error:
        for path in (*ready, *placed):
            with suppress(OSError):
                own.unlink(path)
        if isinstance(error, FileExistsError):  # just now
            raise _name_taken(file, own) from error
        raise
    finally:
        own.remove_empty_folders(PurePath(HIDDEN))
    record(own, placed)
    if how is How.MOVE:
        _remove_sources(files, own)


def _is_there(file: _SourceFile, own: Tree, how: How) -> bool:
    """Return whether the folder has the file already; raises ``ModelExistsError`` if it has another of that name."""
    status = own.status(file.target)
    if status is None:
        return False
    if stat.S_ISLNK(status.st_mode):
        # The link would lead nowhere if the file behind it were removed.
        if how is not How.MOVE and os.path.realpath(own.root / file.target) == str(file.real):
            return True
    elif stat.S_ISREG(status.st_mode):
        if os.path.samestat(status, file.status):
            return True
        if status.st_size == file.status.st_size and own.sha256(file.target) == file.tree.sha256(file.path):
            return True
    raise _name_taken(file, own)


def _name_taken(file: _SourceFile, own: Tree) -> ModelExistsError:
    return ModelExistsError(msg("import_name_taken", file=printable(file.target.name), folder=printable(str(own.root))))


def _bring(file: _SourceFile, own: Tree, temporary: PurePath, how: How, on_bytes: OnBytes) -> None:
    with suppress(FileNotFoundError):
        own.unlink(temporary)
    if how is How.LINK:
        own.symlink(str(file.given), temporary)
    elif not (
        (how is not How.MOVE and own.clone_from(file.tree, file.path, temporary))
        or (how is not How.COPY and own.link_from(file.tree, file.path, temporary))
    ):
        own.copy_unnamed(file.tree, file.path, temporary, on_bytes)
        return
    on_bytes(file.status.st_size)


def _check_unchanged(file: _SourceFile) -> None:
    now = file.tree.status(file.path)
    if now is None or not same_state(now, file.status):
        raise ChangedMeanwhileError(file.real)


def _remove_sources(files: Sequence[_SourceFile], own: Tree) -> None:
    """Remove the moved files: all are in the models folder, checked."""
    for file in files:
        if _is_same_name(file, own):
            continue
        try:
            _check_unchanged(file)
            file.tree.unlink(file.path)
        except OSError as error:
            raise file_error("file_not_removable", error, file.real) from error


def _is_same_name(file: _SourceFile, own: Tree) -> bool:
    """Return whether a file is imported from the models folder itself, on any kind of disk."""
    here = file.tree.root.samefile(own.root)
    return here and file.path.name.casefold() == file.target.name.casefold()


def _remove_unfinished(own: Tree) -> None:
    """Remove what imports of processes that were killed have left."""
    with suppress(OSError):
        for entry in (own.root / HIDDEN).iterdir():
            name = _UNFINISHED.fullmatch(entry.name)
            if name is not None and not psutil.pid_exists(int(name[1])):
                own.unlink(PurePath(HIDDEN, entry.name))
