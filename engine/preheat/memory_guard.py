"""Keeps an eye on memory: lets idle models go while it is short, and keeps in memory what is said to be hot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from preheat.preload import Director
from preheat.residency import MemoryWatch, Pool, Why

_INTERVAL_S: Final = 1.0


class MemoryGuard:
    """Runs on the engine's loop until cancelled.

    Args:
        on_change: Told when memory has become short, or is no longer.
    """

    def __init__(self, watch: MemoryWatch, pool: Pool, director: Director, on_change: Callable[[], None]) -> None:
        self._watch = watch
        self._pool = pool
        self._director = director
        self._on_change = on_change

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            await self.look()

    async def look(self) -> None:
        """Look once, and do what is to be done."""
        pressure = await asyncio.to_thread(self._watch.look, self._pool.worker_pids)
        if pressure.reason and pressure.missing_bytes:
            self._pool.trim(max(self._pool.used_bytes - pressure.missing_bytes, 0), Why.PRESSURE, pressure.reason)
        if pressure.reason != self._director.pressure:
            self._director.pressure = pressure.reason
            self._on_change()
        if self._watch.resumed():
            await self._touch_hot()

    async def _touch_hot(self) -> None:
        """Bring back what was pushed out of memory of the hot models' files, so that "hot" stays true."""
        for resident in list(self._pool.residents.values()):
            if resident.held_bytes and not resident.leased:
                await asyncio.to_thread(self._director.touch, resident.model)
