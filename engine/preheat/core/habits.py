"""Keeps what the planner knows about the user's habits in line with the log, the settings and the time zone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from preheat.preload import PreloadPlanner
from preheat.settings import Settings
from preheat.usage import SizeKey, UsageTracker

_LOOK_S: Final = 600.0
"""Time between looks at the time zone and the clock, in seconds."""

_SET_BACK_S: Final = 86_400.0
"""Once the clock is set back by more, uses of the time before do not count any more; see ``UsageTracker.recent``."""

_MOST_ADDED: Final = 3
"""Models that appear at once and are expected to be used: more of them are a folder that was added."""


class HabitKeeper:
    """Recalls habits from the log at the start, and again when what counts has changed. Engine's loop only.

    Args:
        on_change: Called when the planner knows something else.
        clock: Returns Unix time.
    """

    def __init__(
        self,
        settings: Settings,
        usage: UsageTracker,
        planner: PreloadPlanner,
        on_change: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._usage = usage
        self._planner = planner
        self._on_change = on_change
        self._clock = clock
        self._changed = asyncio.Event()
        self._recalled_for = self._basis()
        self._looked_at = clock()
        self._seen: set[str] | None = None

    async def open(self) -> Mapping[SizeKey, int]:
        """Open the log and recall the habits; return the measured sizes in bytes. Call it before all others."""
        known = await asyncio.to_thread(self._usage.open)
        await self._recall()
        return known

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings."""
        self._settings = settings
        self._changed.set()

    def files_scanned(self, on_disk: Collection[str]) -> None:
        """Note the models on disk: those that are new, and were never used, are likely to be used soon."""
        if self._seen is None:
            self._seen = set(on_disk)
            return
        added = [model_id for model_id in on_disk if model_id not in self._seen]
        self._seen.update(added)
        if len(added) <= _MOST_ADDED:
            now = self._clock()
            for model_id in added:
                if not self._usage.popularity.score(model_id, now):  # else its disk was away
                    self._planner.model_added(model_id, now)

    async def run(self) -> None:
        """Recall the habits again whenever that is necessary, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._changed.wait()
            self._changed.clear()
            before, self._looked_at = self._looked_at, self._clock()
            if self._basis() != self._recalled_for or self._looked_at < before - _SET_BACK_S:
                await self._recall()
                self._on_change()

    async def _recall(self) -> None:
        self._recalled_for = self._basis()
        if self._usage.log is not None:  # what is known without one cannot be had again
            recalled = await asyncio.to_thread(self._planner.recall, self._planner.latest)
            self._planner.remember(recalled)

    def _basis(self) -> tuple[float, bool, timedelta | None]:
        """Return what habits depend on besides the log. A process asks for the system's time zone only once."""
        if hasattr(time, "tzset"):
            time.tzset()
        zone = datetime.now().astimezone().utcoffset()
        return self._settings.popularity_half_life, self._settings.wake_with_clients, zone
