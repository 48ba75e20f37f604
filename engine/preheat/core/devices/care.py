"""What the engine does about devices besides finding them: it measures them, follows the power supply, and watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from preheat.core.devices.battery import BatteryWatch
from preheat.core.devices.decode_watch import DecodeWatch, OpenAnswer
from preheat.core.devices.engine_devices import EngineDevices
from preheat.core.devices.fits import DeviceFits, Fit
from preheat.core.devices.speeds import DeviceSpeeds, Measure
from preheat.core.supervised import keep_running
from preheat.devices import Device
from preheat.errors import EngineError
from preheat.inference.processor import fit_in_process, measure_in_process
from preheat.messages import Message, msg
from preheat.models import ModelFile
from preheat.preload import PreloadContext, PreloadPlanner, on_battery
from preheat.residency import ResidencyExecutor, SizeTable
from preheat.settings import Settings
from preheat.usage import RequestRecord

_SPACE: Final = 1.2
"""What a measurement takes of a device, as a multiple of the weights."""

_LOADING_S: Final = 5.0
_HELD_S: Final = 60.0
"""When to ask again for a quiet moment, in seconds: after a load, and where something else is in the way."""


class DeviceCare:
    """Runs on the engine's loop.

    Args:
        models: Returns the models on disk.
        measure: Measures a model on a device and on the processor.
        fit: Asks llama.cpp what a load takes of devices.
        reads_battery: Returns whether the machine runs on battery.
    """

    def __init__(
        self,
        settings: Settings,
        devices: EngineDevices,
        residency: ResidencyExecutor,
        preloads: PreloadContext,
        planner: PreloadPlanner,
        sizes: SizeTable,
        models: Callable[[], Sequence[ModelFile]],
        measure: Measure = measure_in_process,
        fit: Fit = fit_in_process,
        reads_battery: Callable[[], bool] = on_battery,
    ) -> None:
        self._settings = settings
        self._devices: Final = devices
        self._residency: Final = residency
        self._preloads: Final = preloads
        self._planner: Final = planner
        self._sizes: Final = sizes
        self._models: Final = models
        self._speeds: Final = DeviceSpeeds(
            settings, devices, self._worth_measuring, self._fits, self._held_s, preloads.busy_for_s, measure
        )
        self._fit: Final = DeviceFits(settings, sizes, lambda: residency.models, fit)
        residency.before_load = self.settle
        preloads.device_reason = self.why
        self._battery: Final = BatteryWatch(settings, self._save_power, reads_battery)
        self._decoding: Final = DecodeWatch()

    def start(self) -> list[asyncio.Task[None]]:
        """Begin; return the tasks, which never end."""
        return [
            asyncio.create_task(keep_running("looking for devices", self._devices.run)),
            asyncio.create_task(keep_running("measuring devices", self._speeds.run)),
            asyncio.create_task(keep_running("watching the power supply", self._battery.run)),
        ]

    def apply_settings(self, settings: Settings) -> None:
        """Apply new settings."""
        self._settings = settings
        self._devices.apply_settings(settings)
        self._speeds.apply_settings(settings)
        self._fit.apply_settings(settings)
        self._battery.apply_settings(settings)

    async def close(self) -> None:
        """End what runs besides the tasks."""
        await self._fit.close()

    def changed(self) -> None:
        """Models or devices have changed."""
        self._speeds.changed()

    async def settle(self, model: ModelFile) -> None:
        """Find out where the model's layers go, before a load of it is decided on."""
        await self._fit.settle(model)

    def why(self, model: ModelFile) -> Message | None:
        """Return why a model's layers are where they are; None if there is no device for them."""
        if (left_off := self._devices.why(model)) is not None:
            return left_off
        return self._sizes.placement(model).reason if self._residency.device_limits else None

    def request_arrived(self) -> OpenAnswer:
        """Let a request have the machine."""
        self._speeds.give_way()
        return self._decoding.begin()

    def request_ended(self, answer: OpenAnswer, record: RequestRecord) -> None:
        """Judge the speed of an answer."""
        model_id, residency = record.model_id, self._residency
        pid = residency.worker_pid(model_id)
        warning = self._decoding.end(answer, record, residency.devices(model_id), pid)
        if warning is not None:
            residency.warn(model_id, warning)

    def _worth_measuring(self) -> list[ModelFile]:
        """Return the models in memory, the last used one first, and favourites, if they fit a second time."""
        records, free_bytes = self._residency.records, self._residency.free_bytes
        in_memory = sorted(self._residency.models, key=lambda name: -(records[name].last_used_at or 0.0))
        models = {model.model_id: model for model in self._models()}
        wanted = (models[name] for name in dict.fromkeys((*in_memory, *self._planner.favourites)) if name in models)
        return [
            model
            for model in wanted
            if self._settings.for_model(model.model_id).gpu_layers and self._sizes.expected_bytes(model) <= free_bytes
        ]

    def _fits(self, device: Device, model: ModelFile) -> bool:
        """Return whether a device has room for a model a second time; a driver that runs out of memory takes RAM."""
        limit_bytes = self._settings.device_memory_limit.resolve(device.total_bytes)
        taken_bytes = self._residency.device_bytes.get(device.name, 0)
        return taken_bytes + _SPACE * model.shape.weight_bytes <= limit_bytes

    def _held_s(self) -> float:
        """Return when to ask again whether a measurement would disturb something, in seconds; 0 if it would not."""
        if self._residency.state.loads:
            return _LOADING_S
        hold = self._preloads.form_hold()
        return 0.0 if hold is None else hold.again_s or _HELD_S

    async def _save_power(self, saves: bool) -> None:
        """Keep models off the devices, or do so no longer; favourites stay in memory."""
        residency = self._residency
        moved = [model for name, model in residency.models.items() if saves and residency.devices(name)]
        self._devices.saves_power = saves
        for model in moved:
            if model.model_id in self._planner.favourites:
                with contextlib.suppress(EngineError):
                    await residency.unload(model.model_id)  # it leaves anyhow, after its requests
                    self._planner.allow(model.model_id)  # not unloaded by the user
                    await residency.preload(model, msg("preload_off_device"))
