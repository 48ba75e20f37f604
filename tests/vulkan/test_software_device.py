"""Real models with their layers on a device."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.device_sizes import DEVICE, measure_device
from benchmarks.mixed_requests import write_copies
from benchmarks.shaped_gguf import SHAPES, ensure_shaped
from preheat.core import Engine, EngineSnapshot
from preheat.devices import DeviceKind, Placement, find_devices
from preheat.inference.processor import FittedLayers, fit_in_process
from preheat.messages import msg
from preheat.models import ModelFile, find_models
from preheat.residency import Form, State, load_options
from preheat.settings import Settings
from tests.engine.engines import change, record, running, state, until, until_state, use, worker_pid, write

GIB: Final = 1 << 30
MB: Final = 1_000_000

Run = Callable[..., AbstractAsyncContextManager[Engine]]


@pytest.fixture
def run(tmp_path: Path, chat_model: Path) -> Run:
    """Run an engine with two models of the same size that uses the device."""
    folder = tmp_path / "models"
    folder.mkdir()
    write_copies(folder, {"notes": 2048, "mail": 2048}, chat_model)

    @asynccontextmanager
    async def started(**changes: Any) -> AsyncIterator[Engine]:
        values = {"models_dirs": (folder,), "devices": (DEVICE,), "device_memory_limit": "2GiB", **changes}
        async with running(**values) as engine:
            await engine.devices.found()
            yield engine

    return started


def taken(snapshot: EngineSnapshot) -> int:
    """Return what models take of the device."""
    return sum(device.taken_bytes for device in snapshot.memory.devices)


def found(path: Path) -> ModelFile:
    (model,) = [model for model in find_models([path.parent]) if model.path == path]
    return model


@pytest.mark.parametrize(
    ("gpu_layers", "limit_bytes", "layers"),
    [(0, 2 * GIB, 0), (-1, 40 * MB, 0), (10, 2 * GIB, 10), (-1, 80 * MB, 9), (-1, 2 * GIB, 31)],
)
async def test_estimates_for_none_some_and_all_layers(
    chat_model: Path, gpu_layers: int, limit_bytes: int, layers: int
) -> None:
    settings = Settings(context_length=2048, parallel=4, gpu_layers=gpu_layers)
    sizes = await measure_device(found(chat_model), settings, limit_bytes)
    assert sizes.placement.gpu_layers == layers
    assert sizes.error < 0.1
    assert sum(sizes.accounted.values()) <= limit_bytes
    assert bool(sizes.accounted) is (layers > 0)


async def test_a_mixture_of_experts_within_a_limit(tmp_path: Path) -> None:
    (shape,) = [shape for shape in SHAPES if shape.name == "experts"]
    path = ensure_shaped(shape, tmp_path)
    sizes = await measure_device(found(path), Settings(context_length=2048, parallel=4), 50 * MB)
    assert (sizes.placement.gpu_layers, sizes.placement.cpu_experts) == (5, 4)
    assert sizes.error < 0.01
    assert sum(sizes.accounted.values()) <= 50 * MB


async def test_llama_cpp_proposes_the_layers_that_we_find(chat_model: Path) -> None:
    settings = Settings(context_length=2048, parallel=4)
    placement = Placement((DEVICE,), 9, (9,))
    options = load_options(
        found(chat_model), settings, Form.MAPPED, probe=False, warm_prefix=False, placement=placement
    )
    fit = await fit_in_process(options, {DEVICE: 2 * GIB})
    assert fit.fitted == FittedLayers(31, (31,), 0)
    assert fit.compute_bytes[DEVICE] == pytest.approx(16.5 * MB, rel=0.1)


async def test_the_estimate_for_an_encoder(embedding_model: Path) -> None:
    sizes = await measure_device(found(embedding_model), Settings(context_length=512), 2 * GIB)
    assert sizes.placement.gpu_layers == 7
    assert sizes.error < 0.1


async def test_the_device_is_used_only_if_it_is_named(run: Run) -> None:
    async with run(devices=None) as engine:
        (known,) = engine.devices.list.devices
        assert (known.device.name, known.device.kind, known.in_use) == (DEVICE, DeviceKind.SOFTWARE, False)
        assert known.device.total_bytes == 2 * GIB
        change(engine, devices=(DEVICE,))
        assert engine.devices.choice.names == (DEVICE,)


async def test_a_model_on_the_device_answers_and_gives_its_memory_back(run: Run) -> None:
    async with run() as engine:
        async with engine.lease("notes") as lease:
            assert await write(lease, 2)
        snapshot = await until(engine, lambda snapshot: taken(snapshot) > 0)
        assert taken(snapshot) == sum(record(engine, "notes").device_bytes.values())
        assert taken(snapshot) == pytest.approx(158 * MB, rel=0.1)
        model = snapshot.model("notes")
        assert model is not None
        assert str(model.placement) == "all 31 layers are on Vulkan0"
        await engine.unload("notes")
        await until(engine, lambda snapshot: taken(snapshot) == 0)


async def test_two_models_share_the_device(run: Run) -> None:
    async with run() as engine:
        await use(engine, "notes")
        await use(engine, "mail")
        snapshot = await until(engine, lambda snapshot: taken(snapshot) > 300 * MB)
        assert [state(snapshot, name) for name in ("notes", "mail")] == [State.HOT, State.HOT]


async def test_the_place_of_a_favourite_is_kept_free(run: Run) -> None:
    async with run(device_memory_limit="250MB", favourites=("notes",), preload=False) as engine:
        await use(engine, "notes")
        await use(engine, "mail")
        snapshot = await until(engine, lambda snapshot: taken(snapshot) > 200 * MB)
        assert [state(snapshot, name) for name in ("notes", "mail")] == [State.HOT, State.HOT]
        assert taken(snapshot) <= 250 * MB
        model = snapshot.model("mail")
        assert model is not None
        assert model.placement is not None
        assert model.placement.code == "placement_some"


async def test_a_model_is_spread_over_two_devices(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "0,0")
    async with run(devices=("Vulkan0", "Vulkan1"), device_memory_limit="90MB") as engine:
        await use(engine, "notes")
        held = record(engine, "notes").device_bytes
        assert held.keys() == {"Vulkan0", "Vulkan1"}
        assert all(0 < size <= 90 * MB for size in held.values())


async def test_one_makes_room_for_the_other(run: Run) -> None:
    async with run(device_memory_limit="250MB") as engine:
        await use(engine, "notes")
        await use(engine, "mail")
        snapshot = await until_state(engine, "notes", State.COLD)
        assert state(snapshot, "mail") is State.HOT
        assert 0 < taken(snapshot) <= 250 * MB


async def test_a_killed_worker_holds_nothing(run: Run) -> None:
    async with run() as engine:
        await use(engine, "notes")
        os.kill(worker_pid(engine, "notes"), signal.SIGKILL)
        await until(engine, lambda snapshot: taken(snapshot) == 0)
        await use(engine, "notes")
        await until(engine, lambda snapshot: taken(snapshot) > 0)


async def test_models_leave_the_device_with_the_setting(run: Run) -> None:
    async with run() as engine:
        await use(engine, "notes")
        change(engine, devices=("cpu",))
        await until_state(engine, "notes", State.COLD)
        await use(engine, "notes")
        assert record(engine, "notes").device_bytes == {}


@pytest.mark.parametrize("shown", ["7", "", "no number"])
def test_a_variable_that_hides_all_devices_is_named(shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", shown)
    report = find_devices(remember=False)
    assert report.devices == ()
    assert report.problems == (msg("vulkan_hidden", file="libggml-vulkan.so", reason=shown),)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"):
        monkeypatch.setenv(name, str(tmp_path / "none.json"))
    assert [problem.code for problem in find_devices(remember=False).problems] == ["vulkan_no_device"]
