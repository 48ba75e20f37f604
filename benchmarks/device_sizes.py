"""Estimated memory of devices next to what llama.cpp accounts, on Mesa's software device of 2 GiB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from preheat.core.devices.fits import DeviceFits
from preheat.devices import DeviceRoom, Placement
from preheat.inference.client import WorkerClient
from preheat.inference.processor import fit_in_process
from preheat.models import ModelFile
from preheat.residency import SizeTable, load_options
from preheat.settings import Settings

DEVICE: Final = "Vulkan0"
VARIABLES: Final = {"GGML_VK_VISIBLE_DEVICES": "0"}
"""llama.cpp leaves software devices out unless they are named; workers need this in their environment."""


class DeviceSizes(NamedTuple):
    """A placement, and the bytes of each device: estimated before the load, and accounted by llama.cpp."""

    placement: Placement
    estimated: Mapping[str, int]
    accounted: Mapping[str, int]

    @property
    def error(self) -> float:
        """The largest error of a device, as a share of what is accounted; 0 if none is used."""
        names = self.estimated.keys() | self.accounted.keys()
        pairs = ((self.estimated.get(name, 0), self.accounted.get(name, 0)) for name in names)
        return max((abs(guess - found) / max(found, 1) for guess, found in pairs), default=0.0)


async def measure_device(model: ModelFile, settings: Settings, limit_bytes: int) -> DeviceSizes:
    """Load the model in a real worker, with as many layers on the device as the settings and the limit say."""
    sizes = SizeTable(settings)
    sizes.use_devices([DeviceRoom(DEVICE, limit_bytes, is_main_memory=True)])
    await DeviceFits(settings, sizes, tuple, fit_in_process).settle(model)
    placement = sizes.placement(model)
    form = sizes.loaded_form(model)
    options = load_options(model, settings, form, probe=False, warm_prefix=False, placement=placement)
    worker = await WorkerClient.spawn()
    try:
        info = await worker.load(options, lambda _share: None, lambda: None)
    finally:
        await worker.close()
    return DeviceSizes(placement, placement.device_bytes, dict(info.device_bytes))
