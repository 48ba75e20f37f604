"""Finds the devices, and decides with the setting ``devices``, with measured speeds and on battery what models use."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from preheat.core.supervised import in_daemon_thread
from preheat.devices import (
    Device,
    DeviceChoice,
    DeviceList,
    DeviceProblem,
    DeviceReport,
    SpeedPair,
    SpeedTable,
    choose_devices,
    device_list,
    find_devices,
    find_devices_afresh,
    remembered_devices,
    speed_reason,
)
from preheat.errors import EngineError, InsufficientMemoryError, ModelLoadError
from preheat.messages import Message, msg
from preheat.models import ModelFile
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_LOOK_S: Final = 3600.0
"""Time between two looks, in seconds: a driver may be replaced, or a graphics card plugged in. Each takes 1 ms."""

_END_S: Final = 1.0
"""Time for a search to end its process, in seconds."""

_PATIENCE_S: Final = 5.0
"""Time that a reader waits for another look, in seconds; a driver may hang."""


class _Failure(NamedTuple):
    """A model that failed to load on a device, or whose worker crashed there repeatedly."""

    model: ModelFile
    device: Device
    error: EngineError

    @property
    def problem(self) -> Message:
        """The failure in words."""
        known = {"model": self.model.model_id, "device": self.device.description}
        return msg("device_fails", reason=self.error.message, **known)


class EngineDevices:
    """Runs on the engine's loop.

    Args:
        on_change: Called with the memory of the devices for models, by
            llama.cpp's names, when these or ``left_off`` may have changed.
        find: Finds the devices; blocks until they are known or the event is set.
        remembered: Returns what was found before; None if it has to be found out.
        find_afresh: The same as ``find``, whatever was found before.
        speeds: What was measured.
    """

    def __init__(
        self,
        settings: Settings,
        on_change: Callable[[Mapping[str, int]], None],
        find: Callable[[threading.Event], DeviceReport] = find_devices,
        remembered: Callable[[], DeviceReport | None] = remembered_devices,
        speeds: SpeedTable | None = None,
        find_afresh: Callable[[threading.Event], DeviceReport] = find_devices_afresh,
    ) -> None:
        self._wanted = settings.devices
        self._on_change: Final = on_change
        self._speeds: Final = speeds or SpeedTable()
        self._find = find
        self._find_afresh: Final = find_afresh
        self._remembered: Final = remembered
        self._saves_power = False
        self._allowed = DeviceChoice()  # by the setting alone
        self.report = DeviceReport()
        """What was found; empty before that."""
        self.choice = choose_devices(settings.devices, self.report)
        """What is done with it."""
        self._failures: dict[tuple[str, str], _Failure] = {}  # by the device's key and model_id
        self._looked: Final = asyncio.Event()
        self._current: Final = asyncio.Event()
        self._wanted_again: Final = asyncio.Event()

    @property
    def list(self) -> DeviceList:
        """All devices, and what is done with each."""
        found = device_list(self.choice, self.report)
        failures = (DeviceProblem(each.problem) for each in self._failures.values())
        return replace(found, problems=(*found.problems, *failures))

    async def found(self) -> DeviceList:
        """Wait until the devices are known, and return them; look again if something has changed, such as a driver."""
        await self._looked.wait()
        if await asyncio.to_thread(self._remembered) is None:
            self._current.clear()
            self._wanted_again.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await self._current.wait()
        return self.list

    def look_afresh(self) -> None:
        """Look again, because a device is missing that was found; what is found from now on is not remembered."""
        self._find = self._find_afresh
        self._wanted_again.set()

    def failed(self, model: ModelFile, devices: Collection[str], error: EngineError) -> None:
        """Leave devices off for a model that does not run there, until the file, the driver or the setting changes."""
        for use in self.choice.uses:
            if use.device.name in devices:
                self._failures[use.device.key, model.model_id] = _Failure(model, use.device, error)
        self._choose()

    async def start(self) -> None:
        """Use what is remembered, so that the first load knows its devices."""
        known, _ = await asyncio.gather(asyncio.to_thread(self._remembered), asyncio.to_thread(self._speeds.open))
        if known is not None:
            self._take(known)

    async def run(self) -> None:
        """Find the devices, and notice when they change; never returns."""
        while True:
            try:
                self._take(await self._search())
            except ModelLoadError as error:  # llama.cpp is missing, which each load reports
                logger.info("no devices: %s", error)
            self._looked.set()
            self._current.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._wanted_again.wait()
            self._wanted_again.clear()
            self._forget_shortages()

    async def _search(self) -> DeviceReport:
        """Find the devices in a thread. If this is cancelled, no process is left behind."""
        stop = threading.Event()
        search = asyncio.ensure_future(in_daemon_thread(partial(self._find, stop), "devices"))
        try:
            return await asyncio.shield(search)
        except asyncio.CancelledError:
            stop.set()
            await asyncio.wait([search], timeout=_END_S)
            raise

    def _forget_shortages(self) -> None:
        """Put models on devices again that lacked memory: another program may have had it."""
        lasting = {
            key: each for key, each in self._failures.items() if not isinstance(each.error, InsufficientMemoryError)
        }
        if len(lasting) < len(self._failures):
            self._failures = lasting
            self._choose()

    def apply_settings(self, settings: Settings) -> None:
        """Choose again if the setting has changed."""
        if settings.devices != self._wanted:
            self._wanted = settings.devices
            self._failures.clear()
            self._choose()

    @property
    def allowed(self) -> tuple[Device, ...]:
        """The devices that models may be put on, where they are not too slow or kept off to save power."""
        return tuple(use.device for use in self._allowed.uses if use.in_use)

    @property
    def saves_power(self) -> bool:
        """Whether models stay off all devices, because the machine runs on battery."""
        return self._saves_power

    @saves_power.setter
    def saves_power(self, saves: bool) -> None:
        if saves != self._saves_power:
            self._saves_power = saves
            self._choose()

    # Speeds

    def unmeasured(self, models: Iterable[ModelFile]) -> Iterable[tuple[Device, ModelFile]]:
        """Yield devices with models that stand for a shape without a measurement."""
        for model in models:
            for device in self.allowed:
                if self._speeds.speed(device, model.speed_shape) is None:
                    yield device, model

    def measured(self, device: Device, model: ModelFile, pair: SpeedPair) -> None:
        """Keep a measurement, and let it decide."""
        speed = self._speeds.note(device, model.speed_shape, pair)
        logger.info("%s, %s: %s", device.description, speed.shape, speed_reason(speed))
        self._choose()

    def left_off(self, model: ModelFile) -> Mapping[str, Message]:
        """Return why a model is not put on devices that others may use, by llama.cpp's names."""
        found = (self._failures.get((use.device.key, model.model_id)) for use in self.choice.uses)
        failures = {
            each.device.name: msg("device_load_failed", reason=each.error.message)
            for each in found
            if each is not None and each.model.same_content(model)  # it may have been replaced
        }
        if self._wanted is not None:
            return failures
        return {**self._speeds.left_off(self.choice, model.speed_shape), **failures}

    def why(self, model: ModelFile) -> Message | None:
        """Return why a model is not put on a device that Preheat considered for it; None if it is, or there is none."""
        names = {device.name for device in self.allowed}
        left_off = self.left_off(model)
        for use in self.choice.uses:
            name, description = use.device.name, use.device.description
            if name in names and (reason := left_off.get(name) if use.in_use else use.reason) is not None:
                return msg("device_left_off", device=description, reason=reason)
        return None

    def _take(self, report: DeviceReport) -> None:
        if report != self.report:
            self.report = report
            self._choose()

    def _choose(self) -> None:
        before, self._allowed = self.choice, choose_devices(self._wanted, self.report)
        choice = self._speeds.decide(self._allowed, automatic=self._wanted is None)
        self.choice = _off(choice) if self._saves_power else choice
        for problem in self.choice.problems:
            if problem not in before.problems:
                logger.warning("%s", problem)
        if self.report.backends and self.choice.names != before.names:
            logger.info("%s", self.list.outcome)
        self._on_change(self.choice.total_bytes)


def _off(choice: DeviceChoice) -> DeviceChoice:
    """Return the choice with no device in use, to save power."""
    reason = msg("device_battery")
    return replace(
        choice, uses=tuple(replace(use, in_use=False, reason=reason) if use.in_use else use for use in choice.uses)
    )
