"""Devices next to the processor, such as graphics cards: which there are, and which ones models use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preheat._lazy import lazy_exports

if TYPE_CHECKING:
    from preheat.devices.choice import PROCESSOR, DeviceChoice, choose_devices, device_list, outcome
    from preheat.devices.decode_record import DecodeRecord, decode_speed
    from preheat.devices.device import (
        Device,
        DeviceKind,
        DeviceList,
        DeviceProblem,
        DeviceReport,
        DeviceSpeed,
        DeviceUse,
        Speed,
    )
    from preheat.devices.discovery import find_devices, find_devices_afresh, remembered_devices
    from preheat.devices.placement import (
        ALL_LAYERS,
        ON_PROCESSOR,
        DeviceRoom,
        LayerParts,
        ModelParts,
        Placement,
        corrected,
        fits,
        is_doubtful,
        place,
        place_as,
        with_buffers,
    )
    from preheat.devices.placement_table import PlacementTable
    from preheat.devices.power import PowerState
    from preheat.devices.speed_table import SpeedTable, speeds_file
    from preheat.devices.speeds import SpeedPair, is_worth_it, speed_reason, with_speeds
else:
    __getattr__ = lazy_exports(
        __name__,
        {
            "preheat.devices.choice": "PROCESSOR DeviceChoice choose_devices device_list outcome",
            "preheat.devices.decode_record": "DecodeRecord decode_speed",
            "preheat.devices.device": (
                "Device DeviceKind DeviceList DeviceProblem DeviceReport DeviceSpeed DeviceUse Speed"
            ),
            "preheat.devices.discovery": "find_devices find_devices_afresh remembered_devices",
            "preheat.devices.placement": (
                "ALL_LAYERS ON_PROCESSOR DeviceRoom LayerParts ModelParts Placement fits is_doubtful "
                "corrected place place_as with_buffers"
            ),
            "preheat.devices.placement_table": "PlacementTable",
            "preheat.devices.power": "PowerState",
            "preheat.devices.speed_table": "SpeedTable speeds_file",
            "preheat.devices.speeds": "SpeedPair is_worth_it speed_reason with_speeds",
        },
    )
