"""File operations: small files, atomic writes, locks between processes, checksums, and the page cache."""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Self

from preheat.units import format_bytes

BUFFER_BYTES: Final = 1 << 20
SMALL_FILE_BYTES: Final = 1 << 20
LOCK_S: Final = 10.0
_AHEAD_BYTES: Final = 16 * BUFFER_BYTES
_LOCK_POLL_S: Final = 0.02
_NEVER_BLOCK: Final = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_LOWEST_BIT: Final = bytes(value & 1 for value in range(256))

OnBytes = Callable[[int], None]
"""Called with the number of bytes since the last call. An exception from it ends the operation."""


def read_small_file(path: Path, limit_bytes: int = SMALL_FILE_BYTES) -> bytes:
    """Return the content of a regular file. Never blocks: pipes and devices are refused.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be read, is no regular file, or has more than ``limit_bytes``.
    """
    _check_kind(path, path.stat())  # opening a device may have an effect
    with os.fdopen(os.open(path, os.O_RDONLY | _NEVER_BLOCK), "rb") as file:
        _check_kind(path, os.fstat(file.fileno()))
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {format_bytes(limit_bytes)}", str(path))
    return content


def read_json(path: Path, limit_bytes: int = SMALL_FILE_BYTES) -> Any:
    """Return the content of a small JSON file.

    Raises:
        OSError: As for ``read_small_file``.
        ValueError: It is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(read_small_file(path, limit_bytes))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def check_regular(path: Path) -> None:
    """Check that a file that is going to be opened or replaced is a regular one, if it exists.

    Raises:
        OSError: It is not, such as a pipe, which would block; or its folder cannot be read.
    """
    with suppress(FileNotFoundError):
        _check_kind(path, path.stat())


def _check_kind(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def write_atomic(
    path: Path,
    content: str | bytes,
    *,
    mode: int = 0o666,
    durable: bool = True,
    before_replace: Callable[[], None] = lambda: None,
) -> None:
    """Replace a file in one step; its old content stays if that fails, and its mode in any case.

    Args:
        mode: Permissions of a new file, before the umask.
        durable: Wait until the content would survive a power cut.
        before_replace: Called when only the replacement is left; an exception from it prevents that.

    Raises:
        OSError: The file cannot be written, or what has its name is no regular file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    check_regular(path)
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            temporary.chmod(path.stat().st_mode & 0o7777)
        before_replace()
        temporary.replace(path)
    except BaseException:  # Ctrl-C too: no temporary file is left
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder survive a power cut."""
    if sys.platform == "win32":
        return  # folders cannot be opened there; NTFS journals names
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FileLock:
    """A lock between processes and threads. The system releases it when its holder ends.

    As a context manager it waits ``LOCK_S`` and then raises OSError: its holder may have been stopped. On file systems
    without locks it always succeeds. Any thread. The lock file and its folder are created.

    Args:
        mode: Permissions of a new lock file, before the umask.
    """

    def __init__(self, path: Path, mode: int = 0o666) -> None:
        self._path = path
        self._mode = mode
        self._file: IO[bytes] | None = None

    def acquire(self, timeout_s: float = 0.0) -> bool:
        """Return whether the lock was acquired in time; raises OSError if the file cannot be opened."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_regular(self._path)
        file = os.fdopen(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NEVER_BLOCK, self._mode), "ab")
        deadline = time.monotonic() + timeout_s
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                file.close()
                return False
            time.sleep(_LOCK_POLL_S)
        self._file = file
        return True

    def release(self) -> None:
        """Release the lock if it is held."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def __enter__(self) -> Self:
        if not self.acquire(LOCK_S):
            raise OSError(errno.EBUSY, "another program is changing it", str(self._path))
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # some network file systems have no locks; two processes at once are less likely than such a folder
    return True


def sha256_of(path: Path, on_bytes: OnBytes = lambda _: None) -> str:
    """Return the SHA-256 of a file in lower-case hex; may raise OSError."""
    with path.open("rb", buffering=0) as file:
        return sha256_of_open(file.fileno(), on_bytes)


def sha256_of_open(handle: int, on_bytes: OnBytes = lambda _: None) -> str:
    """Return the SHA-256 of an open file in lower-case hex; may raise OSError."""
    hasher = hashlib.sha256()
    for chunk in _chunks(handle, on_bytes):
        hasher.update(chunk)
    return hasher.hexdigest()


def copy_hashed(source: int, target: int, on_bytes: OnBytes = lambda _: None) -> str:
    """Copy the content of an open file to another, and return its SHA-256; may raise OSError."""
    hasher = hashlib.sha256()
    for chunk in _chunks(source, on_bytes):
        hasher.update(chunk)
        write_all(target, chunk)
    return hasher.hexdigest()


def copy_chunks(source: int, target: int) -> int:
    """Copy the content of an open file to another, and return its length; may raise OSError."""
    copied = 0
    for chunk in _chunks(source, lambda _: None):
        write_all(target, chunk)
        copied += len(chunk)
    return copied


def forget_pages(handle: int) -> None:
    """Drop an open file's pages from memory, where the system can: the next reading is from the disk."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def _chunks(handle: int, on_bytes: OnBytes) -> Iterator[memoryview]:
    buffer = memoryview(bytearray(BUFFER_BYTES))
    with open(handle, "rb", buffering=0, closefd=False) as file:
        file.seek(0)
        while n_bytes := file.readinto(buffer):
            on_bytes(n_bytes)
            yield buffer[:n_bytes]


def write_all(handle: int, content: memoryview) -> None:
    """Write all of the content: pipes and nearly full disks accept only a part at a time."""
    while content:
        content = content[os.write(handle, content) :]


class PageIn(NamedTuple):
    """The result of ``page_in``."""

    read_bytes: int  # bytes that were not in memory before
    complete: bool  # all files are in memory; False after a stop, or if the budget was too small
    is_known: bool = True  # the system said which bytes were in memory; otherwise everything was read


def page_in(
    files: Sequence[Path],
    on_progress: OnBytes = lambda _: None,
    *,
    stop: threading.Event | None = None,
    budget_bytes: int | None = None,
    pause: bool = False,
) -> PageIn:
    """Read the missing parts of files into the page cache, in order. Blocks; any thread. May raise OSError.

    Args:
        on_progress: Called with the total number of bytes in memory so far. It may block to delay the rest.
        stop: Checked before each MB.
        budget_bytes: The most to read; None for no limit.
        pause: Rest after each MB for as long as reading it took.
    """
    buffer = memoryview(bytearray(BUFFER_BYTES))
    stop = stop or threading.Event()
    done = read = 0
    is_known = True
    for path in files:
        pages, size = resident_pages(path), path.stat().st_size
        is_known &= pages is not None
        with path.open("rb", buffering=0) as file:
            for start in range(0, size, BUFFER_BYTES):
                if stop.is_set():
                    return PageIn(read, complete=False, is_known=is_known)
                end = min(start + BUFFER_BYTES, size)
                if pages is None or not _all_resident(pages, start, end):
                    if budget_bytes is not None and read + end - start > budget_bytes:
                        return PageIn(read, complete=False, is_known=is_known)
                    if budget_bytes is None and hasattr(os, "posix_fadvise"):
                        # The disk fetches the next parts while this one is copied.
                        os.posix_fadvise(file.fileno(), end, _AHEAD_BYTES, os.POSIX_FADV_WILLNEED)
                    began = time.perf_counter()
                    file.seek(start)
                    read += file.readinto(buffer[: end - start]) or 0
                    if pause:
                        stop.wait(time.perf_counter() - began)
                done += end - start
                on_progress(done)
    return PageIn(read, complete=True, is_known=is_known)


def _all_resident(pages: bytes, start: int, end: int) -> bool:
    part = pages[start // mmap.PAGESIZE : -(-end // mmap.PAGESIZE)]
    return part.count(1) == len(part)


def seems_resident(path: Path) -> bool:
    """Return whether samples of a file, one a MB, are all in memory. Takes some 1 ms for 1 GB. May raise OSError.

    False if the system does not say, and for files with holes.
    """
    if sys.platform != "linux":
        return False
    status, sample = path.stat(), [bytearray(1)]
    size = status.st_size
    if status.st_blocks * 512 < size:
        return False
    with path.open("rb", buffering=0) as file:
        places = (*range(0, size, BUFFER_BYTES), max(size - 1, 0))
        try:
            return all(os.preadv(file.fileno(), sample, at, os.RWF_NOWAIT) for at in places)
        except OSError:  # a page is not in memory, or this file system cannot say
            return False


def resident_share(files: Sequence[Path]) -> float | None:
    """Return the share of the files' pages that are in memory; None if unknown."""
    pages = resident = 0
    with suppress(OSError):
        for path in files:
            vector = resident_pages(path)
            if vector is None:
                return None
            pages += len(vector)
            resident += vector.count(1)
        return resident / pages if pages else None
    return None


def resident_pages(path: Path) -> bytes | None:
    """Return one byte per page of the file, 1 for a page in memory; None if unknown. May raise OSError.

    mincore(2) is truthful only for files that the caller owns or may write (Linux 5.2).
    """
    if not sys.platform.startswith(("linux", "darwin")):
        return None
    import ctypes  # here: most programs that read a file do not need it

    status = path.stat()
    if not status.st_size or not (status.st_uid == os.geteuid() or os.access(path, os.W_OK)):
        return None
    vector = (ctypes.c_ubyte * -(-status.st_size // mmap.PAGESIZE))()
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), status.st_size, access=mmap.ACCESS_COPY) as mapping:
        anchor = ctypes.c_char.from_buffer(mapping)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(anchor)), ctypes.c_size_t(status.st_size), vector)
        del anchor  # a mapping with a pointer into it cannot be closed
    # Only the lowest bit counts; macOS sets others.
    return None if failed else bytes(vector).translate(_LOWEST_BIT)
