"""Measures devices against the processor while nothing else happens: once for each device and shape of model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from preheat.core.devices.engine_devices import EngineDevices
from preheat.devices import Device, Speed, SpeedPair
from preheat.errors import EngineError
from preheat.inference.cores import default_threads
from preheat.inference.processor import Pair, ProbedModel, measure_in_process
from preheat.models import ModelFile
from preheat.settings import Settings

logger = logging.getLogger(__name__)

_CHECK_S: Final = 1.0
"""Time between two looks whether a measurement still disturbs nothing, in seconds; a request ends it at once."""

_UNCLEAR_PAUSE_S: Final = 300.0
"""Time until a measurement without a clear result is repeated, in seconds."""

Measure = Callable[[ProbedModel, str], Awaitable[Pair | None]]


class DeviceSpeeds:
    """Runs on the engine's loop.

    Args:
        models: Returns the models that are worth a measurement now and have the memory for it, best first.
        fits: Returns whether a device has room for a model now.
        held_s: Returns 0 if a measurement would disturb nothing, otherwise when to ask again, in seconds.
        busy_s: The same for other programs, which would disturb the measurement.
        measure: Measures in another process, which ends with the task.
    """

    def __init__(
        self,
        settings: Settings,
        devices: EngineDevices,
        models: Callable[[], Iterable[ModelFile]],
        fits: Callable[[Device, ModelFile], bool],
        held_s: Callable[[], float],
        busy_s: Callable[[], float],
        measure: Measure = measure_in_process,
    ) -> None:
        self._settings = settings
        self._devices: Final = devices
        self._models: Final = models
        self._fits: Final = fits
        self._held_s: Final = held_s
        self._busy_s: Final = busy_s
        self._measure: Final = measure
        self._changed: Final = asyncio.Event()
        self._running: asyncio.Future[Pair | None] | None = None
        self._failed: set[tuple[str, str]] = set()

    def apply_settings(self, settings: Settings) -> None:
        """Measure as models are loaded with these settings."""
        self._settings = settings

    def changed(self) -> None:
        """Models or devices are others now: look again for what has to be measured."""
        self._changed.set()

    def give_way(self) -> None:
        """End the running measurement, which is repeated later: a request needs the machine."""
        if self._running is not None:
            self._running.cancel()

    async def run(self) -> None:
        """Measure whatever is not known; never returns."""
        while True:
            self._changed.clear()
            if not self._devices.allowed or (target := self._next()) is None:
                await self._changed.wait()
            elif (pause_s := self._held_s() or self._busy_s()) > 0:
                await asyncio.sleep(pause_s)
            else:
                await self._probe(*target)

    def _next(self) -> tuple[Device, ModelFile] | None:
        targets = self._devices.unmeasured(self._models())
        return next((each for each in targets if _key(*each) not in self._failed and self._fits(*each)), None)

    async def _probe(self, device: Device, model: ModelFile) -> None:
        own = self._settings.for_model(model.model_id)
        probed = ProbedModel(
            path=str(model.path),
            embeddings=model.embeddings,
            kv_cache_type=own.kv_cache_type,
            flash_attention=own.flash_attention,
            threads=own.threads or default_threads(),
        )
        logger.info("measuring %s with %s", device.description, model.model_id)
        self._running = running = asyncio.ensure_future(self._measure(probed, device.name))
        try:
            while not (await asyncio.wait([running], timeout=_CHECK_S))[0]:
                if self._held_s() > 0:
                    running.cancel()
        finally:  # also when the engine stops
            self._running = None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if running.cancelled():
            return
        try:
            found = running.result()
        except EngineError as error:
            logger.warning("%s cannot be measured with %s: %s", device.description, model.model_id, error)
            self._failed.add(_key(device, model))
            return
        if found is None:  # other programs were busy
            await asyncio.sleep(_UNCLEAR_PAUSE_S)
            return
        on_device, on_processor = found
        self._devices.measured(device, model, SpeedPair(Speed(*on_device), Speed(*on_processor)))


def _key(device: Device, model: ModelFile) -> tuple[str, str]:
    return device.key, model.speed_shape
