"""Reads a file into the operating system's page cache, or drops it from there."""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from pathlib import Path
from typing import Final

_PIECE_BYTES: Final = 1 << 24
_DROP_TIMEOUT_S: Final = 10.0


class PageCacheError(Exception):
    """The file stays in the page cache, or the system cannot report it."""


def warm(path: Path) -> None:
    """Read the file into the page cache."""
    buffer = bytearray(_PIECE_BYTES)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def can_drop() -> bool:
    """Return whether this system can drop a file from the page cache and report it."""
    return hasattr(os, "posix_fadvise")


def drop(path: Path) -> None:
    """Drop the file from the page cache; needs no privileges.

    Raises:
        PageCacheError: A process still maps the file.
    """
    deadline = time.monotonic() + _DROP_TIMEOUT_S
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while True:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            share = cached_share(path)
            if share < 0.01:
                return
            if time.monotonic() > deadline:
                raise PageCacheError(f"{share:.0%} of {path} stays in the page cache")
            time.sleep(0.05)  # an evicted worker may need a moment to unmap it


def cached_share(path: Path) -> float:
    """Return the share of the file's pages that are in the page cache.

    Raises:
        PageCacheError: The system cannot report it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapping:
        pages = -(-len(mapping) // mmap.PAGESIZE)
        found = (ctypes.c_ubyte * pages)()
        # A buffer over the mapping provides its address; it must be deleted before the mapping can be closed.
        start = ctypes.c_char.from_buffer(mapping)
        address = ctypes.c_void_p(ctypes.addressof(start))
        status = libc.mincore(address, ctypes.c_size_t(len(mapping)), found)
        del start
        if status != 0:
            raise PageCacheError(f"mincore: {os.strerror(ctypes.get_errno())}")
    return sum(page & 1 for page in found) / pages
