"""The folders of stored prompts: one on disk for all engines of this user, one in memory for each engine.

A file system in memory outlives the process: a folder that an engine left behind when it was killed is emptied by the
next engine, which keeps its prompts.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from preheat import paths
from preheat.files import FileLock, write_atomic
from preheat.inference.prefixes import make_private

logger = logging.getLogger(__name__)

_SHARED_MEMORY: Final = Path("/dev/shm")
_OWNER_LOCK: Final = ".owner"
_FORGOTTEN_AFTER_S: Final = 3600.0

_CACHE_TAG: Final = "CACHEDIR.TAG"
_CACHE_TAG_TEXT: Final = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Prompts kept by Preheat. Backups may skip them.\n"
)
_PLAIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_OTHER: Final = re.compile(r"[^a-z0-9._-]+")


def disk_folder() -> Path:
    """Return the folder of the tier on disk."""
    return paths.cache_dir() / "prefixes"


def make_disk_folder(folder: Path) -> None:
    """Create the folder of the tier on disk, or make it private. Backups skip it (bford.info/cachedir).

    Raises:
        OSError: It cannot be created, or is not usable.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    make_private(folder)
    if not (folder / _CACHE_TAG).exists():
        write_atomic(folder / _CACHE_TAG, _CACHE_TAG_TEXT, mode=0o600, durable=False)


def memory_file_system() -> Path | None:
    """Return the root of a file system in memory that this user may use; None where there is none."""
    if sys.platform == "linux" and os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) and _SHARED_MEMORY.is_mount():
        return _SHARED_MEMORY
    return None


def folder_name(model_id: str) -> str:
    """Return the name of a model's folder: its id where that is a plain name, otherwise a similar one."""
    if _PLAIN.fullmatch(model_id):
        return model_id
    return f"{_OTHER.sub('-', model_id.lower()).strip('.-')[:60]}~{_digest(model_id, 8)}"


class MemoryFolder:
    """This engine's folder on a file system in memory. Blocks on the system; any thread.

    Args:
        root: Root of the file system.
        disk: The tier on disk; engines with the same one take over each other's files.

    Raises:
        OSError: It cannot be created.
    """

    def __init__(self, root: Path, disk: Path) -> None:
        self.path: Final = Path(tempfile.mkdtemp(prefix=f"{_prefix(disk)}{os.getpid()}-", dir=root))
        self._lock = FileLock(self.path / _OWNER_LOCK, mode=0o600)
        if not self._lock.acquire():
            raise BlockingIOError(errno.EAGAIN, "another program has taken it", str(self.path))

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.release()


def take_abandoned(root: Path, disk: Path, target: Path | None) -> int:
    """Remove the folders of engines that were killed, and return how many files were taken over.

    Args:
        root: Root of the file system in memory.
        disk: The tier on disk. Folders of engines with another one stay for an hour.
        target: Where the files go; None removes them.
    """
    taken = 0
    for folder in root.glob(f"{_prefix()}*"):
        lock = FileLock(folder / _OWNER_LOCK, mode=0o600)
        try:
            if not is_own(folder) or not (folder / _OWNER_LOCK).exists() or not lock.acquire():
                continue
            if folder.name.startswith(_prefix(disk)):
                taken += 0 if target is None else _move_files(folder, target)
                shutil.rmtree(folder)
            elif abs(time.time() - folder.stat().st_mtime) > _FORGOTTEN_AFTER_S:
                shutil.rmtree(folder)
        except OSError as error:  # another engine was faster
            logger.debug("%s cannot be taken over: %s", folder, error)
        finally:
            lock.release()
    return taken


def _move_files(folder: Path, target: Path) -> int:
    moved = 0
    for file in folder.glob("*/*.prefix"):
        with suppress(OSError):
            make_private(target / file.parent.name)
            file.rename(target / file.parent.name / file.name)
            moved += 1
    return moved


def is_own(folder: Path) -> bool:
    """Return whether this is a real folder that belongs to this user. Others may make folders next to it."""
    return not folder.is_symlink() and folder.is_dir() and folder.lstat().st_uid == os.geteuid()


def _prefix(disk: Path | None = None) -> str:
    """Return the beginning of names of folders in memory, of this user or of engines with this tier on disk."""
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    return f"preheat-{user}-" + ("" if disk is None else f"{_digest(str(disk), 4)}-")


def _digest(text: str, digest_bytes: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=digest_bytes).hexdigest()
