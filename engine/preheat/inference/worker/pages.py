"""Touches memory on a second thread: the kernel takes 0.5 ms to give a process a MB of zeroed pages.

llama.cpp fills a new KV cache with zeros on one thread, which is most of the time in which it makes a context.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
_ANONYMOUS: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 0+ 00:00 0 *$", re.MULTILINE)
_POPULATE_WRITE: Final = 23  # MADV_POPULATE_WRITE, since Linux 5.14

LARGE_BYTES: Final = 32 << 20
"""Smallest block of memory that is touched."""

_PART_BYTES: Final = 2 << 20
_LOOK_S: Final = 0.001


@contextlib.contextmanager
def touched_ahead() -> Iterator[None]:
    """Touch pages of large blocks of memory that are allocated and filled meanwhile, from their ends. Linux only.

    Blocks that nothing fills, such as buffers for long prompts, are left alone.
    """
    if sys.platform != "linux":
        yield
        return
    ended = threading.Event()
    helper = threading.Thread(target=_touch_new, args=(_large_blocks(), ended), daemon=True, name="pages")
    helper.start()
    try:
        yield
    finally:
        ended.set()
        helper.join()


def _touch_new(known: set[range], ended: threading.Event) -> None:
    """Touch blocks that are not known. One that has grown stays as it is: it has memory with another purpose, too."""
    while not ended.wait(_LOOK_S):
        for block in _large_blocks() - known:
            is_new = not any(block.start < other.stop and other.start < block.stop for other in known)
            if is_new and not _is_touched(block.start + _PART_BYTES):
                continue  # nothing fills it yet
            known.add(block)
            if is_new:
                _touch_from_end(block, ended)


def _touch_from_end(block: range, ended: threading.Event) -> None:
    libc = ctypes.CDLL(None)
    for at in range(block.stop - _PART_BYTES, block.start, -_PART_BYTES):
        if ended.is_set() or _is_touched(at):
            return
        if libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(_PART_BYTES), _POPULATE_WRITE):
            return  # an older kernel, or the memory is gone


def _is_touched(address: int) -> bool:
    found = ctypes.c_ubyte()
    page = ctypes.c_void_p(address // mmap.PAGESIZE * mmap.PAGESIZE)
    failed = ctypes.CDLL(None).mincore(page, ctypes.c_size_t(mmap.PAGESIZE), ctypes.byref(found))
    return not failed and bool(found.value & 1)


def _large_blocks() -> set[range]:
    """Return the addresses of large blocks of memory without a file."""
    return {block for block in private_blocks() if len(block) >= LARGE_BYTES}


def private_blocks() -> Iterator[range]:
    """Yield the addresses of this process's blocks of memory without a file. Linux only."""
    found = _ANONYMOUS.findall(_MAPS.read_text())
    return (range(int(start, 16), int(end, 16)) for start, end in found)
