"""Devices next to the processor, such as graphics cards: which there are, and which ones models use."""

from __future__ import annotations

from preheat.devices.choice import PROCESSOR, DeviceChoice, choose_devices, outcome
from preheat.devices.device import Device, DeviceKind, DeviceReport, DeviceUse
from preheat.devices.discovery import find_devices, remembered_devices

__all__ = [
    "PROCESSOR",
    "Device",
    "DeviceChoice",
    "DeviceKind",
    "DeviceReport",
    "DeviceUse",
    "choose_devices",
    "find_devices",
    "outcome",
    "remembered_devices",
]
