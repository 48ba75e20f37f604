"""The engine's devices: remembered ones before the first load, others as soon as they are found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from preheat.core.devices import EngineDevices
from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.errors import ModelLoadError
from preheat.messages import msg
from preheat.settings import Settings

CARD = Device("Vulkan0", "Imaginary card", DeviceKind.DISCRETE, "vulkan", 1, 1)
FOUND = DeviceReport((CARD,), backends=("vulkan",))


def make(
    settings: Settings, remembered: DeviceReport | None, find: Callable[[], DeviceReport] = lambda: FOUND
) -> tuple[EngineDevices, asyncio.Queue[Mapping[str, int]]]:
    changes: asyncio.Queue[Mapping[str, int]] = asyncio.Queue()
    return EngineDevices(settings, changes.put_nowait, find, lambda: remembered), changes


async def test_remembered_devices_are_there_before_the_first_load() -> None:
    devices, changes = make(Settings(), FOUND)
    await devices.start()
    assert changes.get_nowait() == {"Vulkan0": 1}


async def test_devices_are_found_in_the_background() -> None:
    devices, changes = make(Settings(), None)
    await devices.start()
    assert changes.empty()
    running = asyncio.create_task(devices.run())
    assert await changes.get() == {"Vulkan0": 1}
    assert devices.report == FOUND
    running.cancel()


async def test_a_change_of_the_setting(caplog: pytest.LogCaptureFixture) -> None:
    devices, changes = make(Settings(), FOUND)
    await devices.start()
    changes.get_nowait()
    devices.apply_settings(Settings(devices=("cpu",)))
    assert changes.get_nowait() == {}
    assert devices.choice.uses[0].reason.code == "device_setting_cpu"
    devices.apply_settings(Settings(devices=("radeon",)))
    assert "names radeon, which is not here" in caplog.text
    devices.apply_settings(Settings(devices=("radeon",), parallel=3))
    assert (changes.get_nowait(), changes.empty()) == ({}, True)


async def test_without_llama_the_processor_is_left(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def find() -> DeviceReport:
        loop.call_soon_threadsafe(asked.set)
        raise ModelLoadError(msg("llama_library_missing"))

    devices, changes = make(Settings(), None, find)
    running = asyncio.create_task(devices.run())
    await asked.wait()
    assert changes.empty()
    running.cancel()
