"""Reads files into the page cache, when the disk has nothing better to do.

That memory stays the system's: it takes it back whenever a program wants it.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import psutil

from preheat.page_cache import resident_pages

_CHUNK_BYTES: Final = 1 << 20  # 20 ms on a slow disk: what a cancelled read takes at most
_NICEST: Final = 19


class Ending(StrEnum):
    """How reading ended."""

    DONE = "done"
    STOPPED = "stopped"
    BUDGET = "budget"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReadAhead:
    """What came of reading files ahead.

    Attributes:
        read_bytes: Read now.
        skipped_bytes: In memory already.
        seconds: How long it took.
        problem: Why it failed, in words; empty otherwise.
    """

    ending: Ending
    read_bytes: int
    skipped_bytes: int
    seconds: float
    problem: str = ""


OnProgress = Callable[[int], None]
"""Told how many bytes of the files are in memory so far, from the reading thread."""


def read_ahead(
    files: Sequence[Path],
    budget_bytes: int | None,
    stop: threading.Event,
    *,
    pauses: bool = False,
    on_progress: OnProgress | None = None,
) -> ReadAhead:
    """Read the files' missing parts, in order, until ``stop`` is set or the budget is used up. Blocks; any thread.

    Args:
        budget_bytes: The most to read; None for all.
        stop: Looked at before each piece of a megabyte.
        pauses: Rest after each piece for as long as it took.
    """
    began = time.perf_counter()
    buffer = memoryview(bytearray(_CHUNK_BYTES))
    read = skipped = 0
    ending, problem = Ending.DONE, ""
    try:
        for path, start, length, there in _pieces(files):
            if stop.is_set():
                ending = Ending.STOPPED
                break
            if there:
                skipped += length
                continue
            if budget_bytes is not None and read + length > budget_bytes:
                ending = Ending.BUDGET
                break
            piece_began = time.perf_counter()
            with path.open("rb", buffering=0) as file:
                file.seek(start)
                read += file.readinto(buffer[:length]) or 0
            if on_progress is not None:
                on_progress(read + skipped)
            if pauses:
                stop.wait(time.perf_counter() - piece_began)
    except OSError as error:
        ending, problem = Ending.FAILED, f"{Path(error.filename or '').name}: {error.strerror or error}"
    return ReadAhead(ending, read, skipped, time.perf_counter() - began, problem)


def _pieces(files: Sequence[Path]) -> Iterator[tuple[Path, int, int, bool]]:
    """Yield file, start, length and whether it is in memory, for each piece."""
    for path in files:
        pages = resident_pages(path)
        size = path.stat().st_size
        for start in range(0, size, _CHUNK_BYTES):
            length = min(_CHUNK_BYTES, size - start)
            part = b"\0" if pages is None else pages[start // mmap.PAGESIZE : -(-(start + length) // mmap.PAGESIZE)]
            yield path, start, length, part.count(1) == len(part)


def resident_share(files: Sequence[Path]) -> float | None:
    """Return the share of the files' pages that are in memory; None where the system does not say. Blocks shortly."""
    pages = resident = 0
    for path in files:
        try:
            vector = resident_pages(path)
        except OSError:
            return None
        if vector is None:
            return None
        pages += len(vector)
        resident += vector.count(1)
    return resident / pages if pages else None


def lower_own_priority() -> bool:
    """Let this thread have disk and processor only when nobody else wants them; return whether the disk knows that."""
    if sys.platform != "linux":
        return False
    thread = threading.get_native_id()  # Linux has these priorities by thread, whatever psutil calls it
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, _NICEST)
    try:
        psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_IDLE)
    except (OSError, psutil.Error):
        return False
    return True
