"""Devices next to the processor, such as graphics cards: which there are, and which ones models use."""

from __future__ import annotations

from preheat.devices.choice import PROCESSOR, DeviceChoice, choose_devices, outcome
from preheat.devices.device import Device, DeviceKind, DeviceReport, DeviceUse

__all__ = [
    "PROCESSOR",
    "Device",
    "DeviceChoice",
    "DeviceKind",
    "DeviceReport",
    "DeviceUse",
    "choose_devices",
    "outcome",
]
