"""Uses memory until it is stopped, like a large program on a small machine.

As a program: ``python memory_eater.py --eat BYTES`` or ``--leave BYTES`` (of the system's available memory). It writes
one line once the memory is taken, and gives it back when its standard input ends.
"""

from __future__ import annotations

import argparse
import mmap
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

SAFE_BYTES = 1 << 30
"""Memory left to the system, so that a test does not crash the machine."""

STEP_BYTES = 1 << 24


class MemoryEaterError(Exception):
    """There is not enough free memory."""


@contextmanager
def eating(eat_bytes: int) -> Iterator[psutil.Process]:
    """Use this much memory in another process while the block runs."""
    with _running("--eat", eat_bytes) as process:
        yield process


@contextmanager
def leaving(available_bytes: int) -> Iterator[psutil.Process]:
    """Leave only this much memory available while the block runs."""
    with _running("--leave", available_bytes) as process:
        yield process


@contextmanager
def _running(option: str, amount: int) -> Iterator[psutil.Process]:
    command = [sys.executable, str(Path(__file__)), option, str(amount)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line.startswith("holding"):
                raise MemoryEaterError(line.strip() or "the memory eater ended")
            yield psutil.Process(process.pid)
        finally:
            process.stdin.close()


def main(arguments: list[str] | None = None) -> int:
    """Allocate the memory, report it, and wait."""
    parser = argparse.ArgumentParser()
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--eat", type=int, metavar="BYTES")
    what.add_argument("--leave", type=int, metavar="BYTES")
    options = parser.parse_args(arguments)
    eaten: list[mmap.mmap] = []
    held = 0
    while held < options.eat if options.eat is not None else psutil.virtual_memory().available > options.leave:
        if psutil.virtual_memory().available < SAFE_BYTES + STEP_BYTES:
            print(f"refused: {held} bytes eaten, and less than {SAFE_BYTES} would be left", flush=True)
            return 1
        step = STEP_BYTES if options.eat is None else min(STEP_BYTES, options.eat - held)
        eaten.append(_touched(step))
        held += step
    print(f"holding {held}", flush=True)
    sys.stdin.read()
    return 0


def _touched(size: int) -> mmap.mmap:
    """Return anonymous memory with different content in every page, so that all pages are resident."""
    piece = mmap.mmap(-1, size)
    for at in range(0, size, mmap.PAGESIZE):
        piece[at : at + 8] = (id(piece) + at).to_bytes(8, "little")
    return piece


if __name__ == "__main__":
    sys.exit(main())
