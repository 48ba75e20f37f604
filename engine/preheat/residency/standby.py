"""Keeps the files of the next best models in the page cache, from which they load in a fraction of a second.

They count against no limit, but all of them together take no more than is available above ``keep_free``. The page cache
itself counts as available: without that sum, every model on disk would be read in turn, each displacing a better one.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import psutil

from preheat.files import page_in, resident_share
from preheat.models import ModelFile

logger = logging.getLogger(__name__)

STANDBY_SHARE: Final = 0.95
"""Share of a model's pages in memory from which it is on standby."""

RECHECK_S: Final = 30.0
"""Interval between looks at the page cache, in seconds."""

Budget = Callable[[], int]
"""Returns the bytes that all files in the page cache may take; called on the reading thread.

Based on available memory, not on free memory: after days the page cache has filled all memory with files that are not
needed again, which Linux keeps apart from those that are.
"""


class Standby:
    """Reads ahead on its own thread, one model after another. Called on the engine's loop."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._wanted: tuple[ModelFile, ...] = ()
        self._held: frozenset[str] = frozenset()
        self._looked_at = float("-inf")

    def want(self, models: Sequence[ModelFile], budget: Budget) -> None:
        """Read the files of these models, the best first. May be called often.

        Reading starts when the list has changed, after ``stop``, and when the last look is ``RECHECK_S`` old.
        """
        changed = tuple(models) != self._wanted
        if changed:
            self.stop()
        if self._reading or (not changed and time.monotonic() - self._looked_at < RECHECK_S):
            return
        self._wanted = tuple(models)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._wanted, budget, self._stop), name="standby", daemon=True
        )
        self._thread.start()

    @property
    def _reading(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stop.is_set()

    def stop(self) -> None:
        """Stop reading within a megabyte; returns at once."""
        self._stop.set()
        self._looked_at = float("-inf")

    def holds(self, model_id: str) -> bool:
        """Return whether the model's files were in memory at the last look."""
        return model_id in self._held

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is being read; return False on a timeout. Blocks."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _run(self, models: tuple[ModelFile, ...], budget: Budget, stop: threading.Event) -> None:
        pauses = not lower_own_priority()
        held: set[str] = set()
        reserved_bytes = 0
        for model in models:
            share = resident_share(model.files)
            # Where the system does not say, what was read counts as in memory.
            there = model.model_id in self._held if share is None else share >= STANDBY_SHARE
            room = budget() - reserved_bytes - int((share or 0.0) * model.file_bytes)
            reserved_bytes += model.file_bytes
            if stop.is_set():
                return
            if there or _read(model, room, stop, pauses=pauses):
                held.add(model.model_id)
            if not stop.is_set():
                self._held = frozenset(held | (self._held - {model.model_id}))
        if not stop.is_set():
            self._held = frozenset(held)
            self._looked_at = time.monotonic()


def _read(model: ModelFile, room: int, stop: threading.Event, *, pauses: bool) -> bool:
    """Read a model ahead, at most ``room`` bytes of it; return whether all of it is in memory."""
    # The last one may fit in part; a load reads the rest.
    began = time.perf_counter()
    try:
        result = page_in(model.files, stop=stop, budget_bytes=room, pause=pauses)
    except OSError as error:
        logger.warning("%s cannot be read ahead: %s", model.model_id, error)
        return False
    if result.complete:
        seconds = time.perf_counter() - began
        logger.info("%s is on standby: read %d bytes in %.2f s", model.model_id, result.read_bytes, seconds)
    return result.complete


def lower_own_priority() -> bool:
    """Give this thread the lowest disk priority; return whether the system has one.

    Its processor priority stays: next to busy workers, a thread of low priority would hold the interpreter's lock for a
    tenth of a second before it runs, and windows and requests would wait for it.
    """
    if sys.platform != "linux":
        return False
    thread = threading.get_native_id()  # Linux has this priority by thread, whatever psutil calls it
    try:
        psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_IDLE)
    except (OSError, psutil.Error):
        return False
    return True


def is_standby(model: ModelFile) -> bool | None:
    """Return whether the model's files are in memory; None where the system does not say. Blocks."""
    share = resident_share(model.files)
    return None if share is None else share >= STANDBY_SHARE


def touch(model: ModelFile, stop: threading.Event) -> bool:
    """Read evicted pages of a hot model's files at full speed. Blocks on the disk; any thread.

    If the system does not report cached pages, everything is read, which is fast for cached ones.

    Args:
        stop: Ends it within a megabyte.

    Returns:
        Whether it was not stopped.
    """
    if is_standby(model):
        return True
    try:
        result = page_in(model.files, stop=stop)
    except OSError as error:
        logger.warning("%s cannot be read: %s", model.model_id, error)
        return True
    if result.read_bytes:
        logger.info("%s had left memory in part: read %d bytes again", model.model_id, result.read_bytes)
    return result.complete
