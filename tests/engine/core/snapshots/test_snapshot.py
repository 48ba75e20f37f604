"""What readers compute from a snapshot."""

from __future__ import annotations

import dataclasses

import pytest

from preheat.core import EngineSnapshot, MemorySnapshot, ModelSnapshot, PreloadSnapshot
from preheat.residency import State


def snapshot(**changes: object) -> EngineSnapshot:
    base = EngineSnapshot("0.1.0", 1.0, MemorySnapshot(100, 0, 50), PreloadSnapshot(enabled=True))
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hits", "late_hits", "misses", "rate"), [(0, 0, 0, None), (3, 0, 1, 0.75), (1, 2, 1, 0.25), (0, 1, 0, 0.0)]
)
def test_preload_hit_rate(hits: int, late_hits: int, misses: int, rate: float | None) -> None:
    preload = PreloadSnapshot(enabled=True, hits=hits, late_hits=late_hits, misses=misses)
    assert preload.preload_hit_rate == rate


@pytest.mark.parametrize(("prompt", "reused", "rate"), [(0, 0, None), (100, 25, 0.25), (10, 0, 0.0)])
def test_prefix_cache_hit_rate(prompt: int, reused: int, rate: float | None) -> None:
    assert snapshot(prompt_tokens=prompt, prefix_tokens_reused=reused).prefix_cache_hit_rate == rate


def test_models_are_found_by_their_exact_id() -> None:
    model = ModelSnapshot("a", State.COLD, False, 10)
    one = snapshot(models=(model,))
    assert one.model("a") is model
    assert one.model("A") is None


@pytest.mark.parametrize("value", [snapshot(), snapshot().memory, snapshot().preload])
def test_snapshots_cannot_be_changed(value: object) -> None:
    name = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, 1)
