"""What the engine does about devices: battery, quiet moments for measurements, and slow answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from preheat.core.devices.care import DeviceCare
from preheat.core.devices.engine_devices import EngineDevices
from preheat.devices import Device, DeviceKind, DeviceReport
from preheat.inference.processor import Pair, ProbedModel
from preheat.messages import msg
from preheat.residency import Action, EvictionReason, Outcome, State
from preheat.usage import RequestRecord
from tests.engine.residency.workers import Bench, model, settle

CARD = Device("Vulkan0", "Imaginary card", DeviceKind.DISCRETE, "vulkan", 1 << 40, 1 << 40)
FAST: Pair = ((300.0, 30.0), (100.0, 20.0))


class Machine:
    """A machine with a graphics card, over fake workers."""

    def __init__(self, *, on_battery: bool = False) -> None:
        self.bench = Bench(gpu_on_battery=not on_battery)
        self.allowed: list[str] = []
        self.hold: object = None
        self.measured: list[str] = []
        found = DeviceReport((CARD,), backends=("vulkan",))
        self.devices = EngineDevices(self.bench.settings, self._use, lambda _stop: found, lambda: found)
        preloads = SimpleNamespace(form_hold=lambda: self.hold, busy_for_s=lambda: 0.0)
        planner = SimpleNamespace(favourites=("a",), allow=self.allowed.append)
        self.care = DeviceCare(
            self.bench.settings,
            self.devices,
            self.bench.executor,
            cast(Any, preloads),
            cast(Any, planner),
            self.bench.sizes,
            lambda: [model(name) for name in "abc"],
            self._measure,
            reads_battery=lambda: True,
        )

    def _use(self, total_bytes: Any) -> None:
        self.bench.executor.use_devices(total_bytes, left_off=self.devices.left_off)

    async def _measure(self, probed: ProbedModel, device: str) -> Pair:
        self.measured.append(device)
        return FAST

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = self.care.start()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until_on(machine: Machine, name: str, devices: tuple[str, ...]) -> None:
    """Let loads end until a model is hot on these devices."""
    async with asyncio.timeout(10):
        while machine.bench.of(name) is not State.HOT or machine.bench.executor.devices(name) != devices:
            await settle()
            if machine.bench.of(name) in (State.LOADING, State.WARMING):
                machine.bench.workers[-1].become_hot()


async def test_on_battery_favourites_stay_in_memory_and_others_leave() -> None:
    machine = Machine(on_battery=True)
    await machine.devices.start()
    await machine.bench.hot("a", "b")
    assert machine.bench.executor.devices("a") == ("Vulkan0",)
    async with machine.running():
        await until_on(machine, "a", ())
    assert machine.bench.of("b") is State.COLD
    assert machine.allowed == ["a"]
    causes = [decision.cause for decision in machine.bench.decisions if decision.action is Action.EVICT]
    assert causes == [EvictionReason.SETTINGS] * 2
    assert machine.bench.executor.records["a"].reason == msg("preload_off_device")


async def test_a_request_on_battery_ends_before_its_model_moves() -> None:
    machine = Machine(on_battery=True)
    await machine.devices.start()
    await machine.bench.hot("a")
    claim = machine.bench.executor.request(model("a"))
    await claim.hot()
    async with machine.running():
        await settle()
        assert machine.bench.executor.devices("a") == ("Vulkan0",)
        claim.release(answered=True)
        await until_on(machine, "a", ())


async def test_models_in_memory_and_favourites_are_measured() -> None:
    machine = Machine()
    await machine.devices.start()
    await machine.bench.hot("b")
    async with machine.running(), asyncio.timeout(10):
        while not machine.devices.list.devices[0].speeds:
            await settle()
    assert machine.measured == ["Vulkan0"]


async def test_nothing_is_measured_while_something_is_loaded_or_requested() -> None:
    machine = Machine()
    machine.hold = SimpleNamespace(again_s=None)
    await machine.devices.start()
    await machine.bench.hot("b")
    async with machine.running():
        await settle()
    machine.hold = None
    loading = asyncio.create_task(machine.bench.executor.load(model("c")))
    await settle()
    async with machine.running():
        await settle()
    assert machine.measured == []
    machine.bench.workers[-1].become_hot()
    await loading


async def test_a_model_that_became_slow_has_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    machine = Machine()
    await machine.devices.start()
    await machine.bench.hot("a")
    for speed in (*[40] * 5, *[10] * 3):
        record = RequestRecord("a", 0.0, Outcome.HIT, prompt_tokens=9, completion_tokens=33, decode_s=32 / speed)
        machine.care.request_ended(machine.care.request_arrived(), record)
    warning = machine.bench.executor.warning("a")
    assert warning is not None
    assert warning.code == "decode_fell"
    assert "It decodes 10 tokens per second on Vulkan0" in caplog.text
