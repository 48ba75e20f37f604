"""How much memory a model takes: what its worker was measured to hold, or an estimate before that."""

from __future__ import annotations

from typing import Final

from preheat.library import ModelFile
from preheat.settings import Settings

_WORKER_BYTES: Final = 25_000_000
"""An interpreter with the bindings and no model, measured."""

_COMPUTE_BYTES: Final = 25_000_000
"""Buffers of a small model's graph; larger models' are small beside their weights."""

_KV_SHARE: Final = {"f16": 1.0, "q8_0": 34 / 64, "q4_0": 18 / 64}
"""Bytes a value relative to f16, with each block's scale: ggml's block_q8_0 and block_q4_0."""


class SizeBook:
    """Remembers measured sizes by model file and context length. Lives as long as the engine."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._measured: dict[tuple[str, int, float, int], int] = {}

    def expected_bytes(self, model: ModelFile) -> int:
        """Return what a load is expected to take: the last measurement, else the estimate."""
        return self._measured.get(self._key(model)) or estimate_bytes(model, self._settings)

    def note(self, model: ModelFile, resident_bytes: int) -> None:
        """Remember what a load took."""
        self._measured[self._key(model)] = resident_bytes

    def _key(self, model: ModelFile) -> tuple[str, int, float, int]:
        return str(model.path), model.file_bytes, model.modified_at, self._settings.context_length


def estimate_bytes(model: ModelFile, settings: Settings) -> int:
    """Return weights + KV cache at the configured context length + buffers, in bytes."""
    context = min(model.context_length or settings.context_length, settings.context_length)
    kv_cache = 0 if model.embeddings else int(model.kv_bytes_per_token * context * _KV_SHARE[settings.kv_cache_type])
    weights = model.file_bytes * 2 if settings.repack == "on" else model.file_bytes
    return weights + kv_cache + _COMPUTE_BYTES + _WORKER_BYTES
