"""A laptop with two GPUs, for the picture of the devices."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from preheat.control import Device, DeviceKind, DeviceMemory, EngineSnapshot
from preheat.devices import DeviceReport, DeviceSpeed, Speed, SpeedPair, choose_devices, device_list, with_speeds

_GB: Final = 10**9
_CARD: Final = Device(
    "Vulkan1",
    "NVIDIA GeForce RTX 4070 Laptop GPU",
    DeviceKind.DISCRETE,
    "vulkan",
    8_585_740_288,
    8_000_000_000,
    "NVIDIA 570.133",
    "0000:01:00.0",
)
_GRAPHICS: Final = Device(
    "Vulkan0",
    "Intel(R) Graphics (RPL-P)",
    DeviceKind.INTEGRATED,
    "vulkan",
    16 * _GB,
    16 * _GB,
    "Intel open-source Mesa driver 25.0.7",
    "0000:00:02.0",
)


def _speed(shape: str, device: Speed, processor: Speed) -> DeviceSpeed:
    return DeviceSpeed(shape, device, processor, SpeedPair(device, processor).gain, in_use=True)


_SPEEDS: Final = (
    _speed("qwen3 36x4096 Q4_K_M", Speed(1350, 46.2), Speed(92, 9.3)),
    _speed("qwen2 28x3584 Q5_K_M", Speed(1210, 38.1), Speed(88, 8.8)),
    _speed("nomic-bert 12x768 Q8_0", Speed(20_400, 0), Speed(2400, 0)),
)


def with_laptop(snapshot: EngineSnapshot) -> EngineSnapshot:
    """Return the snapshot with the laptop's devices, of which models use the graphics card."""
    report = DeviceReport((_GRAPHICS, _CARD), backends=("vulkan",))
    choice = with_speeds(choose_devices(None, report), (_SPEEDS, ()), automatic=True)
    taken = (DeviceMemory(_CARD.name, _CARD.total_bytes * 8 // 10, 5_800_000_000),)
    return replace(snapshot, devices=device_list(choice, report), memory=replace(snapshot.memory, devices=taken))
