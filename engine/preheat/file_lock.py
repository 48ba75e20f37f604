"""A lock that processes share, by a file. The system lets go of it when its holder ends, however that ends."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO, Final

_LOOK_S: Final = 0.05


class FileLock:
    """One holder's end of the lock. ``release`` may be called from any thread, and again.

    Args:
        path: The file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, timeout_s: float) -> bool:
        """Wait for the lock; return whether it was had in time.

        Raises:
            OSError: The file cannot be opened.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._path.open("wb")
        ends_at = time.monotonic() + timeout_s
        while not _try_lock(file):
            if time.monotonic() >= ends_at:
                file.close()
                return False
            time.sleep(_LOOK_S)
        self._file = file
        return True

    def release(self) -> None:
        """Let the next one have it."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
