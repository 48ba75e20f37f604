"""Words about devices such as graphics cards. Pure except for the language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from preheat.messages import Message, Param
from preheat_gui.words.catalogue import joined
from preheat_gui.words.figures import format_memory, format_number, format_token_rate
from preheat_gui.words.messages import opening_sentences

if TYPE_CHECKING:
    from preheat.control import Device, DeviceList, DeviceSpeed, ModelSnapshot


def device_facts(device: Device) -> str:
    """Return a device's kind, memory, name and driver: ``Graphics card · 8.6 GB · Vulkan0 · NVIDIA 550.54``."""
    kind = {
        "discrete": _tr("Graphics card"),
        "integrated": _tr("Integrated graphics"),
        "accelerator": _tr("Accelerator"),
        "software": _tr("Software"),
    }.get(device.kind.value, device.kind.value)
    memory = format_memory(device.total_bytes) if device.total_bytes else ""
    return joined(kind, memory, device.name, device.device_id, device.driver)


def device_state(*, in_use: bool) -> str:
    """Return whether models use a device."""
    return _tr("In use") if in_use else _tr("Not used")


def device_names(found: DeviceList) -> Mapping[str, str]:
    """Return the makers' names of devices by llama.cpp's, which also tells devices of the same name apart."""
    descriptions = Counter(use.device.description for use in found.devices)
    return {
        use.device.name: use.device.description
        if descriptions[use.device.description] == 1
        else f"{use.device.description} ({use.device.name})"
        for use in found.devices
    }


def device_choices(found: DeviceList) -> list[str]:
    """Return what the setting ``devices`` may name: each device by its maker's name, if no other has the same."""
    names = device_names(found)
    choices = [
        use.device.description if names[use.device.name] == use.device.description else use.device.name
        for use in found.devices
    ]
    return [*choices, "cpu"]


def with_device_names(message: Message, found: DeviceList) -> Message:
    """Return a message that names devices as their makers do."""
    names = device_names(found)

    def named(key: str, value: Param) -> Param:
        if isinstance(value, Message):
            return with_device_names(value, found)
        if key == "device" and isinstance(value, str):
            return names.get(value, value)
        return (
            [names.get(name, name) for name in value] if key == "devices" and isinstance(value, list | tuple) else value
        )

    return Message(message.code, {key: named(key, value) for key, value in message.params.items()})


def placement_words(model: ModelSnapshot, found: DeviceList) -> str:
    """Return where a model's layers are, in sentences; empty if it uses no device."""
    return opening_sentences(with_device_names(model.placement, found)) if model.placement is not None else ""


def speed_words(speed: DeviceSpeed) -> tuple[str, str, str]:
    """Return the speeds of prompts and answers, ``46 / 9.3`` on device and processor, and the gain of both: ``4.9x``.

    A speed that was not measured is empty.
    """
    gain = _tr("{gain}x").format(gain=format_number(speed.gain, 1))
    prefill = _against(speed.device.prefill, speed.processor.prefill)
    return prefill, _against(speed.device.decode, speed.processor.decode), gain


def _against(device: float, processor: float) -> str:
    return f"{format_token_rate(device)} / {format_token_rate(processor)}" if device and processor else ""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Devices", text)
