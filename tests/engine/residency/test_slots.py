from __future__ import annotations

from pathlib import Path

import pytest

from preheat.models import ModelFile, ModelShape
from preheat.residency import parallel_requests
from preheat.settings import Settings

GB = 1_000_000_000
DENSE = ModelShape(weight_bytes=5 * GB, vocabulary=150_000, kv_values=65_536)
SMALL = ModelShape(weight_bytes=98_000_000, vocabulary=49_152, kv_values=11_520)
TINY = ModelShape(weight_bytes=1_000_000, vocabulary=32_000, kv_values=1024)
RECURRENT = ModelShape(weight_bytes=100_000_000, vocabulary=50_000, state_bytes=2_000_000)
LARGE_STATE = ModelShape(weight_bytes=100_000_000, vocabulary=50_000, state_bytes=20_000_000)
WINDOW = ModelShape(weight_bytes=GB, vocabulary=262_144, kv_values=1000, window_kv_values=8000, window_tokens=1024)


def parallel(shape: ModelShape, trained: int = 131_072, **settings: int | str) -> int:
    model = ModelFile("m", Path("m.gguf"), shape.weight_bytes, "x", trained, False, True, (Path("m.gguf"),), 1, shape)
    return parallel_requests(model, Settings.model_validate(settings).for_model("m"))


@pytest.mark.parametrize(("shape", "count"), [(DENSE, 16), (SMALL, 16), (TINY, 4)])
def test_many_requests_share_a_unified_cache(shape: ModelShape, count: int) -> None:
    assert parallel(shape) == count


@pytest.mark.parametrize(("context", "count"), [(64, 4), (2048, 4), (4096, 8), (8192, 16), (65_536, 16)])
def test_each_request_has_room(context: int, count: int) -> None:
    assert parallel(DENSE, context_length=context) == parallel(DENSE, context, context_length=131_072) == count


@pytest.mark.parametrize(("shape", "count"), [(RECURRENT, 4), (LARGE_STATE, 1), (WINDOW, 4)])
def test_memory_of_each_sequence_limits_them(shape: ModelShape, count: int) -> None:
    assert parallel(shape) == count


def test_a_number_is_a_number() -> None:
    assert parallel(LARGE_STATE, parallel=9) == parallel(DENSE, parallel="9") == 9
    assert parallel(DENSE, parallel="auto") == 16
