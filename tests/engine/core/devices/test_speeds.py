"""Devices are measured once, while nothing else happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from preheat.core.devices.engine_devices import EngineDevices
from preheat.core.devices.speeds import DeviceSpeeds
from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.errors import ModelLoadError
from preheat.inference.processor import Pair, ProbedModel
from preheat.messages import msg
from preheat.models import ModelFile, ModelShape
from preheat.settings import Settings

UHD = Device("Vulkan0", "Intel UHD", DeviceKind.INTEGRATED, "vulkan", 1, 1)
SLOW: Pair = ((120.0, 12.0), (100.0, 20.0))
FAST: Pair = ((300.0, 30.0), (100.0, 20.0))


def model(name: str, layers: int = 30, quantization: str = "Q4_K_M") -> ModelFile:
    path = Path(f"/models/{name}.gguf")
    shape = ModelShape(layers=layers, widest_values=1536)
    return ModelFile(name, path, 1, "llama", 2048, False, True, (path,), 0, shape, quantization=quantization)


@dataclass
class World:
    """A machine whose measurements end when the test says so."""

    models: list[ModelFile]
    settings: Settings = field(default_factory=Settings)
    held_s: float = 0.0
    busy_s: float = 0.0
    too_large: set[str] = field(default_factory=set)
    begun: asyncio.Queue[tuple[ProbedModel, str]] = field(default_factory=asyncio.Queue)
    results: asyncio.Queue[Pair | ModelLoadError] = field(default_factory=asyncio.Queue)
    changes: asyncio.Queue[tuple[str, ...]] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        found = DeviceReport((UHD,), backends=("vulkan",))
        self.devices = EngineDevices(
            self.settings, lambda names: self.changes.put_nowait(tuple(names)), remembered=lambda: found
        )
        self.speeds = DeviceSpeeds(
            self.settings,
            self.devices,
            lambda: self.models,
            lambda _device, model: model.model_id not in self.too_large,
            lambda: self.held_s,
            lambda: self.busy_s,
            self.measure,
        )

    async def measure(self, probed: ProbedModel, device: str) -> Pair:
        self.begun.put_nowait((probed, device))
        result = await self.results.get()
        if isinstance(result, ModelLoadError):
            raise result
        return result

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.devices.start()
        task = asyncio.create_task(self.speeds.run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_integrated_gpu_is_used_once_it_is_faster() -> None:
    world = World([model("a")])
    async with world.running():
        assert world.changes.get_nowait() == ()
        probed, device = await world.begun.get()
        assert (probed.path, device) == (str(world.models[0].path), "Vulkan0")
        world.results.put_nowait(FAST)
        assert await world.changes.get() == ("Vulkan0",)
    assert world.devices.why(world.models[0]) is None
    assert world.devices.left_off(model("b", layers=80)) == {"Vulkan0": msg("device_unmeasured")}


async def test_a_slow_one_is_left_off() -> None:
    world = World([model("a")])
    async with world.running():
        world.changes.get_nowait()
        world.results.put_nowait(SLOW)
        assert await world.changes.get() == ()
    reason = msg("device_measured", decode=0.6, prefill=1.2)
    assert world.devices.why(world.models[0]) == msg("device_left_off", device="Intel UHD", reason=reason)


async def test_models_of_one_shape_are_measured_once() -> None:
    world = World([model("a"), model("b"), model("c", quantization="Q8_0")])
    async with world.running():
        for name in "ac":
            probed, _ = await world.begun.get()
            assert probed.path.endswith(f"{name}.gguf")
            world.results.put_nowait(FAST)
        await asyncio.wait_for(_empty(world), 5)
    assert world.begun.empty()


async def _empty(world: World) -> None:
    while [use for use in world.devices.list.devices if len(use.speeds) < 2]:
        await world.changes.get()


async def test_a_request_ends_a_measurement_which_is_repeated() -> None:
    world = World([model("a")])
    async with world.running():
        await world.begun.get()
        world.speeds.give_way()
        await world.begun.get()
        world.results.put_nowait(FAST)
        world.changes.get_nowait()
        assert await world.changes.get() == ("Vulkan0",)


async def test_a_failed_one_is_not_repeated(caplog: object) -> None:
    world = World([model("a"), model("b", layers=2)])
    async with world.running():
        await world.begun.get()
        world.results.put_nowait(ModelLoadError(msg("device_probe_crashes", reason="SIGSEGV")))
        probed, _ = await world.begun.get()
    assert probed.path.endswith("b.gguf")
    assert world.devices.why(world.models[0]) == msg(
        "device_left_off", device="Intel UHD", reason=msg("device_unmeasured")
    )


async def test_a_model_for_which_the_device_has_no_room_waits() -> None:
    world = World([model("a"), model("b", layers=2)], too_large={"a"})
    async with world.running():
        probed, _ = await world.begun.get()
        assert probed.path.endswith("b.gguf")
        world.results.put_nowait(FAST)
        world.too_large.clear()
        probed, _ = await world.begun.get()
        assert probed.path.endswith("a.gguf")


async def test_nothing_is_measured_without_models_or_devices() -> None:
    world = World([], Settings(devices=("cpu",)))
    async with world.running():
        world.models.append(model("a"))
        world.speeds.changed()
        world.devices.apply_settings(Settings())
        world.speeds.changed()
        await world.begun.get()
    assert world.begun.empty()
