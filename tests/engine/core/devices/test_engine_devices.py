"""The engine's devices: remembered ones before the first load, others as soon as they are found."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from preheat.core.devices.engine_devices import EngineDevices
from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.errors import InsufficientMemoryError, ModelLoadError
from preheat.messages import msg
from preheat.models import ModelFile, ModelShape
from preheat.settings import Settings

CARD = Device("Vulkan0", "Imaginary card", DeviceKind.DISCRETE, "vulkan", 1, 1)
FOUND = DeviceReport((CARD,), backends=("vulkan",))
MODEL = ModelFile("m", Path("m.gguf"), 1, "llama", 2048, False, True, (Path("m.gguf"),), 0, ModelShape())


def make(
    settings: Settings,
    remembered: DeviceReport | None,
    find: Callable[[threading.Event], DeviceReport] = lambda _stop: FOUND,
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

    def find(_stop: threading.Event) -> DeviceReport:
        loop.call_soon_threadsafe(asked.set)
        raise ModelLoadError(msg("llama_library_missing"))

    devices, changes = make(Settings(), None, find)
    running = asyncio.create_task(devices.run())
    await asked.wait()
    assert changes.empty()
    running.cancel()


async def test_a_reader_sees_what_was_installed_since() -> None:
    reports = iter([DeviceReport(), FOUND])
    devices, _ = make(Settings(), None, lambda _stop: next(reports))
    running = asyncio.create_task(devices.run())
    async with asyncio.timeout(10):
        assert len((await devices.found()).devices) == 1
    running.cancel()


async def test_a_search_ends_with_the_engine() -> None:
    loop = asyncio.get_running_loop()
    begun, ended = asyncio.Event(), threading.Event()

    def find(stop: threading.Event) -> DeviceReport:
        loop.call_soon_threadsafe(begun.set)
        assert stop.wait(60)
        ended.set()
        return FOUND

    devices, changes = make(Settings(), None, find)
    running = asyncio.create_task(devices.run())
    await begun.wait()
    running.cancel()
    await asyncio.wait([running])
    assert ended.is_set()
    assert changes.empty()


async def test_a_missing_device_is_looked_for_afresh() -> None:
    devices = EngineDevices(
        Settings(),
        (changes := asyncio.Queue[Mapping[str, int]]()).put_nowait,
        lambda _stop: FOUND,
        find_afresh=lambda _stop: DeviceReport(),
    )
    running = asyncio.create_task(devices.run())
    assert await changes.get() == {"Vulkan0": 1}
    devices.look_afresh()
    assert await changes.get() == {}
    running.cancel()


async def test_a_device_is_left_off_for_a_model_that_failed_there() -> None:
    devices, _ = make(Settings(devices=("Vulkan0",)), FOUND)
    await devices.start()
    error = ModelLoadError(msg("device_probe_crashes", reason="it exited"))
    devices.failed(MODEL, ["Vulkan0"], error)
    reason = msg("device_load_failed", reason=error.message)
    assert devices.left_off(MODEL) == {"Vulkan0": reason}
    assert devices.why(MODEL) == msg("device_left_off", device="Imaginary card", reason=reason)
    assert [each.problem.code for each in devices.list.problems] == ["device_fails"]
    assert devices.left_off(replace(MODEL)) == {"Vulkan0": reason}
    assert devices.left_off(replace(MODEL, modified_ns=1)) == {}
    devices.apply_settings(Settings())
    assert devices.left_off(MODEL) == {}
    assert devices.list.problems == ()


async def test_a_device_that_lacked_memory_is_tried_again_later() -> None:
    devices, changes = make(Settings(), FOUND)
    running = asyncio.create_task(devices.run())
    await changes.get()
    devices.failed(MODEL, ["Vulkan0"], InsufficientMemoryError(msg("worker_out_of_memory")))
    await changes.get()
    assert devices.left_off(MODEL)
    devices.look_afresh()  # as the time of the next look would
    await changes.get()
    assert devices.left_off(MODEL) == {}
    running.cancel()
