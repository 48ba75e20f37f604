"""Estimates against what real workers hold, and the memory of measurements."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from preheat.engine import Engine
from preheat.library import ModelFile, find_models
from preheat.residency.sizes import SizeBook, estimate_bytes
from preheat.settings import Settings
from tests.engine.engines import CHAT, EMBED, running, settings

MODEL = ModelFile(
    "m", Path("m.gguf"), 1_000_000_000, "llama", 4096, False, True, (Path("m.gguf"),), 100_000, modified_at=1.0
)


@pytest.mark.parametrize("context_length", [2048, 8192])
@pytest.mark.usefixtures("starter_home")
async def test_estimates_are_near_what_workers_hold(context_length: int) -> None:
    async with running(context_length=context_length) as engine:
        for model_id in (CHAT, EMBED):
            await engine.load(model_id)
            model = engine.snapshot.model(model_id)
            assert model is not None
            estimate = estimate_bytes(engine.resolve(model_id), engine.settings)
            print(f"{model_id}, context length {context_length}: {estimate / model.resident_bytes:.2f}")
            assert estimate == pytest.approx(model.resident_bytes, rel=0.25)


def test_the_kv_cache_grows_with_the_context_length_up_to_the_trained_one() -> None:
    sizes = [estimate_bytes(MODEL, Settings(context_length=length)) for length in (1024, 2048, 4096, 8192)]
    assert sizes[1] - sizes[0] == 1024 * 100_000
    assert sizes[2] - sizes[1] == 2048 * 100_000
    assert sizes[3] == sizes[2]


def test_quantized_caches_are_smaller_and_repacked_weights_larger() -> None:
    def size(**changes: object) -> int:
        return estimate_bytes(MODEL, Settings.model_validate({"context_length": 4096, **changes}))

    assert size(kv_cache_type="q4_0") < size(kv_cache_type="q8_0") < size() < size(repack="on")
    assert size(repack="on") - size() == MODEL.file_bytes


def test_embedding_models_have_no_kv_cache() -> None:
    embedding = dataclasses.replace(MODEL, embeddings=True)
    assert estimate_bytes(MODEL, Settings()) - estimate_bytes(embedding, Settings()) == 4096 * 100_000


def test_a_measurement_replaces_the_estimate_until_the_file_changes() -> None:
    book = SizeBook(settings())
    assert book.expected_bytes(MODEL) == estimate_bytes(MODEL, settings())
    book.note(MODEL, 123)
    assert book.expected_bytes(MODEL) == 123
    changed = dataclasses.replace(MODEL, modified_at=2.0)
    assert book.expected_bytes(changed) == estimate_bytes(changed, settings())


def test_a_worker_that_was_gone_before_it_was_measured_counts_for_nothing() -> None:
    book = SizeBook(settings())
    book.note(MODEL, 0)
    assert book.expected_bytes(MODEL) == estimate_bytes(MODEL, settings())


def test_the_starter_models_are_known(starter_home: Path) -> None:
    assert Engine(settings()).snapshot.models == ()
    models = find_models([starter_home / "data" / "models"])
    assert [model.model_id for model in models] == [EMBED, CHAT]
    assert all(model.file_bytes < estimate_bytes(model, settings()) for model in models)
