"""Writing blocks: whole or not at all, and within the limits of their tier.

Whoever writes takes the tier's lock, makes room, and creates the file in its final length under a temporary name. So
the files themselves say how much is taken, whichever process writes them, and a full disk is noticed before anything is
written.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from preheat.files import copy_chunks, write_all
from preheat.inference.prefixes.blocks import Block
from preheat.inference.prefixes.header import encode_header
from preheat.inference.prefixes.reading import block_path, read_header
from preheat.inference.prefixes.removal import Candidate
from preheat.inference.prefixes.tier import (
    TEMPORARY,
    Limits,
    candidate_of,
    locked,
    read_day,
    remove,
    remove_least,
    taken_bytes,
    write_day,
)

_MORE: Final = 64
"""A full tier is emptied by this part of it at once."""

_NO_FALLOCATE: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class NoRoomError(OSError):
    """The limits of a tier do not allow a file.

    Attributes:
        full: All that is there is worth more. Otherwise nothing may be written for now.
    """

    def __init__(self, reason: str, *, full: bool = False) -> None:
        super().__init__(errno.ENOSPC, reason)
        self.full = full


def write_block(folder: Path, block: Block, payload: bytes | bytearray | memoryview) -> Path:
    """Write a block's file into a model's folder, and return its path. Blocks on the disk; any thread.

    The folder is created; the one above it, the tier, must exist.

    Raises:
        NoRoomError: The limits of the tier do not allow it.
        OSError: It cannot be written. Nothing is left over.
    """
    cells = memoryview(payload).cast("B")
    header = encode_header(block, cells)
    path = block_path(folder, block.key)
    with new_file(path, candidate_of(block, len(header) + len(cells), time.time())) as handle:
        write_all(handle, memoryview(header))
        write_all(handle, cells)
    return path


def copy_block(source: Path, folder: Path, *, synced: bool = True) -> Path | None:
    """Copy a block's file into a model's folder in another tier, and return the path; None if it is no block's file.

    Args:
        synced: Wait until it would survive a power cut. Otherwise it may be damaged after one, which is noticed.

    Raises:
        NoRoomError: The limits of the tier do not allow it.
        OSError: It cannot be read or written. Nothing is left over.
    """
    block = read_header(source)
    if block is None:
        return None
    with source.open("rb", buffering=0) as file:
        status, path = os.fstat(file.fileno()), folder / source.name
        with new_file(path, candidate_of(block, status.st_size, status.st_mtime), synced=synced) as handle:
            copied = copy_chunks(file.fileno(), handle)
            if copied != status.st_size:
                raise OSError(errno.EIO, "the file has changed", str(source))
        with suppress(OSError):
            os.utime(path, (status.st_mtime, status.st_mtime))
    return path


@contextmanager
def new_file(path: Path, block: Candidate, *, synced: bool = True) -> Iterator[int]:
    """Yield the handle of a new file that gets its name at the end, and is removed after an exception. Any thread.

    Raises:
        NoRoomError: The limits do not allow it.
        OSError: The file cannot be written.
    """
    temporary = path.parent / f".{path.stem}.{os.urandom(4).hex()}{TEMPORARY}"
    try:
        with locked(path.parent.parent) as limits:
            make_private(path.parent)
            durable = limits is None or limits.durable
            if limits is not None:
                _check_room(path.parent.parent, limits, block)
            handle = _create(temporary, block.n_bytes, reserve=durable)
            if limits is not None and limits.daily_bytes is not None:
                _count(path.parent.parent, block.n_bytes)
        try:
            yield handle
            if durable and synced:
                os.fsync(handle)
            if sys.platform != "win32":  # there, only closed files can be renamed
                temporary.replace(path)
        finally:
            os.close(handle)
        if sys.platform == "win32":
            temporary.replace(path)
    except BaseException:  # Ctrl-C too: no temporary file is left
        remove(temporary)
        raise


def make_private(folder: Path) -> None:
    """Create a folder that only this user can enter, or make it one. Its parent must exist.

    Raises:
        OSError: It cannot be created, is no folder, or belongs to another user.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    if not folder.is_dir() or folder.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
    if not hasattr(os, "geteuid"):
        return  # Windows: the access list of the parent decides
    status = folder.lstat()
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, "the folder belongs to another user", str(folder))
    if status.st_mode & 0o777 != 0o700:
        folder.chmod(0o700)


def _check_room(tier: Path, limits: Limits, new: Candidate) -> None:
    """Check that a file may be written, and remove others for it; raises NoRoomError."""
    if not limits.writable:
        raise NoRoomError("nothing is written for now")
    if limits.daily_bytes is not None and read_day(tier).written_bytes + new.n_bytes > limits.daily_bytes:
        raise NoRoomError("enough has been written today")
    excess = taken_bytes(tier) + new.n_bytes - limits.max_bytes
    if excess > 0 and not (limits.evicts and remove_least(tier, excess, new, limits.max_bytes // _MORE)):
        raise NoRoomError("all that is there is worth more", full=True)


def _count(tier: Path, n_bytes: int) -> None:
    day = read_day(tier)
    write_day(tier, day._replace(written_bytes=day.written_bytes + n_bytes))


def _create(path: Path, n_bytes: int, *, reserve: bool) -> int:
    """Create a file of this length, and return its handle. It is locked while it is open."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        _lock_file(handle)
        _allocate(handle, n_bytes, reserve=reserve)
    except BaseException:  # Ctrl-C too: the handle is not leaked
        os.close(handle)
        raise
    return handle


def _allocate(handle: int, n_bytes: int, *, reserve: bool) -> None:
    """Give a file its length, and the space on its disk where the system can reserve it."""
    if reserve and hasattr(os, "posix_fallocate") and n_bytes:
        try:
            os.posix_fallocate(handle, 0, n_bytes)
        except OSError as error:
            if error.errno not in _NO_FALLOCATE:
                raise
        else:
            return
    os.ftruncate(handle, n_bytes)


def _lock_file(handle: int) -> None:
    """Lock a file while it is open, so that others see that its writer lives. Windows needs no lock for that."""
    if sys.platform != "win32":
        import fcntl

        with suppress(OSError):  # no locks on this file system: its age decides
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
