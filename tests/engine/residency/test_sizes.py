"""Estimates against what real workers hold, and the memory of measurements."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmarks.memory_sizes import measure
from benchmarks.shaped_gguf import SHAPES, ModelDimensions, ensure_shaped
from preheat.models import ModelFile, ModelShape, find_models
from preheat.residency import SizeTable, estimate
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
