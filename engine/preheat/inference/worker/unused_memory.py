"""Gives the unused part of a KV cache back to the system. Linux with glibc only.

llama.cpp fills a new KV cache with zeros, so that all of it takes memory from the beginning. Pages of zeros can be
given back: they read as zeros until something is written to them, which then takes 0.5 ms per MB once.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from preheat.inference.worker.pages import private_blocks

LEAST_BYTES: Final = 16 << 20
"""Smallest block of memory that is looked at."""

GIVE_BACK_AFTER_S: Final = 1.0
"""Idle time after which memory is given back, in seconds.

The engine measures a model's size before, right after its load: the memory limit counts the whole cache.
"""

_PART_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 64 << 10
_HEADER_BYTES: Final = 16  # of a block that malloc maps: two words, the second one with its size
_IS_MAPPED: Final = 2  # IS_MMAPPED in glibc's malloc.c
_DONT_NEED: Final = 4  # MADV_DONTNEED


class UnusedMemory:
    """The pages of a KV cache that nothing has been written to.

    The cache is allocated in a ``with`` block, and must not be freed before this object. One thread only, which is the
    one that writes to the cache. Falsy when all of it has been looked at.
    """

    def __init__(self) -> None:
        self._before: list[range] = []
        self._parts: list[range] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def idle_s(self) -> float | None:
        """Idle time after which there is something to give back, in seconds; None if there is nothing."""
        return GIVE_BACK_AFTER_S if self._parts else None

    def __enter__(self) -> None:
        self._before = _blocks()

    def __exit__(self, *_: object) -> None:
        self._parts = [part for block in _zeroed(self._before, _blocks()) for part in _cut(block, _PART_BYTES)]

    def give_back_some(self) -> None:
        """Look at the next MB. Takes less than 1 ms."""
        part = self._parts.pop()
        for zeros in [part] if _is_zero(part) else filter(_is_zero, _cut(part, _PIECE_BYTES)):
            _libc().madvise(ctypes.c_void_p(zeros.start), ctypes.c_size_t(len(zeros)), _DONT_NEED)


def _blocks() -> list[range]:
    return list(private_blocks()) if sys.platform == "linux" else []


def _zeroed(before: list[range], now: list[range]) -> Iterator[range]:
    """Yield the pages of large new blocks that were filled with zeros.

    Buffers for computing have not been touched yet. They may be allocated again later, and are not yielded.
    """
    new = [each for block in now if len(block) >= LEAST_BYTES for each in _without(block, before)]
    if not new:
        return
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    try:
        for block in new:
            yield from (each for each in _allocations(memory, block) if _was_zeroed(memory, each))
    finally:
        os.close(memory)


def _without(block: range, others: list[range]) -> Iterator[range]:
    """Yield the parts of a block that none of the others has."""
    at = block.start
    for other in sorted(others, key=lambda each: each.start):
        if other.start < block.stop and other.stop > at:
            if other.start - at >= LEAST_BYTES:
                yield range(at, other.start)
            at = other.stop
    if block.stop - at >= LEAST_BYTES:
        yield range(at, block.stop)


def _allocations(memory: int, block: range) -> Iterator[range]:
    """Yield the whole pages of large allocations: the system lists neighbours as one block.

    Other threads may have freed some of it meanwhile: only ``memory``, the file of this process, is safe to read.
    Pages that were never touched are not read: that would give them memory.
    """
    resident = _resident(block)
    at = block.start
    while block.stop - at >= LEAST_BYTES:
        header = _read(memory, at, _HEADER_BYTES) if resident[(at - block.start) // mmap.PAGESIZE] else b""
        word = int.from_bytes(header[_HEADER_BYTES // 2 :], sys.byteorder)
        size = word & ~0xF
        if word & 0xF == _IS_MAPPED and size % mmap.PAGESIZE == 0 and LEAST_BYTES <= size <= block.stop - at:
            yield range(at + mmap.PAGESIZE, at + size)  # the first page has the header
            at += size
        else:
            at += mmap.PAGESIZE


def _was_zeroed(memory: int, block: range) -> bool:
    if not all(_resident(block)):
        return False
    return not any(any(_read(memory, part.start, _HEADER_BYTES)) for part in _cut(block, _PART_BYTES))


def _resident(block: range) -> bytes:
    """Return for each page whether it has memory; none has if some of the block was freed meanwhile."""
    pages = (ctypes.c_ubyte * (len(block) // mmap.PAGESIZE))()
    failed = _libc().mincore(ctypes.c_void_p(block.start), ctypes.c_size_t(len(block)), pages)
    return bytes(len(pages)) if failed else bytes(pages)


def _read(memory: int, address: int, size: int) -> bytes:
    try:
        return os.pread(memory, size, address)
    except OSError:
        return b""


def _cut(block: range, size: int) -> Iterator[range]:
    return (range(at, min(at + size, block.stop)) for at in range(block.start, block.stop, size))


def _is_zero(part: range) -> bool:
    """Whether the first byte is zero, and each one equals the next."""
    if ctypes.c_ubyte.from_address(part.start).value:
        return False
    start, second = ctypes.c_void_p(part.start), ctypes.c_void_p(part.start + 1)
    return not _libc().memcmp(start, second, ctypes.c_size_t(len(part) - 1))


@cache
def _libc() -> Any:
    return ctypes.CDLL(None)
