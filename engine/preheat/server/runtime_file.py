"""The file that gives this user's programs the port's address and the secret that proves that they are this user's."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from preheat import paths
from preheat._version import __version__
from preheat.errors import FolderError, file_error
from preheat.files import read_small_file, write_atomic
from preheat.messages import Message, msg


def check_runtime_folder() -> None:
    """Create the runtime folder, or check that only this user can access it.

    Raises:
        FolderError, DiskFullError: It cannot be used.
    """
    folder = paths.runtime_dir()
    try:
        if not os.path.lexists(folder):
            folder.mkdir(mode=0o700, parents=True)
        problem = runtime_folder_problem(folder)
        if problem is not None:
            raise FolderError(msg("runtime_folder_unsafe", path=str(folder), problem=problem))
        if folder.lstat().st_mode & 0o077 and os.name == "posix":  # in Windows, a user's profile is private
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(error, folder) from error


def runtime_folder_problem(folder: Path) -> Message | None:
    """Return why the runtime folder is not safe; None if it is. May raise OSError."""
    status = folder.lstat()
    # Others could have put their files there, and would receive this user's requests.
    if stat.S_ISLNK(status.st_mode):
        return msg("is_link")
    if not stat.S_ISDIR(status.st_mode):
        return msg("is_no_folder")
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        return msg("belongs_to_another_user")
    if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return msg("others_can_write")
    return None


def _unusable(error: OSError, path: Path) -> Exception:
    return file_error("runtime_folder_unusable", error, path)


@contextmanager
def runtime_file(host: str, port: int, own_key: str) -> Iterator[None]:
    """Keep the file while the block runs; only this user can read it.

    A second Preheat on another port replaces the file; the first one then leaves it alone.

    Raises:
        FolderError, DiskFullError: It cannot be written.
    """
    path = paths.runtime_file()
    content = {"pid": os.getpid(), "host": host, "port": port, "key": own_key}
    content |= {"version": __version__, "started_at": time.time()}
    text = json.dumps(content).encode()
    check_runtime_folder()
    try:
        with suppress(FileNotFoundError):
            path.chmod(0o600)  # the new file keeps an old one's mode
        write_atomic(path, text, mode=0o600, durable=False)
    except OSError as error:
        raise _unusable(error, path) from error
    try:
        yield
    finally:
        with suppress(OSError):
            if read_small_file(path) == text:
                path.unlink()
