"""Reads model files into the operating system's page cache, with progress in bytes.

With mmap a load's own progress reaches its end before the pages are in memory. What is there already is not read again.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

CHUNK_BYTES: Final = 4 << 20
AHEAD_BYTES: Final = 4 * CHUNK_BYTES

OnProgress = Callable[[int], None]
"""Told how many bytes are in memory so far; reading goes on when it returns."""


def page_in(files: Sequence[Path], on_progress: OnProgress) -> None:
    """Read the files' missing parts, in order.

    Raises:
        OSError: A file cannot be read.
    """
    buffer = bytearray(CHUNK_BYTES)
    done = 0
    for path in files:
        size = path.stat().st_size
        resident = resident_pages(path)
        with path.open("rb", buffering=0) as file:
            for start in range(0, size, CHUNK_BYTES):
                end = min(start + CHUNK_BYTES, size)
                if resident is None or not _all_resident(resident, start, end):
                    _read_ahead(file.fileno(), end)
                    file.seek(start)
                    file.readinto(buffer)
                done += end - start
                on_progress(done)


def _read_ahead(descriptor: int, start: int) -> None:
    """Have the disk fetch what comes next while this chunk is being copied, where the system can be asked."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, AHEAD_BYTES, os.POSIX_FADV_WILLNEED)


def _all_resident(resident: bytes, start: int, end: int) -> bool:
    pages = resident[start // mmap.PAGESIZE : -(-end // mmap.PAGESIZE)]
    return pages.count(1) == len(pages)


def resident_pages(path: Path) -> bytes | None:
    """Return one byte a page of the file, 1 where the page is in memory; None where the kernel does not say.

    mincore(2) answers truthfully only for files that the caller might write or owns (Linux 5.2), so others are
    unknown, too.
    """
    if not sys.platform.startswith(("linux", "darwin")):
        return None
    status = path.stat()
    if not status.st_size or not (status.st_uid == os.geteuid() or os.access(path, os.W_OK)):
        return None
    pages = -(-status.st_size // mmap.PAGESIZE)
    vector = (ctypes.c_ubyte * pages)()
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("rb") as file, mmap.mmap(file.fileno(), status.st_size, access=mmap.ACCESS_COPY) as mapping:
        anchor = ctypes.c_char.from_buffer(mapping)
        failed = libc.mincore(ctypes.c_void_p(ctypes.addressof(anchor)), ctypes.c_size_t(status.st_size), vector)
        del anchor  # a mapping with a pointer into it cannot be closed
    # The lowest bit says it; macOS sets others, too.
    return None if failed else bytes(vector).translate(_LOWEST_BIT)


_LOWEST_BIT: Final = bytes(value & 1 for value in range(256))
