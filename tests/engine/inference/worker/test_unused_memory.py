"""Memory of a KV cache that is given back to the system before it is used."""

from __future__ import annotations

import ctypes
import sys

import pytest

from fresh_process import in_fresh_process
from preheat.inference.worker.unused_memory import UnusedMemory

if sys.platform == "linux":
    from pathlib import Path

    MB = 1 << 20
    SIZE = 33 * MB  # more than what malloc ever takes from the heap (DEFAULT_MMAP_THRESHOLD_MAX)
    libc = ctypes.CDLL(None)
    libc.calloc.restype = libc.malloc.restype = ctypes.c_void_p

    def resident_bytes(address: int) -> int:
        """Return the resident bytes of the mapping that has this address."""
        found = False
        for line in Path("/proc/self/smaps").read_text().splitlines():
            head = line.split(" ", 1)[0]
            if "-" in head:
                start, _, end = head.partition("-")
                found = int(start, 16) <= address < int(end, 16)
            elif found and head == "Rss:":
                return int(line.split()[1]) * 1024
        return 0

    class Cache:
        """A block from malloc that is filled with a byte."""

        def __init__(self, byte: int | None) -> None:
            self.address: int = libc.malloc(ctypes.c_size_t(SIZE))
            if byte is not None:
                ctypes.memset(self.address, byte, SIZE)

        def free(self) -> None:
            libc.free(ctypes.c_void_p(self.address))

    def give_back(unused: UnusedMemory) -> None:
        while unused:
            unused.give_back_some()

    def give_back_what_was_not_written_to() -> None:
        unused = UnusedMemory()
        with unused:
            cache = Cache(0)
        try:
            used = cache.address + 3 * MB + 5
            ctypes.memset(used, 7, 100)
            before = resident_bytes(cache.address)
            give_back(unused)
            assert before - resident_bytes(cache.address) > SIZE // 2
            assert ctypes.string_at(used - 1, 102) == bytes([0, *[7] * 100, 0])
            assert not any(ctypes.string_at(cache.address, 3 * MB))
            ctypes.memset(cache.address, 9, SIZE)
            assert ctypes.string_at(cache.address, SIZE) == bytes([9]) * SIZE
        finally:
            cache.free()

    def look_at_what_was_filled_with(byte: int | None) -> None:
        unused = UnusedMemory()
        with unused:
            cache = Cache(byte)
        cache.free()
        assert not unused

    def look_at_what_is_new() -> None:
        cache, unused = Cache(0), UnusedMemory()
        with unused:
            small = ctypes.create_string_buffer(MB)
        assert not unused
        assert len(small) == MB
        cache.free()

    # In a process whose heap has no gap as large as the block: malloc would take that.

    def test_what_was_not_written_to_is_given_back() -> None:
        in_fresh_process(give_back_what_was_not_written_to)

    @pytest.mark.parametrize("byte", [None, 1])
    def test_only_what_was_filled_with_zeros_is_looked_at(byte: int | None) -> None:
        in_fresh_process(look_at_what_was_filled_with, byte)

    def test_only_what_is_new_is_looked_at() -> None:
        in_fresh_process(look_at_what_is_new)
