"""The file that gives this user's programs the port's address and the secret that proves that they are this user's."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from preheat._version import __version__
from preheat.errors import FolderError, reason_of
from preheat.files import write_atomic
from preheat.messages import msg


@contextmanager
def runtime_file(path: Path, host: str, port: int, own_key: str) -> Iterator[None]:
    """Keep the file while the block runs; only this user can read it.

    A second Preheat on another port replaces the file; the first one then leaves it alone.

    Raises:
        FolderError: The folder cannot be written, or can be written by other users.
    """
    content = {"pid": os.getpid(), "host": host, "port": port, "key": own_key}
    content |= {"version": __version__, "started_at": time.time()}
    text = json.dumps(content)
    try:
        _make_private(path.parent)
        path.unlink(missing_ok=True)  # a new file gets its mode from here, not from an old one
        write_atomic(path, text, mode=0o600, durable=False)
    except OSError as error:
        raise FolderError(msg("runtime_folder_unusable", path=str(path.parent), reason=reason_of(error))) from error
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text(encoding="utf-8") == text:
                path.unlink()


def _make_private(folder: Path) -> None:
    """Create a folder for this user only; raises FolderError if others can write to an existing one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.name != "posix":
        return  # Windows: folders in a user's profile are private
    status = folder.stat()
    # Others could have put their files there, and would receive this user's requests.
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise FolderError(msg("runtime_folder_not_private", path=str(folder)))
    folder.chmod(0o700)
