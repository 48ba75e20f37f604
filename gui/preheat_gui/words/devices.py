"""Words about devices such as graphics cards. Pure except for the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from preheat_gui.words.catalogue import joined
from preheat_gui.words.figures import format_memory

if TYPE_CHECKING:
    from preheat.control import Device


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


def _tr(text: str) -> str:
    return QCoreApplication.translate("Devices", text)
