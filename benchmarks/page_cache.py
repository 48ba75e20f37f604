"""Puts a file into the operating system's page cache, or takes it out."""

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
    """The system kept the file in its page cache, or has no way to ask."""


def warm(path: Path) -> None:
    """Read the file, so that all of it is in the page cache."""
    buffer = bytearray(_PIECE_BYTES)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def can_drop() -> bool:
    """Return whether this system lets a file be dropped and lets us see that it was."""
    return hasattr(os, "posix_fadvise")


def drop(path: Path) -> None:
    """Take the file out of the page cache; needs no privileges.

    Raises:
        PageCacheError: Someone keeps mapping it: a process that holds the model is still there.
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
            time.sleep(0.05)  # an evicted worker may take a moment to unmap it


def cached_share(path: Path) -> float:
    """Return the share of the file's pages that are in the page cache.

    Raises:
        PageCacheError: The system does not say.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapping:
        pages = -(-len(mapping) // mmap.PAGESIZE)
        found = (ctypes.c_ubyte * pages)()
        # A buffer over the mapping gives its address; it must be gone before the mapping can be closed.
        start = ctypes.c_char.from_buffer(mapping)
        address = ctypes.c_void_p(ctypes.addressof(start))
        status = libc.mincore(address, ctypes.c_size_t(len(mapping)), found)
        del start
        if status != 0:
            raise PageCacheError(f"mincore: {os.strerror(ctypes.get_errno())}")
    return sum(page & 1 for page in found) / pages
