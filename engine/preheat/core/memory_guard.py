"""Unloads idle models while memory is short, and acts when the machine was asleep.

After a sleep, other models may be likely, and files of hot models may have left memory.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from preheat.clock import unix_time
from preheat.models import ModelFile
from preheat.preload import PreloadContext
from preheat.residency import EvictionReason, Hot, MemoryWatch, Residency, ResidencyExecutor, is_worth_a_look, touch

_INTERVAL_S: Final = 1.0
_SHARE_EVERY: Final = 10
"""Interval, in checks, at which the memory for stored prompts is adjusted to what other programs leave."""

_ANSWER_POLL_S: Final = 0.05
"""Interval at which reading checks for requests, in seconds."""

Touch = Callable[[ModelFile, threading.Event], bool]
"""Reads evicted pages of a hot model's files until the event is set; returns whether it completed."""


@dataclass(slots=True)
class MemoryGuard:
    """Runs on the engine's loop until cancelled."""

    watch: MemoryWatch
    pool: ResidencyExecutor
    preloads: PreloadContext
    on_change: Callable[[], None]  # called when memory has become short or is no longer, and after a sleep
    clock: Callable[[], float] = unix_time  # returns Unix time
    touch: Touch = touch
    _looked_after: dict[str, float] = field(init=False, default_factory=dict)
    _woke_at: float = field(init=False, default=float("-inf"))
    _looks: int = field(init=False, default=0)

    async def run(self) -> None:
        """Check once a second until cancelled."""
        while True:
            await asyncio.sleep(_INTERVAL_S)
            await self.look()

    async def look(self) -> None:
        """Check once, and act."""
        pressure = await asyncio.to_thread(self.watch.look, self.pool.worker_pids)
        missing_bytes = pressure.missing_bytes - self.pool.prompt_bytes  # stored prompts go first
        if pressure.tight or self._looks % _SHARE_EVERY == 0:
            self.pool.share_memory(short=pressure.tight)
        self._looks += 1
        if pressure.reason is not None and missing_bytes > 0:
            self.pool.free(missing_bytes, EvictionReason.PRESSURE, pressure.reason)
        if pressure.reason != self.preloads.pressure:
            self.preloads.pressure = pressure.reason
            self.on_change()
        if self.watch.resumed():
            self._woke_at = self.clock()
            self.on_change()  # timers stood still: without it, the plan of the evening before would last for minutes
        models = self.pool.models
        for record in list(self.pool.records.values()):
            if not pressure.tight and not self.preloads.active_requests and self._is_due(record):
                await self._look_after(models[record.model_id])

    def _is_due(self, record: Residency) -> bool:
        if not isinstance(record.phase, Hot):
            return False
        seen_at = max(record.last_used_at or 0.0, record.phase.since, self._looked_after.get(record.model_id, 0.0))
        return is_worth_a_look(seen_at, self._woke_at, self.clock())

    async def _look_after(self, model: ModelFile) -> None:
        """Read evicted pages of hot models' files, so that these models stay hot.

        A request stops it, since it may need the disk. The rest is read once the machine is idle again.
        """
        stop = threading.Event()
        reading = asyncio.create_task(asyncio.to_thread(self.touch, model, stop))
        try:
            while not reading.done():
                await asyncio.wait([reading], timeout=_ANSWER_POLL_S)
                if self.preloads.active_requests:
                    stop.set()
        finally:
            stop.set()
            await asyncio.wait([reading])  # a megabyte's time
        if reading.result():
            self._looked_after[model.model_id] = self.clock()
