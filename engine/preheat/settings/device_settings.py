"""Settings of devices such as graphics cards: which ones models use, and how much of each."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from pydantic import field_validator

from preheat.settings.declaration import AUTO, Declared, Group, Name, Switch, WrongValueError, setting
from preheat.settings.model_settings import GpuLayers
from preheat.settings.size import Size

_device: Final = partial(setting, group=Group.DEVICES)


class DeviceSettings(Declared):
    """What models may use next to the processor."""

    devices: tuple[Name, ...] | None = _device(
        None,
        "Devices",
        "Graphics cards that models use, the first one first: names such as `Vulkan0`, or parts of their makers' "
        "names; `cpu` for none. `auto` takes those with memory of their own, otherwise an integrated one that is "
        "measured to be faster than the processor.",
        allowed="allowed_devices",
    )
    device_memory_limit: Size = _device(
        Size("80%"),
        "Graphics memory",
        "The most memory that loaded models may use of each graphics card.",
        allowed="allowed_device_memory_limit",
    )
    gpu_on_battery: bool = _device(
        True,
        "Graphics cards on battery",
        "Also put models on graphics cards on battery power. Otherwise favourites move to the processor after a "
        "minute, so that the graphics card can sleep.",
    )
    gpu_layers: GpuLayers = _device(
        -1,
        "Layers on the GPU",
        "Layers to put on graphics cards, the output layer counted; -1 means as many as fit.",
        rare=True,
    )
    experts_in_ram: Switch = _device(
        "auto",
        "Experts in RAM",
        "Where a mixture of experts has its experts: `auto` keeps those in RAM that do not fit on the graphics card, "
        "`on` all, `off` none.",
        rare=True,
    )

    @field_validator("devices", mode="before")
    @classmethod
    def _devices_are_names(cls, value: Any) -> Any:
        if value == AUTO:
            return None
        return (value,) if isinstance(value, str) and value else value

    @field_validator("device_memory_limit")
    @classmethod
    def _limit_is_more_than_nothing(cls, value: Size) -> Size:
        if value.resolve(10**15) == 0:
            raise WrongValueError("value_is_zero")
        return value
