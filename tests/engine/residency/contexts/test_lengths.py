"""The context lengths of all models: choices, numbers of the user, and what is kept over restarts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from preheat.devices import DeviceRoom
from preheat.models import LayerShape, ModelFile, ModelShape
from preheat.residency import ContextLengths, SizeTable
from preheat.settings import ModelSettings, Settings, Size

GB = 10**9
NOW = 1_700_000_000.0
SHAPE = ModelShape(
    weight_bytes=2 * GB,
    repack_bytes=0,
    vocabulary=30_000,
    layers=30,
    heads=16,
    kv_values=50_000,
    window_kv_values=0,
    window_tokens=0,
    state_bytes=0,
    graph_values=5000,
    widest_values=3000,
)


def model(name: str, trained: int = 65_536, **values: Any) -> ModelFile:
    path = Path(f"{name}.gguf")
    file = ModelFile(name, path, 2 * GB, "llama", trained, False, True, (path,), 1, SHAPE)
    return replace(file, **values)


A, B, C = model("a"), model("b"), model("c", trained=4096)
MODELS = (A, B, C)


def settings(limit_gb: float = 16, **values: Any) -> Settings:
    return Settings(memory_limit=Size(f"{limit_gb}GB"), keep_free=Size("0B"), **values)


def lengths(path: Path | None = None) -> ContextLengths:
    return ContextLengths(path, total_bytes=64 * GB)


def chosen(applied: Settings, *models: ModelFile) -> tuple[int, ...]:
    return tuple(applied.for_model(each.model_id).context_length for each in models or MODELS)


def test_every_model_gets_its_number() -> None:
    known = lengths()
    applied = known.choose(settings(), MODELS, ())
    assert chosen(applied) == (16_384, 16_384, 4096)
    choice = known.choice(A, settings())
    assert (choice.tokens, choice.cost_bytes) == (16_384, 16_384 * 100_000)
    assert known.cost(A, 8192, settings()) == 8192 * 100_000
    known.loaded("a", 16_384, settings())  # without a file
    assert chosen(known.choose(settings(64), MODELS, ()), A) == (32_768,)


def test_a_number_of_the_user_stays() -> None:
    own = MappingProxyType({"b": ModelSettings(context_length="auto", parallel=2), "c": ModelSettings(keep_alive=5)})
    known, set_by_user = lengths(), settings(context_length=10_000, models=own)
    applied = known.choose(set_by_user, MODELS, ())
    assert chosen(applied) == (10_000, 16_384, 10_000)
    assert applied.models["b"].parallel == 2
    assert (known.choice(A, set_by_user).reason.code, known.choice(C, set_by_user).tokens) == ("context_set", 4096)
    assert known.growth(A, 12_000, set_by_user, NOW) is None


def test_favourites_choose_first_and_leave_each_other_room() -> None:
    known = lengths()
    # Two with 8,192 tokens fit together, one of them may have 16,384.
    applied = known.choose(settings(7.5), (A, B), ("b", "a", "gone"))
    assert chosen(applied, A, B) == (8192, 8192)
    applied = known.choose(settings(16), (A, B), ("b", "a"))
    assert chosen(applied, A, B) == (16_384, 16_384)


def test_models_leave_room_for_those_that_are_used_much() -> None:
    assert chosen(lengths().choose(settings(6.5), (A, B), ()), A) == (8192,)
    without, beside = lengths(), lengths()
    assert chosen(without.choose(settings(14), (A, B), ()), A) == (16_384,)
    sized = (A, model("b", shape=replace(SHAPE, weight_bytes=10 * GB)))
    assert chosen(beside.choose(settings(14), sized, (), ("b",)), A) == (8192,)


def test_an_embedding_model_gets_no_more_than_usual() -> None:
    embedder = model("e", embeddings=True)
    assert chosen(lengths().choose(settings(), (embedder,), ()), embedder) == (8192,)


def test_a_loaded_length_is_kept_over_restarts(tmp_path: Path) -> None:
    path = tmp_path / "contexts.json"
    first = lengths(path)
    first.choose(settings(8), MODELS, ())
    first.loaded("a", 8192, settings(8))
    first.loaded("unknown", 8192, settings(8))
    before = path.read_text()
    first.loaded("a", 8192, settings(8))
    assert path.read_text() == before
    growth = first.growth(B, 20_000, settings(8), NOW)
    assert growth is not None
    assert growth.tokens == 32_768
    first.grow(B, growth, settings(8))
    assert chosen(first.apply_to(settings(8)), A, B) == (8192, 32_768)
    first.loaded("b", 16_384, settings(8))  # a load that began before
    assert chosen(lengths(path).choose(settings(8), MODELS, ()), B) == (8192,)
    first.loaded("b", 32_768, settings(8))
    assert chosen(first.apply_to(settings(8)), A, B) == (8192, 32_768)
    again = lengths(path)
    assert chosen(again.choose(settings(7.9), MODELS, ()), A, B) == (8192, 32_768)
    assert again.choice(B, settings(7.9)).reason.code == "context_grown"
    assert chosen(again.choose(settings(4.5), MODELS, ()), A, B) == (8192, 8192)


def test_growth_is_limited_by_training_and_favourites() -> None:
    known = lengths()
    known.choose(settings(8), MODELS, ("b",))
    assert known.growth(A, 65_537, settings(8), NOW) is None
    assert known.growth(A, 60_000, settings(8), NOW) is None
    assert known.growth(C, 5000, settings(8), NOW) is None
    assert known.growth(A, 9000, settings(9), NOW) is not None


def test_a_required_length_holds_until_the_end(tmp_path: Path) -> None:
    known, number = lengths(tmp_path / "contexts.json"), settings(context_length=4096)
    known.choose(number, MODELS, ())
    known.require(A, 10_000)
    assert chosen(known.apply_to(number)) == (10_000, 4096, 4096)
    assert known.choice(A, number).tokens == 10_000
    known.loaded("a", 10_240, number)
    assert not (tmp_path / "contexts.json").exists()
    assert chosen(known.apply_to(settings(context_length=20_000)), A) == (20_000,)
    assert chosen(known.apply_to(settings()), A) == (10_000,)


def test_growth_that_cannot_be_loaded_is_taken_back(tmp_path: Path) -> None:
    known = lengths(tmp_path / "contexts.json")
    known.choose(settings(), MODELS, ())
    growth = known.growth(A, 20_000, settings(), NOW)
    assert growth is not None
    known.grow(A, growth, settings())
    assert known.load_failed(A, settings(), NOW)
    assert chosen(known.apply_to(settings()), A) == (16_384,)
    known.loaded("a", 16_384, settings())
    assert not (tmp_path / "contexts.json").exists()
    less = known.growth(A, 20_000, settings(), NOW)
    assert (less is not None and less.tokens, known.growth(A, 40_000, settings(), NOW)) == (26_384, None)
    assert (known.may_load(A, 32_767, NOW), known.may_load(A, 32_768, NOW)) == (True, False)
    assert known.growth(A, 40_000, settings(), NOW + 600) is not None
    known.forget_failures()
    assert known.growth(A, 40_000, settings(), NOW) is not None


def test_a_length_that_cannot_be_loaded_becomes_smaller_down_to_the_least() -> None:
    known, number = lengths(), settings(context_length=10_000)
    known.choose(settings(), MODELS, ())
    found = []
    while known.load_failed(A, settings(), NOW):
        found.append((known.choice(A, settings()).tokens, known.choice(A, settings()).reason.code))
    assert found == [(8192, "context_failed"), (4096, "context_failed")]
    assert chosen(known.apply_to(settings()), A) == (16_384,)  # the next load begins again
    known.choose(number, MODELS, ())
    assert not known.load_failed(A, number, NOW)
    known.require(A, 20_000)
    assert known.load_failed(A, number, NOW)
    assert chosen(known.apply_to(number), A) == (10_000,)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"models": 5}',
        '{"models": {"a": 5}}',
        json.dumps({"models": {"a": {"tokens": "8", "limit_bytes": 1}}}),
        json.dumps({"models": {"a": {"tokens": -8, "limit_bytes": 1}}}),
        json.dumps({"models": {"a": {"tokens": 2**40, "limit_bytes": 1}}}),
    ],
)
def test_a_damaged_file_is_ignored(tmp_path: Path, content: str) -> None:
    path = tmp_path / "contexts.json"
    path.write_text(content)
    assert chosen(lengths(path).choose(settings(), MODELS, ())) == (16_384, 16_384, 4096)


def test_a_damaged_entry_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "contexts.json"
    good = {"tokens": 32_768, "limit_bytes": 16 * GB, "grown": True}
    path.write_text(json.dumps({"models": {"a": 5, "b": good, "c": {"tokens": None}}}))
    assert chosen(lengths(path).choose(settings(), MODELS, ())) == (16_384, 32_768, 4096)


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    known = lengths(tmp_path)
    known.choose(settings(), MODELS, ())
    known.loaded("a", 16_384, settings())
    assert "cannot be saved" in caplog.text


def test_an_estimate_under_other_settings() -> None:
    known = lengths()
    known.choose(settings(), MODELS, ())
    auto, small = known.estimated_bytes(A, settings()), known.estimated_bytes(A, settings(context_length=1024))
    assert auto - small > 15_000 * 100_000


LAYER = LayerShape(weight_bytes=60_000_000, kv_values=1_667)
LAYERED = replace(A, shape=replace(SHAPE, each_layer=(LAYER,) * SHAPE.layers))


@pytest.mark.parametrize(
    ("device_gb", "limit_gb", "tokens"),
    [
        (0, 1, 1024),
        (16, 1, 8192),  # main memory has no layer
        (0, 64, 32_768),
        (16, 64, 32_768),
        (4, 64, 16_384),  # with more, layers would leave the device
        (1.5, 64, 8192),  # they do in any case
    ],
)
def test_devices_take_a_part_of_the_model_and_decide_too(device_gb: float, limit_gb: float, tokens: int) -> None:
    sizes = SizeTable(settings())
    sizes.use_devices([DeviceRoom("Vulkan0", int(device_gb * GB))] if device_gb else [])
    known = ContextLengths(total_bytes=64 * GB, sizes=sizes)
    assert chosen(known.choose(settings(limit_gb), [LAYERED], ()), LAYERED) == (tokens,)


def test_a_length_returns_with_its_device() -> None:
    sizes, scarce, found = SizeTable(settings()), settings(1), []
    known = ContextLengths(total_bytes=64 * GB, sizes=sizes)
    card = DeviceRoom("Vulkan0", 16 * GB)
    for rooms in ([card], [], [card]):
        sizes.use_devices(rooms)
        (tokens,) = chosen(known.choose(scarce, [LAYERED], ()), LAYERED)
        known.loaded("a", tokens, scarce)
        found.append(tokens)
    assert found == [8192, 1024, 8192]
