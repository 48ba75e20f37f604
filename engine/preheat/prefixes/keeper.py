"""Keeps stored prompts in the background: limits, moves to disk, and figures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from preheat.bugs import report_bug
from preheat.inference.prefixes import PrefixOptions
from preheat.prefixes.budgets import rounded
from preheat.prefixes.figures import PrefixFigures
from preheat.prefixes.store import PrefixStore, StoredModel
from preheat.settings import Settings

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 10.0
"""Time between two looks, in seconds."""


class PrefixKeeper:
    """Runs on its own thread, at the lowest disk priority. The methods do not block, unless they say so; any thread.

    Args:
        lower_priority: Gives the calling thread the lowest disk priority; returns whether it could.

    Attributes:
        on_change: Called on the keeper's thread after the figures have changed; set it before ``start``.
    """

    def __init__(
        self,
        store: PrefixStore,
        lower_priority: Callable[[], bool],
        *,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._store: Final = store
        self.on_change: Callable[[], None] = lambda: None
        self._lower_priority = lower_priority
        self._interval_s = interval_s
        self._work = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def figures(self) -> PrefixFigures:
        """The latest figures."""
        return self._store.figures

    def options(self, model_id: str) -> PrefixOptions | None:
        """Return where a worker keeps the prompts of a model; None for nowhere."""
        return self._store.options(model_id)

    @property
    def memory_bytes(self) -> int:
        """Memory that stored prompts take now. Reads a folder in memory."""
        return self._store.memory_bytes

    def allow(self, memory_bytes: int) -> None:
        """Take no more memory than this from now on; what is too much moves to the disk or is removed soon."""
        before, self._store.allowed_bytes = self._store.allowed_bytes, memory_bytes
        if before is None or rounded(before) != rounded(memory_bytes):
            self.nudge()

    def give_way(self, within_s: float) -> None:
        """Free at once what is more than the allowed memory; prompts move to the disk while there is time. Blocks."""
        allowed_bytes = self._store.allowed_bytes
        if allowed_bytes is not None:
            self._store.shrink_memory(self.memory_bytes - allowed_bytes, within_s)

    def start(self) -> None:
        """Make the folders, and begin. Blocks briefly on the disk."""
        self._store.refresh()
        self._thread = threading.Thread(target=self._run, name="prefixes", daemon=True)
        self._thread.start()

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings, at once."""
        before, self._store.settings = self._store.settings, settings
        if before != settings:
            self.nudge()

    def nudge(self) -> None:
        """Look soon: prompts were saved, or memory has changed."""
        self._work.set()

    def look(self) -> PrefixFigures:
        """Return the figures of this moment. Blocks on the disk."""
        return self._store.refresh()

    def contents(self) -> list[StoredModel]:
        """Return the models with stored prompts. Blocks on the disk."""
        return self._store.contents()

    def clear(self, model_id: str | None = None) -> int:
        """Remove the stored prompts of a model, or of all; return the bytes freed. Blocks on the disk."""
        freed = self._store.clear(model_id)
        self.nudge()
        return freed

    def close(self, within_s: float) -> None:
        """Move what is in memory to the disk, as far as there is time, and remove the folder in memory. Blocks."""
        if self._thread is None:
            return
        self._ending.set()
        self._work.set()
        self._thread.join(within_s)
        self._store.close()

    def _run(self) -> None:
        pauses = not self._lower_priority()
        ending = False
        while not ending:
            ending = self._ending.is_set()  # what was saved before that is still moved
            before = self._store.figures
            try:
                self._store.refresh()
                self._move_all(pauses=pauses)
            except Exception as error:  # without this thread no limit would be kept
                report_bug("keeping prompts", error)
            if self._store.figures != before:
                self.on_change()
            if not ending:
                self._work.wait(self._interval_s)
                self._work.clear()

    def _move_all(self, *, pauses: bool) -> None:
        """Move all prompts in memory to the disk, while the disk takes them."""
        moved = 0
        for file in self._store.waiting():
            began = time.perf_counter()
            if not self._store.move(file):
                break
            moved += 1
            if pauses and not self._ending.is_set():
                # Where the disk knows no priorities, others get half of it.
                self._ending.wait(time.perf_counter() - began)
        if moved:
            logger.info("moved %d parts of prompts from memory to disk", moved)
            self._store.refresh()
