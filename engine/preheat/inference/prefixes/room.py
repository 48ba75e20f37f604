"""Room for new files: the folder of a tier with its limits, kept by every process that writes there.

A tier is a folder with one folder per model. Whoever writes takes the tier's lock, makes room, and creates the file in
its final length under a temporary name: so the files themselves say how much is taken, also by other processes, and a
full disk is noticed before anything is written. The engine writes the limits (``preheat.prefixes``).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from preheat.inference.prefixes.blocks import Block

TEMPORARY: Final = ".tmp"


@contextmanager
def new_file(path: Path, n_bytes: int, block: Block) -> Iterator[int]:
    """Yield the handle of a new file that gets its name at the end, and is removed after an exception.

    Raises:
        OSError: There is no room, or the file cannot be written.
    """
    folder = path.parent
    make_private(folder)
    temporary = folder / f".{path.stem}.{os.urandom(4).hex()}{TEMPORARY}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        try:
            _allocate(handle, n_bytes)
            yield handle
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def make_private(folder: Path) -> None:
    """Create a folder that only this user can enter, or make it one.

    Raises:
        OSError: It cannot be created, is no folder, or belongs to another user.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not hasattr(os, "geteuid"):
        return
    status = folder.lstat()
    if status.st_uid != os.geteuid() or folder.is_symlink():
        raise PermissionError(errno.EPERM, "the folder is a link or belongs to another user", str(folder))
    if status.st_mode & 0o777 != 0o700:
        folder.chmod(0o700)


def _allocate(handle: int, n_bytes: int) -> None:
    """Give a file its length, and the space for it where the system can."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, n_bytes)
    else:
        os.ftruncate(handle, n_bytes)
