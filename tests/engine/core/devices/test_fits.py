"""Placements that llama.cpp confirms before a load."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from preheat.core.devices.fits import DeviceFits
from preheat.devices import DeviceRoom, PlacementTable
from preheat.errors import ModelLoadError
from preheat.inference import LoadOptions
from preheat.inference.processor import DeviceFit, FittedLayers
from preheat.messages import msg
from preheat.models import LayerShape, ModelFile
from preheat.residency import SizeTable
from preheat.settings import Settings
from tests.engine.residency.workers import model

MB = 1_000_000
LAYER = LayerShape(weight_bytes=80 * MB, expert_bytes=60 * MB, largest_bytes=20 * MB)
DENSE = LAYER._replace(expert_bytes=0)
OUTPUT_BYTES = 100 * MB


def layered(layer: LayerShape = DENSE, name: str = "a") -> ModelFile:
    """Return a model of ten layers, with 100 MB of buffers by its header."""
    known = model(name)
    shape = replace(
        known.shape,
        each_layer=(layer,) * 10,
        output_bytes=OUTPUT_BYTES,
        embedding_bytes=OUTPUT_BYTES,
        graph_values=100 * MB // 4 // 512 - 1024,
        kv_values=0,
        window_kv_values=0,
    )
    return replace(known, shape=shape)


class LlamaCpp:
    """Answers in place of the process; ``loads`` has the layers and experts in RAM of each simulated load."""

    def __init__(self, buffers: int, fitted: FittedLayers | None = None) -> None:
        self.buffers = buffers
        self.buffers_by_experts: dict[int, int] = {}  # where they are others
        self.fitted = fitted
        self.loads: list[tuple[int, int]] = []
        self.targets: list[Mapping[str, int] | None] = []
        self.broken = False
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, options: LoadOptions, targets: Mapping[str, int] | None = None) -> DeviceFit:
        self.loads.append((options.gpu_layers, options.cpu_experts))
        self.targets.append(targets)
        await self.go.wait()
        if self.broken:
            raise ModelLoadError(msg("device_fit_failed"))
        buffers = self.buffers_by_experts.get(options.cpu_experts, self.buffers)
        return DeviceFit(dict.fromkeys(options.devices, buffers * MB), self.fitted if targets else None)


class Rig:
    """A table of sizes with a device of so many MB."""

    def __init__(self, llama: LlamaCpp, limit: int, table: PlacementTable | None = None, **changes: Any) -> None:
        settings = Settings(context_length=2048, parallel=1, **changes)
        self.sizes = SizeTable(settings, table=table)
        self.sizes.use_devices([DeviceRoom("Vulkan0", limit * MB, key="driver 1")])
        self.in_memory: set[str] = set()
        self.fits = DeviceFits(settings, self.sizes, lambda: self.in_memory, llama)

    async def place(self, file: ModelFile) -> tuple[int, int, int]:
        """Settle a model; return its layers on the device, those without experts, and the MB it takes."""
        await self.fits.settle(file)
        placement = self.sizes.placement(file)
        return placement.gpu_layers, placement.cpu_experts, round(sum(placement.device_bytes.values()) / MB)


async def test_without_devices_nothing_is_asked() -> None:
    llama = LlamaCpp(100)
    rig = Rig(llama, 1000)
    rig.sizes.use_devices([])
    assert await rig.place(layered()) == (0, 0, 0)
    assert llama.loads == []


async def test_what_is_plain_is_not_asked() -> None:
    llama = LlamaCpp(100)
    assert await Rig(llama, 5000).place(layered()) == (11, 0, 1000)
    assert await Rig(llama, 100).place(layered()) == (0, 0, 0)
    assert llama.loads == []


@pytest.mark.parametrize(
    ("limit", "buffers", "loads", "placed"),
    [
        (1000, 100, [(11, 0)], (11, 0, 1000)),
        (1000, 101, [(11, 0), (10, 0)], (10, 0, 921)),  # over the limit by the header's error
        (900, 300, [(9, 0), (7, 0)], (7, 0, 880)),
        (900, 60, [(9, 0), (10, 0)], (10, 0, 880)),  # smaller buffers leave room for more
        (180, 60, [(1, 0)], (1, 0, 160)),
        (220, 130, [(1, 0)], (0, 0, 0)),
    ],
)
async def test_the_best_placement_whose_simulated_load_fits(
    limit: int, buffers: int, loads: list[tuple[int, int]], placed: tuple[int, int, int]
) -> None:
    llama = LlamaCpp(buffers)
    assert await Rig(llama, limit).place(layered()) == placed
    assert llama.loads == loads
    assert llama.targets == [{"Vulkan0": limit * MB}, None][: len(loads)]


async def test_a_proposal_of_llama_cpp_counts_if_it_is_better_and_fits() -> None:
    better = LlamaCpp(130, FittedLayers(11, (11,), 5))
    better.buffers_by_experts[5] = 100
    assert await Rig(better, 700).place(layered(LAYER)) == (11, 5, 700)
    assert better.loads == [(11, 6), (11, 5)]
    too_much = LlamaCpp(130, FittedLayers(11, (11,), 5))
    assert await Rig(too_much, 700).place(layered(LAYER)) == (11, 6, 670)
    assert too_much.loads == [(11, 6), (11, 5)]
    worse = LlamaCpp(130, FittedLayers(1, (1,), 0))
    assert await Rig(worse, 700).place(layered(LAYER)) == (11, 6, 670)
    assert worse.loads == [(11, 6)]


async def test_a_proposal_for_other_devices_is_ignored() -> None:
    llama = LlamaCpp(100, FittedLayers(11, (6, 5), 0))
    assert await Rig(llama, 900).place(layered()) == (9, 0, 840)


@pytest.mark.parametrize("changes", [{"gpu_layers": 11}, {"experts_in_ram": "off", "gpu_layers": 5}])
async def test_a_choice_of_the_user_is_measured_and_kept_to(changes: dict[str, Any]) -> None:
    llama = LlamaCpp(400)
    layers, experts, taken = await Rig(llama, 300, **changes).place(layered(LAYER))
    assert (layers, experts) == llama.loads[0]
    assert len(llama.loads) == 1
    assert taken > 300


async def test_an_answer_holds_for_file_settings_limit_and_driver(tmp_path: Path) -> None:
    llama, path = LlamaCpp(101), tmp_path / "placements.json"
    assert await Rig(llama, 1000, PlacementTable(path)).place(layered()) == (10, 0, 921)
    asked = len(llama.loads)
    table = PlacementTable(path)
    table.open()
    later = Rig(llama, 1000, table)
    assert later.sizes.placement(layered()).gpu_layers == 10
    assert await later.place(layered()) == (10, 0, 921)
    assert len(llama.loads) == asked
    later.sizes.use_devices([DeviceRoom("Vulkan0", 1000 * MB, key="driver 2")])
    await later.place(layered())
    assert len(llama.loads) == 2 * asked


@pytest.mark.parametrize(
    "content", ["", "[]", '{"a": 1}', '{"a": {"split": {"V": -1}, "device_bytes": {"V": 1}, "cpu_experts": 0}}']
)
async def test_an_edited_file_is_forgotten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "placements.json"
    path.write_text(content)
    table = PlacementTable(path)
    table.open()
    assert table.get("a") is None


@pytest.mark.parametrize("edit", [('"Vulkan0": 10', '"Vulkan0": 99'), ('"Vulkan0"', '"Vulkan7"')])
async def test_an_edited_answer_that_cannot_be_is_ignored(tmp_path: Path, edit: tuple[str, str]) -> None:
    path = tmp_path / "placements.json"
    await Rig(LlamaCpp(101), 1000, PlacementTable(path)).place(layered())
    path.write_text(path.read_text().replace(*edit))
    table = PlacementTable(path)
    table.open()
    assert Rig(LlamaCpp(101), 1000, table).sizes.placement(layered()).gpu_layers == 11


async def test_without_an_answer_the_header_decides_and_nobody_asks_again(caplog: pytest.LogCaptureFixture) -> None:
    llama = LlamaCpp(101)
    llama.broken = True
    rig = Rig(llama, 1000)
    assert await rig.place(layered()) == (11, 0, 1000)
    assert await rig.place(layered()) == (11, 0, 1000)
    assert len(llama.loads) == 1
    assert "by its header alone" in caplog.text


async def test_callers_share_an_answer_and_models_in_memory_stay() -> None:
    llama = LlamaCpp(101)
    llama.go.clear()
    rig = Rig(llama, 1000)
    first, second = (asyncio.create_task(rig.place(layered())) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()  # its client has left
    llama.go.set()
    assert await second == (10, 0, 921)
    assert llama.loads == [(11, 0), (10, 0)]
    other = Rig(llama, 1000)
    other.in_memory.add("a")
    assert await other.place(layered()) == (11, 0, 1000)


async def test_closing_ends_what_is_asked() -> None:
    llama = LlamaCpp(101)
    llama.go.clear()
    rig = Rig(llama, 1000)
    asking = asyncio.create_task(rig.place(layered()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await rig.fits.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
