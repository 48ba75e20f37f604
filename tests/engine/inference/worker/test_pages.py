"""Memory that a second thread touches ahead of the one that fills it."""

from __future__ import annotations

import mmap
import sys
import time

import pytest

from preheat.inference.worker.pages import LARGE_BYTES, touched_ahead

if sys.platform == "linux":
    from pathlib import Path

    MB = 1 << 20
    FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    def test_a_block_that_is_being_filled_is_touched() -> None:
        before, deadline = resident_bytes(), time.monotonic() + 20
        with touched_ahead(), mmap.mmap(-1, LARGE_BYTES + 8 * MB, FLAGS) as block:
            block.write(bytes(4 * MB))
            while resident_bytes() - before < LARGE_BYTES and time.monotonic() < deadline:
                time.sleep(0.005)
            assert resident_bytes() - before >= LARGE_BYTES

    @pytest.mark.parametrize("filled", ["nothing", "before"])
    def test_other_blocks_are_left_alone(filled: str) -> None:
        with mmap.mmap(-1, LARGE_BYTES, FLAGS) as known, touched_ahead():
            if filled == "before":
                known.write(bytes(4 * MB))
            before = resident_bytes()
            with mmap.mmap(-1, LARGE_BYTES, FLAGS):
                time.sleep(0.02)
                assert resident_bytes() - before < LARGE_BYTES // 2
