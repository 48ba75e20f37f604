"""Facts of headers, kept over restarts: unchanged files are not opened again.

One file in the cache folder, replaced as a whole. Its first line names the program that wrote it and the digest of the
rest; a file with anything unexpected is ignored.
"""

from __future__ import annotations

import json
import logging
import platform
import threading
from collections.abc import Set
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from preheat._version import __version__
from preheat.errors import ModelFileError
from preheat.files import read_small_file, write_atomic
from preheat.models.gguf.facts import Facts, facts_from_json

logger = logging.getLogger(__name__)

_FORMAT: Final = 3
_MAX_BYTES: Final = 1 << 26
_MAX_UNSEEN: Final = 10_000  # entries of files that the last scan did not see: other folders, unplugged disks


@dataclass(frozen=True, slots=True)
class Stamp:
    """Identity and state of a file."""

    device: int
    inode: int
    file_bytes: int
    modified_ns: int

    @property
    def identity(self) -> tuple[int, int]:
        """Equal for every name of one file."""
        return self.device, self.inode

    @property
    def lasting(self) -> list[int]:
        """The part that survives a restart of the machine, which may renumber its disks."""
        return [self.inode, self.file_bytes, self.modified_ns]


def stamp_of(path: Path) -> Stamp:
    """Return a file's stamp; raises OSError if it cannot be read. Blocks on the disk."""
    status = path.stat()
    return Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


class HeaderCache:
    """Facts by path and stamp. Any thread; ``load`` and ``save`` block on the disk.

    Args:
        path: The cache file; None keeps the facts in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        # Stamp and result of each file; those read from the cache file are decoded when they are needed.
        self._entries: dict[str, tuple[list[int], Facts | ModelFileError | dict[str, Any]]] = {}
        self._loaded = path is None
        self._dirty = False

    def get(self, path: Path, stamp: Stamp) -> Facts | ModelFileError | None:
        """Return the facts of the file in this state, or its error; None if unknown."""
        self._load()
        key = str(path)
        lasting, result = self._entries.get(key, ([], None))
        if lasting != stamp.lasting:
            return None
        if isinstance(result, dict):
            try:
                result = facts_from_json(result)
            except (TypeError, ValueError, KeyError):
                return None  # written by another version of this code
            self._entries[key] = lasting, result
        return result

    def put(self, path: Path, stamp: Stamp, result: Facts | ModelFileError) -> None:
        """Remember the facts of a file, or its error."""
        self._entries[str(path)] = stamp.lasting, result
        self._dirty = True

    def save(self, seen: Set[Path]) -> None:
        """Write new entries, and drop most files that are not in ``seen``."""
        with self._lock:
            if not self._dirty:
                return
            self._dirty = False
            keys = {str(path) for path in seen}
            unseen = [key for key in list(self._entries) if key not in keys]
            for key in unseen[: max(len(unseen) - _MAX_UNSEEN, 0)]:
                self._entries.pop(key)
            if self._path is not None:
                write_entries(
                    self._path,
                    {
                        key: [lasting, asdict(result) if isinstance(result, Facts) else result]
                        for key, (lasting, result) in list(self._entries.items())
                        if not isinstance(result, ModelFileError)
                    },
                )

    def _load(self) -> None:
        with self._lock:
            if not self._loaded and self._path is not None:
                self._entries = _read(self._path)
                self._loaded = True


def _written_by() -> str:
    # Versions read headers differently; a home may be shared by several processors.
    return f"preheat {__version__} {_FORMAT} {platform.machine()}"


def _read(path: Path) -> dict[str, Any]:
    try:
        head, _, body = read_small_file(path, _MAX_BYTES).partition(b"\n")
        if head.decode() != f"{_written_by()} {_digest(body)}":
            return {}
        content = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def write_entries(path: Path, content: dict[str, Any]) -> None:
    body = json.dumps(content, separators=(",", ":")).encode()
    try:
        write_atomic(path, f"{_written_by()} {_digest(body)}\n".encode() + body, durable=False)
    except OSError as error:
        # A full or read-only disk: the next start reads the headers again.
        logger.debug("the header cache cannot be written: %s", error)


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()
