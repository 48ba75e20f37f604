"""Finds the devices, and applies the setting ``devices`` to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from preheat.devices import DeviceList, DeviceReport, choose_devices, device_list, find_devices, remembered_devices
from preheat.errors import ModelLoadError
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_LOOK_S: Final = 3600.0
"""Time between two looks, in seconds: a driver may be replaced, or a graphics card plugged in. Each takes 1 ms."""


class EngineDevices:
    """Runs on the engine's loop.

    Args:
        on_change: Called with the memory of the devices for models, by llama.cpp's names, when these may have changed.
        find: Finds the devices; blocks.
        remembered: Returns what was found before; None if it has to be found out.
    """

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[Mapping[str, int]], None],
        find: Callable[[], DeviceReport] = find_devices,
        remembered: Callable[[], DeviceReport | None] = remembered_devices,
    ) -> None:
        self._wanted = settings.devices
        self._on_change: Final = on_change
        self._find: Final = find
        self._remembered: Final = remembered
        self.report = DeviceReport()
        """What was found; empty before that."""
        self.choice = choose_devices(settings.devices, self.report)
        """What is done with it."""
        self._looked: Final = asyncio.Event()

    @property
    def list(self) -> DeviceList:
        """All devices, and what is done with each."""
        return device_list(self.choice, self.report)

    async def found(self) -> DeviceList:
        """Wait until the devices are known, and return them."""
        await self._looked.wait()
        return self.list

    async def start(self) -> None:
        """Use what is remembered, so that the first load knows its devices."""
        known = await asyncio.to_thread(self._remembered)
        if known is not None:
            self._take(known)

    async def run(self) -> None:
        """Find the devices, and notice when they change; never returns."""
        while True:
            try:
                self._take(await asyncio.to_thread(self._find))
            except ModelLoadError as error:  # llama.cpp is missing, which each load reports
                logger.info("no devices: %s", error)
            self._looked.set()
            await asyncio.sleep(_LOOK_S)

    def apply_settings(self, settings: Settings) -> None:
        """Choose again if the setting has changed."""
        if settings.devices != self._wanted:
            self._wanted = settings.devices
            self._choose()

    def _take(self, report: DeviceReport) -> None:
        if report != self.report:
            self.report = report
            self._choose()

    def _choose(self) -> None:
        self.choice = choose_devices(self._wanted, self.report)
        for problem in self.choice.problems:
            logger.warning("%s", problem)
        if self.report.backends:
            logger.info("%s", self.list.outcome)
        self._on_change(self.choice.total_bytes)
