"""Moves the models folder to another place, so that nothing is lost wherever it fails.

Copy, check, switch, remove: the files stay in the old folder until every copy was read back and the setting names the
new one. Done again after a failure, it goes on: what was copied and checked is not copied again.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from preheat.errors import FolderError, ModelExistsError, SettingsError
from preheat.files import OnBytes, copy_hashed, move_into_place, remove_empty_folders, sha256_of
from preheat.models.space import check_room
from preheat.settings.layers import variable_of

logger = logging.getLogger(__name__)

_COPYING: Final = ".preheat-copying"


def move_folder(
    old: Path, new: Path, switch: Callable[[Path], None], on_bytes: OnBytes = lambda _: None
) -> tuple[Path, ...]:
    """Move everything in ``old`` to ``new``. Blocks; nothing else may change the folders meanwhile.

    Args:
        old: Preheat's own folder of models; need not exist.
        new: Where it is to be; a folder that exists may hold other files.
        switch: Makes the setting name the new folder; what it raises ends the move, with nothing lost.
        on_bytes: Told how many bytes were copied, as they are; what it raises ends the move likewise.

    Returns:
        The old files that could not be removed; empty if all is well.

    Raises:
        FolderError: The new folder does not do, or one cannot be read or written.
        ModelExistsError: The new folder has another file of the same name.
        DiskFullError: There is no room.
    """
    new = Path(os.path.realpath(new.expanduser().absolute()))
    old = Path(os.path.realpath(old))
    if new == old:
        raise FolderError(f"The models are in {new} already", hint="Name another folder")
    if new.is_relative_to(old) or old.is_relative_to(new):
        raise FolderError(f"{new} and {old} lie in one another", hint="Choose a folder beside it")
    try:
        if _renamed(old, new, switch):
            return ()
        files = list(_files(old))
        left_to_copy = [file for file in files if not _is_copied(file, new / file.relative_to(old))]
        check_room(new, sum(file.stat().st_size for file in left_to_copy if not file.is_symlink()), "the models")
        for file in left_to_copy:
            _copy(file, new / file.relative_to(old), on_bytes)
    except OSError as error:
        at = error.filename or new
        raise FolderError(
            f"The models cannot be moved: {at}: {error.strerror or error}",
            hint="Nothing is lost: they are where they were. Check the folder's disk and permissions",
        ) from error
    switch(new)
    return _remove(files, old)


def write_setting(folder: Path) -> None:
    """Let the setting ``models_dir`` name a folder.

    Raises:
        SettingsError: It cannot be written, or a variable goes before it.
    """
    from preheat.settings.file import set_value

    variable = variable_of("models_dir")
    if variable in os.environ:
        raise SettingsError(f"{variable} names the models folder", hint=f"Unset {variable}, then move it")
    set_value("models_dir", str(folder))


def folder_bytes(folder: Path) -> int:
    """Return what there is to move, for a progress bar. Blocks on the disk."""
    return sum(file.lstat().st_size for file in _files(folder))


def _renamed(old: Path, new: Path, switch: Callable[[Path], None]) -> bool:
    """Rename the folder, which takes no time, if that is possible."""
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
        # A link to a folder is moved as what it is.
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in (*sorted(names), *links):
            yield Path(root) / name


def _is_copied(file: Path, target: Path) -> bool:
    """Whether an earlier try has copied the file.

    Raises:
        ModelExistsError: Another file has its name.
    """
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
        raise ModelExistsError(
            f"There is another {target.name} in {target.parent} already",
            hint="Nothing was moved. Choose an empty folder, or rename one of the two",
        )
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
    """Return where a link leads, independent of where it lies."""
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
