"""Estimates against what real workers hold, and the memory of measurements."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmarks.memory_sizes import measure
from benchmarks.shaped_gguf import SHAPES, ModelDimensions, ensure_shaped
from preheat.devices import DeviceRoom
from preheat.models import LayerShape, ModelFile, ModelShape, find_models
from preheat.residency import Form, SizeTable, estimate
from preheat.residency.sizes import SizeKey
from preheat.settings import Settings

SHAPE = ModelShape(
    weight_bytes=1_000_000_000,
    repack_bytes=600_000_000,
    vocabulary=1000,
    layers=10,
    heads=16,
    kv_values=10_000,
    window_kv_values=30_000,
    window_tokens=256,
    state_bytes=7000,
    graph_values=5000,
    widest_values=3000,
)
MODEL = ModelFile("m", Path("m.gguf"), 1_001_000_000, "llama", 4096, False, True, (Path("m.gguf"),), 1, SHAPE)
EMBEDDING = dataclasses.replace(MODEL, embeddings=True)


@pytest.fixture(autouse=True)
def _workers_without_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage itself takes 10 MB of a worker."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({"context_length": 2048, "parallel": 4, **changes})


def hot(model: ModelFile = MODEL, **changes: Any) -> int:
    return estimate(model, settings(**changes)).loaded_bytes


def scratch(model: ModelFile = MODEL, **changes: Any) -> int:
    return estimate(model, settings(**changes)).scratch_bytes


async def check(model: ModelFile, **changes: Any) -> None:
    """Compare an estimate with a real worker."""
    guess, found = estimate(model, settings(**changes)), await measure(model, settings(**changes))
    both = f"{model.model_id} {changes}: {guess} and {found}"
    assert guess.loaded_bytes == pytest.approx(found.loaded_bytes, rel=0.1), both
    least = guess.working_bytes / 1.15
    # A busy machine computes prefill in chunks of less than a full batch, which need less: ask for the most of several.
    for _ in range(4):
        if found.working_bytes <= least:
            found = max(found, await measure(model, settings(**changes)), key=lambda size: size.working_bytes)
    assert least < found.working_bytes < guess.working_bytes * 1.1, f"{model.model_id} {changes}: {guess} and {found}"


@pytest.mark.parametrize("kv_cache_type", ["f16", "q8_0"])
@pytest.mark.parametrize("context_length", [512, 2048, 8192])
async def test_the_chat_model(chat_model: Path, context_length: int, kv_cache_type: str) -> None:
    (model,) = [model for model in find_models([chat_model.parent]) if model.path == chat_model]
    await check(model, context_length=context_length, kv_cache_type=kv_cache_type)


async def test_the_embedding_model(embedding_model: Path) -> None:
    (model,) = [model for model in find_models([embedding_model.parent]) if model.path == embedding_model]
    await check(model)


@pytest.mark.parametrize("dimensions", SHAPES, ids=lambda dimensions: dimensions.name)
async def test_models_of_other_shapes(dimensions: ModelDimensions, tmp_path: Path) -> None:
    ensure_shaped(dimensions, tmp_path)
    (model,) = find_models([tmp_path])
    await check(model)


def test_the_kv_cache_grows_with_the_context_length_up_to_the_trained_one() -> None:
    sizes = [hot(context_length=length) for length in (1024, 2048, 4096, 8192)]
    # The window holds its 256 tokens for each of four requests, and a batch: 1536 cells at most.
    assert sizes[1] - sizes[0] == 2 * (1024 * 10_000 + 512 * 30_000)
    assert sizes[2] - sizes[1] == 2 * 2048 * 10_000
    assert sizes[3] == sizes[2]


def test_cells_come_in_steps() -> None:
    assert hot(context_length=1025) == hot(context_length=1280) > hot(context_length=1024)


def test_kv_cache_types() -> None:
    values = 2048 * 10_000 + 1536 * 30_000
    assert hot() - hot(kv_cache_type="q8_0") == int(values * 2 - values * 34 / 32)
    assert hot() - hot(kv_cache_type="q4_0") == int(values * 2 - values * 18 / 32)


def test_rewritten_weights_are_held_twice() -> None:
    assert hot(repack="on") - hot() == 600_000_000
    assert hot(repack="auto") == hot()


def test_each_request_has_its_logits_its_state_and_its_window() -> None:
    assert hot(parallel=2) - hot(parallel=1) == 4 * 1000 + 7000 + 2 * 256 * 30_000


def test_scores_take_memory_without_flash_attention() -> None:
    cells = 2048 + 1536
    assert scratch(flash_attention="off") - scratch() == 512 * cells * (16 * 6 + 4 - 2)


def test_a_short_context_has_small_batches() -> None:
    assert scratch(context_length=256) < scratch(context_length=512) / 1.9


def test_a_huge_vocabulary_outweighs_the_graph() -> None:
    model = dataclasses.replace(MODEL, shape=dataclasses.replace(SHAPE, vocabulary=10_000_000))
    assert scratch(model) == 4 * 4 * 10_000_000


def test_embedding_models_have_no_kv_cache_but_logits_for_every_token() -> None:
    assert hot(EMBEDDING) == hot(EMBEDDING, context_length=4096, parallel=64) < hot()
    assert scratch(EMBEDDING) - 512 * 4 * 1000 == scratch() - 512 * 2 * (2048 + 1536 - 512)
    assert scratch(EMBEDDING, context_length=4096) == scratch(EMBEDDING)


class Log:
    """Measurements that a table reported."""

    def __init__(self) -> None:
        self.kept: list[tuple[SizeKey, int]] = []
        self.table = SizeTable(settings(), lambda key, size: self.kept.append((key, size)))


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_measurement_replaces_the_estimate_and_counts_what_work_will_add(log: Log) -> None:
    table = log.table
    assert table.expected_bytes(MODEL) == estimate(MODEL, settings()).working_bytes
    table.note(MODEL, 10**9)
    assert table.expected_bytes(MODEL) == 10**9 + scratch()
    assert log.kept == [(table.key(MODEL), 10**9 + scratch())]
    table.note(MODEL, 10**9)
    assert len(log.kept) == 1


@pytest.mark.parametrize("change", [{"modified_ns": 2_000_000_000}, {"file_bytes": 5}, {"path": Path("other.gguf")}])
def test_another_file_is_another_size(log: Log, change: dict[str, Any]) -> None:
    log.table.note(MODEL, 10**9)
    other = dataclasses.replace(MODEL, **change)
    assert log.table.expected_bytes(other) == estimate(other, settings()).working_bytes


@pytest.mark.parametrize(
    "change",
    [
        {"context_length": 1024},
        {"kv_cache_type": "q8_0"},
        {"parallel": 8},
        {"repack": "on"},
        {"flash_attention": "off"},
    ],
)
def test_other_settings_are_another_size_and_the_old_ones_come_back(log: Log, change: dict[str, Any]) -> None:
    log.table.note(MODEL, 10**9)
    log.table.apply_settings(settings(**change))
    assert log.table.expected_bytes(MODEL) == estimate(MODEL, settings(**change)).working_bytes
    log.table.apply_settings(settings(keep_free="1GB"))
    assert log.table.expected_bytes(MODEL) == 10**9 + scratch()


def test_growth_in_use_is_remembered_but_not_without_bounds(log: Log) -> None:
    table = log.table
    table.note(MODEL, 10**9)
    expected = table.expected_bytes(MODEL)
    table.note_use(MODEL, expected + 1000)  # not worth a word
    table.note_use(MODEL, expected - 10**8)
    assert table.expected_bytes(MODEL) == expected
    table.note_use(MODEL, int(expected * 1.1))
    assert table.expected_bytes(MODEL) == int(expected * 1.1)
    table.note_use(MODEL, expected * 9)
    assert table.expected_bytes(MODEL) == int(expected * 1.25)
    assert len(log.kept) == 3


def test_what_it_grew_to_counts_for_the_next_load_unless_that_was_wrong(log: Log) -> None:
    key = log.table.key(MODEL)
    log.table.remember({key: int((10**9 + scratch()) * 1.2)})
    log.table.note(MODEL, 10**9)
    assert log.table.expected_bytes(MODEL) == int((10**9 + scratch()) * 1.2)
    assert log.kept == []
    other = Log().table
    other.remember({key: 9 * 10**9})
    assert other.expected_bytes(MODEL) == 9 * 10**9
    other.note(MODEL, 10**9)
    assert other.expected_bytes(MODEL) == 10**9 + scratch()


def test_what_was_measured_now_counts_more_than_what_was_remembered(log: Log) -> None:
    log.table.note(MODEL, 10**9)
    log.table.remember({log.table.key(MODEL): 5})
    assert log.table.expected_bytes(MODEL) == 10**9 + scratch()


def test_a_worker_that_was_gone_before_it_was_measured_counts_for_nothing(log: Log) -> None:
    log.table.note(MODEL, 0)
    log.table.note_use(MODEL, 10**10)  # never noted as loaded
    assert log.table.expected_bytes(MODEL) == estimate(MODEL, settings()).working_bytes
    assert log.kept == []


LAYER = LayerShape(weight_bytes=80_000_000, expert_bytes=60_000_000, kv_values=1000, largest_bytes=20_000_000)
LAYERED = dataclasses.replace(
    MODEL,
    shape=dataclasses.replace(
        SHAPE,
        kv_values=10_000,
        window_kv_values=0,
        state_bytes=0,
        each_layer=(LAYER,) * 10,
        embedding_bytes=150_000_000,
        output_bytes=1000,
        in_order=True,
    ),
)
COMPUTE = 512 * (4 * 5000 + 2 * 2048)


def placed(limit_bytes: int, *, is_main_memory: bool = False, **changes: Any) -> SizeTable:
    """Return a table that places models on one device."""
    table = SizeTable(settings(**changes))
    table.use_devices([DeviceRoom("Vulkan0", limit_bytes, is_main_memory)])
    return table


def test_a_device_takes_layers_with_their_cache_a_copy_of_the_embedding_and_buffers() -> None:
    table = placed(2 * 10**9)
    layer = 80_000_000 + 2 * 2048 * 1000
    whole = 10 * layer + 150_000_000 + 1000 + COMPUTE
    assert table.device_bytes(LAYERED) == {"Vulkan0": whole}
    assert table.key(LAYERED)[-1].endswith("-Vulkan0:11")
    assert placed(2 * 10**9, gpu_layers=3).device_bytes(LAYERED) == {"Vulkan0": whole - 8 * layer + 20_000_000}


@pytest.mark.parametrize(
    ("in_order", "layers", "cpu_layers"), [(True, 11, 0), (False, 11, 0), (True, 4, 7), (False, 4, 10), (True, 1, 10)]
)
def test_ram_keeps_the_layers_that_are_mapped_with_those_on_the_processor(
    in_order: bool, layers: int, cpu_layers: int
) -> None:
    model = dataclasses.replace(LAYERED, shape=dataclasses.replace(LAYERED.shape, in_order=in_order))
    table = placed(2 * 10**9, gpu_layers=layers)
    known = estimate(model, settings(), placement=table.placement(model)).loaded_bytes
    moved = estimate(model, settings()).loaded_bytes - known + 62_000_000
    caches = (layers - 1) * 2 * 2048 * 1000
    output = 0 if not in_order and cpu_layers else 1000
    assert moved == (10 - cpu_layers) * 80_000_000 + caches + output


def test_the_memory_of_integrated_devices_is_main_memory() -> None:
    own, shared = placed(2 * 10**9), placed(2 * 10**9, is_main_memory=True)
    device_bytes = own.device_bytes(LAYERED)
    assert shared.expected_bytes(LAYERED) - own.expected_bytes(LAYERED) == device_bytes["Vulkan0"]
    for table in (own, shared):
        table.note(LAYERED, 10**8, device_bytes=device_bytes)
    scratch_bytes = estimate(LAYERED, settings(), placement=own.placement(LAYERED)).scratch_bytes
    assert own.expected_bytes(LAYERED) == 10**8 + scratch_bytes
    assert shared.expected_bytes(LAYERED) > device_bytes["Vulkan0"]


def test_measured_memory_of_devices_is_kept_for_its_placement() -> None:
    kept: dict[SizeKey, int] = {}
    table = SizeTable(settings(), kept.__setitem__)
    table.use_devices([DeviceRoom("Vulkan0", 2 * 10**9)])
    table.note(LAYERED, 10**8, device_bytes={"Vulkan0": 10**9})
    assert table.device_bytes(LAYERED) == {"Vulkan0": 10**9}
    assert sorted(key[-1] for key in kept) == ["f16-x4-Vulkan0:11", "f16-x4-Vulkan0:11@Vulkan0"]
    later = placed(2 * 10**9)
    later.remember(kept)
    assert later.device_bytes(LAYERED) == {"Vulkan0": 10**9}
    later.use_devices([DeviceRoom("Vulkan0", 10**9)])  # the embedding alone has a place, and no experts
    assert later.device_bytes(LAYERED) == later.placement(LAYERED).device_bytes
    later.use_devices([])
    assert later.device_bytes(LAYERED) == {}


def test_what_a_device_took_that_is_gone_counts_for_nothing() -> None:
    table = placed(2 * 10**9)
    expected = table.expected_bytes(LAYERED)
    table.note(LAYERED, 10**8)
    assert table.expected_bytes(LAYERED) == expected


def test_weights_on_devices_are_not_rewritten() -> None:
    assert placed(2 * 10**9, repack="on").loaded_form(LAYERED) is Form.MAPPED
    assert placed(10**6, repack="on").loaded_form(LAYERED) is Form.REPACKED
