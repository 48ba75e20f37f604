"""Writes copied cells to files, on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from preheat.inference.prefixes import Block, lower_disk_priority
from preheat.inference.worker.prefixes.index import Tier
from preheat.inference.worker.threads import yield_processor

logger = logging.getLogger(__name__)

MAX_PENDING_BYTES: Final = 192 << 20
"""Copies that may wait for being written, in bytes."""

_PAUSE_S: Final = 30.0
"""Time without copies after one could not be written: the disk is full, or the budget is used up."""


class Saved(NamedTuple):
    """The outcome for a block: its tier and file size; no tier if it could not be written."""

    block: Block
    tier: Tier | None
    n_bytes: int


class Saver:
    """A queue of blocks to write. Any thread.

    Args:
        folders: Where to write, the preferred tier first.
        write: Writes a block's file and returns its path; raises OSError.
        done: Called with each outcome, on the saver's thread.
    """

    def __init__(
        self,
        folders: dict[Tier, Path],
        write: Callable[[Path, Block, memoryview], Path],
        done: Callable[[Saved], None],
    ) -> None:
        self._folders = folders
        self._write = write
        self._done = done
        self._queue: deque[tuple[Block, memoryview]] = deque()
        self._changed = threading.Condition()
        self._pending_bytes = 0
        self._paused_until = 0.0
        self._thread: threading.Thread | None = None
        self.blocks = self.n_bytes = 0
        """What was written so far."""

    @property
    def room(self) -> int:
        """Bytes of further copies that may be given now."""
        return MAX_PENDING_BYTES - self._pending_bytes

    @property
    def enabled(self) -> bool:
        """Something may be written now."""
        return bool(self._folders) and time.monotonic() >= self._paused_until

    def save(self, block: Block, cells: memoryview) -> None:
        """Queue a block."""
        with self._changed:
            self._queue.append((block, cells))
            self._pending_bytes += cells.nbytes
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="prefixes")
                self._thread.start()

    def wait(self, until: float) -> bool:
        """Wait until everything is written, or the monotonic time; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending_bytes, max(until - time.monotonic(), 0))

    def _run(self) -> None:
        lower_disk_priority()
        yield_processor()
        while True:
            with self._changed:
                if not self._queue:
                    self._thread = None  # the next one may have a higher priority than that of a preload
                    return
                block, cells = self._queue.popleft()
            outcome = self._save(block, cells)
            n_bytes = cells.nbytes
            del cells
            self._done(outcome)
            with self._changed:
                self._pending_bytes -= n_bytes
                self._changed.notify_all()

    def _save(self, block: Block, cells: memoryview) -> Saved:
        for tier, folder in self._folders.items():
            try:
                path = self._write(folder, block, cells)
                n_bytes = path.stat().st_size
            except OSError as error:
                logger.debug("a prompt cannot be stored in the %s tier: %s", tier, error)
                continue
            self.blocks, self.n_bytes = self.blocks + 1, self.n_bytes + n_bytes
            return Saved(block, tier, n_bytes)
        self._paused_until = time.monotonic() + _PAUSE_S
        return Saved(block, None, 0)
