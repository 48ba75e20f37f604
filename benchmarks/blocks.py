"""Random weights in llama.cpp's block formats: finite, with mean 0 and a given standard deviation."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

BLOCK_VALUES: Final = 256
Q4_K_BLOCK_BYTES: Final = 144
Q6_K_BLOCK_BYTES: Final = 210

# Standard deviations of values in units of d: a scale in 32..63 times (0..15 less 7.5); one in -64..63 times -32..31.
_Q4_K_UNIT_STD: Final = 222.8
_Q6_K_UNIT_STD: Final = 683.0


def random_q4_k(rng: np.random.Generator, rows: int, columns: int, std: float) -> Bytes:
    """Return rows of Q4_K blocks. Dequantised values have mean 0 and about this standard deviation.

    A block contains an f16 scale, an f16 scale of the minimums, 8 scales and 8 minimums of 6 bits in 12 bytes, and 256
    values of 4 bits.
    """
    blocks = _random_blocks(rng, rows, columns, Q4_K_BLOCK_BYTES)
    blocks[:, 0:2] = _f16(std / _Q4_K_UNIT_STD)
    # A value is d * scale * q - dmin * minimum: with minimum = scale and dmin = 7.5 d its mean is 0.
    blocks[:, 2:4] = _f16(7.5 * std / _Q4_K_UNIT_STD)
    scales = rng.integers(32, 64, size=(len(blocks), 8), dtype=np.uint8)
    blocks[:, 4:16] = _pack_scales(scales, scales)
    return blocks.reshape(rows, -1)


def random_q6_k(
    rng: np.random.Generator, rows: int, columns: int, std: float, keep: NDArray[np.bool_] | None = None
) -> Bytes:
    """Return rows of Q6_K blocks; rows with a false ``keep`` dequantise to zeros.

    A block contains 256 values of 6 bits in 192 bytes, 16 signed scales and an f16 scale.
    """
    blocks = _random_blocks(rng, rows, columns, Q6_K_BLOCK_BYTES)
    blocks[:, 192:208] = rng.integers(-64, 64, size=(len(blocks), 16), dtype=np.int8).view(np.uint8)
    blocks[:, 208:210] = _f16(std / _Q6_K_UNIT_STD)
    by_row = blocks.reshape(rows, columns // BLOCK_VALUES, Q6_K_BLOCK_BYTES)
    if keep is not None:
        by_row[~keep, :, 208:210] = 0
    return by_row.reshape(rows, -1)


def _random_blocks(rng: np.random.Generator, rows: int, columns: int, block_bytes: int) -> Bytes:
    if columns % BLOCK_VALUES:
        raise ValueError(f"{columns} columns are not whole blocks of {BLOCK_VALUES}")
    count = rows * columns // BLOCK_VALUES
    return np.frombuffer(bytearray(rng.bytes(count * block_bytes)), dtype=np.uint8).reshape(count, block_bytes)


def _f16(value: float) -> Bytes:
    return np.array([value], dtype="<f2").view(np.uint8)


def _pack_scales(scales: Bytes, minimums: Bytes) -> Bytes:
    """Pack 8 + 8 six-bit numbers per block into 12 bytes, in the format of ggml's ``get_scale_min_k4``."""
    low = (scales[:, :4] & 63) | ((scales[:, 4:] >> 4) << 6)
    middle = (minimums[:, :4] & 63) | ((minimums[:, 4:] >> 4) << 6)
    high = (scales[:, 4:] & 15) | ((minimums[:, 4:] & 15) << 4)
    return np.concatenate([low, middle, high], axis=1)
