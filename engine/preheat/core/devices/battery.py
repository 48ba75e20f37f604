"""Keeps models off GPUs while the machine runs on battery, if the setting ``gpu_on_battery`` is off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from preheat.devices import PowerState
from preheat.preload import on_battery
from preheat.settings import Settings

logger = logging.getLogger(__name__)

LOOK_S: Final = 20.0
"""Time between two looks at the power supply, in seconds."""


class BatteryWatch:
    """Runs on the engine's loop.

    Args:
        save_power: Called with whether models leave the devices; models in use follow when they are idle.
        reads: Returns whether the machine runs on battery.
        clock: Returns monotonic time.
    """

    def __init__(
        self,
        settings: Settings,
        save_power: Callable[[bool], Awaitable[None]],
        reads: Callable[[], bool] = on_battery,
        clock: Callable[[], float] = time.monotonic,
        look_s: float = LOOK_S,
    ) -> None:
        self._allowed = settings.gpu_on_battery
        self._save_power: Final = save_power
        self._reads: Final = reads
        self._clock: Final = clock
        self._look_s: Final = look_s
        self._changed: Final = asyncio.Event()

    def apply_settings(self, settings: Settings) -> None:
        """Follow the setting at once."""
        if settings.gpu_on_battery != self._allowed:
            self._allowed = settings.gpu_on_battery
            self._changed.set()

    async def run(self) -> None:
        """Follow the power supply; never returns."""
        while True:
            self._changed.clear()
            if self._allowed:
                await self._save_power(False)
                await self._changed.wait()
            else:
                await self._follow()

    async def _follow(self) -> None:
        """Follow the power supply until the setting changes."""
        state = PowerState(await asyncio.to_thread(self._reads))
        await self._save_power(state.on_battery)
        while not self._changed.is_set():
            try:
                async with asyncio.timeout(self._look_s):
                    await self._changed.wait()
            except TimeoutError:
                before, state = state, state.after(await asyncio.to_thread(self._reads), self._clock())
                if state.on_battery != before.on_battery:
                    await self._save_power(state.on_battery)
