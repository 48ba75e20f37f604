"""Moves Preheat's own models to another folder without losing anything, wherever it fails.

Plan, copy, check, switch, remove. Only files that are Preheat's own move (see ``own_folder``), each by its name. They
stay in the old folder until every copy was read back and the setting names the new folder. On one disk a copy is a hard
link. A repeated move continues: files that were copied before are compared, not copied again.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from preheat import paths
from preheat.errors import (
    EngineError,
    ModelExistsError,
    SettingsError,
    UnusablePathError,
    file_error,
    is_full,
    reason_of,
)
from preheat.files import OnBytes
from preheat.messages import msg
from preheat.models.file_names import DOWNLOADS, LOCK, printable
from preheat.models.own_folder import MARK, OwnFolder, is_empty, prepare, record
from preheat.models.sources.candidates import folder_candidates
from preheat.models.space import check_space, disk_full, existing_folder
from preheat.models.tree import COPYING, Tree, same_state, unfinished_copy
from preheat.settings import SettingsStore

logger = logging.getLogger(__name__)

_MOST_COUNTED: Final = 10_000  # other files; the user's folder may hold any number
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that moves."""

    path: PurePath  # in the models folder
    status: os.stat_result  # of a link, its own

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def file_bytes(self) -> int:
        return 0 if self.is_link else self.status.st_size


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What a move does."""

    old: Path  # without links, as ``new``
    new: Path
    files: tuple[OwnFile, ...]
    other_disk: bool  # the files are copied; otherwise they get a second name first
    others: int  # files that stay, since they are not Preheat's; counted to 10,000
    named_others: tuple[PurePath, ...]  # some of them

    @property
    def total_bytes(self) -> int:
        return sum(file.file_bytes for file in self.files)


def plan_move(old: Path, new: Path) -> MovePlan:
    """Return what a move from one models folder to another would do. Nothing is changed. Blocks.

    Args:
        old: Preheat's models folder; need not exist.
        new: An absolute path to a new or empty folder, or to one with Preheat's mark.

    Raises:
        UnusablePathError: The new folder is none of these, is a link, cannot be written, or contains the old one, or is
            in it.
        DiskFullError: There is no space for copies.
    """
    real = _checked_target(new)
    own = OwnFolder.read(old)
    if real == own.root or _same(real, own.root):
        raise UnusablePathError(msg("move_same_folder", folder=printable(str(new))), param="path")
    if _inside(real, own.root) or _inside(own.root, real):
        both = msg("move_nested_folders", new=printable(str(new)), old=printable(str(old)))
        raise UnusablePathError(both, param="path")
    try:
        files = tuple(sorted(_own_files(own), key=lambda file: str(file.path)))
        other_disk = bool(files) and _device(own.root) != _device(real)
        if other_disk:
            check_space(real, sum(_missing_bytes(file, real) for file in files), "disk_full_for_models")
        count, named = _others(own.root, {file.path for file in files})
    except OSError as error:
        raise _failed(error, old) from error
    return MovePlan(own.root, real, files, other_disk, count, named)


def move_models(
    plan: MovePlan, switch: Callable[[Path], None], on_bytes: OnBytes = lambda _: None
) -> tuple[PurePath, ...]:
    """Carry out a plan, and return the old files that could not be removed. Blocks.

    Args:
        switch: Makes the setting name the new folder; an exception from it ends the move, with nothing lost.
        on_bytes: Called with the number of bytes copied; an exception from it ends the move too.

    Raises:
        FolderError, ModelExistsError, DiskFullError: A file cannot be moved. All are still in the old folder.
    """
    if not plan.files:
        prepare(plan.new)
        switch(plan.new)
        return ()
    try:
        with Tree(plan.old) as old:
            prepare(plan.new)
            with Tree(plan.new) as new:
                for file in plan.files:
                    _bring(file, old, new, on_bytes)
                if not new.still_there():
                    raise UnusablePathError(msg("move_target_unusable", folder=printable(str(plan.new))))
                switch(plan.new)
                return _remove(plan.files, old)
    except OSError as error:
        if is_full(error):
            raise disk_full(plan.new, plan.total_bytes, "disk_full_for_models") from error
        raise _failed(error, plan.new) from error


def write_setting(folder: Path) -> None:
    """Set ``models_dir``; raises ``SettingsError`` if it cannot be written."""
    store = SettingsStore()
    store.set({"models_dir": str(folder)})
    with suppress(SettingsError):
        store.load()  # so that the last good settings do not name the old folder


def check_setting() -> None:
    """Raise ``SettingsError`` if an environment variable overrides the setting ``models_dir``."""
    source = SettingsStore().overriding_source("models_dir")
    if source:
        raise SettingsError(msg("move_variable_set", variable=source))


def _failed(error: OSError, folder: Path) -> EngineError:
    return file_error("move_failed", error, Path(error.filename or folder))


def _checked_target(folder: Path) -> Path:
    """Return the new folder without links above it. All reasons against it are one error."""
    unusable = UnusablePathError(msg("move_target_unusable", folder=printable(str(folder))), param="path")
    try:
        # Without the links above it only: one that is a link itself is refused.
        real = Path(os.path.realpath(folder.parent)) / folder.name
        if folder.name in ("", "..") or paths.path_problem(str(real)) or paths.is_system_folder(real):
            raise unusable
        above = next(path for path in (real, *real.parents) if os.path.lexists(path))
        if above.is_symlink() or not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            raise unusable
        if above == real:
            known = OwnFolder.read(real)
            if not _is_ours(real.stat()) or not (known.marked or known.whole or is_empty(real)):
                raise unusable
    except (OSError, ValueError):
        raise unusable from None
    return real


def _is_ours(status: os.stat_result) -> bool:
    """Return whether a folder is this user's or the system's, so that no other user can replace what is in it."""
    return not hasattr(os, "geteuid") or status.st_uid in (os.geteuid(), 0)


def _missing_bytes(file: OwnFile, new: Path) -> int:
    """Return how many bytes a copy adds to the new folder."""
    if (new / file.path).exists():
        return 0
    with suppress(OSError):
        return max(file.file_bytes - (new / unfinished_copy(file.path)).lstat().st_size, 0)
    return file.file_bytes


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _inside(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or any(_same(above, folder) for above in path.parents)


def _device(path: Path) -> int:
    return existing_folder(path).stat().st_dev


def _own_files(own: OwnFolder) -> Iterator[OwnFile]:
    """Yield Preheat's files: the models that the index finds, those it recorded, and unfinished downloads."""
    from preheat.models.downloads import files_of_downloads  # its imports are slow

    visible = [each.path for each in folder_candidates(own.root, lambda *_: None)] if own.whole else []
    recorded = [own.root / name for name in own.files if ".." not in PurePath(name).parts]
    owned = [path for path in (*visible, *recorded) if own.owns(path)]
    inside = filter(None, map(own.path_inside, (*owned, *files_of_downloads(own.root))))
    if not own.root.is_dir():
        return
    with Tree(own.root) as tree:
        for path in set(inside):
            status = tree.status(path)
            if status is not None and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                yield OwnFile(path, status)


def _others(root: Path, own: set[PurePath]) -> tuple[int, tuple[PurePath, ...]]:
    """Return the number of other visible files, and some of them."""
    count = 0
    named: list[PurePath] = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = PurePath(folder).relative_to(root)
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*sorted(names), *links):
            if inside / name not in own and not name.startswith((MARK, COPYING)):
                count += 1
                if len(named) < _MOST_NAMED:
                    named.append(inside / name)
        if count >= _MOST_COUNTED:
            break
    return count, tuple(named)


def _bring(file: OwnFile, old: Tree, new: Tree, on_bytes: OnBytes) -> None:
    """Bring a file to the new folder, unless it was brought before."""
    new.discard_unfinished(file.path)
    if file.is_link:
        destination = old.destination(file.path)
        if new.status(file.path) is None:
            new.symlink(destination, file.path)
        elif not _is_link_to(new, file.path, destination):
            raise _name_taken(file, new)
    elif new.status(file.path) is not None:
        if not _is_copy(file, old, new):
            raise _name_taken(file, new)
    else:
        try:
            if not new.link_from(old, file.path, file.path):
                new.copy_from(old, file.path, file.path, on_bytes)
        except FileExistsError:
            raise _name_taken(file, new) from None
        record(new, [file.path])


def _name_taken(file: OwnFile, new: Tree) -> ModelExistsError:
    folder = printable(str((new.root / file.path).parent))
    return ModelExistsError(msg("move_name_taken", file=printable(file.path.name), folder=folder))


def _is_link_to(tree: Tree, path: PurePath, destination: str) -> bool:
    status = tree.status(path)
    return status is not None and stat.S_ISLNK(status.st_mode) and tree.destination(path) == destination


def _is_copy(file: OwnFile, old: Tree, new: Tree) -> bool:
    """Return whether the new folder's file of this name has the same content, by reading both."""
    status = new.status(file.path)
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != file.status.st_size:
        return False
    if os.path.samestat(status, file.status):
        return status.st_nlink > 1  # otherwise both are one name, by way of a mount
    return old.sha256(file.path) == new.sha256(file.path)


def _remove(files: tuple[OwnFile, ...], old: Tree) -> tuple[PurePath, ...]:
    """Remove files that are in the new folder too, unless they were changed since the plan."""
    left = []
    for file in files:
        try:
            status = old.status(file.path)
            if status is None:
                continue
            if not same_state(status, file.status):
                raise OSError("it was changed during the move")
            old.unlink(file.path)
        except OSError as error:
            logger.warning("%s was copied and is not removed: %s", printable(str(file.path)), reason_of(error))
            left.append(file.path)
        old.remove_empty_folders(file.path.parent)
    _remove_traces(files, old)
    return tuple(left)


def _remove_traces(files: tuple[OwnFile, ...], old: Tree) -> None:
    """Remove the locks of downloads; and mark and folder, if Preheat made the folder and nothing else is left in it."""
    for folder in {file.path.parent for file in files if file.path.parts[0] == DOWNLOADS}:
        with suppress(OSError):
            old.unlink(folder / LOCK)
        old.remove_empty_folders(folder)
    own = OwnFolder.read(old.root)
    try:
        if own.whole and {entry.name for entry in old.root.iterdir()} <= {MARK}:
            if own.marked:
                old.unlink(PurePath(MARK))
            old.root.rmdir()
    except OSError as error:
        logger.debug("%s stays: %s", printable(str(old.root)), error)
