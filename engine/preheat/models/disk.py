"""What several parts of the library do with files: sums, copies, and renames that outlive a power cut."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

BUFFER_BYTES: Final = 1024 * 1024

OnBytes = Callable[[int], None]
"""Told how many bytes were done, between buffers; what it raises ends the work."""


def sha256_of(path: Path, on_bytes: OnBytes = lambda _: None) -> str:
    """Return the sum of a file's content, in lower-case hex.

    Raises:
        OSError: The file cannot be read.
    """
    hasher, buffer = hashlib.sha256(), memoryview(bytearray(BUFFER_BYTES))
    with path.open("rb", buffering=0) as file:
        while n_bytes := file.readinto(buffer):
            on_bytes(n_bytes)
            hasher.update(buffer[:n_bytes])
    return hasher.hexdigest()


def copy_hashed(source: Path, target: Path, on_bytes: OnBytes = lambda _: None) -> str:
    """Copy a file's content to a new file, flush it to the disk, and return its sum.

    Raises:
        OSError: One of them refuses.
    """
    hasher, buffer = hashlib.sha256(), memoryview(bytearray(BUFFER_BYTES))
    with source.open("rb", buffering=0) as file, target.open("wb", buffering=0) as out:
        while n_bytes := file.readinto(buffer):
            on_bytes(n_bytes)
            hasher.update(buffer[:n_bytes])
            write_all(out.fileno(), buffer[:n_bytes])
        os.fsync(out.fileno())
    return hasher.hexdigest()


def write_all(handle: int, content: memoryview) -> None:
    """Write all of it: a nearly full disk takes a part.

    Raises:
        OSError: The disk refuses.
    """
    written = os.write(handle, content)
    while written < len(content):
        written += os.write(handle, content[written:])


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in a folder outlive a power cut."""
    if sys.platform == "win32":
        return  # folders cannot be opened there; NTFS keeps a journal of names
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove a folder and those above it, up to ``root``, as far as they are empty."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return  # not empty, or gone
        folder = folder.parent
