"""Memory that a second thread touches ahead of the one that fills it."""

from __future__ import annotations

import mmap
import sys

import pytest

from fresh_process import in_fresh_process
from preheat.inference.worker.pages import LARGE_BYTES, touched_ahead
from tests.engine.application import eventually

if sys.platform == "linux":
    from pathlib import Path

    MB = 1 << 20
    FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE

    def fill_one() -> None:
        """Fill the beginning of a new block; return when the rest has been touched."""
        before = resident_bytes()
        with mmap.mmap(-1, LARGE_BYTES + 8 * MB, FLAGS) as block:
            block.write(bytes(4 * MB))
            eventually(lambda: resident_bytes() - before >= LARGE_BYTES, "the block is touched")

    def fill_while_touched() -> None:
        with touched_ahead():
            fill_one()

    def fill_next_to_others(filled: str) -> None:
        with mmap.mmap(-1, LARGE_BYTES, FLAGS) as known, touched_ahead():
            if filled == "before":
                known.write(bytes(4 * MB))
            before = resident_bytes()
            # The kernel joins neighbours of the same kind.
            with mmap.mmap(-1, LARGE_BYTES, FLAGS), mmap.mmap(-1, LARGE_BYTES, FLAGS, mmap.PROT_READ):
                fill_one()
                assert resident_bytes() - before < LARGE_BYTES // 2

    # In a process with few blocks of memory: the kernel puts a new one next to any other.

    def test_a_block_that_is_being_filled_is_touched() -> None:
        in_fresh_process(fill_while_touched)

    @pytest.mark.parametrize("filled", ["nothing", "before"])
    def test_other_blocks_are_left_alone(filled: str) -> None:
        in_fresh_process(fill_next_to_others, filled)
