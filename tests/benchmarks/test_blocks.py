from __future__ import annotations

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType as Kind

from benchmarks.blocks import Q4_K_BLOCK_BYTES, Q6_K_BLOCK_BYTES, random_q4_k, random_q6_k

ROWS, COLUMNS = 64, 1024


@pytest.mark.parametrize("std", [0.01, 0.022, 0.1])
@pytest.mark.parametrize(
    ("make", "kind", "block_bytes"),
    [(random_q4_k, Kind.Q4_K, Q4_K_BLOCK_BYTES), (random_q6_k, Kind.Q6_K, Q6_K_BLOCK_BYTES)],
)
def test_weights_are_finite_with_the_requested_mean_and_deviation(make, kind, block_bytes, std) -> None:  # type: ignore[no-untyped-def]
    data = make(np.random.default_rng(1), ROWS, COLUMNS, std)
    assert data.shape == (ROWS, COLUMNS // 256 * block_bytes)
    values = gguf.quants.dequantize(data, kind)
    assert values.shape == (ROWS, COLUMNS)
    assert np.isfinite(values).all()
    assert abs(values.mean()) < 0.02 * std
    assert values.std() == pytest.approx(std, rel=0.1)


def test_q4_k_uses_each_scale_for_its_own_32_values() -> None:
    # With minimum = scale and dmin = 7.5 d, each run of 32 values lies in ±7.5 d x scale and reaches near both ends.
    values = gguf.quants.dequantize(random_q4_k(np.random.default_rng(2), 256, 256, 0.02), Kind.Q4_K)
    runs = values.reshape(-1, 32)
    assert np.abs(runs.max(axis=1) + runs.min(axis=1)).max() < np.abs(runs).max()
    assert np.abs(runs).max(axis=1).min() > 0.2 * np.abs(runs).max()


def test_other_rows_are_zeros() -> None:
    keep = np.arange(ROWS) % 3 == 0
    values = gguf.quants.dequantize(random_q6_k(np.random.default_rng(3), ROWS, COLUMNS, 0.02, keep), Kind.Q6_K)
    assert not values[~keep].any()
    assert (values[keep].std(axis=1) > 0.01).all()


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (random_q4_k(np.random.default_rng(7), 4, 256, 0.02) for _ in range(2))
    assert (first == second).all()


def test_columns_must_be_whole_blocks() -> None:
    with pytest.raises(ValueError, match="100 columns"):
        random_q4_k(np.random.default_rng(1), 1, 100, 0.02)
