"""Access to the files below a folder, without following links.

Every component is opened by its name in the open folder above it (``openat`` with ``O_NOFOLLOW``): a folder that is
replaced by a link in the middle of an operation leads nowhere. Where the system cannot do that, links are looked for
first.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import Final, Self

from preheat.files import OnBytes, copy_hashed, forget_pages, sha256_of_open, sync_folder

_BY_DESCRIPTOR: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW") and hasattr(os, "O_DIRECTORY")
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_LINK
# Passes through folders that may be entered but not listed.
_PASSAGE: Final = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _NO_LINK
_NON_BLOCKING: Final = getattr(os, "O_NONBLOCK", 0)  # opening a named pipe does not wait
COPYING: Final = ".preheat-copying-"
"""Begins the names of unfinished copies."""


class ChangedMeanwhileError(OSError):
    """A file or folder was changed during the operation."""

    def __init__(self, path: object) -> None:
        super().__init__(errno.EBUSY, "it was changed in the meantime", str(path))


class Tree:
    """An open folder, as a context manager. Any thread; all methods block on the disk and may raise OSError.

    Relative paths have no ``..``.

    Args:
        root: Absolute and without links, as ``os.path.realpath`` returns it.
        create: Create the folder and those above it.
        passing: The folder may be one that cannot be listed.
    """

    def __init__(self, root: Path, *, create: bool = False, passing: bool = False) -> None:
        self.root = root
        self._handle: int | None = None
        if _BY_DESCRIPTOR:
            last = _PASSAGE if passing else _FOLDER
            self._handle = _descend(os.open(root.anchor, _PASSAGE), root.parts[1:], create=create, last=last)
        elif create:
            root.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)

    @contextmanager
    def at(self, relative: PurePath, *, create: bool = False) -> Iterator[tuple[str, int | None]]:
        """Yield the arguments ``path`` and ``dir_fd`` of functions in ``os``; ``create`` makes the folders."""
        *above, name = relative.parts
        if self._handle is None:
            path = self.root
            for part in above:
                path /= part
                if create:
                    path.mkdir(exist_ok=True)
                if path.is_symlink() or os.path.realpath(path) != str(path):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            yield str(path / name), None
            return
        handle = _descend(os.dup(self._handle), above, create=create, last=_FOLDER)
        try:
            yield name, handle
        finally:
            os.close(handle)

    def status(self, relative: PurePath) -> os.stat_result | None:
        """Return a file's status, of a link its own; None if there is none."""
        try:
            with self.at(relative) as (name, folder):
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def destination(self, relative: PurePath) -> str:
        """Return where a link leads, independent of its own place."""
        with self.at(relative) as (name, folder):
            return os.path.normpath(self.root / relative.parent / os.readlink(name, dir_fd=folder))

    @contextmanager
    def reading(self, relative: PurePath) -> Iterator[int]:
        """Yield the descriptor of a regular file; another kind of file is an OSError."""
        with self.at(relative) as (name, folder):
            handle = os.open(name, os.O_RDONLY | _NON_BLOCKING | _NO_LINK, dir_fd=folder)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file", str(self.root / relative))
            yield handle
        finally:
            os.close(handle)

    def sha256(self, relative: PurePath, on_bytes: OnBytes = lambda _: None) -> str:
        """Return the checksum of a regular file in lower-case hex."""
        with self.reading(relative) as handle:
            return sha256_of_open(handle, on_bytes)

    def symlink(self, destination: str, relative: PurePath) -> None:
        """Make a link."""
        with self.at(relative, create=True) as (name, folder):
            os.symlink(destination, name, dir_fd=folder)
            self._sync(relative, folder)

    def link_from(self, source: Tree, path: PurePath, relative: PurePath) -> bool:
        """Give a file of another tree a second name here; return False where the disks cannot.

        Raises:
            FileExistsError: There is a file of this name already.
        """
        with source.at(path) as (old_name, old_folder), self.at(relative, create=True) as (name, folder):
            try:
                os.link(old_name, name, src_dir_fd=old_folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                raise
            except (OSError, NotImplementedError):
                return False
            self._sync(relative, folder)
            return True

    def copy_from(self, source: Tree, path: PurePath, relative: PurePath, on_bytes: OnBytes = lambda _: None) -> None:
        """Copy a regular file of another tree, and read the copy back before it gets its name.

        Raises:
            FileExistsError: There is a file of this name already.
            ChangedMeanwhileError: The file was changed while it was copied.
        """
        self.discard_unfinished(relative)
        temporary = unfinished_copy(relative)
        self.copy_unnamed(source, path, temporary, on_bytes)
        try:
            self.rename(temporary, relative)
        except BaseException:
            self.unlink(temporary)
            raise

    def discard_unfinished(self, relative: PurePath) -> None:
        """Remove the copy that ``copy_from`` left unfinished when its process was killed, if there is one."""
        with suppress(OSError):
            self.unlink(unfinished_copy(relative))

    def copy_unnamed(
        self, source: Tree, path: PurePath, temporary: PurePath, on_bytes: OnBytes = lambda _: None
    ) -> None:
        """Copy a regular file of another tree and read the copy back, for a caller that renames it.

        Raises:
            ChangedMeanwhileError: The file was changed while it was copied.
        """
        try:
            with source.reading(path) as old, self._created(temporary) as new:
                before = os.fstat(old)
                left = before.st_size

                def count(n_bytes: int) -> None:
                    nonlocal left
                    left -= n_bytes
                    if left < 0:  # it grows, perhaps without end
                        raise ChangedMeanwhileError(source.root / path)
                    on_bytes(n_bytes)

                copied = copy_hashed(old, new, count)
                os.fsync(new)
                forget_pages(new)  # the copy is read from the disk
                if os.fstat(new).st_size != before.st_size or copied != sha256_of_open(new):
                    raise OSError(errno.EIO, "the copy differs from the original", str(self.root / temporary))
                if not same_state(before, os.fstat(old)):
                    raise ChangedMeanwhileError(source.root / path)
                _copy_attributes(before, new)
        except BaseException:
            with suppress(OSError):
                self.unlink(temporary)
            raise

    def clone_from(self, source: Tree, path: PurePath, relative: PurePath) -> bool:
        """Make a copy-on-write clone; return False where the disk cannot (only btrfs, XFS and the like can)."""
        try:
            import fcntl
        except ImportError:
            return False
        ficlone = 0x40049409  # include/uapi/linux/fs.h
        try:
            with source.reading(path) as old, self._created(relative) as new:
                fcntl.ioctl(new, ficlone, old)
                _copy_attributes(os.fstat(old), new)
                os.fsync(new)
        except OSError:
            with suppress(OSError):
                self.unlink(relative)
            return False
        return True

    def rename(self, relative: PurePath, target: PurePath, *, replace: bool = False) -> None:
        """Rename a file durably.

        Raises:
            FileExistsError: There is a file of the new name already, and it is not to be replaced.
        """
        with self.at(relative) as (old_name, old_folder), self.at(target, create=True) as (name, folder):
            if replace:
                os.replace(old_name, name, src_dir_fd=old_folder, dst_dir_fd=folder)
            else:
                _rename_new(old_name, old_folder, name, folder)
            self._sync(target, folder)

    def unlink(self, relative: PurePath) -> None:
        """Delete a file; of a link, the link."""
        with self.at(relative) as (name, folder):
            os.unlink(name, dir_fd=folder)
            with suppress(OSError):  # at worst a power cut brings it back
                self._sync(relative, folder)

    def remove_empty_folders(self, relative: PurePath) -> None:
        """Remove a folder below the root, and those above it, while they are empty."""
        while relative.parts:
            try:
                with self.at(relative) as (name, folder):
                    os.rmdir(name, dir_fd=folder)
            except OSError:
                return
            relative = relative.parent

    def still_there(self) -> bool:
        """Return whether the root's path still leads to this folder."""
        if self._handle is None:
            return self.root.is_dir()
        try:
            now = self.root.lstat()
        except OSError:
            return False
        return os.path.samestat(now, os.fstat(self._handle)) and os.path.realpath(self.root) == str(self.root)

    @contextmanager
    def _created(self, relative: PurePath) -> Iterator[int]:
        with self.at(relative, create=True) as (name, folder):
            handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600, dir_fd=folder)
        try:
            yield handle
        finally:
            os.close(handle)

    def _sync(self, relative: PurePath, folder: int | None) -> None:
        if folder is not None:
            os.fsync(folder)
        else:
            sync_folder((self.root / relative).parent)


def same_state(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether both are the status of one file in one state."""
    return os.path.samestat(one, other) and (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def unfinished_copy(relative: PurePath) -> PurePath:
    """Return the name of a file's unfinished copy: always the same, so that the next attempt finds it."""
    digest = hashlib.sha256(os.fsencode(relative.name)).hexdigest()
    return relative.with_name(f"{COPYING}{digest[:12]}")


def _descend(handle: int, parts: tuple[str, ...] | list[str], *, create: bool, last: int) -> int:
    """Return the descriptor of a folder below an open one, which is closed."""
    try:
        for number, part in enumerate(parts, 1):
            flags = last if number == len(parts) else _PASSAGE
            try:
                below = os.open(part, flags, dir_fd=handle)
            except FileNotFoundError:
                if not create:
                    raise
                _make_folder(part, handle)
                below = os.open(part, flags, dir_fd=handle)
            os.close(handle)
            handle = below
    except BaseException:
        os.close(handle)
        raise
    return handle


def _make_folder(name: str, above: int) -> None:
    with suppress(FileExistsError):  # just now
        os.mkdir(name, dir_fd=above)
    with suppress(OSError):  # a folder that cannot be listed cannot be synchronised either
        handle = os.open(".", _FOLDER, dir_fd=above)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _rename_new(old_name: str, old_folder: int | None, name: str, folder: int | None) -> None:
    """Rename a file, never over another one."""
    try:
        os.link(old_name, name, src_dir_fd=old_folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a file system without hard links
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
        os.rename(old_name, name, src_dir_fd=old_folder, dst_dir_fd=folder)
    else:
        os.unlink(old_name, dir_fd=old_folder)


def _copy_attributes(status: os.stat_result, handle: int) -> None:
    with suppress(OSError, NotImplementedError):  # FAT knows neither
        if os.utime in os.supports_fd:
            os.fchmod(handle, stat.S_IMODE(status.st_mode) & 0o777)
            os.utime(handle, ns=(status.st_atime_ns, status.st_mtime_ns))
