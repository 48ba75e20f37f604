"""A lock between processes that ends with the process that holds it, however that ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """Held from its making until ``release``. Any thread.

    Args:
        path: A file that is made for this; its folder must exist.

    Raises:
        BlockingIOError: Another process, or another lock of this one, holds it.
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        try:
            _lock(self._file)
        except (BlockingIOError, PermissionError) as error:
            self._file.close()
            raise BlockingIOError(*error.args) from error
        except OSError:
            pass  # some network file systems have no locks; two processes at once are less likely than such a folder

    def release(self) -> None:
        """Let others have it."""
        self._file.close()
