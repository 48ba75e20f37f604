"""Moves the models folder to another place without losing anything, wherever it fails.

Copy, check, switch, remove: the files stay in the old folder until every copy was read back and the setting names the
new folder. A repeated move continues: files that were copied and checked are not copied again.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from preheat.errors import FolderError, ModelExistsError, SettingsError, reason_of
from preheat.files import OnBytes, copy_hashed, move_into_place, remove_empty_folders, sha256_of
from preheat.messages import msg
from preheat.models.space import check_space
from preheat.settings import SettingsStore

logger = logging.getLogger(__name__)

_COPYING: Final = ".preheat-copying"


def move_folder(
    old: Path, new: Path, switch: Callable[[Path], None], on_bytes: OnBytes = lambda _: None
) -> tuple[Path, ...]:
    """Move everything in ``old`` to ``new``, and return the old files that could not be removed.

    Blocks; nothing else may change the folders during the move.

    Args:
        old: Preheat's own models folder; need not exist.
        new: An existing folder may hold other files.
        switch: Makes the setting name the new folder; an exception from it ends the move, with nothing lost.
        on_bytes: Called with the number of bytes copied; an exception from it ends the move too.

    Raises:
        FolderError, ModelExistsError, DiskFullError: The new folder is unsuitable, or a file cannot be moved.
    """
    new = Path(os.path.realpath(new.expanduser().absolute()))
    old = Path(os.path.realpath(old))
    if new == old:
        raise FolderError(msg("move_same_folder", folder=str(new)))
    if new.is_relative_to(old) or old.is_relative_to(new):
        raise FolderError(msg("move_nested_folders", new=str(new), old=str(old)))
    try:
        if _renamed(old, new, switch):
            return ()
        files = list(_files(old))
        remaining = [file for file in files if not _is_copied(file, new / file.relative_to(old))]
        needed = sum(file.stat().st_size for file in remaining if not file.is_symlink())
        check_space(new, needed, "disk_full_for_models")
        for file in remaining:
            _copy(file, new / file.relative_to(old), on_bytes)
    except OSError as error:
        raise FolderError(msg("move_failed", path=str(error.filename or new), reason=reason_of(error))) from error
    switch(new)
    return _remove(files, old)


def write_setting(folder: Path) -> None:
    """Set ``models_dir``; raises ``SettingsError`` if it cannot be written, or an environment variable overrides it."""
    store = SettingsStore()
    source = store.overriding_source("models_dir")
    if source:
        raise SettingsError(msg("move_variable_set", variable=source))
    store.set({"models_dir": str(folder)})


def folder_bytes(folder: Path) -> int:
    """Return the size of everything in the folder, for a progress bar. Blocks on the disk."""
    return sum(file.lstat().st_size for file in _files(folder))


def _renamed(old: Path, new: Path, switch: Callable[[Path], None]) -> bool:
    """Rename the folder, if possible; this is immediate."""
    if not old.is_dir() or (new.is_dir() and any(new.iterdir())):
        return False
    new.parent.mkdir(parents=True, exist_ok=True)
    if new.is_dir():
        new.rmdir()
    try:
        old.rename(new)
    except OSError:
        return False  # another disk
    try:
        switch(new)
    except BaseException:  # Ctrl-C too: the setting must never name a folder that is not there
        new.rename(old)
        raise
    return True


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        # A link to a folder is moved as a link.
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in (*sorted(names), *links):
            yield Path(root) / name


def _is_copied(file: Path, target: Path) -> bool:
    """Return whether an earlier attempt has copied the file; raises ``ModelExistsError`` if another has its name."""
    if not target.is_symlink() and not target.exists():
        return False
    if file.is_symlink() or target.is_symlink():
        same = file.is_symlink() and target.is_symlink() and _destination(file) == _destination(target)
    else:
        before, after = file.stat(), target.stat()
        same = before.st_size == after.st_size and (
            before.st_mtime_ns == after.st_mtime_ns or sha256_of(file) == sha256_of(target)
        )
    if not same:
        raise ModelExistsError(msg("move_name_taken", file=target.name, folder=str(target.parent)))
    return True


def _copy(file: Path, target: Path, on_bytes: OnBytes) -> None:
    """Copy a file and read the copy back before it gets its name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_symlink():
        target.symlink_to(_destination(file))
        return
    temporary = target.with_name(f".{target.name}{_COPYING}")
    try:
        if copy_hashed(file, temporary, on_bytes) != sha256_of(temporary):
            raise OSError(5, "the copy differs from the original", str(target))
        shutil.copystat(file, temporary)
        move_into_place(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _destination(link: Path) -> str:
    """Return where a link leads, independent of its own place."""
    return os.path.normpath(link.parent / link.readlink())


def _remove(files: list[Path], old: Path) -> tuple[Path, ...]:
    left = []
    for file in files:
        try:
            file.unlink()
        except OSError as error:
            logger.warning("%s was copied and cannot be removed: %s", file, error)
            left.append(file)
        remove_empty_folders(file.parent, old)
    if not left and old.is_dir() and not any(old.iterdir()):
        old.rmdir()
    return tuple(left)
