"""Room for new files: the folder of a tier with its limits, kept by every process that writes there.

A tier is a folder with one folder per model. Whoever writes takes the tier's lock, makes room, and creates the file in
its final length under a temporary name. So the files themselves say how much is taken, whichever process writes them,
and a full disk is noticed before anything is written. The engine writes the limits (``preheat.prefixes``); a folder
without limits is filled without any.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from preheat.clock import read_ticks
from preheat.files import FileLock, copy_chunks, read_json, write_all, write_atomic
from preheat.inference.prefixes.blocks import Block
from preheat.inference.prefixes.day import Day, day_from_json, day_now, to_midnight
from preheat.inference.prefixes.header import encode_header
from preheat.inference.prefixes.reading import SUFFIX, read_header
from preheat.inference.prefixes.removal import Candidate, plan_removal

TEMPORARY: Final = ".tmp"

_LIMITS: Final = "limits.json"
_DAY: Final = "written.json"
_LOCK: Final = ".lock"
_NAME: Final = re.compile(r"[0-9a-f]{32}\.prefix|\.[0-9a-f]{32}\.[0-9a-f]{8}\.tmp")
_NO_FALLOCATE: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
_ABANDONED_AFTER_S: Final = 3600.0


class Limits(NamedTuple):
    """Limits of a tier."""

    max_bytes: int  # of all its files, those being written included
    daily_bytes: int | None = None  # written a day; None for any number
    writable: bool = True  # False: nothing is written for now
    evicts: bool = True  # remove what is worth least for something worth more; otherwise it is full when it is full
    durable: bool = True  # wait until a file would survive a power cut


class NoRoomError(OSError):
    """The limits of a tier do not allow a file.

    Attributes:
        full: All that is there is worth more. Otherwise nothing may be written for now.
    """

    def __init__(self, reason: str, *, full: bool = False) -> None:
        super().__init__(errno.ENOSPC, reason)
        self.full = full


class FoundFile(NamedTuple):
    """A block's file in a tier, or one being written."""

    path: Path
    n_bytes: int
    used_at: float
    inode: int

    @property
    def temporary(self) -> bool:
        """Whether it is still being written."""
        return self.path.suffix == TEMPORARY


def write_block(folder: Path, block: Block, payload: bytes | bytearray | memoryview) -> Path:
    """Write a block's file into a model's folder, and return its path. Blocks on the disk; any thread.

    The folder is created; the one above it, the tier, must exist.

    Raises:
        NoRoomError: The limits of the tier do not allow it.
        OSError: It cannot be written. Nothing is left over.
    """
    cells = memoryview(payload).cast("B")
    header = encode_header(block, cells)
    path = folder / f"{block.key.hex()}{SUFFIX}"
    with new_file(path, _candidate_of(block, len(header) + len(cells), time.time())) as handle:
        write_all(handle, memoryview(header))
        write_all(handle, cells)
    return path


def copy_block(source: Path, folder: Path) -> Path | None:
    """Copy a block's file into a model's folder in another tier, and return the path; None if it is no block's file.

    Raises:
        NoRoomError: The limits of the tier do not allow it.
        OSError: It cannot be read or written. Nothing is left over.
    """
    block = read_header(source)
    if block is None:
        return None
    with source.open("rb", buffering=0) as file:
        status, path = os.fstat(file.fileno()), folder / source.name
        with new_file(path, _candidate_of(block, status.st_size, status.st_mtime)) as handle:
            copied = copy_chunks(file.fileno(), handle)
            if copied != status.st_size:
                raise OSError(errno.EIO, "the file has changed", str(source))
        with suppress(OSError):
            os.utime(path, (status.st_mtime, status.st_mtime))
    return path


@contextmanager
def new_file(path: Path, block: Candidate) -> Iterator[int]:
    """Yield the handle of a new file that gets its name at the end, and is removed after an exception. Any thread.

    Raises:
        NoRoomError: The limits do not allow it.
        OSError: The file cannot be written.
    """
    folder, tier = path.parent, path.parent.parent
    temporary = folder / f".{path.stem}.{os.urandom(4).hex()}{TEMPORARY}"
    handle = -1
    try:
        with locked(tier) as limits:
            make_private(folder)
            if limits is not None:
                day = _make_room(tier, limits, block)
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            _lock_file(handle)
            durable = limits is None or limits.durable
            _allocate(handle, block.n_bytes, reserve=durable)
            if limits is not None and limits.daily_bytes is not None:
                write_day(tier, day._replace(written_bytes=day.written_bytes + block.n_bytes))
        yield handle
        if durable:
            os.fsync(handle)
        os.close(handle)
        handle = -1
        temporary.replace(path)
    except BaseException:
        if handle >= 0:
            os.close(handle)
        with suppress(OSError):
            temporary.unlink()
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


@contextmanager
def locked(tier: Path) -> Iterator[Limits | None]:
    """Hold a tier's lock, and yield its limits; None if it has none, and then there is no lock either.

    Raises:
        OSError: The lock is held for long, or cannot be opened.
    """
    if not (tier / _LIMITS).exists():
        yield None
        return
    with FileLock(tier / _LOCK, mode=0o600):
        yield read_limits(tier)


def read_limits(tier: Path) -> Limits | None:
    """Return the limits of a tier; None if it has none. Nothing may be written if they cannot be read."""
    try:
        limits = Limits(**read_json(tier / _LIMITS))
        return limits._replace(max_bytes=int(limits.max_bytes), daily_bytes=_optional_int(limits.daily_bytes))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return Limits(0, writable=False)


def _optional_int(value: int | None) -> int | None:
    return None if value is None else int(value)


def write_limits(tier: Path, limits: Limits) -> None:
    """Set the limits of a tier; every process observes them with the next file. Raises OSError."""
    write_atomic(tier / _LIMITS, json.dumps(limits._asdict()), mode=0o600, durable=False)


def read_day(tier: Path) -> Day:
    """Return what has been written today."""
    try:
        before = day_from_json(read_json(tier / _DAY))
    except (OSError, ValueError):
        before = Day()
    now = time.time()
    return day_now(before, now, read_ticks(), to_midnight(now))


def write_day(tier: Path, day: Day) -> None:
    """Keep what has been written today. Raises OSError."""
    write_atomic(tier / _DAY, json.dumps(day._asdict()), mode=0o600, durable=False)


def files_in(tier: Path) -> Iterator[FoundFile]:
    """Yield the blocks' files of all models, also those being written; other files are ignored. Never raises."""
    for folder in _folders(tier):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    with suppress(OSError):  # it has just been removed
                        status = entry.stat(follow_symlinks=False)
                        yield FoundFile(Path(entry.path), status.st_size, status.st_mtime, status.st_ino)


def make_room(tier: Path, excess_bytes: int) -> int:
    """Remove what is worth least until this much is freed, and return the bytes freed. Call it with the lock held."""
    files = [file for file in files_in(tier) if not file.temporary]
    candidates = [_candidate(file) for file in files]
    return sum(_remove(files[index]) for index in plan_removal(candidates, excess_bytes, time.time()))


def remove_abandoned(tier: Path) -> None:
    """Remove the unfinished files of processes that have ended. Call it with the lock held."""
    for file in files_in(tier):
        if file.temporary and _is_abandoned(file):
            _remove(file)


def remove_empty_folders(tier: Path) -> None:
    """Remove the folders of models without blocks. Call it with the lock held."""
    for folder in _folders(tier):
        with suppress(OSError):
            folder.rmdir()


def _make_room(tier: Path, limits: Limits, new: Candidate) -> Day:
    """Check that a file may be written, and remove others for it. Returns what was written today."""
    if not limits.writable:
        raise NoRoomError("nothing is written for now")
    day = read_day(tier)
    if limits.daily_bytes is not None and day.written_bytes + new.n_bytes > limits.daily_bytes:
        write_day(tier, day)
        raise NoRoomError("enough has been written today")
    files = list(files_in(tier))
    excess = sum(file.n_bytes for file in files) + new.n_bytes - limits.max_bytes
    if excess > 0:
        finished = [file for file in files if not file.temporary]
        removed = plan_removal([*map(_candidate, finished), new], excess, time.time())
        freed = sum(finished[index].n_bytes for index in removed if index < len(finished))
        if not limits.evicts or freed < excess or len(finished) in removed:
            raise NoRoomError(
                "the prefix cache is full", full=True
            )  # also if the new file is worth less than all others
        for index in removed:
            _remove(finished[index])
    return day


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


def _is_abandoned(file: FoundFile) -> bool:
    if sys.platform == "win32":
        return True  # a file in use cannot be removed there
    import fcntl

    try:
        handle = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return abs(time.time() - file.used_at) > _ABANDONED_AFTER_S
    finally:
        os.close(handle)
    return True


def _candidate(file: FoundFile) -> Candidate:
    return _known(file.path, file.inode, file.n_bytes)._replace(used_at=file.used_at)


@lru_cache(maxsize=1 << 15)
def _known(path: Path, inode: int, n_bytes: int) -> Candidate:
    """Return what a file's header says. Files keep their content; one that replaces another has another inode."""
    block = read_header(path)
    if block is None:
        return Candidate(path.name.encode(), b"damaged", True, n_bytes, 0.0, 0.0, damaged=True)
    return _candidate_of(block, n_bytes, 0.0)


def _candidate_of(block: Block, n_bytes: int, used_at: float) -> Candidate:
    return Candidate(block.key, block.parent, block.start == 0, n_bytes, block.seconds, used_at)


def _remove(file: FoundFile) -> int:
    try:
        file.path.unlink()
    except OSError:  # it is gone, or in use on Windows
        return 0
    return file.n_bytes


def _folders(tier: Path) -> list[Path]:
    try:
        return [path for path in tier.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []
